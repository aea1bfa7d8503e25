"""What commands print: one JSON document on standard output, everything for people on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(sentence: str) -> None:
    """Print a sentence for people on standard error."""
    click.echo(sentence, err=True)


@contextmanager
def progress_bar(label: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while the block runs; call what is yielded with how much more is done.

    Nothing is drawn where standard error is no terminal.
    """
    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit)]
    with Progress(
        *columns, TimeRemainingColumn(), console=messages(), transient=True, disable=not sys.stderr.isatty()
    ) as bar:
        task = bar.add_task(label, total=total)
        yield lambda count: bar.advance(task, count)
