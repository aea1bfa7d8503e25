"""The fence between the rings, and a help page that loads nothing heavy: each import runs in a fresh interpreter."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "python3.10libs" / "cosmos_houdini"
HEAVY = {
    *(
        "torch",
        "transformers",
        "cv2",
        "paramiko",
        "numpy",
        "OpenImageIO",
        "PyOpenColorIO",
        "OpenEXR",
        "PIL",
        "pydantic",
    ),
    "rich",
}
ROOMS = """
    errors plugins text_file whole_file user_path yaml_text json_text model scene facts media engines specs sweeps hosts
    launchers config reporter jobs measures report caption shots batches watch doctor setup schemas api agents demo
    installation cli worker houdini
""".split()  # noqa: SIM905 - reads and merges better than a list of thirty lines


ENTRIES = {"__init__", "__main__"}
"""They start the program or name what others may use; both may import every room."""


def modules_after(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint('\\n'.join(m.partition('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import cosmos_houdini.cli",
        "import cosmos_houdini.cli as c\nassert c.main(['--help']) == 0",
        # Every work item of a TOP network waits for these two.
        "import cosmos_houdini.cli.submit",
        "import cosmos_houdini.cli.jobs",
    ],
    ids=["import", "help", "submit", "jobs"],
)
def test_the_command_line_and_its_help_page_load_nothing_heavy(statement: str) -> None:
    assert not modules_after(statement) & HEAVY


SHARED = [
    "errors",
    *(f"model.{name}" for name in ("control", "presets", "text_enum", "sequence", "job", "request")),
    *("model.contents", "model.node_kinds", "model.project_folders", "model.ratings"),
]


@pytest.mark.parametrize("module", SHARED)
def test_what_the_houdini_ring_shares_needs_the_standard_library_alone(module: str) -> None:
    kept = "[p for p in sys.path if 'site-packages' not in p]"
    bare = f"sys.path = {kept} + [{str(PACKAGE.parent)!r}]\nimport cosmos_houdini.{module}"
    loaded = modules_after(bare)
    assert loaded <= set(sys.stdlib_module_names) | {"cosmos_houdini", "__main__"} | site_hooks()


def site_hooks() -> set[str]:
    """Return what this interpreter loads before any statement (path hooks of editable installations)."""
    return modules_after("pass")


def room_imports() -> list[tuple[str, str, str]]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            found += [(str(path.relative_to(PACKAGE)), room, name) for name in names]
    return found


def test_the_fence_knows_every_room_and_no_other() -> None:
    there = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert there - ENTRIES - {"__pycache__"} == set(ROOMS)


def test_a_room_imports_only_rooms_above_it() -> None:
    for file, room, name in room_imports():
        parts = name.split(".")
        if room in ENTRIES or parts[0] != "cosmos_houdini" or len(parts) < 2:
            continue
        assert ROOMS.index(parts[1]) <= ROOMS.index(room), f"{file} imports {name}, which comes after it"


def test_no_room_below_the_use_cases_reads_the_configuration_by_itself() -> None:
    """They are handed settings: an API serves projects that are not the working folder."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in ENTRIES or room == "config" or ROOMS.index(room) >= ROOMS.index("shots"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "cosmos_houdini.config":
                assert {name.name for name in node.names} == {"Config"}, path
            elif isinstance(node, ast.ImportFrom):
                names = {f"{node.module}.{name.name}" for name in node.names} | {node.module}
                assert not names & {"cosmos_houdini.config", "cosmos_houdini.config.cascade"}, path


TORCH = {"torch", "torchvision", "transformers", "diffusers", "huggingface_hub", "tokenizers", "accelerate"}
OUTSIDE = {"caption/captioner.py"}
"""Programs with a process and an environment of their own."""


def test_torch_is_imported_in_programs_of_their_own_alone() -> None:
    importing = {Path(file).as_posix() for file, _, name in room_imports() if name.partition(".")[0] in TORCH}
    assert {file for file in importing if not file.startswith("engines/diffusers/")} == OUTSIDE
    for file, _, name in room_imports():
        assert Path(file).as_posix() not in OUTSIDE or not name.startswith("cosmos_houdini"), f"{file} imports {name}"
        assert not name.endswith("captioner"), f"{file} imports the captioner, which runs in a process of its own"


def test_captions_and_facts_load_no_torch() -> None:
    names = [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for room in ("caption", "facts")
        for path in sorted((PACKAGE / room).glob("*.py"))
        if path.stem not in {"__init__", "captioner"}
    ]
    assert not modules_after("\n".join(f"import {name}" for name in names)) & (TORCH | {"cv2", "numpy", "paramiko"})


def test_hou_and_pdg_are_imported_in_the_houdini_ring_alone() -> None:
    for file, room, name in room_imports():
        if name.partition(".")[0] in {"hou", "pdg"}:
            assert room == "houdini", f"{file} imports {name}"
