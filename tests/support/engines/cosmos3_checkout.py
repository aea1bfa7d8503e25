"""Stand-ins for a checkout of cosmos-framework, and for the programs of its environment."""

from __future__ import annotations

import sys
from pathlib import Path

from support.servers.host_programs import write_shell

STANDIN = Path(__file__).resolve().parent / "cosmos3_standin.py"


def make_checkout(folder: Path) -> Path:
    """Write a checkout whose program is the stand-in, and return it."""
    package = folder / "cosmos_framework" / "scripts"
    package.mkdir(parents=True)
    for name in (package.parent, package):
        (name / "__init__.py").touch()
    (package / "inference.py").write_bytes(STANDIN.read_bytes())
    return folder


def write_programs(folder: Path) -> Path:
    """Write ``python`` and a ``torchrun`` that starts the first of its processes alone."""
    folder.mkdir(parents=True, exist_ok=True)
    write_shell(folder, "python", f'exec "{sys.executable}" "$@"')
    write_shell(
        folder,
        "torchrun",
        'export RANK=0 WORLD_SIZE="${1#--nproc_per_node=}"\n'
        '[ "$2 $3" = "--nnodes=1 --node_rank=0" ] || exit 2\n'
        'shift 4\nexec python "$@"',
    )
    return folder
