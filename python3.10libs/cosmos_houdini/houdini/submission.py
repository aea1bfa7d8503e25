"""A shot that the shelf or a script submits."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cosmos_houdini.errors import BadInput

COMMAND = "submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A shot and what is asked for.

    Attributes:
        scene: the saved scene.
        output: the render node that wrote the frames; without it, ``words`` say where they are.
        prompt: what the result shows.
        options: any other options of ``submit``, as JSON values by name.
        words: further options as a person typed them, one word each.
    """

    scene: Path
    output: str | None
    prompt: str
    options: Mapping[str, object] = field(default_factory=dict)
    words: tuple[str, ...] = ()

    def request_options(self) -> dict[str, object]:
        """Return the options of the worker's command ``submit``; ``words`` go beside them."""
        output = {"output": self.output} if self.output else {}
        return {"scene": str(self.scene), **output, "prompt": self.prompt, **self.options}


def split_options(text: str) -> tuple[str, ...]:
    """Return the words of a line of options that a person typed.

    >>> split_options("--set seed=7 --name 'my shot'")
    ('--set', 'seed=7', '--name', 'my shot')

    Raises:
        BadInput: a quotation mark is not closed.
    """
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise BadInput(f"the options {text!r} cannot be read: {error}", action="close the quotation mark") from error
