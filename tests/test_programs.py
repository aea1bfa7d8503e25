"""A stranger's machine: tests start no program that .ci/run does not install."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT, TESTS, programs
from support.programs import find_program, need_program

STARTS = {"subprocess.run", "subprocess.Popen", "subprocess.check_output", "subprocess.check_call", "subprocess.call"}
STARTS |= {"run_quietly", "find_program", "need_program"}
LOOKS_UP = {"shutil.which", "which"}
HOST_RUN = ".run"  # of a Host or a cluster: the first word of the shell's line, or of an argv
BUILT_IN = {"echo", "exec", "printf", "true", "false"}


def calls(folder: Path) -> Iterator[tuple[str, ast.Call, str]]:
    """Give the dotted name of every call below a folder, the call, and where it stands."""
    for path in sorted(folder.rglob("*")):
        is_program = path.is_file() and path.suffix == "" and path.parent == ROOT / "scripts"
        if path.suffix == ".py" or is_program:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
                    yield ast.unparse(node.func), node, f"{path.relative_to(ROOT)}:{node.lineno}"


def program_of(call: ast.Call) -> str | None:
    """Return the program that a call starts or looks up, where its text says so."""
    first = call.args[0] if call.args else None
    if isinstance(first, (ast.List, ast.Tuple)) and first.elts:
        first = first.elts[0]
    words = first.value.split() if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
    return words[0] if words and re.fullmatch(r"[a-z][a-z0-9-]*", words[0]) and words[0] not in BUILT_IN else None


def started() -> list[tuple[str, str]]:
    """Return the programs that the tests and ./scripts name, with the place of each."""
    found = [*calls(TESTS), *calls(ROOT / "scripts")]
    starts = [(call, where) for name, call, where in found if name in STARTS | LOOKS_UP or name.endswith(HOST_RUN)]
    named = [(program_of(call), where) for call, where in starts]
    return [(program, where) for program, where in named if program is not None]


def test_every_program_that_tests_start_is_one_that_ci_installs() -> None:
    installed = {name for names in programs.packages().values() for name in names} | {"uv"}  # the set-up may lack it
    missing = [f"{where}: {program}" for program, where in started() if program not in installed]
    assert not missing, f"write these programs behind their packages in {programs.PACKAGES}"
    assert {"ip", "ps", "sbatch", "sshd"} <= {program for program, _ in started()}, "the walk finds calls no longer"


def test_programs_are_looked_up_in_one_place() -> None:
    # Elsewhere the name may be a variable, which no walk over the text can follow.
    found = {where.partition(":")[0] for name, _, where in calls(TESTS) if name in LOOKS_UP}
    assert found == {"tests/support/programs.py"}


@pytest.mark.parametrize("name", [name for names in programs.packages().values() for name in names])
def test_a_package_brings_the_programs_that_stand_behind_it(name: str) -> None:
    assert Path(need_program(name)).is_absolute()


def test_a_program_that_ci_does_not_install_is_not_looked_up() -> None:
    unknown = "xeyes"
    with pytest.raises(LookupError, match="'xeyes': write it behind its package in"):
        find_program(unknown)
