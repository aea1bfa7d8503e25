"""``--engine``: the option of all commands that take the name of an engine."""

from __future__ import annotations

import click

from cosmos_houdini.engines import engine_names


class _EngineOption(click.Option):
    """An option whose help is made when it is read, because engines of other packages load slowly."""

    @property
    def help(self) -> str | None:
        """The names of all engines."""
        return f"{', '.join(engine_names())}; the configured default without it."

    @help.setter  # noqa: A003 - click's name
    def help(self, text: str | None) -> None:
        """Drop the text that click's constructor sets."""


engine_option = click.option("--engine", cls=_EngineOption)
