"""Find the progress of a Cosmos Transfer run in the records of its log."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from cosmos_houdini.model.job import Progress

SAMPLED_SHARE = 0.9
"""The share of a chunk's time that the diffusion steps take; the rest is decoding."""
_LOADED_FRACTION = 0.05
_GENERATED_FRACTION = 0.95


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages before and after the chunks, by the words with which their records begin.

    Attributes:
        early: the stages before the first chunk, in their order.
        late: the stages after the last chunk; the last stage is the end of the run.
    """

    early: Mapping[str, str]
    late: Mapping[str, str]

    def before(self, messages: Collection[str]) -> Progress | None:
        """Return the progress of a run before its first chunk, or None if there is no record yet."""
        if not messages:
            return None
        stages = _reached(self.early, messages)
        fraction = _LOADED_FRACTION * len(stages) / (len(self.early) + 1)
        return Progress(fraction=fraction, stage=stages[-1] if stages else "starting")

    def after(self, messages: Collection[str]) -> Progress | None:
        """Return the progress of a run after its last chunk, or None if the last chunk is not finished."""
        stages = _reached(self.late, messages)
        if not stages:
            return None
        ended = stages[-1] == list(self.late.values())[-1]
        return Progress(fraction=1.0 if ended else _GENERATED_FRACTION, stage=stages[-1])


def during(made: float, chunks: int, stage: str) -> Progress:
    """Return the progress of a run that has made ``made`` of its chunks."""
    share = min(made, chunks) / chunks
    return Progress(fraction=_LOADED_FRACTION + (_GENERATED_FRACTION - _LOADED_FRACTION) * share, stage=stage)


def _reached(table: Mapping[str, str], messages: Collection[str]) -> list[str]:
    return [stage for start, stage in table.items() if any(message.startswith(start) for message in messages)]
