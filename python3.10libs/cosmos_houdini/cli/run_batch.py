"""``run-batch``: every run of a batch to a verified result, and one row for each."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import click
from click.core import ParameterSource

from cosmos_houdini.batches.detach import log_file, start_worker
from cosmos_houdini.batches.options import BatchOptions
from cosmos_houdini.batches.plan import RunSelection, plan_batch, run_documents
from cosmos_houdini.batches.run import check_batch, hand_over
from cosmos_houdini.batches.run import run_batch as run_planned_batch
from cosmos_houdini.cli.console import json_option, print_json, print_json_lines, say
from cosmos_houdini.cli.finite import FiniteRange
from cosmos_houdini.cli.gathered import gather_options
from cosmos_houdini.cli.request_options import host_option
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import Config, load
from cosmos_houdini.specs.batch_file import load_batch

FILE = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchArguments:
    """The options of a command that runs a batch, as the user gave them."""

    options: BatchOptions
    host: str | None
    detach: bool
    skip_bad: bool
    as_json: bool


_OPTIONS = (
    host_option,
    click.option(
        "--max-parallel", type=click.IntRange(1), help="Runs at a time; else one per GPU, or all of them on Slurm."
    ),
    click.option("--detach", is_flag=True, help="Run it in a detached process, which continues after logout."),
    click.option("--window", metavar="HH:MM-HH:MM", help="Start runs between these times only, then end."),
    click.option("--gpu-hours", type=FiniteRange(0, min_open=True), help="Most that all attempts may take."),
    click.option("--max-cost", type=FiniteRange(0, min_open=True), help="Most that all attempts may cost."),
    click.option("-o", "--output", "table", type=FILE, help="CSV file; cosmos_out/NAME.csv without it."),
    click.option("--skip-bad", is_flag=True, help="Set runs aside that cannot be run, say why, and go on."),
    click.option("--log", hidden=True, default="", help="Where the messages of a detached process go."),
    json_option,
)


def running_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of BatchArguments; the command takes them as ``arguments``."""
    gathered = gather_options(BatchArguments, (), name="arguments")(command)
    return gather_options(BatchOptions, _OPTIONS, name="options")(gathered)


@click.command("run-batch", help="Run every run of a batch to a verified result; the same command again continues.")
@click.argument("file", metavar="BATCH.yaml", type=FILE)
@click.option("--scout", is_flag=True, help="Run cheap scouts of all runs first: fewer steps, only the first frames.")
@click.option("--dry-run", is_flag=True, help="Check and print every run, and connect to nothing.")
@click.option("--ratings", type=FILE, help="Ratings that choose the further runs of an adaptive batch.")
@running_options
@click.pass_context
def run_batch(
    context: click.Context,
    /,
    *,
    file: Path,
    scout: bool,
    dry_run: bool,
    arguments: BatchArguments,
) -> None:
    """Check every run, queue all of them, and follow them to their ends."""
    selection = RunSelection(scout=scout, skip_bad=arguments.skip_bad)
    if dry_run:
        config, reporter = load(), TerminalReporter()
        planned = plan_batch(
            load_batch(file), config, reporter, host=arguments.host, selection=selection, file=file, dry_run=True
        )
        check_batch(config, planned, arguments.options, reporter)
        print_json_lines("create-batch", "runs", run_documents(planned.runs))
        return
    work(context, load(), file, selection, arguments)


def work(
    context: click.Context, config: Config, file: Path, selection: RunSelection, arguments: BatchArguments
) -> None:
    """Run the selected runs of a batch, or start a detached process that does.

    Raises:
        CosmosError: something cannot be used or reached, or not all of the runs succeeded.
    """
    batch, reporter = load_batch(file), TerminalReporter()
    if arguments.detach:
        _detach(context, config, selection.rename(batch).name, arguments)
        return
    planned = plan_batch(batch, config, reporter, host=arguments.host, selection=selection, file=file)
    if arguments.options.log and hand_over(config, planned, reporter):
        return
    options = replace(
        arguments.options,
        resume_command=shlex.join(["cosmos-houdini", *rebuild_command_line(context, without={"log", "as_json"})]),
        folder=Path.cwd(),
    )
    outcome = run_planned_batch(config, planned, options, reporter)
    say(f"\n{outcome.summary.text}")
    if outcome.ended_by:
        raise outcome.ended_by
    if arguments.as_json:
        print_json("run-batch", outcome.document())
    else:
        click.echo(outcome.table)
    if outcome.error:
        raise outcome.error


def _detach(context: click.Context, config: Config, batch: str, arguments: BatchArguments) -> None:
    host, _ = config.settings.host(arguments.host)
    command, *others = rebuild_command_line(context, without={"detach", "as_json"})
    argv = [command, "--log", str(log_file(config.project, batch)), *others]
    worker = start_worker(argv, config.project, batch, host, lambda text: click.echo(text, err=True, nl=False))
    if isinstance(worker, int):
        raise click.exceptions.Exit(worker)
    say(f"process {worker.pid} runs it and continues when this terminal closes; its messages: {worker.log}")
    say(f"to follow: cosmos-houdini batch follow {batch}")
    if arguments.as_json:
        print_json("run-batch-detached", {"batch": batch, "host": host, "pid": worker.pid, "log": worker.log})


def rebuild_command_line(context: click.Context, *, without: Collection[str]) -> list[str]:
    """Return the command line of a command as it was given, without some of its options."""
    options, arguments = [], []
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in without or name not in context.params:
            continue
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        values = value if parameter.multiple or parameter.nargs != 1 else [value]
        if isinstance(parameter, click.Argument):
            arguments += [str(each) for each in values]
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            options.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        else:
            options += [word for each in values for word in (parameter.opts[0], str(each))]
    return [str(context.info_name), *options, "--", *arguments]
