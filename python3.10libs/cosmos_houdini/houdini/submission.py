"""A shot on its way to ``cosmos-houdini submit``, the same one whether the shelf or a script sends it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What is submitted.

    Attributes:
        hip: the saved scene.
        node: the render node that wrote the frames; without it, ``options`` say where they are.
        prompt: what the result shows.
        options: any other options of ``submit``, as on a command line.
    """

    hip: Path
    node: str | None
    prompt: str
    options: tuple[str, ...] = ()

    def arguments(self) -> list[str]:
        """Return the arguments of ``cosmos-houdini submit``."""
        output = ["--output", self.node] if self.node else []
        return [str(self.hip), *output, "--prompt", self.prompt, *self.options]


def split_options(text: str) -> tuple[str, ...]:
    """Return the options in a line that a person typed.

    >>> split_options("--set seed=7 --name 'my shot'")
    ('--set', 'seed=7', '--name', 'my shot')

    Raises:
        BadInput: a quotation mark is not closed.
    """
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise BadInput(f"the options {text!r} cannot be read: {error}", action="close the quotation mark") from error
