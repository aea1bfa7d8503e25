"""The GPUs of a host, as ``nvidia-smi`` lists them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

GPU_QUERY = "nvidia-smi --query-gpu=index,name,memory.total,memory.free,temperature.gpu --format=csv,noheader,nounits"
"""The command whose lines ``parse_gpus`` reads; it may hang if the driver hangs."""
MIB_PER_GIB = 1024.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """One GPU at one moment; None is a value that its driver does not give, as for memory shared with the CPU.

    Attributes:
        index: its number on the host.
        name: as in ``NVIDIA H100 80GB HBM3``.
        total_gb: its memory in GiB.
        free_gb: unused memory in GiB.
        temperature_c: of its chip.
    """

    index: int
    name: str = ""
    total_gb: float | None = None
    free_gb: float | None = None
    temperature_c: float | None = None

    def __str__(self) -> str:
        if self.total_gb is None or self.free_gb is None:
            return f"{self.index}: {self.name}, memory unknown"
        return f"{self.index}: {self.name}, {self.free_gb:.1f} of {self.total_gb:.1f} GiB free"


def parse_gpus(lines: Iterable[str]) -> Iterator[Gpu]:
    """Yield the GPUs that the query printed; lines of another form are left out.

    >>> [str(gpu) for gpu in parse_gpus(["0, NVIDIA H100 PCIe, 81559, 40000, 31", "No devices were found"])]
    ['0: NVIDIA H100 PCIe, 39.1 of 79.6 GiB free']
    """
    for line in lines:
        index, *others = (field.strip() for field in line.split(","))
        if re.fullmatch(r"\d{1,4}", index, re.ASCII) and len(others) == len(("name", "total", "free", "temperature")):
            name, total, free, temperature = others
            yield Gpu(
                index=int(index),
                name=name,
                total_gb=_gib(total),
                free_gb=_gib(free),
                temperature_c=_number(temperature),
            )


def _gib(mebibytes: str) -> float | None:
    number = _number(mebibytes)
    return None if number is None else number / MIB_PER_GIB


def _number(word: str) -> float | None:
    # Without such a sensor, nvidia-smi prints [N/A] or [Not Supported].
    return float(word) if re.fullmatch(r"\d{1,9}", word, re.ASCII) else None
