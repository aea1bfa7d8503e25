"""The types of render node that write pictures, and the parameters that hold their picture path and their camera."""

from __future__ import annotations

import re
from dataclasses import dataclass

_VERSION = re.compile(r"[0-9.]+")


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
    "usdrender": RenderNode(picture="outputimage", camera="override_camera"),
    "usdrender_rop": RenderNode(picture="outputimage", camera="override_camera"),
    "opengl": RenderNode(picture="picture", camera="camera"),
    "Redshift_ROP": RenderNode(picture="RS_outputFileNamePrefix", camera="RS_renderCamera"),
    "arnold": RenderNode(picture="ar_picture", camera="camera"),
    "vray_renderer": RenderNode(picture="SettingsOutput_img_file_path", camera="render_camera"),
    "comp": RenderNode(picture="copoutput", camera=None),
    "rop_comp": RenderNode(picture="copoutput", camera=None),
}
WINDOWS = ("ip", "md")
"""Picture paths that mean a window of Houdini, not a file."""


def base_type(type_: str) -> str:
    """Return a node type without namespace and version.

    >>> [base_type(t) for t in ("cam", "camera::2.0", "labs::thing::1.1", "labs::thing")]
    ['cam', 'camera', 'thing', 'thing']
    """
    *_, last = parts = type_.split("::")
    return parts[-2] if len(parts) > 1 and _VERSION.fullmatch(last) else last
