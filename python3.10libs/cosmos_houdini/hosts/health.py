"""The health of a host, by one remote command: the room on its disk, and the temperature of its GPUs."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmos_houdini.hosts.disk_room import free_bytes
from cosmos_houdini.hosts.nvidia_smi import GPU_QUERY, Gpu, parse_gpus
from cosmos_houdini.hosts.script import TIMEOUT


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHealth:
    """The health of a host at one moment.

    Attributes:
        free_disk_gb: room on the disk of its root, in 1e9 bytes; None if that is unknown.
        gpus: empty if nvidia-smi lists none; their memory is in GiB.
    """

    free_disk_gb: float | None = None
    gpus: tuple[Gpu, ...] = ()

    def of(self, indices: Collection[int]) -> tuple[Gpu, ...]:
        """Return the GPUs that jobs may use: those of the configuration, or all if it names none."""
        return tuple(gpu for gpu in self.gpus if not indices or gpu.index in indices)


def health_script(root: PurePosixPath) -> str:
    """Return the script whose output ``parse_health`` reads; the root may not be there yet."""
    return (
        f'{TIMEOUT}here={shlex.quote(str(root))}\nuntil [ -d "$here" ]; do here=$(dirname "$here"); done\n'
        f'LC_ALL=C df -Pk "$here"\necho "== gpus"\nwithin 20 {GPU_QUERY} 2>/dev/null || :\n'
    )


def parse_health(text: str) -> HostHealth:
    """Return the values that a health script printed; lines of another form are left out."""
    disk, _, gpus = text.partition("== gpus\n")
    free = free_bytes(disk)
    return HostHealth(free_disk_gb=None if free is None else free / 1e9, gpus=tuple(parse_gpus(gpus.splitlines())))
