"""The further runs of an adaptive batch, chosen by the scores of those that have ended."""

from __future__ import annotations

from dataclasses import replace

from cosmos_houdini.batches.outcome import build_entries
from cosmos_houdini.batches.plan import PlannedBatch, RunSelection, plan_batch
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.batches import points_file
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.sweeps.adaptive import Adaptive

Scores = dict[tuple[str, int], float]
"""By the name of an item and the number of its run."""


def next_adaptive_batch(
    client: Client, planned: PlannedBatch, scores: Scores, more: int, reporter: Reporter
) -> PlannedBatch | None:
    """Return an adaptive batch with further runs; None for other batches, and if no runs are left to add.

    Args:
        client: of the project.
        planned: the batch as it was run.
        scores: of earlier runs; the scores of later runs are added to it.
        more: how many further runs of each item are added.
        reporter: as for ``plan_batch``.
    """
    if (
        planned.batch.randomization.sampler != "adaptive"
        or replace(planned.selection, skip_bad=False) != RunSelection()
    ):
        return None
    # OpenCV and NumPy take a fifth of a second to load; other batches need them only at their end.
    from cosmos_houdini.report.examine import score_entries  # noqa: PLC0415 - see above

    keys = {run.name: (run.shared.name, run.number) for run in planned.runs}
    new = [entry for entry in build_entries(client, planned) if keys[entry.name] not in scores]
    measured = score_entries(new, ffmpeg=client.config.ffmpeg)
    scores.update({keys[entry.name]: entry.measures.score for entry in measured if entry.measures})
    adaptive = Adaptive(file=points_file(client.config.project), scores=scores, more=more)
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
