"""Sentences of the code: its docstrings, comments and messages begin with their subject or their verb."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.pages import ROOT

FOLDERS = ("python3.10libs", "pdg_types", "scripts", "benchmarks", "tests", ".ci")
SOURCES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".sh", ""} and path.is_file()
)
FIRST_WORDS = re.compile(r"(?:^|[.:!?]\s+)((?:What|Whoever|Whatever|That) [a-z]\w*)")
"""Openings that name no subject: a reader has to read the sentence twice."""
MAY_OPEN = re.compile(r"(?:What|Whoever|Whatever|That) [a-z]")
"""A file without these words needs no parsing, which takes long."""


def is_python(text: str) -> bool:
    return text.startswith("#!") and "python" in text.partition("\n")[0]


def comments(text: str) -> str:
    """Return the comments of a shell script as one text, in which a sentence may go over several lines."""
    return "\n".join(line.strip().lstrip("# ") for line in text.splitlines() if line.strip().startswith("#"))


def passages(path: Path) -> Iterator[str]:
    """Yield the docstrings, the texts and the comments of a source file."""
    text = path.read_text(encoding="utf-8")
    if not MAY_OPEN.search(text):
        return
    if path.suffix == ".sh" or not (path.suffix or is_python(text)):
        yield comments(text)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.string.lstrip("# ")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is sent stays there.", ["What is"]),
        ("It stays. Whoever comes next\nuses it.", ["Whoever comes"]),
        ("One thing: That was it", ["That was"]),
        ("The user knows that it stays. Whatever.", []),
    ],
)
def test_an_opening_without_a_subject_is_found(text: str, found: list[str]) -> None:
    assert FIRST_WORDS.findall(text) == found


def test_no_sentence_of_the_code_begins_without_its_subject() -> None:
    assert len(SOURCES) > 500
    found = {
        (path.relative_to(ROOT).as_posix(), opening)
        for path in SOURCES
        if path != Path(__file__).resolve()
        for passage in passages(path)
        for opening in FIRST_WORDS.findall(passage)
    }
    assert found == set()
