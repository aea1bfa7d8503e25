"""``upscale`` and ``enhance-prompt``: the engine's own upscaler, and its model that writes prompts out."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.request_options import detach_option, host_option
from cosmos_houdini.cli.run import print_job, show_plan
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.jobs.follow import run_job
from cosmos_houdini.shots.finishing import Finishing, plan_enhancement, plan_upscale
from cosmos_houdini.shots.finishing import enhance_prompt as write_enhanced
from cosmos_houdini.specs.files import load_prompt_spec

_dry_run = click.option("--dry-run", is_flag=True, help="Print the job that would run, and connect to nothing.")
_num_gpu = click.option("--num-gpu", type=click.IntRange(1), default=1, help="GPUs for this inference.")


@click.command(help="Upscale a job's result, or a video, to 4K by the upscaler of Transfer1.")
@click.argument("source", metavar="JOB|VIDEO")
@click.option("--prompt", default="", help="Words for the picture; without them, the prompt of the job.")
@click.option("--weight", type=click.FloatRange(0.01, 1), default=0.5, help="How strongly to follow the video.")
@host_option
@_num_gpu
@detach_option
@_dry_run
@json_option
def upscale(
    *,
    source: str,
    prompt: str,
    weight: float,
    host: str | None,
    num_gpu: int,
    detach: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Plan and run the job."""
    config, reporter = load(), TerminalReporter()
    with open_client(config) as client:
        how = Finishing(host=host, num_gpu=num_gpu)
        prepared = plan_upscale(client, source, reporter, prompt=prompt, weight=weight, how=how)
        if dry_run:
            show_plan(prepared, config, None)
            return
        record = run_job(client, prepared, reporter, detach=detach)
    print_job(record, reporter, as_json=as_json)


@click.command("enhance-prompt", help="Let the engine's own language model write the prompt of a spec out.")
@click.argument("spec_file", metavar="SPEC", type=click.Path(path_type=Path))
@host_option
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Spec with the new prompt; NAME-enhanced.spec.json."
)
@_dry_run
@json_option
def enhance_prompt(*, spec_file: Path, host: str | None, output: Path | None, dry_run: bool, as_json: bool) -> None:
    """Run the job, then write and print the prompt; the file can be edited, and is what later runs use."""
    config, reporter, how = load(), TerminalReporter(), Finishing(host=host)
    if dry_run:
        prepared = plan_enhancement(config, load_prompt_spec(spec_file), reporter, how=how)
        show_plan(prepared, config, None)
        return
    with open_client(config) as client:
        done = write_enhanced(client, spec_file, reporter, output=output, how=how)
    if as_json:
        print_json("enhance-prompt", done.document())
    else:
        click.echo(done.spec.prompt)
    path = shlex.quote(str(done.path))
    say(f"wrote {done.path}; edit its prompt, or go on: cosmos-houdini create-run {path}")
