"""The pages of the project as the tests of the documentation read them."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python3.10libs" / "cosmos_houdini"
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        *(ROOT / "docs").rglob("*.md"),
        *PACKAGE.rglob("*.md"),
    ]
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def label(page: Path) -> str:
    """Return a page's path in the checkout, for the names of tests."""
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    """Return the whole text of a page."""
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", text_of(page))


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of code in one language."""
    return [body for found, body in _FENCE.findall(text_of(page)) if found == language]


def spans(page: Path) -> list[str]:
    """Return what stands between backticks in the prose of a page."""
    return _SPAN.findall(prose(page))


def command_lines(page: Path) -> Iterator[list[str]]:
    """Yield each call of ``cosmos-houdini`` in the shell blocks of a page, as words after the program."""
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and Path(words[0]).name == "cosmos-houdini":
                yield words[1:]


@cache
def _definitions(file: Path) -> frozenset[str]:
    """Return the names that a module defines, and the methods and fields of its classes as ``Class.name``."""
    found: set[str] = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in tree.body:
        for name in _names(node):
            found.add(name)
            if isinstance(node, ast.ClassDef):
                found |= {f"{name}.{inner}" for each in node.body for inner in _names(each)}
    return frozenset(found)


def _names(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name for alias in node.names)


def rooms() -> set[str]:
    """Return the names of the rooms: the packages and modules directly below ``cosmos_houdini``."""
    return {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}


def is_dotted_name(span: str) -> bool:
    """Say whether a span names something in the package, as in ``jobs.runner.wait``."""
    dotted = re.fullmatch(r"([a-z]\w*)(\.\w+)+(\(\))?", span, re.ASCII)
    return bool(dotted) and dotted is not None and dotted[1] in rooms() and not _is_file_name(span)


def _is_file_name(span: str) -> bool:
    return span.rpartition(".")[2] in {"py", "sh", "md", "json", "yaml", "db", "css", "log", "mp4"}


def is_defined(dotted: str) -> bool:
    """Say whether a dotted name leads to a module, or to a name in one."""
    parts = dotted.removesuffix("()").split(".")
    for cut in range(len(parts), 0, -1):
        place = PACKAGE.joinpath(*parts[:cut])
        file = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
        if file.is_file():
            rest = ".".join(parts[cut:])
            return not rest or rest in _definitions(file)
    return False
