"""The further runs of an adaptive batch, chosen by the scores of those that have ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cosmos_houdini.batches.outcome import build_entries
from cosmos_houdini.batches.plan import PlannedBatch, RunSelection, plan_batch
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.batches import points_file
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.report.ratings import preferences, read_ratings
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.sweeps.adaptive import Adaptive

Scores = dict[tuple[str, int], float]
"""By the name of an item and the number of its run."""


def read_liking(planned: PlannedBatch, path: Path) -> Scores:
    """Return how much a person likes runs of an adaptive batch, from a file of ratings; see ``ratings.preferences``.

    Raises:
        BadInput: the batch is not adaptive, or the file cannot be read, is about other runs, or judges none.
    """
    if not is_adaptive(planned):
        raise BadInput(
            f"--ratings {path} chooses further runs, and {planned.batch.name} has all of them already",
            allowed="a batch with sampler: adaptive",
            action="`cosmos-houdini next` writes a sweep around picked runs",
        )
    keys = {key_of(job.id): (run.shared.name, run.number) for run, job in zip(planned.runs, planned.jobs, strict=True)}
    liked = preferences(read_ratings(path, [job.id for job in planned.jobs]))
    if not liked:
        raise BadInput(f"{path} rates and picks no run", action="rate some on the page of the report with 1 to 5")
    return {keys[key]: value for key, value in liked.items()}


def is_adaptive(planned: PlannedBatch) -> bool:
    """Whether the runs of a batch are chosen by those before them."""
    return (
        planned.batch.randomization.sampler == "adaptive"
        and replace(planned.selection, skip_bad=False) == RunSelection()
    )


def next_adaptive_batch(
    client: Client,
    planned: PlannedBatch,
    scores: Scores,
    more: int,
    reporter: Reporter,
    *,
    liking: Scores | None = None,
) -> PlannedBatch | None:
    """Return an adaptive batch with further runs; None for other batches, and if no runs are left to add.

    Args:
        client: of the project.
        planned: the batch as it was run.
        scores: of earlier runs; the scores of later runs are added to it.
        more: how many further runs of each item are added.
        reporter: as for ``plan_batch``.
        liking: of runs by a person; where there is any, it chooses instead of the scores.
    """
    if not is_adaptive(planned):
        return None
    # OpenCV and NumPy take a fifth of a second to load; other batches need them only at their end.
    from cosmos_houdini.report.examine import score_entries  # noqa: PLC0415 - see above

    keys = {run.name: (run.shared.name, run.number) for run in planned.runs}
    new = [entry for entry in build_entries(client, planned) if keys[entry.name] not in scores]
    measured = score_entries(new, ffmpeg=client.config.ffmpeg)
    scores.update({keys[entry.name]: entry.measures.score for entry in measured if entry.measures})
    adaptive = Adaptive(file=points_file(client.config.project), scores=scores, more=more, liking=liking or {})
    longer = plan_batch(
        planned.batch,
        client.config,
        reporter,
        host=planned.host,
        selection=planned.selection,
        specs=planned.specs,
        adaptive=adaptive,
    )
    return replace(longer, file=planned.file) if len(longer.runs) > len(planned.runs) else None
