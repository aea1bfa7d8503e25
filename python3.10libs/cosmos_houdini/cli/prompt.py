"""``write-prompt``: a first prompt for a shot."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini import config
from cosmos_houdini.caption.prompt import FORMATS, PromptFormat
from cosmos_houdini.caption.shot_words import prompt_of
from cosmos_houdini.cli.console import json_option, print_json, say


@click.command("write-prompt")
@click.argument("shot", type=click.Path(path_type=Path))
@click.option("--style", default="", metavar="TEXT", help="Your own words: look, weather, material.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="cosmos3: a structured caption.")
@json_option
def write_prompt(*, shot: Path, style: str, format_: PromptFormat, as_json: bool) -> None:
    """Print a first prompt for SHOT, a .hip file or a folder that convert-sequence made.

    It holds what the scene says, what `caption` found, and your own words; nothing else.
    """
    written = prompt_of(shot, ffmpeg=config.load().ffmpeg, style=style, format_=format_)
    if as_json:
        print_json("prompt", written.document())
        return
    click.echo(written.text)
    for source in ("model", "scene", "user"):
        if keys := dict.fromkeys(part.key for part in written.parts if part.source == source):
            say(f"from the {source}: {', '.join(keys)}")
    if written.left_out:
        say(f"left out, for there was no room: {', '.join(written.left_out)}")
