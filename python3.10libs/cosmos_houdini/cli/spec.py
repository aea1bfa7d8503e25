"""``create-spec`` and ``create-run``: the files that describe a shot and its run."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from cosmos_houdini import config
from cosmos_houdini.caption.prompt import FORMATS, PromptFormat
from cosmos_houdini.caption.spec import spec_from_metadata
from cosmos_houdini.cli.assignments import parse_controls, parse_parameters, parse_regions
from cosmos_houdini.cli.console import json_option, print_json, print_schema, say
from cosmos_houdini.cli.request_options import engine_option, parameter_options
from cosmos_houdini.cli.shot_options import CommandWithWeights, weight_options
from cosmos_houdini.engines import find_engine
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.specs.create import create_prompt_spec, create_run_spec
from cosmos_houdini.specs.files import load_prompt_spec, save_prompt_spec, save_run_spec, spec_document
from cosmos_houdini.specs.upstream import import_upstream

_FILE = click.Path(path_type=Path)


_Command = TypeVar("_Command", bound=Callable[..., None])


def schema_option(name: str) -> Callable[[_Command], _Command]:
    """Return an option that prints the JSON Schema of a file, and does nothing else."""

    def show(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
        if wanted:
            from cosmos_houdini.schemas.registry import json_schema  # noqa: PLC0415 - few want it

            print_schema(json_schema(name))
            ctx.exit()

    return click.option(
        "--schema", is_flag=True, is_eager=True, expose_value=False, callback=show, help="Print the file's JSON Schema."
    )


class CommandWithPrompt(click.Command):
    """A command with a prompt; for one that begins with a dash, an error says how to give it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the options."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            told = f"{error.format_message()} A prompt that begins with a dash follows --, after the options."
            raise click.UsageError(told, ctx) from error


@click.command(
    "create-spec", cls=CommandWithPrompt, help="Write a prompt spec: a prompt, the colour video and its control videos."
)
@click.argument("name", required=False)
@click.argument("prompt", required=False)
@click.option("--input-video", type=_FILE, help="The colour video.")
@click.option("--from-metadata", type=_FILE, metavar="DIR", help="Videos, name and first prompt of a conversion.")
@click.option("--style", default="", metavar="TEXT", help="With --from-metadata: your own words for the first prompt.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="Of the first prompt.")
@click.option("--control", "controls", multiple=True, metavar="KIND=VIDEO", help="vis, edge, depth or seg; repeatable.")
@click.option("--mask", "masks", multiple=True, metavar="KIND=VIDEO", help="White where a control applies; repeatable.")
@click.option("--keep", type=_FILE, metavar="VIDEO", help="White where the plate is kept (transfer2.5).")
@click.option("--image-context", type=_FILE, metavar="FILE", help="A picture with the look (transfer2.5).")
@click.option("--region", "regions", multiple=True, metavar="PROMPT=VIDEO", help="Prompt of a region (transfer1).")
@click.option("--from-upstream", type=_FILE, metavar="FILE", help="A spec of NVIDIA's; writes NAME.run.json, too.")
@click.option("--negative-prompt", default="", help="Things to avoid; without it, the engine's own.")
@click.option("-o", "--output", type=_FILE, help="File to write; NAME.spec.json without it.")
@json_option
@schema_option("prompt-spec")
def create_spec(
    *,
    name: str | None,
    prompt: str | None,
    input_video: Path | None,
    from_metadata: Path | None,
    style: str,
    format_: PromptFormat,
    controls: tuple[str, ...],
    masks: tuple[str, ...],
    keep: Path | None,
    image_context: Path | None,
    regions: tuple[str, ...],
    from_upstream: Path | None,
    negative_prompt: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Check the values and the videos, then write the file."""
    videos = parse_controls(controls)
    ffmpeg = config.load().ffmpeg
    extras = {
        "masks": {str(kind): path for kind, path in parse_controls(masks, "--mask").items()},
        "guided_generation_mask": keep,
        "image_context": image_context,
        "regions": parse_regions(regions),
    }
    if from_upstream:
        spec = _import_upstream(from_upstream, output)
    elif from_metadata and not input_video and not videos:
        spec, _ = spec_from_metadata(
            from_metadata,
            ffmpeg=ffmpeg,
            name=name,
            prompt=prompt,
            style=style,
            format_=format_,
            negative_prompt=negative_prompt,
        )
    elif name is not None and prompt is not None and input_video and not from_metadata:
        spec = create_prompt_spec(
            name, prompt, input_video, videos, ffmpeg=ffmpeg, negative_prompt=negative_prompt, extras=extras
        )
    else:
        raise click.UsageError("give NAME, PROMPT and --input-video, or --from-metadata DIR without --control")
    path = output or Path(f"{spec.name}.spec.json")
    save_prompt_spec(spec, path)
    _report(spec, path, "create-run", as_json=as_json)


def _import_upstream(file: Path, output: Path | None) -> PromptSpec:
    """Write the run spec of an upstream spec, say what it leaves out, and return the prompt spec."""
    imported = import_upstream(file)
    for sentence in imported.left_out:
        say(f"warning: {file.name}: {sentence}")
    run = (output or Path()).parent / f"{imported.run.name}.run.json"
    save_run_spec(imported.run, run)
    say(f"wrote {run} for {imported.run.engine}; next: cosmos-houdini run {shlex.quote(str(run))}")
    return imported.spec


@click.command(
    "create-run", cls=CommandWithWeights, help="Write a run spec: a prompt spec with engine, weights and parameters."
)
@click.argument("spec_file", metavar="SPEC", type=_FILE)
@engine_option
@weight_options
@parameter_options
@click.option("-o", "--output", type=_FILE, help="File to write; NAME.run.json without it.")
@json_option
@schema_option("run-spec")
def create_run(
    *,
    spec_file: Path,
    engine: str | None,
    weights: dict[Control, float],
    settings: tuple[str, ...],
    output: Path | None,
    as_json: bool,
) -> None:
    """Check the values against the engine, then write the file."""
    spec = load_prompt_spec(spec_file)
    chosen = find_engine(engine or config.load().settings.defaults.engine)
    run = create_run_spec(
        spec,
        chosen.name,
        weights=weights,
        parameters=parse_parameters(settings, chosen.parameters),
        spec_file=spec_file,
    )
    path = output or Path(f"{run.name}.run.json")
    save_run_spec(run, path)
    _report(run, path, "run", as_json=as_json)


def _report(spec: PromptSpec | RunSpec, path: Path, next_command: str, *, as_json: bool) -> None:
    if as_json:
        print_json("run-spec" if isinstance(spec, RunSpec) else "prompt-spec", spec_document(spec))
    else:
        click.echo(path)
    say(f"wrote {path}; next: cosmos-houdini {next_command} {shlex.quote(str(path))}")
