"""Output of commands: one JSON document on standard output, messages for people on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from cosmos_houdini.schemas import schema_id

if TYPE_CHECKING:
    from rich.console import Console

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")


class Output:
    """Records whether a command has printed its JSON document: one command prints one document.

    Attributes:
        has_document: whether it has; then a later error is printed on standard error only.
    """

    def __init__(self) -> None:
        self.has_document = False


def print_json(name: str, document: Mapping[str, object]) -> None:
    """Print the one JSON document of a command with ``--json``.

    Args:
        name: of the document's JSON Schema, one of ``schemas.NAMES``; it becomes the key ``schema``.
        document: the other keys.
    """
    print_document(json.dumps({"schema": schema_id(name), **document}, indent=2, ensure_ascii=False))


def print_json_lines(name: str, key: str, documents: Iterable[object]) -> None:
    """Print ``{"schema": ..., key: [...]}``, one line for each of possibly 100,000 entries.

    Args:
        name: as for print_json.
        key: of the list.
        documents: the entries of the list.
    """
    lines = (json.dumps(document, ensure_ascii=False) for document in documents)
    head = f'{{"schema": {json.dumps(schema_id(name))}, {json.dumps(key)}: [\n'
    print_document(head + ",\n".join(lines) + "\n]}")


def print_schema(schema: Mapping[str, object]) -> None:
    """Print a JSON Schema."""
    print_document(json.dumps(schema, indent=2, ensure_ascii=False))


def print_document(text: str) -> None:
    """Print the JSON text of the command's one document."""
    context = click.get_current_context(silent=True)
    if output := context and context.find_object(Output):
        output.has_document = True
    click.echo(text)


def messages() -> Console:
    """Return a console on standard error."""
    from rich.console import Console  # noqa: PLC0415 - slow to load, and not needed without a terminal

    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(sentence: str) -> None:
    """Print a sentence for people on standard error."""
    click.echo(sentence, err=True)


@contextmanager
def progress_bar(label: str, total: int | None, unit: str = "") -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while the block runs; the yielded function takes the number of further units.

    Nothing is drawn if standard error is no terminal.
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
