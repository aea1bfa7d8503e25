"""create-spec and create-run: the files that say what a shot shows and how it is run."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from cosmos_houdini import config
from cosmos_houdini.cli.console import json_option, print_json, print_schema, say
from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.parameter import Parameter, ParameterValue
from cosmos_houdini.model.spec import PromptSpec, RunSpec
from cosmos_houdini.specs.files import document, json_schema, load_prompt_spec, save_prompt_spec, save_run_spec
from cosmos_houdini.specs.request import check_alike, effective_weights, probed
from cosmos_houdini.specs.values import validated

_FILE = click.Path(path_type=Path)


_Command = TypeVar("_Command", bound=Callable[..., None])


def schema_option(schema: Callable[[], dict[str, Any]]) -> Callable[[_Command], _Command]:
    """Return an option that prints the JSON Schema of a file, and does nothing else."""

    def show(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
        if wanted:
            print_schema(schema())
            ctx.exit()

    return click.option(
        "--schema", is_flag=True, is_eager=True, expose_value=False, callback=show, help="Print the file's JSON Schema."
    )


@click.command("create-spec", help="Write a prompt spec: a prompt, the colour video and its control videos.")
@click.argument("name")
@click.argument("prompt")
@click.option("--input-video", required=True, type=_FILE, help="The colour video.")
@click.option("--control", "controls", multiple=True, metavar="KIND=VIDEO", help="vis, edge, depth or seg; repeatable.")
@click.option("--negative-prompt", default="", help="What to avoid; without it, the engine's own.")
@click.option("-o", "--output", type=_FILE, help="File to write; NAME.spec.json without it.")
@json_option
@schema_option(lambda: json_schema(PromptSpec))
def create_spec(
    *,
    name: str,
    prompt: str,
    input_video: Path,
    controls: tuple[str, ...],
    negative_prompt: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """Check the values and the videos, then write the file."""
    data = {
        "name": name,
        "prompt": prompt,
        "negative_prompt": negative_prompt,
        "input_video": input_video.absolute(),
        "controls": {kind: Path(video).absolute() for kind, video in _pairs("--control", controls, _KINDS).items()},
    }
    spec = validated(PromptSpec, data, "create-spec")
    check_alike(probed({"color": spec.input_video} | {str(kind): path for kind, path in spec.controls.items()}))
    path = output or Path(f"{name}.spec.json")
    save_prompt_spec(spec, path)
    _report(spec, path, "create-run", as_json=as_json)


@click.command("create-run", help="Write a run spec: a prompt spec with engine, weights and parameters.")
@click.argument("spec_file", metavar="SPEC", type=_FILE)
@click.option("--engine", "engine_name", help=f"{', '.join(engine_names())}; the configured default without it.")
@click.option("--weights", nargs=4, type=float, metavar="VIS EDGE DEPTH SEG", help="0 to 1 each; 0 leaves one out.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the engine; repeatable.")
@click.option("-o", "--output", type=_FILE, help="File to write; NAME.run.json without it.")
@json_option
@schema_option(lambda: json_schema(RunSpec))
def create_run(
    *,
    spec_file: Path,
    engine_name: str | None,
    weights: tuple[float, float, float, float] | None,
    settings: tuple[str, ...],
    output: Path | None,
    as_json: bool,
) -> None:
    """Check the values against the engine, then write the file."""
    spec = load_prompt_spec(spec_file)
    chosen = find_engine(engine_name or config.load().settings.defaults.engine)
    data = {
        "name": spec.name,
        "engine": chosen.name,
        "spec": document(spec),
        "weights": weights_of(weights),
        "parameters": parameters_of(settings, chosen.parameters),
    }
    run = validated(RunSpec, data, "create-run")
    effective_weights(run)
    check_files([spec.input_video, *spec.controls.values()], spec_file)
    path = output or Path(f"{run.name}.run.json")
    save_run_spec(run, path)
    _report(run, path, "run", as_json=as_json)


_KINDS = [str(kind) for kind in Control]


def _pairs(option: str, texts: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Split ``KEY=VALUE`` texts; a key that is unknown or stands twice is refused by name."""
    allowed = list(known)
    pairs: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not value:
            raise BadInput(f"{option} {text!r}", allowed="KEY=VALUE")
        if key not in allowed:
            raise BadInput(
                f"{option}: unknown name {key!r}", allowed=", ".join(allowed), action=did_you_mean(key, allowed)
            )
        if key in pairs:
            raise BadInput(f"{option} names {key} twice: {pairs[key]!r} and {value!r}")
        pairs[key] = value
    return pairs


def weights_of(weights: tuple[float, float, float, float] | None) -> dict[Control, float]:
    """Return what ``--weights VIS EDGE DEPTH SEG`` says, and nothing where it is not given."""
    return dict(zip(Control, weights, strict=True)) if weights else {}


def parameters_of(settings: Iterable[str], known: Mapping[str, Parameter]) -> dict[str, ParameterValue]:
    """Return what the ``--set KEY=VALUE`` options say, each value in its parameter's type.

    Raises:
        BadInput: no ``KEY=VALUE``, an unknown or repeated name, or a value that the parameter refuses.
    """
    return {key: known[key].parsed(text) for key, text in _pairs("--set", settings, known).items()}


def check_files(videos: Iterable[Path], spec_file: Path) -> None:
    """Refuse a prompt spec whose videos are not all there."""
    for video in videos:
        if not video.is_file():
            raise BadInput(f"{spec_file} names {video}, which is no file")


def _report(spec: PromptSpec | RunSpec, path: Path, next_command: str, *, as_json: bool) -> None:
    if as_json:
        print_json("run-spec" if isinstance(spec, RunSpec) else "prompt-spec", document(spec))
    else:
        click.echo(path)
    say(f"wrote {path}; next: cosmos-houdini {next_command} {shlex.quote(str(path))}")
