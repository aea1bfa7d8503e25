"""``completion``: the script by which a shell completes commands, options, hosts, engines and job ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem, ShellComplete, get_completion_class

from cosmos_houdini.cli.commands import COMPLETION_VARIABLE
from cosmos_houdini.cli.console import json_option, print_json
from cosmos_houdini.config import load
from cosmos_houdini.config.settings import LOCAL
from cosmos_houdini.engines import engine_names
from cosmos_houdini.errors import CosmosError
from cosmos_houdini.jobs.store.batches import list_batches
from cosmos_houdini.jobs.store.jobs import Store

PROGRAM = "cosmos-houdini"

SHELLS = {
    "bash": 'add to ~/.bashrc: eval "$(cosmos-houdini completion bash)"',
    "zsh": 'add to ~/.zshrc, after compinit: eval "$(cosmos-houdini completion zsh)"',
    "fish": "cosmos-houdini completion fish > ~/.config/fish/completions/cosmos-houdini.fish",
    "powershell": "add to $PROFILE: cosmos-houdini completion powershell | Out-String | Invoke-Expression",
}
"""Each shell, and how to switch completion on."""


@click.command(epilog="\b\n" + "\n".join(f"{shell}: {how}" for shell, how in SHELLS.items()))
@click.argument("shell", type=click.Choice(list(SHELLS)))
@json_option
def completion(*, shell: str, as_json: bool) -> None:
    """Print the script by which SHELL completes commands, options, hosts, engines, batches and job ids."""
    script = _script(shell)
    if as_json:
        print_json("completion", {"shell": shell, "script": script, "setup": SHELLS[shell]})
    else:
        click.echo(script)


def _script(shell: str) -> str:
    kind = get_completion_class(shell)
    if kind is None:
        raise LookupError(f"click knows no shell {shell!r}")
    # This calls source() of the base class, because that of bash starts a bash, which this machine may not have.
    return ShellComplete.source(kind(click.Command(PROGRAM), {}, PROGRAM, COMPLETION_VARIABLE))


def add_completions(command: click.Command, *, within: str = "") -> None:
    """Let the options and arguments of a command that name a host, an engine, a job or a batch complete.

    Args:
        command: is changed.
        within: the name of its group.
    """
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        add_completions(each, within=command.name or "")
    for parameter in command.params:
        known: dict[str, Callable[[], Iterable[str]]] = {"--host": _host_names, "--engine": engine_names}
        if isinstance(parameter, click.Argument):
            known = {"ids": _job_ids, "word": _job_ids, "wanted": _job_ids}
            known |= {"name": _batch_names} if within == "batch" else {}
        names = next((known[word] for word in parameter.opts if word in known), None)
        if names and not isinstance(parameter.type, click.Path):
            parameter.type = _Name(names)


class _Name(click.types.StringParamType):
    """A text that completes to one of some names."""

    def __init__(self, names: Callable[[], Iterable[str]]) -> None:
        self._names = names

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG002 - click's signature
        """Return the names that begin with the typed text; none if the project cannot be read."""
        try:
            return [CompletionItem(name) for name in self._names() if name.startswith(incomplete)]
        except (CosmosError, OSError):
            return []


def _host_names() -> list[str]:
    return sorted({*load().settings.hosts, LOCAL})


def _job_ids() -> list[str]:
    return [job.id for job in Store.of(load().project).jobs()]


def _batch_names() -> list[str]:
    return sorted({batch.name for batch in list_batches(Store.of(load().project))})
