"""The page of the Python API, made of signatures and docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import FunctionType

import cosmos_houdini

LONGEST_LINE = 100

HEAD = """# Python API

This page is written by `python3 scripts/build_api_page.py` from the docstrings of what `import cosmos_houdini` offers.
Edit the docstrings, not the page.

"""


def page() -> str:
    """Return the page."""
    parts = [HEAD, _text(cosmos_houdini)]
    for name in cosmos_houdini._HOMES:  # noqa: SLF001 - in the order of the page, where __all__ is sorted
        parts += _entry(name, getattr(cosmos_houdini, name))
    return "".join(parts).rstrip() + "\n"


def _entry(name: str, value: object) -> Iterator[str]:
    if isinstance(value, type):
        yield f"## {name}\n\n"
        yield _text(value)
        if not issubclass(value, Exception):
            yield from _members(name, value)
    elif isinstance(value, FunctionType):
        yield f"## {name}\n\n```\n{name}{_signature(value)}\n```\n\n{_text(value)}"


def _members(owner: str, value: type) -> Iterator[str]:
    own = {name: member for each in value.__mro__ if _is_ours(each) for name, member in vars(each).items()}
    for name, member in own.items():
        if name.startswith("_"):
            continue
        function = inspect.unwrap(getattr(member, "__func__", getattr(member, "fget", getattr(member, "func", member))))
        if not isinstance(function, FunctionType):
            continue
        attribute = not isinstance(member, FunctionType | classmethod | staticmethod)
        signature = "" if attribute else _signature(function)
        yield f"### {owner}.{name}\n\n```\n{owner}.{name}{signature}\n```\n\n{_text(function)}"


def _is_ours(value: type) -> bool:
    return value.__module__.startswith(cosmos_houdini.__name__)


def _signature(function: FunctionType) -> str:
    """Return a signature, one parameter a line where it would be long."""
    signature = inspect.signature(function)
    own = [parameter for name, parameter in signature.parameters.items() if name not in {"self", "cls"}]
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature.replace(parameters=own)))
    if len(text) <= LONGEST_LINE:
        return text
    inside, _, returned = text.rpartition(")")
    parts = re.split(r", (?=\*?\w+: |\*, )", inside.removeprefix("("))
    return "(\n" + "".join(f"    {part},\n" for part in parts) + f"){returned}"


def _text(value: object) -> str:
    """Return a docstring as Markdown: the items of its sections become a list."""
    lines = []
    in_section = False
    for line in inspect.cleandoc(getattr(value, "__doc__", None) or "").splitlines():
        if section := re.fullmatch(r"(Args|Attributes|Returns|Raises|Yields):", line):
            in_section = True
            lines += [f"**{section[1]}**", ""]
        elif in_section and (item := re.fullmatch(r"    (\w+): (.*)", line)):
            lines.append(f"- `{item[1]}`: {item[2]}")
        elif in_section and line.startswith("    "):
            lines.append(line.removeprefix("    ").replace("    ", "  ", 1))
        else:
            in_section = in_section and not line
            lines.append(line)
    return "\n".join(lines).replace("``", "`") + "\n\n"
