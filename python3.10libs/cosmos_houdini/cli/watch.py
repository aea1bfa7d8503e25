"""``watch``: converts, submits and delivers what a render finishes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.media.sequences import span
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.delivery import DeliveryFormat

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


class _RunByDefault(click.Group):
    """A group in which ``watch DIR`` means ``watch run DIR``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, cmd_name) or self.commands["run"]


@click.group(cls=_RunByDefault)
def watch() -> None:
    """Convert, submit and deliver what a render finishes: `watch DIR...` is short for `watch run DIR...`."""


@watch.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=_FOLDER)
@click.option("--hip", "scene", type=_FILE, help="Scene of the renders; else one above them whose node writes them.")
@click.option("--range", "frames", metavar="A-B", help="Frames of a complete render; else those of the render node.")
@click.option("--fps", type=float, metavar="N", help="Frames a second; else the scene's.")
@click.option("--needs", multiple=True, type=click.Choice([*map(str, Pass)]), help="A pass to wait for; repeatable.")
@click.option("--submit", "run_file", metavar="RUN.json", type=_FILE, help="Prompt, engine and weights of each job.")
@click.option("--convert", is_flag=True, help="Only convert; this is the default.")
@click.option("--host", metavar="NAME", help="Where jobs run.")
@click.option("--deliver", "to", type=click.Choice([*map(str, DeliveryFormat)]), help="Deliver each result so.")
@click.option("-o", "--output", metavar="PATTERN", help="Of deliveries, as for deliver.")
@click.option("--quiet", "quiet_s", type=click.FloatRange(0.0), default=10.0, metavar="S", show_default=True)
@click.option("--once", is_flag=True, help="Deal with what is complete, follow its jobs, and end.")
@json_option
def run(
    *,
    folders: tuple[Path, ...],
    run_file: Path | None,
    convert: bool,
    once: bool,
    as_json: bool,
    **given: Any,  # noqa: ANN401 - the options that go on as they are
) -> int:
    """Watch folders until Ctrl-C. A render is complete when its frames are there, whole and quiet for S seconds."""
    # Imported here: completions and help need none of it.
    from cosmos_houdini.specs.files import load_run_spec  # noqa: PLC0415
    from cosmos_houdini.watch.options import WatchOptions  # noqa: PLC0415
    from cosmos_houdini.watch.status import read_status  # noqa: PLC0415
    from cosmos_houdini.watch.watcher import watch as watch_folders  # noqa: PLC0415

    if convert and run_file:
        raise click.UsageError("give either --submit or --convert")
    options = WatchOptions(
        folders=folders,
        scene=given["scene"],
        frame_range=span.parse(given["frames"]) if given["frames"] else None,
        fps=given["fps"],
        needs=frozenset(map(Pass, given["needs"])),
        run=load_run_spec(run_file) if run_file else None,
        host=given["host"],
        deliver=DeliveryFormat(given["to"]) if given["to"] else None,
        output=given["output"],
        quiet_s=given["quiet_s"],
        once=once,
    )
    config = load()
    left = watch_folders(config, options, TerminalReporter())
    if as_json:
        print_json("watch-status", read_status(config.project).document())
    return 1 if left else 0


@watch.command()
@json_option
def status(*, as_json: bool) -> None:
    """Print what watchers of this project wait for, and what became of each render."""
    from cosmos_houdini.watch.status import read_status  # noqa: PLC0415 - see ``run``

    found = read_status(load().project)
    if as_json:
        print_json("watch-status", found.document())
    else:
        click.echo("\n".join(found.lines))


@watch.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", metavar="DIR... [OPTIONS]", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--kind", type=click.Choice(["systemd", "launchd", "task"]), help="Else that of this system.")
@click.option("--name", default="renders", show_default=True, help="Tells several watchers apart.")
@json_option
def install(*, arguments: tuple[str, ...], kind: str | None, name: str, as_json: bool) -> None:
    """Write the file by which the system starts `watch DIR... [OPTIONS]` at login and after a crash."""
    from cosmos_houdini.watch.services import install_service  # noqa: PLC0415 - see ``run``

    # The options are read once, so that a mistake is told now and not after the next login.
    run.make_context("watch", list(arguments))
    service = install_service(load().project, arguments, kind=kind, name=name)
    say(f"wrote {service.path}; to start it: {service.command}")
    if as_json:
        print_json("watch-install", {"path": str(service.path), "command": service.command})
    else:
        click.echo(service.path)
