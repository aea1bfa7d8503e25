"""The program that shows picked results: a review player of this machine, or else the browser with the page."""

from __future__ import annotations

import shutil
import subprocess
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path

PLAYERS = {
    "mpv": ("--loop-playlist=inf", "--"),
    "djv": (),
    "rv": (),
    "mplay": (),
}
"""Review players in the order in which they are looked for, with the options that come before the files."""


def find_player(which: Callable[[str], str | None] = shutil.which) -> tuple[str, ...] | None:
    """Return the command of the first player that this machine has, without files; None where it has none."""
    for name, options in PLAYERS.items():
        if program := which(name):
            return (program, *options)
    return None


def open_results(page: Path, videos: Sequence[Path], command: tuple[str, ...] | None) -> str:
    """Open videos in a player, or the page in the browser, and return what was opened, in words."""
    if command is None or not videos:
        opened = webbrowser.open(page.as_uri())
        return f"the page in the browser: {page}" if opened else f"nothing: no browser was found; the page is {page}"
    subprocess.Popen([*command, *map(str, videos)], stdin=subprocess.DEVNULL, start_new_session=True)
    return f"{len(videos)} results in {Path(command[0]).name}"
