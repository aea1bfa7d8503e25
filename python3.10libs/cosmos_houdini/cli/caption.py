"""``caption``: words for a video by a local model."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini import config
from cosmos_houdini.caption.describe import CaptionOptions, caption_path
from cosmos_houdini.caption.environment import environment_folder, make_environment
from cosmos_houdini.caption.fetch import fetch_model
from cosmos_houdini.caption.frames import MOST_FRAMES
from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.cli.terminal import TerminalReporter


@click.command("caption")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--model", metavar="FOLDER", help="Folder of a model, or its name in the local cache.")
@click.option("--frames", "most", type=int, default=MOST_FRAMES, show_default=True, help="Most frames to look at.")
@click.option("--install", is_flag=True, help="Make the environment of the models first; needs a network.")
@click.option("--fetch", is_flag=True, help="Get the model first; needs a network.")
@click.option("--yes", is_flag=True, help="Install without a question.")
@json_option
def caption(
    *, path: Path | None, model: str | None, most: int, install: bool, fetch: bool, yes: bool, as_json: bool
) -> None:
    """Describe PATH, a video or a folder that convert-sequence made, by a model on this machine.

    A folder's metadata.json gets caption, tags, a suggested name and the model's own settings.
    """
    if path is None and not (install or fetch):
        raise click.UsageError("give a video or a folder, or --install or --fetch")
    loaded, reporter = config.load(), TerminalReporter()
    folder = environment_folder()
    if install and (yes or click.confirm(f"Install torch and transformers into {folder}?", err=True)):
        reporter.say(f"captions run with {make_environment(folder, reporter)}")
    if fetch:
        reporter.say(f"the model is in {fetch_model(loaded, reporter, model)}")
    if path is None:
        return
    found = caption_path(loaded, path, reporter, CaptionOptions(model=model, most_frames=most))
    if as_json:
        print_json("caption", found)
        return
    click.echo(found["text"])
    click.echo(f"tags: {', '.join(found['tags'])}")
    click.echo(f"name: {found['name']}")
