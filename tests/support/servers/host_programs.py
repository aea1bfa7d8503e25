"""Programs for the PATH of a host that stand in for those of a GPU machine, and print what those were seen to print."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

H100 = {
    "index": "0",
    "name": "NVIDIA H100 80GB HBM3",
    "memory.total": "81559",
    "memory.free": "81004",
    "temperature.gpu": "31",
}
A100 = {
    "index": "1",
    "name": "NVIDIA A100-SXM4-40GB",
    "memory.total": "40960",
    "memory.free": "40333",
    "temperature.gpu": "40",
}
GB10 = {"index": "0", "name": "NVIDIA GB10", "memory.total": "[N/A]", "memory.free": "[N/A]", "temperature.gpu": "36"}
NO_DRIVER = (
    "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver. Make sure that the latest NVIDIA "
    "driver is installed and running."
)

_SMI = """\
#!{python}
import sys
gpus = {gpus!r}
options = dict(argument.split("=", 1) for argument in sys.argv[1:])
fields = options.pop("--query-gpu").split(",")
for field in fields:
    if any(field not in gpu for gpu in gpus):
        sys.exit(f'Field "{{field}}" is not a valid field to query.')
assert options == {{"--format": "csv,noheader,nounits"}}, options
for gpu in gpus:
    print(", ".join(gpu[field] for field in fields))
"""


def write_program(folder: Path, name: str, text: str) -> Path:
    """Write an executable file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def write_shell(folder: Path, name: str, body: str) -> Path:
    """Write a program that is a few lines of shell."""
    return write_program(folder, name, f"#!/bin/sh\n{body}\n")


def write_nvidia_smi(folder: Path, gpus: Sequence[Mapping[str, str]]) -> Path:
    """Write an ``nvidia-smi`` that lists GPUs, and refuses a field that the real one does not know of them."""
    return write_program(folder, "nvidia-smi", _SMI.format(python=sys.executable, gpus=[dict(gpu) for gpu in gpus]))
