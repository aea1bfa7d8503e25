"""Options of all commands that ask for an inference: the engine, its parameters, the host."""

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
parameter_options = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="A parameter of the engine; repeatable."
)
host_option = click.option("--host", help="Where to run; without it, the configuration's default host.")
detach_option = click.option("--detach", is_flag=True, help="Return once the job runs on its host.")
