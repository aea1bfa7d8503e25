"""The stand-in for ``hou``, and all that the project asks of ``hou``, against the stubs of the real module."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from types import FunctionType

import pytest

from cosmos_houdini.houdini.environment import LIBRARIES, ROOT
from support.houdini import fake_hou

BUILT_BY_HOUDINI_ALONE = {"__init__"}
PYTHONS_OWN = {
    "__module__",
    "__doc__",
    "__dict__",
    "__weakref__",
    "__qualname__",
    "__firstlineno__",
    "__static_attributes__",
}


@cache
def stubs() -> dict[str, ast.AST]:
    text = Path(str(distribution("types-houdini").locate_file("hou-stubs/__init__.pyi"))).read_text(encoding="utf-8")
    return named(ast.parse(text).body)


def named(body: list[ast.stmt]) -> dict[str, ast.AST]:
    found: dict[str, ast.AST] = {}
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return found


def members(class_name: str) -> dict[str, ast.AST]:
    """Return the members of a class in the stubs, inherited ones too."""
    node = stubs()[class_name]
    assert isinstance(node, ast.ClassDef), f"hou.{class_name} is no class"
    found: dict[str, ast.AST] = {}
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in stubs():
            found |= members(base.id)
    return found | named(node.body)


def offered() -> Iterator[tuple[str, str | None, object]]:
    for name, value in vars(fake_hou).items():
        if name.startswith("_") or getattr(value, "__module__", None) != fake_hou.__name__:
            continue
        yield name, None, value
        if inspect.isclass(value):
            for member, attribute in vars(value).items():
                private = member.startswith("_") and not member.startswith("__")
                if not private and member not in PYTHONS_OWN | BUILT_BY_HOUDINI_ALONE:
                    yield name, member, attribute


@pytest.mark.parametrize(
    ("name", "member", "value"), list(offered()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_stand_in_offers_nothing_that_houdini_lacks(name: str, member: str | None, value: object) -> None:
    real = members(name) if member else stubs()
    key = member or name
    assert key in real, f"hou.{name} {member}"
    if isinstance(value, staticmethod):
        value = value.__func__
    if isinstance(value, FunctionType):
        node = real[key]
        assert isinstance(node, ast.FunctionDef)
        assert not complaints(value, node)


def complaints(fake: FunctionType, real: ast.FunctionDef) -> list[str]:
    """Return where a call that the stand-in takes would be refused by Houdini."""
    theirs = [argument.arg for argument in real.args.args]
    required = set(theirs[: len(theirs) - len(real.args.defaults)]) - {"self"}
    found = []
    for index, (name, parameter) in enumerate(inspect.signature(fake).parameters.items()):
        if name == "self":
            continue
        if name not in theirs:
            found.append(f"{name} is unknown")
        elif parameter.kind is not parameter.KEYWORD_ONLY and theirs.index(name) != index:
            found.append(f"{name} stands elsewhere")
        elif name in required and parameter.default is not parameter.empty:
            found.append(f"{name} is required")
        required.discard(name)
    return found + [f"{name} is missing" for name in required]


def sources() -> list[Path]:
    return [*(LIBRARIES / "cosmos_houdini" / "houdini").rglob("*.py"), *(ROOT / "scripts").glob("*.py")]


def test_the_project_asks_nothing_of_hou_that_houdini_lacks() -> None:
    asked = set()
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hou":
                asked.add(node.attr)
                assert node.attr in stubs(), f"{path.name}: hou.{node.attr}"
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
                holder = node.value
                if isinstance(holder.value, ast.Name) and holder.value.id == "hou":
                    assert node.attr in members(holder.attr), f"{path.name}: hou.{holder.attr}.{node.attr}"
    assert {"hipFile", "playbar", "fps"} <= asked


def test_the_proof_looks_at_the_whole_stand_in() -> None:
    names = {(name, member) for name, member, _ in offered()}
    assert {("hipFile", "load"), ("LopNode", None), ("Parm", "pressButton"), ("node", None)} <= names


def test_the_proof_finds_what_houdini_would_refuse() -> None:
    def load(path: str, suppress_save_prompt: bool = False, force: bool = False) -> None:  # noqa: FBT001, FBT002
        """Take other names than Houdini does."""

    real = members("hipFile")["load"]
    assert isinstance(real, ast.FunctionDef)
    assert complaints(load, real) == ["path is unknown", "force is unknown", "file_name is missing"]
