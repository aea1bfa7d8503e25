"""The inputs of a request besides the colour video and the controls: their roles, and the spec's keys for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cosmos_houdini.model.control import Control
from cosmos_houdini.model.request import InferenceRequest

if TYPE_CHECKING:
    # The scripts that build the assets run without msgspec.
    from cosmos_houdini.model.spec import PromptSpec

GUIDED_MASK: Final = "guided_generation_mask"
IMAGE_CONTEXT: Final = "image_context"
_MASK: Final = "mask_"
_REGION: Final = "region_"
ROLE_PATTERN: Final = r"mask_[a-z]{1,20}|guided_generation_mask|image_context|region_[1-9][0-9]?"
"""The roles that a request can have."""

KINDS: Final = {
    "masks": "masks of controls",
    GUIDED_MASK: "a mask that keeps the plate",
    IMAGE_CONTEXT: "a picture with the look",
    "regions": "prompts of regions",
}
"""The keys of a prompt spec that bring such inputs, in words."""


def mask_role(kind: Control) -> str:
    """Return the role of a control's mask."""
    return f"{_MASK}{kind}"


def region_role(number: int) -> str:
    """Return the role of a region's mask; numbers begin at 1."""
    return f"{_REGION}{number}"


def spec_extras(spec: PromptSpec) -> dict[str, Any]:
    """Return the files of a spec that are neither the colour video nor a control, by role."""
    found: dict[str, Any] = {mask_role(kind): spec.masks[kind] for kind in Control if kind in spec.masks}
    for role in (GUIDED_MASK, IMAGE_CONTEXT):
        if path := getattr(spec, role):
            found[role] = path
    return found | {region_role(number): path for number, path in enumerate(spec.regions.values(), start=1)}


def extras_document(request: InferenceRequest) -> dict[str, Any]:
    """Return the keys of a prompt spec, as JSON data, that ask for the extras of a request."""
    paths = {role: str(clip.path) for role, clip in request.extras.items()}
    masks = {role.removeprefix(_MASK): path for role, path in paths.items() if role.startswith(_MASK)}
    single: dict[str, str] = {role: paths[role] for role in (GUIDED_MASK, IMAGE_CONTEXT) if role in paths}
    regions = {prompt: paths[region_role(number)] for number, prompt in enumerate(request.regions, start=1)}
    found: dict[str, Any] = {"masks": masks, **single, "regions": regions}
    return {key: value for key, value in found.items() if value}
