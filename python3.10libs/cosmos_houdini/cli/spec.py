"""``create-spec`` and ``create-run``: the files that describe a shot and its run."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from cosmos_houdini import config
from cosmos_houdini.caption.prompt import FORMATS
from cosmos_houdini.cli.assignments import parse_controls, parse_masks, parse_parameters, parse_regions
from cosmos_houdini.cli.console import json_option, print_json, print_schema, say
from cosmos_houdini.cli.gathered import gather_options
from cosmos_houdini.cli.request_options import engine_option, parameter_options
from cosmos_houdini.cli.shot_options import CommandWithWeights, weight_options
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.engines import find_engine
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.shots.spec import SpecOptions, write_spec
from cosmos_houdini.specs.create import create_run_spec
from cosmos_houdini.specs.files import load_prompt_spec, save_run_spec, spec_document

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


def _assigned(
    option: str, parse: Callable[[Iterable[str]], Mapping[Any, Path]], metavar: str, text: str
) -> Callable[[_Command], _Command]:
    """Return a repeatable option of the form ``KEY=VIDEO``; the command takes its videos by key."""
    return click.option(
        option,
        f"{option.removeprefix('--')}s",
        multiple=True,
        metavar=metavar,
        callback=lambda _context, _parameter, texts: parse(texts),
        help=text,
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


_SPEC_OPTIONS = (
    click.argument("name", required=False),
    click.argument("prompt", required=False),
    click.option("--input-video", type=_FILE, help="The colour video."),
    click.option("--from-metadata", type=_FILE, metavar="DIR", help="Videos, name and first prompt of a conversion."),
    click.option("--style", default="", metavar="TEXT", help="With --from-metadata: your words for the first prompt."),
    click.option("--format", "format_", type=click.Choice(FORMATS), help="Of that first prompt; text without it."),
    _assigned("--control", parse_controls, "KIND=VIDEO", "vis, edge, depth or seg; repeatable."),
    _assigned("--mask", parse_masks, "KIND=VIDEO", "White where a control applies; repeatable."),
    click.option("--keep", type=_FILE, metavar="VIDEO", help="White where the plate is kept (transfer2.5)."),
    click.option("--image-context", type=_FILE, metavar="FILE", help="A picture with the look (transfer2.5)."),
    _assigned("--region", parse_regions, "PROMPT=VIDEO", "Prompt of a region (transfer1)."),
    click.option("--from-upstream", type=_FILE, metavar="FILE", help="A spec of NVIDIA's; writes NAME.run.json, too."),
    click.option("--negative-prompt", default="", help="Things to avoid; without it, the engine's own."),
)


@click.command(
    "create-spec", cls=CommandWithPrompt, help="Write a prompt spec: a prompt, the colour video and its control videos."
)
@gather_options(SpecOptions, _SPEC_OPTIONS, name="options")
@click.option("-o", "--output", type=_FILE, help="File to write; NAME.spec.json without it.")
@json_option
@schema_option("prompt-spec")
def create_spec(*, options: SpecOptions, output: Path | None, as_json: bool) -> None:
    """Check the values and the videos, then write the file."""
    written = write_spec(options, TerminalReporter(), ffmpeg=config.load().ffmpeg, output=output)
    if written.run and written.run_path:
        run = shlex.quote(str(written.run_path))
        say(f"wrote {written.run_path} for {written.run.engine}; next: cosmos-houdini run {run}")
    _report(written.spec, written.path, "create-run", as_json=as_json)


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
