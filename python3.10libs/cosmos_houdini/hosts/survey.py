"""The facts about a host that its survey prints; each line is a key, a space and a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from cosmos_houdini.errors import HostError
from cosmos_houdini.hosts.disk_room import free_bytes
from cosmos_houdini.hosts.nvidia_smi import Gpu, parse_gpus


@dataclass(frozen=True, slots=True)
class Survey:
    """The facts of a host: every key of ``doctor/survey.sh`` and of its launcher's part, with its values in order."""

    facts: Mapping[str, tuple[str, ...]]

    def all(self, key: str) -> tuple[str, ...]:
        """Return all values of a key."""
        return self.facts.get(key, ())

    def first(self, key: str) -> str:
        """Return the first value of a key, or an empty string."""
        return next(iter(self.all(key)), "")

    @property
    def now_s(self) -> int | None:
        """Seconds since 1970 by the host's clock."""
        now = self.first("now")
        return int(now) if re.fullmatch(r"\d{1,12}", now, re.ASCII) else None

    @property
    def free_bytes(self) -> int | None:
        """Room on the disk of the root."""
        return free_bytes(f"{self.first('disk')} ")

    @property
    def gpus(self) -> tuple[Gpu, ...]:
        """The GPUs that nvidia-smi lists."""
        return tuple(parse_gpus(self.all("gpu")))


def parse_survey(text: str) -> Survey:
    """Return the facts that ``survey.sh`` printed.

    Raises:
        HostError: the answer is incomplete, or something else.
    """
    lines = text.splitlines()
    if not lines or lines[-1] != "done":
        raise HostError(
            f"the host's answer ends with {text[-80:]!r}", action="see what its shell prints: `ssh HOST sh -c true`"
        )
    facts: dict[str, list[str]] = {}
    for line in lines[:-1]:
        key, _, value = line.partition(" ")
        facts.setdefault(key, []).append(value.strip())
    return Survey({key: tuple(values) for key, values in facts.items()})
