"""The page of the configuration has every section, key and default, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from cosmos_houdini.config import load
from cosmos_houdini.config.settings import SECTIONS
from cosmos_houdini.hosts.settings import host_keys as all_keys
from cosmos_houdini.launchers.registry import launcher_settings
from support.pages import PAGES, ROOT, blocks, label, text_of

PAGE = ROOT / "docs" / "configuration.md"
ROW = re.compile(r"^\| (`[^|]+`) \| ([^|]*?) ?\|", re.MULTILINE)


def rows(section: str) -> dict[str, str]:
    """Return each key of a section of the page with its default as written."""
    (_, rest) = text_of(PAGE).split(f"\n## {section}\n")
    found: dict[str, str] = {}
    for keys, default in ROW.findall(rest.split("\n## ")[0]):
        found |= dict.fromkeys(re.findall(r"`(\w+)`", keys), default.strip())
    return found


def host_keys() -> set[str]:
    """Return the keys of a host that hold for all, and those of the built-in launchers."""
    return set(all_keys(launcher_settings("process")))


def test_the_page_has_every_section_and_no_other() -> None:
    headings = set(re.findall(r"^## (\w+)$", text_of(PAGE), re.MULTILINE))
    assert headings == {*SECTIONS, "hosts"}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_every_key_and_no_other(section: str) -> None:
    assert set(rows(section)) == set(SECTIONS[section].__struct_fields__)


def test_every_key_of_a_host_is_there() -> None:
    assert host_keys() == set(rows("hosts"))


@pytest.mark.parametrize("section", SECTIONS)
def test_defaults_are_those_of_the_program(section: str) -> None:
    written = rows(section)
    for key, default in msgspec.to_builtins(SECTIONS[section]()).items():
        if isinstance(default, (bool, int, float)):
            assert float(written[key]) == float(default), key
        elif isinstance(default, str) and default:
            assert written[key] == f"`{default}`", key


EXAMPLES = [
    pytest.param(block, id=f"{label(page)}-{number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "yaml"))
    if re.search(r"^(hosts|defaults|notify|overnight):", block, re.MULTILINE)
]


def test_pages_have_examples_of_configurations() -> None:
    assert len(EXAMPLES) >= 4


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_of_a_configuration_is_accepted(text: str, tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text(text, encoding="utf-8")
    assert set(load(tmp_path).origins.values()) == {str(tmp_path / "cosmos-houdini.yaml")}
