"""What commands print: one JSON document on standard output, everything for people on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")


def print_json(document: object) -> None:
    """Print ``document``; the only thing that a command with ``--json`` writes to standard output."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_json_lines(key: str, documents: Iterable[object]) -> None:
    """Print ``{key: [...]}`` with a line for each document, of which there may be a hundred thousand."""
    lines = (json.dumps(document, ensure_ascii=False) for document in documents)
    click.echo(f"{{{json.dumps(key)}: [\n" + ",\n".join(lines) + "\n]}")


def messages() -> Console:
    """Return a console on standard error."""
    from rich.console import Console  # noqa: PLC0415 - slow to load, and not needed without a terminal

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(sentence: str) -> None:
    """Print a sentence for people on standard error."""
    click.echo(sentence, err=True)


@contextmanager
def progress_bar(label: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while the block runs; call what is yielded with how much more is done.

    Nothing is drawn where standard error is no terminal.
    """
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    from rich import progress  # noqa: PLC0415 - slow to load

    columns = (progress.BarColumn(), progress.MofNCompleteColumn(), progress.TextColumn(unit))
    remaining = progress.TimeRemainingColumn()
    with progress.Progress("{task.description}", *columns, remaining, console=messages(), transient=True) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)
