"""Pages lead somewhere: links, files, names in the code, commands and options."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from cosmos_houdini.cli.program import cosmos_houdini
from support.pages import (
    PACKAGE,
    PAGES,
    ROOT,
    command_lines,
    is_defined,
    is_dotted_name,
    label,
    prose,
    rooms,
    spans,
    text_of,
)

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
SOURCE_FILE = re.compile(r"(?:[\w.-]+/)+[\w.-]+\.(?:py|sh|md|toml|lock|css|svg)|(?:tests|docs|scripts|\.ci)/[\w./-]+")
FIRST_WORDS = re.compile(r"(?:^|(?<=[.:!?] )|(?<=[.:!?]\n))(What|Whoever|That)\b(?! is\b)", re.MULTILINE)
PRIVATE_WORDS = re.compile(r"\b(?:told|mends?|convoys?|crew|curfew|likewise|the road|slips?)\b")
"""Words that mean something else to a reader than they once meant here."""
API = ROOT / "docs" / "api.md"
"""Its names come from docstrings, whose examples have variables."""
UPSTREAM = ("examples/", "docker/", "docs/setup.md", "docs/inference.md", "bin/")
"""Files of other projects that the pages name."""


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as Git servers make them."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(prose(page)))
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in LINK.findall(text_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert file.is_relative_to(ROOT), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_source_file_that_a_page_names_is_there(page: Path) -> None:
    places = (ROOT, PACKAGE, PACKAGE.parent, page.parent)
    for span in spans(page):
        for name in SOURCE_FILE.findall(span):
            if name.startswith(UPSTREAM) or "NAME" in name:
                continue
            assert any((place / name).exists() for place in places), name


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_script_or_module_that_a_page_names_without_its_folder_is_there(page: Path) -> None:
    for span in spans(page):
        if re.fullmatch(r"\w+\.(?:py|sh)", span):
            assert any(ROOT.glob(f"scripts/**/{span}")) or any(PACKAGE.rglob(span)), span


@pytest.mark.parametrize("page", [page for page in PAGES if page != API], ids=label)
def test_every_name_of_the_code_that_a_page_names_is_defined(page: Path) -> None:
    for span in filter(is_dotted_name, spans(page)):
        assert is_defined(span), span


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_every_command_in_a_page_has_its_options(page: Path) -> None:
    for words in command_lines(page):
        command: click.Command = cosmos_houdini
        rest = list(words)
        while isinstance(command, click.Group) and rest:
            found = command.get_command(click.Context(command), rest.pop(0))
            assert found is not None, words
            command = found
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        assert {word.partition("=")[0] for word in rest if word.startswith("-")} <= known | {"--help"}, words


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_no_sentence_begins_with_what_whoever_or_that(page: Path) -> None:
    assert FIRST_WORDS.findall(prose(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_pages_use_the_words_of_the_field(page: Path) -> None:
    assert PRIVATE_WORDS.findall(prose(page)) == []


@pytest.mark.parametrize("page", PAGES, ids=label)
def test_no_page_names_a_folder_of_the_machine_on_which_it_was_written(page: Path) -> None:
    assert re.findall(r"(?:^|[\s`(])(?:/work|/tmp|/root)/\S*", text_of(page)) == []


def test_no_line_of_the_readme_is_longer_than_120_characters() -> None:
    assert [line for line in text_of(ROOT / "README.md").splitlines() if len(line) > 120] == []


def test_every_page_is_in_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in LINK.findall(text_of(index))}
    assert {page for page in PAGES if page != index} <= linked


def test_names_are_found_and_missed_as_they_should_be() -> None:
    assert is_dotted_name("jobs.runner.wait")
    assert is_defined("jobs.runner.wait")
    assert not is_defined("jobs.runner.wait_for_ever")
    assert not is_defined("jobs.nowhere.wait")
    assert not is_dotted_name("jobs.db")


SECURITY = ROOT / "docs" / "security.md"


def protections() -> list[str]:
    """Return the sections of the page of security that claim a protection."""
    (_, body) = text_of(SECURITY).split("\n## Protections\n")
    return body.split("\n## ")[0].split("\n### ")[1:]


@pytest.mark.parametrize("section", protections(), ids=lambda section: section.partition("\n")[0])
def test_every_claim_of_a_protection_names_the_test_that_shows_it(section: str) -> None:
    _, _, *claims = [line for line in section.splitlines() if line.startswith("|")]
    assert claims
    for claim in claims:
        _, _, tests = claim.strip("| ").partition(" | ")
        assert re.search(r"`test_\w+`|\*[^*]+\*", tests), claim


@pytest.mark.parametrize("page", [SECURITY, ROOT / "docs" / "faults.md"], ids=label)
def test_every_test_that_a_page_names_is_there(page: Path) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    defined = set(re.findall(r"^ *(?:async )?def (test_\w+)\(", sources, re.MULTILINE))
    named = set(re.findall(r"`(test_\w+)`", text_of(page)))
    assert len(named) > 20
    assert named - defined == set()


def test_the_rows_of_faults_that_the_page_of_security_names_are_there() -> None:
    rows = re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", text_of(SECURITY))
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("**/fault*/*.py"))
    assert rows
    for row in rows:
        assert row in sources, row


def test_the_page_of_architecture_has_a_paragraph_for_every_room() -> None:
    described = set(re.findall(r"^\*\*(\w+)\*\*", text_of(ROOT / "docs" / "architecture.md"), re.MULTILINE))
    assert {room for room in rooms() if not room.startswith("__")} <= described
