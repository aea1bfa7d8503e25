"""How much room a host has, and how warm its GPUs are, told by one remote command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmos_houdini.launchers.disk_room import free_bytes
from cosmos_houdini.launchers.shell import part

MIB_PER_GIB = 1024.0

_GPUS = "within 20 nvidia-smi --query-gpu=index,memory.free,temperature.gpu --format=csv,noheader,nounits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU at one moment; None stands for what its driver does not tell."""

    index: int
    free_gb: float | None
    temperature_c: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLook:
    """A host at one moment.

    Attributes:
        free_disk_gb: in 1e9 bytes, where its root lies; None where it does not tell.
        gpus: empty where no nvidia-smi tells of any; their memory is in GiB.
    """

    free_disk_gb: float | None = None
    gpus: tuple[Gpu, ...] = ()

    def of(self, indices: Collection[int]) -> tuple[Gpu, ...]:
        """Return the GPUs that jobs may have: those of the configuration, or all where it names none."""
        return tuple(gpu for gpu in self.gpus if not indices or gpu.index in indices)


def look_script(root: PurePosixPath) -> str:
    """Return the script whose output ``parse_look`` reads; the root may not be there yet."""
    return (
        f'{part("within")}here={shlex.quote(str(root))}\nuntil [ -d "$here" ]; do here=$(dirname "$here"); done\n'
        f'LC_ALL=C df -Pk "$here"\necho "== gpus"\n{_GPUS} 2>/dev/null || :\n'
    )


def parse_look(text: str) -> HostLook:
    """Return what a look script printed; what cannot be understood is left out."""
    disk, _, gpus = text.partition("== gpus\n")
    free = free_bytes(disk)
    return HostLook(free_disk_gb=None if free is None else free / 1e9, gpus=tuple(_gpus(gpus)))


def _gpus(text: str) -> Iterator[Gpu]:
    for line in text.splitlines():
        index, *others = line.split(",")
        if index.strip().isdecimal() and len(others) == len(("free", "temperature")):
            free_mib, temperature_c = map(_number, others)
            free_gb = None if free_mib is None else free_mib / MIB_PER_GIB
            yield Gpu(index=int(index), free_gb=free_gb, temperature_c=temperature_c)


def _number(word: str) -> float | None:
    # Where there is no such sensor, nvidia-smi prints [N/A] or [Not Supported].
    return float(word) if re.fullmatch(r"\s*\d{1,9}\s*", word, re.ASCII) else None
