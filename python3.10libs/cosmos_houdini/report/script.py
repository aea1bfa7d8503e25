"""The script of the page: modules in ``review``, put one behind the other so that the page needs no other file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("review")
ENTRY = "app.js"
STYLE = "review.css"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)


@cache
def read_script() -> str:
    """Return the modules as one: each behind those that it imports, without the lines that import and export.

    The names at the top of all modules differ, so that one module can hold them; the browser refuses two equal ones.
    """
    return "".join(f"// {name}\n{_EXPORT.sub('', _IMPORT.sub('', read(name)))}" for name in order(ENTRY))


def order(name: str) -> list[str]:
    """Return a module and all that it needs, in the order in which they can run."""
    found: list[str] = []

    def visit(module: str, above: tuple[str, ...]) -> None:
        if module in found or module in above:
            return
        for needed in _IMPORT.findall(read(module)):
            visit(needed, (*above, module))
        found.append(module)

    visit(name, ())
    return found


def read(name: str) -> str:
    """Return a file of the page."""
    return (FOLDER / name).read_text(encoding="utf-8")
