"""A small Solaris scene: camera, products, settings, a node of another kind, and the node that renders them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from support.houdini import hip_files

RENDER, SETTINGS = "/stage/usdrender_rop1", "/stage/karmarendersettings"
ROP: dict[str, Sequence[object]] = {
    "execute": [0],
    "trange": ['"normal"'],
    "f": [1001, 1003, 1],
    "take": ["_current_"],
    "renderer": ["BRAY_HdKarmaXPU"],
    "loppath": ['""'],
    "rendersettings": ["/Render/rendersettings"],
    "override_camera": ['""'],
    "outputimage": ['""'],
    "soho_foreground": ['"off"'],
}
"""Parameters of a USD Render ROP under their names in published scenes."""


def write_stage(
    folder: Path,
    products: Mapping[str, tuple[str, str]] | None = None,
    in_list: Mapping[str, tuple[str, str]] | None = None,
    **render: Sequence[object],
) -> Path:
    """Write the scene.

    Args:
        folder: gets the scene.
        products: pictures and render vars by the names of their nodes.
        in_list: the same by the names of products in a list; one without a picture is disabled.
        render: parameters of the node that renders.
    """
    above, nodes = "camera1", []
    for name, (picture, var) in (products or {}).items():
        values = {"productName": [picture], "orderedVars": [f"/Render/Products/Vars/{var}"], "camera": ['""']}
        nodes.append(hip_files.node(f"stage/{name}", "renderproduct", values, def_=hip_files.definition(above)))
        above = name
    listed = {
        "products": [len(in_list or {})],
        "orderedVars": ["/Render/Products/Vars/*"],
        "camera": ["/cameras/camera1"],
    }
    for number, (name, (picture, var)) in enumerate((in_list or {}).items()):
        listed |= {
            f"enable_{number}": ['"on"' if picture else '"off"'],
            f"primname_{number}": [name],
            f"productName_{number}": [picture or "$HIP/off.$F4.png"],
            f"doorderedVars_{number}": ['"on"' if var else '"off"'],
            f"orderedVars_{number}": [f"/Render/Products/Vars/{var}"],
        }
    if in_list:
        nodes.append(
            hip_files.node("stage/list1", "karmarenderproducts::2.0", listed, def_=hip_files.definition(above))
        )
        above = "list1"
    settings = {
        "primpath": ["/Render/rendersettings"],
        "picture": ["$HIP/render/$OS.$F4.png"],
        "camera": ["/cameras/camera1"],
    }
    return hip_files.write_hip(
        folder,
        hip_files.node("stage/camera1", "camera", hip_files.LOP_PARMS),
        *nodes,
        hip_files.node("stage/karmarendersettings", "karmarendersettings", settings, def_=hip_files.definition(above)),
        hip_files.node("stage/edit1", "edit", {}, def_=hip_files.definition("karmarendersettings")),
        hip_files.node("stage/usdrender_rop1", "usdrender_rop", {**ROP, **render}, def_=hip_files.definition("edit1")),
    )
