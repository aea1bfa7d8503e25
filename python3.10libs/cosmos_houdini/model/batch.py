"""The file of a batch: its shots, the values that all runs share, the values of single shots, and the varied values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)

from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import NAME_PATTERN, NAME_RULE, WEIGHTS_RULE

BATCH_SPEC_SCHEMA: Final = "cosmos-houdini/batch-spec/1"
MAX_RUNS: Final = 1_000_000
"""More runs than fit in a year of GPU time; a larger grid is a mistake."""

Sampler = Literal["grid", "random", "latin_hypercube", "sobol", "adaptive"]
Number = StrictInt | Annotated[StrictFloat, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(pattern=NAME_PATTERN, description=NAME_RULE)]
Weight = Annotated[float, Field(ge=0, le=1, strict=True, allow_inf_nan=False)]
SpecValue = StrictBool | Number | StrictStr


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Range(_Part):
    """The numbers from ``min`` to ``max``, both included; with a step, only those a whole number of steps above min."""

    min: Number
    max: Number
    step: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _holds_something(self) -> Range:
        if self.min > self.max:
            raise ValueError("a min that is not above max")
        if self.step is not None and self.step > self.max - self.min > 0:
            raise ValueError("a step that is not above max - min")
        return self


def _form(value: object) -> str | None:
    """Return the tag of a value's form; without a tag, pydantic would try all forms and report the errors of all."""
    if isinstance(value, Range):
        return "range"
    if isinstance(value, Mapping):
        return "range" if value.keys() & Range.model_fields.keys() else "each"
    if isinstance(value, list | tuple):
        return "list"
    return "word" if isinstance(value, str) else "one"


_ListOfValues = Annotated[tuple[SpecValue, ...], Field(min_length=1), Tag("list")]
_OneRange = Annotated[Range, Tag("range")]

Values = Annotated[_OneRange | _ListOfValues, Discriminator(_form)]
"""The values over which a parameter is varied."""

WeightValues = Annotated[
    _OneRange | _ListOfValues | Annotated[dict[Control, Values], Tag("each")], Discriminator(_form)
]
Seeds = Annotated[_OneRange | _ListOfValues | Annotated[Literal["random"], Tag("word")], Discriminator(_form)]
Condition = Annotated[
    _OneRange
    | _ListOfValues
    | Annotated[str, Tag("word")]
    | Annotated[StrictBool | StrictInt | StrictFloat, Tag("one")],
    Discriminator(_form),
]


class Constraints(_Part):
    """The conditions that every run has to satisfy as a whole."""

    max_weight_sum: Annotated[Number, Field(gt=0)] | None = Field(
        None, description="The weights of a run add up to at most this."
    )


class Exclusion(BaseModel):
    """The conditions that leave out a run if all of them hold; every further key is a parameter of the engine."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Condition] = Field(init=False)

    control_weights: dict[Control, Condition] = Field(default_factory=dict)

    @property
    def parameters(self) -> Mapping[str, Range | tuple[SpecValue, ...] | SpecValue]:
        """The conditions for parameters, by the names that the file uses."""
        return self.__pydantic_extra__


class Randomization(BaseModel):
    """The varied values, and the choice of the runs; every further key is a parameter of the engine."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, Values] = Field(init=False)

    control_weights: WeightValues | None = Field(
        None, description="For every control that has a video, or for each control by name."
    )
    seeds: Seeds | None = Field(None, description="'random' gives every run a seed of its own.")
    sampler: Sampler | None = Field(
        None, description="Without it: grid when no count is given and everything is a list or has a step, else random."
    )
    count: int | None = Field(None, ge=1, le=MAX_RUNS, strict=True, description="Runs for each item.")
    seed: int = Field(0, ge=0, strict=True, description="The same seed makes the same sweep on every machine.")
    clamp: bool = Field(
        False, strict=True, description="Move values that the engine does not take to the nearest that it takes."
    )
    constraints: Constraints = Constraints()
    exclude: tuple[Exclusion, ...] = ()

    @property
    def parameters(self) -> Mapping[str, Range | tuple[SpecValue, ...]]:
        """The varied values other than weights and seeds, by the names that the file uses."""
        return self.__pydantic_extra__


class BatchItem(_Part):
    """One shot of a batch; the values given here are not varied for its runs."""

    spec: Path = Field(description="A prompt spec; the path is absolute, or relative to the batch's folder.")
    name: Name | None = Field(None, description="Begins the names of its runs; without it, the prompt spec's name.")
    weights: dict[Control, Weight] = Field(default_factory=dict)
    parameters: dict[str, SpecValue] = Field(default_factory=dict)


class BatchSpec(_Part):
    """Many runs in one file.

    A value of an item overrides a varied value, and a varied value overrides a shared value.
    """

    schema_: Literal["cosmos-houdini/batch-spec/1"] = Field("cosmos-houdini/batch-spec/1", alias="schema")
    name: Name = "batch"
    engine: str
    items: Annotated[tuple[BatchItem, ...], Field(min_length=1)]
    weights: dict[Control, Weight] = Field(default_factory=dict, description=WEIGHTS_RULE)
    parameters: dict[str, SpecValue] = Field(default_factory=dict, description="Parameters of the engine, by name.")
    num_gpu: int = Field(1, ge=1, le=64, strict=True, description="GPUs that one inference uses.")
    randomization: Randomization = Randomization()
