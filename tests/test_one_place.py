"""Facts that have one place: a module that lists them again would be forgotten when one is added."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from cosmos_houdini.engines import engine_names
from cosmos_houdini.media.control_settings import DEPTH_KINDS, FITS, DepthKind
from cosmos_houdini.model.control import Control
from cosmos_houdini.model.presets import STRENGTHS
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.model.ratings import SCHEMA

PACKAGE = Path(__file__).resolve().parent.parent / "python3.10libs" / "cosmos_houdini"
LISTS = (ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Subscript)


def words_of(node: ast.AST) -> set[str]:
    """Return the words that a list holds: its texts, and the members of an enumeration by name."""
    if isinstance(node, ast.ClassDef):
        fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
        return {field.id for field in fields if isinstance(field, ast.Name)}
    texts = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}
    return texts | {each.attr.lower() for each in ast.walk(node) if isinstance(each, ast.Attribute)}


def modules_that_list(words: set[str]) -> set[str]:
    found = set()
    for path in PACKAGE.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if any(isinstance(node, (*LISTS, ast.ClassDef)) and words <= words_of(node) for node in nodes):
            found.add(path.relative_to(PACKAGE).as_posix())
    return found


@pytest.mark.parametrize(
    ("words", "modules"),
    [
        (
            set(map(str, Control)),
            {
                "cli/assignments.py",  # the four of --weights, whose order no further control may change
                "config/settings.py",  # a key of the configuration for each pass
                "engines/cosmos/transfer_request.py",  # the controls of upstream's models
                "engines/cosmos3/hints.py",  # the controls of Cosmos 3, by upstream's names and in its order
                "media/sequences/pass_words.py",  # the words in file names that tell a pass
            },
        ),
        (set(map(str, DepthKind)), {"media/control_settings.py"}),
        (set(FITS), {"media/control_settings.py"}),
        (
            set(STRENGTHS),
            {
                "model/presets.py",
                "media/controls/blur_presets.py",  # the numbers of each strength
                "media/controls/edges.py",  # likewise
            },
        ),
    ],
    ids=["controls", "presets", "kinds of depth", "fits"],
)
def test_no_module_lists_again_what_another_one_lists(words: set[str], modules: set[str]) -> None:
    assert modules_that_list(words) == modules


def test_every_kind_of_depth_has_a_name_beside_auto() -> None:
    assert ["auto", *map(str, DepthKind)] == list(DEPTH_KINDS)


def test_no_module_lists_the_engines_by_hand() -> None:
    assert modules_that_list(set(engine_names())) == set()


def test_a_control_without_words_of_its_own_has_a_label_and_a_pass() -> None:
    assert [control.label for control in Control] == ["Vis", "Edge", "Depth", "Segmentation"]
    assert Control.DEPTH.shows == "the depth"
    assert all(control.pass_.value == control.value for control in Control)


@pytest.mark.parametrize(
    ("text", "module"),
    [
        (RESULTS, "model/project_folders.py"),
        (SCHEMA, "model/ratings.py"),
    ],
)
def test_a_name_that_files_share_is_written_once(text: str, module: str) -> None:
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value == text or node.value.startswith(f"{text}/*")
    }
    assert found == {module}


def test_a_price_is_counted_in_one_module() -> None:
    of_hours = [path for path in PACKAGE.rglob("*.py") if "SECONDS_PER_HOUR =" in path.read_text(encoding="utf-8")]
    assert [path.relative_to(PACKAGE).as_posix() for path in of_hours] == ["jobs/store/spending.py"]
