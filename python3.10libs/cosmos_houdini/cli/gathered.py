"""Groups of options that reach a command as one typed value."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def add_options(command: Callable[..., Any], options: Sequence[Decorator]) -> Callable[..., Any]:
    """Add options to a command; the help shows them in this order."""
    for option in reversed(options):
        command = option(command)
    return command


def gather_options(into: type[DataclassInstance], options: Sequence[Decorator], *, name: str) -> Decorator:
    """Return a decorator that adds options, whose values the command takes as one.

    Args:
        into: a data class; it gets each value that has the name of a field, also of options that are added later. A
            field without an option keeps its default.
        options: the options, in the order of the help.
        name: of the command's argument that takes the value.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def gathered(*args: Any, **values: Any) -> Any:  # noqa: ANN401 - click calls it with the values of all options
            chosen = {field.name: values.pop(field.name) for field in fields(into) if field.name in values}
            return command(*args, **{name: into(**chosen)}, **values)

        return add_options(gathered, options)

    return decorate
