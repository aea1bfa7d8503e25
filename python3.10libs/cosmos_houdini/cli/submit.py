"""``submit``: a shot from its scene and renders to a verified result, in one command."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import click

from cosmos_houdini.cli.assignments import parse_parameters
from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.gathered import gather_options
from cosmos_houdini.cli.request_options import detach_option, engine_option, host_option, parameter_options
from cosmos_houdini.cli.run import print_job, show_plan
from cosmos_houdini.cli.shot_options import CommandWithWeights, encoding_options, frame_options, weight_options
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.engines import find_engine
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.shots.options import EncodeOptions, FrameOptions, SubmitOptions, shapes_videos
from cosmos_houdini.shots.source import find_source
from cosmos_houdini.shots.submit import INPUTS, ShotVideos, encode_videos, plan_shot, run_shot


@click.command(
    cls=CommandWithWeights, help="Run a shot: scene, check, convert-sequence, create-spec, create-run and run in one."
)
@click.argument("shot_path", metavar="SHOT.hip|DIR|MOVIE", type=click.Path(path_type=Path))
@click.option("--renders", metavar="DIR", help="Folder or pattern of the rendered frames.")
@click.option("--output", "node", metavar="/out/NODE", help="Instead: the render node that wrote the frames.")
@click.option("--take", metavar="NAME", help="With --output: the take that was rendered, for $ACTIVETAKE.")
@click.option("--prompt", default="", help="Description of the result: text, a caption as JSON, or @FILE.")
@click.option("--negative-prompt", default="", help="Things to avoid; without it, the engine's own.")
@click.option("--name", help="Name of the shot; else the renders' own.")
@engine_option
@weight_options
@parameter_options
@frame_options
@host_option
@click.option("--num-gpu", type=click.IntRange(1), help="GPUs for this inference.")
@detach_option
@click.option("--dry-run", is_flag=True, help="Encode, then print the job that would run, and connect to nothing.")
@click.option("--prepare", is_flag=True, help="Encode, and stop there; `submit DIR` continues from the videos.")
@click.option("--measure", is_flag=True, help="Compare the result with its source, and print the measures.")
@click.option("-o", "--results", type=click.Path(path_type=Path, file_okay=False), help="Folder of the shot.")
@encoding_options
@json_option
@gather_options(SubmitOptions, (), name="options")
def submit(
    *,
    shot_path: Path,
    renders: str | None,
    node: str | None,
    take: str | None,
    options: SubmitOptions,
    settings: tuple[str, ...],
    frames: FrameOptions,
    detach: bool,
    dry_run: bool,
    prepare: bool,
    measure: bool,
    encoding: EncodeOptions,
    as_json: bool,
) -> None:
    """Run a shot; everything of it is in one folder: ``input/``, the spec files, and a folder for each result.

    DIR holds renders, or videos that --prepare or convert-sequence has written; those are not encoded again.
    """
    config, reporter = load(), TerminalReporter()
    chosen = find_engine(options.engine or config.settings.defaults.engine)
    options = replace(options, engine=chosen.name, parameters=parse_parameters(settings, chosen.parameters))
    source, options, frames = find_source(
        config, shot_path, options, reporter, frames=frames, renders=renders, output=node, take=take
    )
    if prepare:
        if isinstance(source, Path):
            raise shapes_videos("--prepare")
        _print_videos(
            encode_videos(config, source, options, reporter, frames=frames, encoding=encoding), as_json=as_json
        )
        return
    plan = plan_shot(config, source, options, reporter, frames=frames, encoding=encoding)
    if dry_run:
        show_plan(plan.prepared, config, None)
        return
    with open_client(config) as client:
        result = run_shot(client, plan, reporter, detach=detach, measure=measure)
    print_job(result.record, reporter, as_json=as_json, name="submit", more=result.measures)


def _print_videos(videos: ShotVideos, *, as_json: bool) -> None:
    folder = videos.folder / INPUTS
    if as_json:
        print_json("conversion", videos.document)
    else:
        click.echo(folder)
    say(f"next: cosmos-houdini submit {shlex.quote(str(folder))} --prompt ...")
