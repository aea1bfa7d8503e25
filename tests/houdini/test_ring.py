"""The Houdini ring in bare Pythons of the versions that Houdini brings, with nothing installed."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import pythons

from cosmos_houdini.demo.hip import write_scene
from cosmos_houdini.houdini import environment
from support import TESTS, python_path
from support.houdini.top_network import TYPES
from support.media.shot_files import CAMERA, FRAMES, NODE

RING = environment.LIBRARIES / "cosmos_houdini" / "houdini"
INSIDE = "cosmos_houdini.houdini."
SHARED = {"", "errors", "installation", "model", "schemas", "houdini"}
GIVEN_BY_HOUDINI = {"hou", "pdg", "hutil", "PySide6", "PySide2"}
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
"""Those that Houdini brings, and the one between."""


def bare_python(version: str) -> str:
    return pythons.find(version) or pytest.skip(f"no Python {version} on this machine")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_ring_is_imported_with_nothing_installed(version: str) -> None:
    python = bare_python(version)
    modules = [module_name(path) for path in sorted(RING.rglob("*.py")) if not needs_qt(path)]
    assert {"cosmos_houdini.houdini.hython.submit", "cosmos_houdini.houdini.tops.job_program"} <= set(modules)
    lines = [
        f"import sys, types; sys.path.insert(0, {str(environment.LIBRARIES)!r})",
        "sys.modules['hou'] = types.ModuleType('hou')",
        f"import {', '.join(modules)}",
        "print('\\n'.join(sorted({m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names))))",
    ]
    done = subprocess.run(
        [python, "-I", "-S", "-W", "error", "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) <= {"cosmos_houdini", "hou", "__main__"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_module_of_node_types_is_imported_by_a_bare_python(version: str) -> None:
    python = bare_python(version)
    lines = [
        f"import sys; sys.path[:0] = [{str(TESTS)!r}, {str(environment.LIBRARIES)!r}]",
        "import runpy; from support.houdini import fake_pdg; sys.modules.update(fake_pdg.modules())",
        f"module = runpy.run_path({str(TYPES)!r})",
        "registry = fake_pdg.TypeRegistry(); module['registerTypes'](registry); print(len(registry._types))",
    ]
    done = subprocess.run(
        [python, "-I", "-S", "-W", "error", "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "4\n")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bare_python_generates_a_network_and_compares_a_scene(version: str, tmp_path: Path) -> None:
    """All that Houdini's own Python does of both: the worker, which does the rest, has an environment of its own."""
    python = bare_python(version)
    hip = tmp_path / "shot.hip"
    write_scene(hip, fps=24, frames=FRAMES, camera=CAMERA, rop=NODE, picture="$HIP/render/$HIPNAME.color.$F4.png")
    lines = [
        "import sys, pathlib; from support.houdini import top_network",
        f"with top_network.Network(pathlib.Path({str(tmp_path)!r}), pathlib.Path({str(hip)!r})) as network:",
        "    shot = network.add('Cosmos Shot')",
        "    sweep = network.add('Cosmos Sweep', shot, count=3, guidance='3-9')",
        "    transfer = network.add('Cosmos Transfer', sweep, prompt='rain')",
        "    network.add('Cosmos Report', transfer)",
        "    network.generate()",
        "print(*(len(top.items) for top in network.tops), *(error for top in network.tops for error in top.errors))",
    ]
    environ = {**os.environ, "PYTHONPATH": python_path()}
    scene = [
        str(TESTS / "support" / "houdini" / "hython.py"),
        str(environment.ROOT / "scripts" / "cosmos_scene.py"),
        str(hip),
        "--compare",
    ]
    for arguments, printed, said in (
        (["-c", "\n".join(lines)], "1 3 3 1\n", ""),
        ([*scene, "--samples"], "", f"0 differences in {hip}\n"),
    ):
        done = subprocess.run(
            [python, "-S", "-W", "error", *arguments], capture_output=True, text=True, check=False, env=environ
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, printed, said)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(environment.LIBRARIES).with_suffix("").parts).removesuffix(".__init__")


def needs_qt(path: Path) -> bool:
    """Whether a module is of the window, which hython on a farm has no Qt for."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = {name for node in imports for name in (node.module or "", *(f"{node.module}.{a.name}" for a in node.names))}
    ours = {environment.LIBRARIES / f"{name.replace('.', '/')}.py" for name in names if name.startswith(INSIDE)}
    return path.stem == "qt" or any(needs_qt(each) for each in ours if each.is_file())


def test_the_ring_imports_the_standard_library_houdini_and_what_it_shares() -> None:
    for path in RING.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            for name in names:
                first, _, rest = name.partition(".")
                if name == "cosmos_houdini" and isinstance(node, ast.ImportFrom):
                    # All else at the top loads rooms of the worker.
                    assert {alias.name for alias in node.names} == {"__version__"}, path.name
                elif first == "cosmos_houdini":
                    assert rest.partition(".")[0] in SHARED, f"{path.name} imports {name}"
                    assert rest != "model.spec", f"{path.name} imports pydantic through {name}"
                else:
                    assert first in set(sys.stdlib_module_names) | GIVEN_BY_HOUDINI, f"{path.name} imports {name}"
