"""``submit``: a shot from its scene and renders to a verified result, in one command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from cosmos_houdini.cli.console import json_option, print_json, progress_bar, say
from cosmos_houdini.cli.control_options import ControlWishes, control_options, wishes_of
from cosmos_houdini.cli.convert import frame_rate
from cosmos_houdini.cli.run import conclude, drive, opened, plan_run, show_plan
from cosmos_houdini.cli.shot_videos import ShotFrames, convert_shot, shot_frames, with_computed
from cosmos_houdini.cli.spec import parameters_of, weights_of
from cosmos_houdini.config import Config, load
from cosmos_houdini.engines import engine, engine_names
from cosmos_houdini.errors import BadInput
from cosmos_houdini.media import span
from cosmos_houdini.media.check import check_sequences
from cosmos_houdini.media.restore import restore
from cosmos_houdini.media.selection import OnGap
from cosmos_houdini.model.control import Control, Pass
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.model.video import Conversion
from cosmos_houdini.plan.chunks import chunk_sentence
from cosmos_houdini.plan.shot import Shot, shot_of_folder, shot_of_node
from cosmos_houdini.plan.specs import save_prompt_spec, save_run_spec, validated
from cosmos_houdini.queue.prepare import RESULTS, Prepared
from cosmos_houdini.queue.record import JobRecord
from cosmos_houdini.scene.reader import read_scene

INPUTS = "input"
PRESET = "medium"
RESULT, RESTORED = "result.mp4", "restored.mp4"


@click.command(help="Run a shot: scene, check, convert-sequence, create-spec, create-run and run in one.")
@click.argument("scene_file", metavar="SHOT.hip", type=click.Path(path_type=Path))
@click.option("--renders", metavar="DIR", help="Folder or pattern of the rendered frames.")
@click.option("--output", "node", metavar="/out/NODE", help="Instead: the render node that wrote the frames.")
@click.option("--prompt", required=True, help="What the result shows.")
@click.option("--negative-prompt", default="", help="What to avoid; without it, the engine's own.")
@click.option("--name", help="Name of the shot; else the renders' own.")
@click.option("--engine", "engine_name", help=f"{', '.join(engine_names())}; the configured default without it.")
@click.option("--weights", nargs=4, type=float, metavar="VIS EDGE DEPTH SEG", help="0 to 1 each; 0 leaves one out.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the engine; repeatable.")
@click.option("--fps", type=float, metavar="N", help="Frames a second; else the scene's. Rounded.")
@click.option("--range", "range_", metavar="A-B", help="These frames; else the node's or the scene's range.")
@click.option(
    "--on-gap", type=click.Choice(["stop", "hold"]), default="stop", help="hold repeats the frame before a gap."
)
@click.option("--host", help="Where to run; without it, the configuration's default host.")
@click.option("--num-gpu", type=click.IntRange(1), help="GPUs for this inference.")
@click.option("--detach", is_flag=True, help="Return once the job runs on its host.")
@click.option("--dry-run", is_flag=True, help="Encode, then print what would be run, and reach nothing.")
@click.option("-o", "--results", type=click.Path(path_type=Path, file_okay=False), help="Folder of the shot.")
@control_options
@json_option
def submit(
    *,
    scene_file: Path,
    renders: str | None,
    node: str | None,
    prompt: str,
    negative_prompt: str,
    name: str | None,
    engine_name: str | None,
    weights: tuple[float, float, float, float] | None,
    settings: tuple[str, ...],
    fps: float | None,
    range_: str | None,
    on_gap: OnGap,
    host: str | None,
    num_gpu: int | None,
    detach: bool,
    dry_run: bool,
    results: Path | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - the options of control_options
) -> None:
    """Run a shot; everything of it lies in one folder: ``input/``, the spec files, and a folder for each result."""
    config = load()
    chosen = engine(engine_name or config.settings.defaults.engine)
    parameters = parameters_of(settings, chosen.parameters)
    shot = _shot(scene_file, config, renders=renders, node=node)
    shot = replace(shot, name=name or shot.name, frame_range=span.parse(range_) if range_ else shot.frame_range)
    folder = (results or config.project / RESULTS / shot.name).absolute()
    # The host, the prompt and the weights are checked before minutes go into encoding.
    config.settings.host(host)
    spec = {"name": shot.name, "prompt": prompt, "negative_prompt": negative_prompt, "input_video": folder}
    validated(PromptSpec, spec, "submit")
    run = {"name": shot.name, "engine": chosen.name, "parameters": parameters, "weights": weights_of(weights)}
    validated(RunSpec, {**run, "spec": spec}, "submit")
    wishes = wishes_of(config, shot.scene, options, engine=chosen.name)
    frames = _with_weighted(_frames(shot, wishes, on_gap=on_gap), weights_of(weights))
    rate = frame_rate(fps, shot.scene)
    # What comes after this costs hours of a GPU: a black or linear beauty is told before.
    conversion = convert_shot(
        frames, folder / INPUTS, name=shot.name, fps=rate, scene=shot.scene, on_gap=on_gap, looks=True
    )
    _say_converted(conversion)
    prompt_spec = validated(PromptSpec, {**spec, **_videos(conversion)}, "submit")
    save_prompt_spec(prompt_spec, folder / f"{shot.name}.spec.json")
    run_spec = validated(RunSpec, {**run, "spec": prompt_spec}, "submit")
    save_run_spec(run_spec, folder / f"{shot.name}.run.json")
    prepared = _in_folder(plan_run(run_spec, config=config, host=host, num_gpu=num_gpu, results=None), folder)
    source = next(iter(conversion.sources.values()))
    say(chunk_sentence(prepared.plan, first=source.first, step=source.step))
    if dry_run:
        show_plan(prepared, None)
        return
    say(f"{chosen.name} makes {prepared.plan.frames} frames in {_chunks(prepared)} on host {prepared.record.job.host}")
    with opened(config) as client:
        record = drive(client, prepared, detach=detach)
    _restored(record, conversion)
    if as_json:
        print_json(record.job.document())
    conclude([record], quiet=as_json)


def _shot(scene_file: Path, config: Config, *, renders: str | None, node: str | None) -> Shot:
    if (renders is None) == (node is None):
        raise click.UsageError("give either --renders DIR or --output /out/NODE")
    scene = read_scene(scene_file)
    names = config.settings.passes.words
    shot = shot_of_folder(scene, renders, names) if renders is not None else shot_of_node(scene, node or "", names)
    say(f"{scene_file.name}: {scene.fps:g} fps, frames {scene.frame_range[0]}-{scene.frame_range[1]}")
    return shot


def _frames(shot: Shot, wishes: ControlWishes, *, on_gap: OnGap) -> ShotFrames:
    with progress_bar("verifying", total=sum(len(s.frames) for s in shot.found), unit="files") as advance:
        sequences = check_sequences(shot.found, on_frame=advance).sequences
    frames = shot_frames(sequences, wishes, frame_range=shot.frame_range, on_gap=on_gap)
    if Pass.COLOR not in frames.selections:
        raise BadInput(
            f"{shot.name} has no colour pass among {', '.join(str(pass_) for pass_ in frames.selections)}",
            action="name the folder or files of the beauty render after it, or add a word under 'passes.color'",
        )
    return frames


def _with_weighted(shot: ShotFrames, weights: Mapping[Control, float]) -> ShotFrames:
    """Return a shot with edge and vis computed where they have a weight, or where no control was rendered at all.

    Computed controls take part only when somebody asks for them: shared out over all four, those that were rendered
    would count for half of what they do alone.
    """
    choices = shot.wishes.choices
    bare = not any(Pass(kind.value) in shot.selections for kind in Control) and not weights
    edge = choices.edge or (PRESET if bare or weights.get(Control.EDGE, 0) > 0 else None)
    vis = choices.vis or (PRESET if bare or weights.get(Control.VIS, 0) > 0 else None)
    computed = {Pass.EDGE: edge, Pass.VIS: vis}
    told = [f"{pass_} ({preset})" for pass_, preset in computed.items() if preset and pass_ not in shot.selections]
    if not told or Pass.COLOR not in shot.selections:
        return shot
    say(f"computed from the colour pass: {', '.join(told)}")
    return with_computed(shot, edge=edge, vis=vis)


def _restored(record: JobRecord, conversion: Conversion) -> None:
    """Bring a result that has another size than the plate back to it, beside what the engine wrote."""
    result = record.results / RESULT
    if record.state is not JobState.SUCCEEDED or not result.is_file():
        return
    if conversion.frame is None or conversion.frame["plate"] == conversion.frame["engine"]:
        return
    with progress_bar("restoring", total=conversion.frames, unit="frames") as advance:
        (path,) = restore(result, conversion.document(), record.results / RESTORED, on_frames=advance)
    plate = "{}x{}".format(*conversion.frame["plate"])
    say(f"{path} is the result in the plate's size and position, {plate}")


def _say_converted(conversion: Conversion) -> None:
    passes = ", ".join(str(video.pass_) for video in conversion.videos)
    size = "{}x{}".format(*conversion.size)
    say(f"verified and encoded {conversion.frames} frames of {size} at {conversion.fps} fps: {passes}")


def _videos(conversion: Conversion) -> dict[str, object]:
    """Return the colour video and the control videos of a conversion, as a prompt spec names them."""
    paths = {video.pass_: video.clip.path for video in conversion.videos}
    controls = {kind.value: paths[Pass(kind.value)] for kind in Control if Pass(kind.value) in paths}
    return {"input_video": paths[Pass.COLOR], "controls": controls}


def _in_folder(prepared: Prepared, folder: Path) -> Prepared:
    return replace(prepared, record=replace(prepared.record, results=folder / prepared.record.id))


def _chunks(prepared: Prepared) -> str:
    count = prepared.plan.chunks
    return f"{count} chunk{'s' * (count != 1)} of {'x'.join(map(str, prepared.plan.size))}"
