"""The runs of a batch: expanded in one order, with one name each, the same on every machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.batch import BatchItem, BatchSpec
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.sweeps.adaptive import Adaptive
from cosmos_houdini.sweeps.parameter_names import ParameterNames
from cosmos_houdini.sweeps.rules import Key
from cosmos_houdini.sweeps.selection import Selected, select
from cosmos_houdini.sweeps.variation import Variation, build_variation

NAME_LENGTH = 72
"""Leaves room in the 80 characters of a run's name for its number."""

SCOUT_SUFFIX = "-scout"
PROMOTED_SUFFIX = "-promoted"


def selection_names(batch: str) -> tuple[str, str, str]:
    """Return the names under which the runs of a batch are queued: all runs, the scouts, and the promoted runs.

    >>> selection_names("night")
    ('night', 'night-scout', 'night-promoted')
    """
    return batch, f"{batch}{SCOUT_SUFFIX}", f"{batch}{PROMOTED_SUFFIX}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Common values of all runs of one item.

    Attributes:
        name: begins the names of its runs.
        spec_file: the prompt spec, absolute.
        spec: its content.
        engine: a name of the engine registry.
        num_gpu: GPUs that one inference uses.
        weights: of every control that has a video, in the order of the Control type.
        parameters: those that were asked for.
        varied: the owners of the values of a run's point; these values replace those above.
        scout: whether the runs are scouts of others; their names end with SCOUT_SUFFIX.
    """

    name: str
    spec_file: Path
    spec: PromptSpec
    engine: str
    num_gpu: int
    weights: Mapping[Control, float]
    parameters: Mapping[str, ParameterValue]
    varied: tuple[Key, ...]
    scout: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRun:
    """One run of a batch. There may be 100,000 runs, so that each keeps only its own values."""

    shared: Shared
    number: int
    point: tuple[ParameterValue, ...]

    @property
    def name(self) -> str:
        """The item's name and the run's number in the item, from 1; the name of a scout ends with SCOUT_SUFFIX."""
        return self.scout_name if self.shared.scout else f"{self.shared.name}-{self.number:04d}"

    @property
    def scout_name(self) -> str:
        """The name of the run's scout."""
        return f"{self.shared.name[: NAME_LENGTH - len(SCOUT_SUFFIX)]}-{self.number:04d}{SCOUT_SUFFIX}"

    @property
    def weights(self) -> dict[Control, float]:
        """The weight of every control that has a video; 0 leaves it out."""
        own = {key: float(value) for key, value in self._own() if isinstance(key, Control)}
        return {**self.shared.weights, **own}

    @property
    def parameters(self) -> dict[str, ParameterValue]:
        """The parameters that were asked for."""
        return {**self.shared.parameters, **{key: value for key, value in self._own() if not isinstance(key, Control)}}

    def run_spec(self) -> RunSpec:
        """Return the run as a file of its own would hold it."""
        return RunSpec(
            name=self.name,
            engine=self.shared.engine,
            spec=self.shared.spec,
            weights=self.weights,
            parameters=self.parameters,
            num_gpu=self.shared.num_gpu,
        )

    def document(self, defaults: Mapping[str, ParameterValue]) -> dict[str, Any]:
        """Return the run as ``create-batch --json`` prints it.

        Args:
            defaults: values of parameters that were not asked for.
        """
        parameters = {**defaults, **self.parameters}
        first = {name: parameters.pop(name) for name in ("seed", "num_steps", "guidance") if name in parameters}
        weights = {str(control): weight for control, weight in self.weights.items()}
        return {
            "name": self.name,
            "spec": str(self.shared.spec_file),
            "engine": self.shared.engine,
            "parameters": {**first, "weights": weights, **parameters},
        }

    def _own(self) -> zip[tuple[Key, ParameterValue]]:
        return zip(self.shared.varied, self.point, strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """The runs of a batch in order, and sentences about values that were left out or changed."""

    runs: tuple[SweepRun, ...]
    notes: tuple[str, ...]


def expand(
    batch: BatchSpec,
    specs: Mapping[Path, PromptSpec],
    parameters: Mapping[str, Parameter],
    adaptive: Adaptive | None = None,
) -> Sweep:
    """Return every run of a batch.

    Args:
        batch: the batch specification.
        specs: the prompt spec of every path that its items name.
        parameters: of the batch's engine.
        adaptive: gives the points of an adaptive batch; its first points without it.

    Raises:
        BadInput: an unknown parameter, a value that the engine does not accept, a control without a video, two items
            of one name, or rules that no run satisfies; the item is named.
    """
    words = ParameterNames(engine=batch.engine, parameters=parameters)
    items = tuple({item.model_dump_json(): item for item in batch.items}.values())
    notes = [f"{len(batch.items) - len(items)} repeated items are left out"] if len(items) < len(batch.items) else []
    runs: list[SweepRun] = []
    for name, item in zip(_names(items, specs), items, strict=True):
        try:
            variation = build_variation(batch, item, specs[item.spec], words)
            selected = _selected(name, batch, variation, adaptive)
        except BadInput as error:
            raise BadInput(f"{name}: {error.problem}", allowed=error.allowed, action=error.action) from error
        shared = Shared(
            name=name,
            spec_file=item.spec,
            spec=specs[item.spec],
            engine=batch.engine,
            num_gpu=batch.num_gpu,
            weights=variation.weights,
            parameters=variation.parameters,
            varied=variation.varied,
        )
        runs.extend(SweepRun(shared=shared, number=n, point=point) for n, point in enumerate(selected.points, start=1))
        notes.extend(f"{name}: {note}" for note in selected.notes)
    return Sweep(runs=tuple(runs), notes=tuple(notes))


def _selected(name: str, batch: BatchSpec, variation: Variation, adaptive: Adaptive | None) -> Selected:
    if batch.randomization.sampler != "adaptive" or not variation.domains:
        return select(variation, batch.randomization)
    return (adaptive or Adaptive()).points(name, batch, variation)


def _names(items: Sequence[BatchItem], specs: Mapping[Path, PromptSpec]) -> list[str]:
    """Return the first part of the names of each item's runs.

    Raises:
        BadInput: two items have the same name.
    """
    names = [(item.name or specs[item.spec].name)[:NAME_LENGTH] for item in items]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        raise BadInput(f"{times} items of the batch are called {name}", action="give each a 'name' of its own")
    return names
