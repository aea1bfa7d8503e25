"""The configuration of one host: keys for every launcher, and the launcher's own settings beside them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from msgspec import Meta, Struct

S = TypeVar("S", bound=Struct)


class HostConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One host; without ``address`` it is this machine.

    The configuration file has the keys of ``extra`` flat beside the others.

    Attributes:
        connection: the way to the host; by default ``ssh`` if there is an address, else ``local``.
        address: [user@]host, or a Host of ~/.ssh/config.
        root: absolute folder on the host for objects and jobs.
        launcher: how jobs run there.
        ffmpeg: FFmpeg of the host; without it this machine's own is sent.
        python: Python of the host for engines that are libraries of it.
        server: URL of an inference server, as jobs on the host reach it: ``http://127.0.0.1:8000``.
        server_sees_files: whether that server sees the files of the root under the same paths.
        bandwidth_mb_per_s: limit of transfers to and from the host, in 1e6 bytes a second.
        env: environment of every job, nothing secret.
        secrets: variables of this machine that jobs get in secret.
        gpus: numbers of nvidia-smi; ``auto`` for all that the host has. A cluster chooses among its own.
        jobs_per_gpu: most jobs below one root that share a GPU.
        time: most that a job may run, as Slurm spells it: ``90`` (minutes), ``02:00:00``, ``1-12`` (days and hours).
        stalled_after_min: a job without a new log line and without GPU use for so long is stopped.
        extra: the settings of launchers, and of the way to the host; each type at most once.
    """

    connection: str | None = None
    address: str | None = None
    port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    identity: Path | None = None
    known_hosts: Path | None = None
    root: str | None = None
    launcher: str = "process"
    engine_path: str | None = None
    ffmpeg: str | None = None
    python: str = "python3"
    server: str | None = None
    server_sees_files: bool = False
    bandwidth_mb_per_s: Annotated[float, Meta(gt=0)] | None = None
    env: dict[str, str] = {}
    secrets: tuple[str, ...] = ("HF_TOKEN",)
    gpus: tuple[int, ...] | Literal["auto"] = "auto"
    jobs_per_gpu: Annotated[int, Meta(ge=1, le=16)] = 1
    price_per_hour: Annotated[float, Meta(ge=0)] | None = None
    time: str | None = None
    stalled_after_min: Annotated[float, Meta(gt=0)] | None = 30.0
    extra: tuple[Struct, ...] = ()

    @property
    def gpu_numbers(self) -> tuple[int, ...]:
        """The configured GPU numbers; none if the host is asked for its GPUs."""
        return () if self.gpus == "auto" else self.gpus

    def settings(self, kind: type[S]) -> S:
        """Return the settings of that type, or its defaults if none of its keys is set."""
        return next((found for found in self.extra if isinstance(found, kind)), None) or kind()


COMMON_KEYS = tuple(name for name in HostConfig.__struct_fields__ if name != "extra")
"""The keys of a host in the configuration that hold for every launcher and connection."""


def check_extra(owner: str, kind: type[Struct] | None) -> None:
    """Refuse settings that clash with the common keys of a host.

    Args:
        owner: the owner of the settings, for the error.
        kind: their type.

    Raises:
        TypeError: the type is no Struct, takes a common key, or has a key without a default.
    """
    if kind is None:
        return
    if not (isinstance(kind, type) and issubclass(kind, Struct)):
        raise TypeError(f"the settings of {owner} are no msgspec.Struct")
    taken = [name for name in kind.__struct_fields__ if name == "extra" or name in COMMON_KEYS]
    if taken:
        raise TypeError(f"{owner} cannot have a key {taken[0]!r}: every host has one of that name")
    if len(kind.__struct_defaults__) != len(kind.__struct_fields__):
        raise TypeError(f"every key of {owner} needs a default")


def host_keys(kinds: Iterable[type[Struct]]) -> tuple[str, ...]:
    """Return the keys that a host may have: the common ones, and those of the given settings."""
    return tuple(dict.fromkeys((*COMMON_KEYS, *(name for kind in kinds for name in kind.__struct_fields__))))
