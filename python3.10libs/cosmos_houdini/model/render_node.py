"""The types of node that write pictures, or name the pictures that another node writes, and their parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_VERSION = re.compile(r"[0-9.]+")
_OFF = ("off", "0")
_OWN_NAME = re.compile(r"\$(?:OS\b|\{OS\})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderNode:
    """The names of the parameters of one type of render node; ``camera`` is None if the type has no camera."""

    picture: str
    camera: str | None


RENDER_NODES = {
    "ifd": RenderNode(picture="vm_picture", camera="camera"),
    "karma": RenderNode(picture="picture", camera="camera"),
    "karmarenderproperties": RenderNode(picture="picture", camera="camera"),
    "karmarendersettings": RenderNode(picture="picture", camera="camera"),
    "renderproduct": RenderNode(picture="productName", camera="camera"),
    "usdrender": RenderNode(picture="outputimage", camera="override_camera"),
    "usdrender_rop": RenderNode(picture="outputimage", camera="override_camera"),
    "opengl": RenderNode(picture="picture", camera="camera"),
    "Redshift_ROP": RenderNode(picture="RS_outputFileNamePrefix", camera="RS_renderCamera"),
    "arnold": RenderNode(picture="ar_picture", camera="camera"),
    "vray_renderer": RenderNode(picture="SettingsOutput_img_file_path", camera="render_camera"),
    "Octane_ROP": RenderNode(picture="HO_img_fileName", camera="HO_renderCamera"),
    "rop_image": RenderNode(picture="copoutput", camera=None),
    "comp": RenderNode(picture="copoutput", camera=None),
    "rop_comp": RenderNode(picture="copoutput", camera=None),
}
STAGE_RENDERERS = frozenset({"usdrender", "usdrender_rop"})
"""Nodes that render a USD stage: the pictures are named by themselves, or by nodes above them."""
STAGE_SETTINGS = frozenset({"karma", "karmarenderproperties", "karmarendersettings"})
"""Nodes of a stage that name the picture; ``karma`` renders too."""
PRODUCT_LISTS = frozenset({"karmarenderproducts"})
"""Nodes of a stage that name any number of further pictures, in parameters that are numbered from 0."""
STAGE_PRODUCTS = frozenset({"renderproduct"}) | PRODUCT_LISTS
"""Nodes of a stage that name further pictures, such as a pass in files of its own."""
OUTPUT_TYPES = frozenset(RENDER_NODES) | PRODUCT_LISTS
"""All nodes that name pictures."""
OF_STAGES = STAGE_RENDERERS | STAGE_SETTINGS | STAGE_PRODUCTS
"""Those among them that belong to a USD stage."""
TEXT_EXPRESSION = re.compile(r'"([^"`]*)"')
"""An expression that is nothing but a quoted text."""
WINDOWS = ("ip", "md")
"""Picture paths that mean a window of Houdini, not a file."""


def list_products(read: Callable[[str], str | None]) -> Iterator[tuple[str, str | None, str | None, str | None]]:
    """Yield the products of a node in PRODUCT_LISTS: parameter, picture, camera, and the prims of its render vars.

    Args:
        read: returns the text of one of the node's parameters.
    """
    count = read("products") or ""
    for number in range(int(float(count)) if count.replace(".", "", 1).isdigit() else 0):
        if read(f"enable_{number}") in _OFF:
            continue
        picture, name = read(f"productName_{number}"), read(f"primname_{number}") or ""
        # As a new node has it.
        picture = picture and picture.replace(f'`chs("primname_{number}")`', name)
        own = {key: read(f"do{key}_{number}") not in {None, *_OFF} for key in ("camera", "orderedVars")}
        camera, vars_ = (read(f"{key}_{number}" if is_own else key) for key, is_own in own.items())
        yield f"productName_{number}", picture, camera, vars_


def base_type(type_: str) -> str:
    """Return a node type without namespace and version.

    >>> [base_type(t) for t in ("cam", "camera::2.0", "labs::thing::1.1", "labs::thing")]
    ['cam', 'camera', 'thing', 'thing']
    """
    *_, last = parts = type_.split("::")
    return parts[-2] if len(parts) > 1 and _VERSION.fullmatch(last) else last


def expand_own_name(text: str, path: str) -> str:
    """Return a parameter's text with ``$OS`` replaced by the name of its node.

    >>> expand_own_name("/cameras/$OS", "/stage/camera1"), expand_own_name("/${OS}_b", "/stage/a")
    ('/cameras/camera1', '/a_b')
    """
    return _OWN_NAME.sub(path.rpartition("/")[2].replace("\\", ""), text)
