"""The scout of a run: a cheap version of it that is tried before the run itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from cosmos_houdini.model.request import Scout
from cosmos_houdini.specs.files import change_paths
from cosmos_houdini.sweeps.sweep import SweepRun


def make_scout(run: SweepRun, scout: Scout, videos: Mapping[Path, Path]) -> SweepRun:
    """Return the scout of a run: a run with its own name, the same seed and weights, and cheaper parameters.

    Args:
        run: the run at full quality.
        scout: the cheaper parameters of its engine.
        videos: the run's videos to their replacements; all others stay.
    """
    shorter = change_paths(run.shared.spec, lambda path: videos.get(path, path))
    shared = replace(
        run.shared,
        spec=shorter,
        weights=run.weights,
        parameters={**run.parameters, **scout.parameters},
        varied=(),
        scout=True,
    )
    return SweepRun(shared=shared, number=run.number, point=())
