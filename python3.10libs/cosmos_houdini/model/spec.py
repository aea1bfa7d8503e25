"""The two files that people write by hand or by command: one describes a shot, the other describes a run of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from cosmos_houdini.model.control import Control

PROMPT_SPEC_SCHEMA: Final = "cosmos-houdini/prompt-spec/1"
RUN_SPEC_SCHEMA: Final = "cosmos-houdini/run-spec/1"
NAME_PATTERN: Final = r"^[A-Za-z0-9_]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?$"
NAME_RULE: Final = "1 to 80 letters, digits, '.', '_' and '-'; it names files and folders."
WEIGHTS_RULE: Final = "0 to 1; 0 leaves a control out, one that is not named gets 0.5."

Name = Annotated[str, Meta(pattern=NAME_PATTERN, description=NAME_RULE)]
Weight = Annotated[float, Meta(ge=0, le=1)]
SpecValue = bool | int | float | str


class PromptSpec(Struct, frozen=True, kw_only=True, tag_field="schema", tag=PROMPT_SPEC_SCHEMA):
    """A shot: its prompt, its colour video and the control videos that go with it.

    Paths in the file are absolute, or relative to the folder that holds the file.
    """

    name: Name
    prompt: Annotated[str, Meta(description="Sent to the engine byte for byte.")]
    input_video: Annotated[Path, Meta(description="The colour video.")]
    negative_prompt: Annotated[str, Meta(description="Likewise; empty means the engine's own.")] = ""
    controls: Annotated[dict[Control, Path], Meta(description="One video for each control.")] = field(
        default_factory=dict
    )
    masks: Annotated[dict[Control, Path], Meta(description="White where a control applies; one video each.")] = field(
        default_factory=dict
    )
    guided_generation_mask: Annotated[Path | None, Meta(description="White where the plate is kept.")] = None
    image_context: Annotated[Path | None, Meta(description="A picture with the wanted look: PNG or JPEG.")] = None
    regions: Annotated[
        dict[str, Path], Meta(description="Prompts of regions, each with a video that is white there.")
    ] = field(default_factory=dict)


class RunSpec(Struct, frozen=True, kw_only=True, tag_field="schema", tag=RUN_SPEC_SCHEMA):
    """One run of a shot: engine, parameters and weights, with a snapshot of the prompt spec.

    The file holds only the values that were asked for. All other values are the engine's defaults, so the same file
    runs on another engine.
    """

    name: Name
    engine: str
    spec: PromptSpec
    weights: Annotated[dict[Control, Weight], Meta(description=WEIGHTS_RULE)] = field(default_factory=dict)
    parameters: Annotated[dict[str, SpecValue], Meta(description="Parameters of the engine, by name.")] = field(
        default_factory=dict
    )
    num_gpu: Annotated[int, Meta(ge=1, le=64, description="GPUs that one inference uses.")] = 1
