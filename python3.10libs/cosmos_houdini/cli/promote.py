"""``promote``: the runs whose scouts looked best, at full quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cosmos_houdini.cli.batch_plan import RunSelection, plan_batch
from cosmos_houdini.cli.console import say
from cosmos_houdini.cli.run_batch import BatchOptions, running_options, work
from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.specs.batch_file import load_batch
from cosmos_houdini.sweeps.sweep import SCOUT_SUFFIX


@click.command(help="Run chosen runs of a batch at full quality, each with the seed and weights that its scout had.")
@click.argument("file", metavar="BATCH.yaml", type=click.Path(path_type=Path))
@click.argument("names", metavar="RUN...", nargs=-1, required=True)
@running_options
@click.pass_context
def promote(context: click.Context, /, *, file: Path, names: tuple[str, ...], **how: Any) -> None:  # noqa: ANN401 - the fields of BatchOptions
    """Check that the scouts were just of these runs, and run them beside those that were promoted before."""
    chosen = frozenset(name.removesuffix(SCOUT_SUFFIX) for name in names)
    config = load()
    batch = load_batch(file)
    host, _ = config.settings.host(how["host"])
    scouts = plan_batch(batch, config, host, RunSelection(scout=True, only=chosen)).jobs
    with open_client(config) as client:
        _check_scouts(client, scouts, file)
        line = RunSelection(only=chosen).of(batch).name
        before = batches.run_names(client.store, line)
    if before - chosen:
        say(f"{len(before - chosen)} runs that were promoted before are in the same line and table")
    work(context, file, RunSelection(only=chosen | before), BatchOptions(**how))


def _check_scouts(client: Client, scouts: Sequence[JobRecord], file: Path) -> None:
    """Refuse runs of which there is no scout with the same content: the file may have been changed since.

    Raises:
        BadInput: there is such a run, which is named.
    """
    names = {scout.job.name for scout in scouts}
    known = [record.request for record in client.store.records([j.id for j in client.store.jobs() if j.name in names])]
    for scout in scouts:
        if dict(scout.request) not in known:
            raise BadInput(
                f"{scout.job.name} was never run as {file} has it now",
                action=f"cosmos-houdini run-batch --scout {file} shows what it is like",
            )
