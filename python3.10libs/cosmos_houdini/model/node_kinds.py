"""The types of node that are lights and materials, and the words of their kinds.

Type names: https://www.sidefx.com/docs/houdini/nodes/ and the node lists of Redshift, Arnold and V-Ray for Houdini.
"""

from __future__ import annotations

from collections.abc import Mapping

LIGHT_KINDS = {
    # objects
    "hlight": "",
    "envlight": "environment",
    "ambient": "ambient",
    "indirectlight": "ambient",
    "skylight": "sky",
    "rslight": "",
    "rslightdome": "environment",
    "rslightsun": "sun",
    "rslighties": "spot",
    "rslightportal": "area",
    "arnold_light": "",
    "VRayNodeLightDome": "environment",
    "VRayNodeSunLight": "sun",
    "VRayNodeLightRectangle": "area",
    "VRayNodeLightSphere": "point",
    # stages
    "light": "",
    "domelight": "environment",
    "distantlight": "distant",
    "karmaphysicalsky": "sky",
    "karmaskydomelight": "environment",
    "portallight": "area",
}
"""The kind of each type of light; an empty kind stands in a parameter, one of ``KIND_PARMS``."""

KIND_PARMS = ("light_type", "lighttype", "ar_light_type")

LIGHT_WORDS = {
    "hlight": {
        **dict.fromkeys(("0", "point"), "point"),
        **dict.fromkeys(("1", "line", "5", "tube"), "tube"),
        **dict.fromkeys(("2", "grid", "3", "disk", "6", "geo"), "area"),
        **dict.fromkeys(("4", "sphere"), "sphere"),
        **dict.fromkeys(("7", "distant"), "distant"),
        **dict.fromkeys(("8", "sun"), "sun"),
    },
    "rslight": {"0": "distant", "1": "point", "2": "spot", "3": "area"},
    "arnold_light": {
        "point_light": "point",
        "distant_light": "distant",
        "spot_light": "spot",
        "quad_light": "area",
        "disk_light": "area",
        "cylinder_light": "tube",
        "skydome_light": "environment",
        "mesh_light": "area",
        "photometric_light": "spot",
    },
    "light": {
        "point": "point",
        "UsdLuxSphereLight": "sphere",
        "UsdLuxDiskLight": "area",
        "UsdLuxRectLight": "area",
        "UsdLuxCylinderLight": "tube",
        "UsdLuxDistantLight": "distant",
        "UsdLuxGeometryLight": "area",
        "UsdLuxDomeLight": "environment",
    },
}
"""By type of node: the kind of each value of the parameter that holds it."""

ALTITUDE_PARMS = ("solar_altitude", "elevation", "rs_sun_elevation")
"""Parameters of skies that give the height of the sun above the horizon, in degrees."""

MATERIALS = frozenset(
    {
        "principledshader",
        "classicshader",
        "materialbuilder",
        "mtlxstandard_surface",
        "mtlxopen_pbr_surface",
        "mtlxUsdPreviewSurface",
        "usdpreviewsurface",
        "kma_hair",
        "kma_skin",
        "kma_volume",
        "kma_pyroshader",
        "redshift_vopnet",
        "rs_usd_material_builder",
        "arnold_materialbuilder",
        "vray_material",
        "vray_vop_material",
        "pyroshader",
        "skinshader",
        "hairshader",
        "oceanshader",
        "rockshader",
    }
)

# word, parameters of the shaders that hold its number, and the number from which on the word holds
_LOOKS = (
    ("metallic", ("metallic", "metalness", "base_metalness"), 0.5),
    ("transparent", ("transparency", "transmission", "transmission_weight"), 0.5),
    ("translucent", ("sss", "subsurface", "subsurface_weight"), 0.2),
    ("glowing", ("emission", "emission_luminance"), 0.05),
    ("rough", ("rough", "specular_roughness"), 0.6),
)
_GLOSSY = ("rough", "specular_roughness")
_GLOSSY_BELOW = 0.15


def kind_of_light(type_: str, word: str) -> str | None:
    """Return the kind of a light, or None for a node that is none.

    Args:
        type_: the type of the node, without namespace and version.
        word: the value of its parameter among ``KIND_PARMS``; empty where it has none.

    >>> kind_of_light("hlight", "7"), kind_of_light("domelight", ""), kind_of_light("geo", "")
    ('distant', 'environment', None)
    """
    if type_ not in LIGHT_KINDS:
        return None
    return LIGHT_KINDS[type_] or LIGHT_WORDS[type_].get(word, "light")


def looks_of(numbers: Mapping[str, float]) -> tuple[str, ...]:
    """Return the words that a shader's own numbers give; a number that is not there gives none.

    >>> looks_of({"metallic": 1.0, "rough": 0.1}), looks_of({})
    (('metallic', 'glossy'), ())
    """
    found = [word for word, parms, least in _LOOKS if any(numbers.get(parm, 0.0) >= least for parm in parms)]
    glossy = [numbers[parm] for parm in _GLOSSY if parm in numbers]
    if glossy and glossy[0] < _GLOSSY_BELOW:
        found.append("glossy")
    return tuple(found)


LOOK_PARMS = frozenset(parm for _, parms, _ in _LOOKS for parm in parms)
"""The parameters that ``looks_of`` reads."""
