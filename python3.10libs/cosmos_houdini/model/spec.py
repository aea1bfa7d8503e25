"""The two files that people write by hand or by command: what a shot shows, and how it is run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, field_validator

from cosmos_houdini.model.control import Control

PROMPT_SPEC_SCHEMA: Final = "cosmos-houdini/prompt-spec/1"
RUN_SPEC_SCHEMA: Final = "cosmos-houdini/run-spec/1"

Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_-])?$",
        description="1 to 80 letters, digits, '.', '_' and '-'; it names files and folders.",
    ),
]
Weight = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]
SpecValue = StrictBool | StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)] | StrictStr


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PromptSpec(_Spec):
    """A shot: its prompt, its colour video and the control videos that go with it.

    Paths in the file are absolute, or relative to the folder that holds the file.
    """

    schema_: Literal["cosmos-houdini/prompt-spec/1"] = Field("cosmos-houdini/prompt-spec/1", alias="schema")
    name: Name
    prompt: str = Field(description="Sent to the engine byte for byte.")
    negative_prompt: str = Field("", description="Likewise; empty means the engine's own.")
    input_video: Path = Field(description="The colour video.")
    controls: dict[Control, Path] = Field(default_factory=dict, description="One video for each control.")

    @field_validator("prompt", "negative_prompt")
    @classmethod
    def _is_unicode(cls, prompt: str) -> str:
        # Bytes of a command line that are no UTF-8 arrive as halves of characters, which no file can hold.
        if any("\ud800" <= character <= "\udfff" for character in prompt):
            raise ValueError("text in UTF-8")
        return prompt

    @field_validator("prompt")
    @classmethod
    def _says_something(cls, prompt: str) -> str:
        if not prompt.strip():
            raise ValueError("a prompt that is not empty")
        return prompt


class RunSpec(_Spec):
    """One run of a shot: engine, parameters and weights, beside a snapshot of the prompt spec.

    Only what was asked for stands here; everything else is the engine's default, so that the same file runs on another
    engine.
    """

    schema_: Literal["cosmos-houdini/run-spec/1"] = Field("cosmos-houdini/run-spec/1", alias="schema")
    name: Name
    engine: str
    spec: PromptSpec
    weights: dict[Control, Weight] = Field(
        default_factory=dict, description="0 to 1; 0 leaves a control out, one that is not named gets 0.5."
    )
    parameters: dict[str, SpecValue] = Field(default_factory=dict, description="Parameters of the engine, by name.")
    num_gpu: int = Field(1, ge=1, le=64, strict=True, description="GPUs that one inference uses.")
