"""``submit``: a shot from its scene and renders to a verified result, in one command."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.control_options import control_options
from cosmos_houdini.cli.plate import bring_back
from cosmos_houdini.cli.run import print_outputs, show_plan
from cosmos_houdini.cli.spec import parameters_of, weights_of
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.engines.cosmos.chunks import chunk_sentence
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client, open_client
from cosmos_houdini.jobs.follow import raise_failure, run_job
from cosmos_houdini.jobs.prepare import RESULTS, Prepared
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.media.videos.metadata import read_metadata, verified_clips
from cosmos_houdini.model.control import Control, Pass
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.shots.run import plan_run
from cosmos_houdini.specs.files import save_prompt_spec, save_run_spec
from cosmos_houdini.specs.request import caching_probe
from cosmos_houdini.specs.values import validated

INPUTS = "input"
UNTOLD = "-"
"""Stands for the prompt while videos alone are made."""


@click.command(help="Run a shot: scene, check, convert-sequence, create-spec, create-run and run in one.")
@click.argument("shot_path", metavar="SHOT.hip|DIR", type=click.Path(path_type=Path))
@click.option("--renders", metavar="DIR", help="Folder or pattern of the rendered frames.")
@click.option("--output", "node", metavar="/out/NODE", help="Instead: the render node that wrote the frames.")
@click.option("--take", metavar="NAME", help="With --output: the take that was rendered, for $ACTIVETAKE.")
@click.option("--prompt", default="", help="What the result shows.")
@click.option("--negative-prompt", default="", help="What to avoid; without it, the engine's own.")
@click.option("--name", help="Name of the shot; else the renders' own.")
@click.option("--engine", "engine_name", help=f"{', '.join(engine_names())}; the configured default without it.")
@click.option("--weights", nargs=4, type=float, metavar="VIS EDGE DEPTH SEG", help="0 to 1 each; 0 leaves one out.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the engine; repeatable.")
@click.option("--fps", type=float, metavar="N", help="Frames a second; else the scene's. Rounded.")
@click.option("--range", "range_", metavar="A-B", help="These frames; else the node's or the scene's range.")
@click.option(
    "--on-gap",
    type=click.Choice(["stop", "hold"]),
    default="stop",
    show_default=True,
    help="hold repeats the frame before a missing or corrupt one.",
)
@click.option("--host", help="Where to run; without it, the configuration's default host.")
@click.option("--num-gpu", type=click.IntRange(1), help="GPUs for this inference.")
@click.option("--detach", is_flag=True, help="Return once the job runs on its host.")
@click.option("--dry-run", is_flag=True, help="Encode, then print what would be run, and reach nothing.")
@click.option("--prepare", is_flag=True, help="Encode, and stop there; `submit DIR` goes on from the videos.")
@click.option(
    "--measure", is_flag=True, help="Measure how near the result is to its source, as report does, and tell it."
)
@click.option("-o", "--results", type=click.Path(path_type=Path, file_okay=False), help="Folder of the shot.")
@control_options
@json_option
def submit(
    *,
    shot_path: Path,
    prompt: str,
    negative_prompt: str,
    name: str | None,
    engine_name: str | None,
    weights: tuple[float, float, float, float] | None,
    settings: tuple[str, ...],
    host: str | None,
    num_gpu: int | None,
    detach: bool,
    dry_run: bool,
    prepare: bool,
    score: bool,
    results: Path | None,
    as_json: bool,
    **making: Any,  # noqa: ANN401 - the options that say which frames become videos, and how
) -> None:
    """Run a shot; everything of it lies in one folder: ``input/``, the spec files, and a folder for each result.

    DIR is a folder of videos that --prepare or convert-sequence has written; nothing is encoded then.
    """
    config = load()
    reporter = TerminalReporter()
    chosen = find_engine(engine_name or config.settings.defaults.engine)
    # The host, the prompt and the weights are checked before minutes go into encoding.
    config.settings.host(host)
    if not prompt and not prepare:
        raise click.UsageError("give --prompt: what the result shows")
    ask = _Ask(
        spec={"prompt": prompt or UNTOLD, "negative_prompt": negative_prompt},
        run={
            "engine": chosen.name,
            "parameters": parameters_of(settings, chosen.parameters),
            "weights": weights_of(weights),
        },
    )
    if shot_path.is_dir():
        _refuse({*making, "prepare"})
        videos = read_metadata(shot_path.absolute())
        shot_name = name or videos["name"]
        folder = (results or config.project / RESULTS / shot_name).absolute()
    else:
        # What is made already needs none of what makes it.
        from cosmos_houdini.cli.shot_encoding import encode_shot, find_shot  # noqa: PLC0415

        shot = find_shot(shot_path, config, making, name=name)
        shot_name = shot.name
        folder = (results or config.project / RESULTS / shot.name).absolute()
        ask.specs(shot_name, {"input_video": folder})
        videos = encode_shot(
            shot, config, making, folder=folder / INPUTS, engine=chosen.name, weights=weights_of(weights)
        )
    if prepare:
        _show_videos(videos, folder / INPUTS, as_json=as_json)
        return
    prompt_spec, run_spec = ask.specs(shot_name, _videos(videos))
    if not shot_path.is_dir():
        save_prompt_spec(prompt_spec, folder / f"{shot_name}.spec.json")
        save_run_spec(run_spec, folder / f"{shot_name}.run.json")
    known = caching_probe(verified_clips(videos))
    planned = plan_run(run_spec, config, reporter, host=host, num_gpu=num_gpu, probe=known)
    prepared = _in_folder(planned, folder)
    source = next(iter(videos["sources"].values()))
    say(chunk_sentence(prepared.plan, first=source["first"], step=source["step"]))
    if dry_run:
        show_plan(prepared, None)
        return
    say(f"{chosen.name} makes {prepared.plan.frames} frames in {_chunks(prepared)} on host {prepared.record.job.host}")
    with open_client(config) as client:
        record = run_job(client, prepared, reporter, detach=detach)
        measures = _measured(client, record) if score else {}
    bring_back(record, videos)
    if as_json:
        print_json("submit", {**record.job.document(), **measures})
    else:
        print_outputs([record])
    raise_failure([record], reporter)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """What the command line says of the spec files, before the videos are there."""

    spec: dict[str, object]
    run: dict[str, Any]

    def specs(self, name: str, videos: Mapping[str, object]) -> tuple[PromptSpec, RunSpec]:
        """Return the two files of a shot.

        Raises:
            BadInput: a value in them cannot be used.
        """
        prompt_spec = validated(PromptSpec, {"name": name, **self.spec, **videos}, "submit")
        return prompt_spec, validated(RunSpec, {"name": name, **self.run, "spec": prompt_spec}, "submit")


def _refuse(making: Iterable[str]) -> None:
    """Refuse options that shape videos where the videos are there already."""
    context = click.get_current_context()
    for option in context.command.params:
        given = context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
        if given and option.name in making:
            raise click.UsageError(f"{option.opts[-1]} shapes the videos, and those of DIR are made already")


def _show_videos(videos: dict[str, Any], folder: Path, *, as_json: bool) -> None:
    if as_json:
        print_json("conversion", videos)
    else:
        click.echo(folder)
    say(f"next: cosmos-houdini submit {shlex.quote(str(folder))} --prompt ...")


def _measured(client: Client, record: JobRecord) -> dict[str, float]:
    """Return the score of a result with what it is made of, and say it; nothing where there is nothing to measure."""
    # What measures takes longer to load than all else.
    from cosmos_houdini.report.entry import entry_of  # noqa: PLC0415
    from cosmos_houdini.report.examine import scored  # noqa: PLC0415

    (entry,) = scored([entry_of(None, record, client.store.attempts(record.id), None)])
    if entry.measures is None:
        return {}
    found = {**asdict(entry.measures), "score": entry.measures.score}
    say(", ".join(f"{name} {value:g}" for name, value in found.items()))
    return found


def _videos(videos: Mapping[str, Any]) -> dict[str, object]:
    """Return the colour video and the control videos of a conversion, as a prompt spec names them.

    Raises:
        BadInput: there is no colour video.
    """
    paths = {pass_: Path(video["path"]) for pass_, video in videos["videos"].items()}
    if Pass.COLOR not in paths:
        raise BadInput(f"{videos['name']} has no colour video among {', '.join(paths)}", action="convert one with it")
    controls = {kind.value: paths[kind.value] for kind in Control if kind.value in paths}
    return {"input_video": paths[Pass.COLOR], "controls": controls}


def _in_folder(prepared: Prepared, folder: Path) -> Prepared:
    return replace(prepared, record=replace(prepared.record, results=folder / prepared.record.id))


def _chunks(prepared: Prepared) -> str:
    count = prepared.plan.chunks
    return f"{count} chunk{'s' * (count != 1)} of {'x'.join(map(str, prepared.plan.size))}"
