"""The connection ``wrapped``: this machine, where a program of the studio (``sudo -u render`` ...) runs each script."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from msgspec import Struct

from cosmos_houdini.errors import BadInput, HostUnreachable
from cosmos_houdini.hosts import Completed, Host, HostConfig, HostType
from cosmos_houdini.hosts.local import LocalHost
from cosmos_houdini.hosts.registry import remote_root
from cosmos_houdini.hosts.script import clean_environment, completed, enclosed


class WrappedSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a host that is reached so.

    Attributes:
        wrapper: program and arguments before ``sh``.
    """

    wrapper: tuple[str, ...] = ()


class WrappedHost(LocalHost):
    """This machine, whose scripts a program runs; files are copied as on this machine."""

    def __init__(self, name: str, root: Path, wrapper: tuple[str, ...]) -> None:
        super().__init__(name, root)
        self._wrapper = wrapper

    def run(self, script: str, *, timeout_s: float = 60.0) -> Completed:
        """Run a script; see Host.run."""
        Path(self.root).mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            done = subprocess.run(
                [*self._wrapper, "sh"],
                input=enclosed(script),
                capture_output=True,
                cwd=self.root,
                env=clean_environment(os.environ),
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise HostUnreachable(f"host {self.name} gave no answer within {timeout_s:g} s") from error
        return completed(self.name, done.returncode, done.stdout, done.stderr)


def _open(name: str, config: HostConfig, _project: Path) -> Host:
    wrapper = config.settings(WrappedSettings).wrapper
    if not wrapper:
        raise BadInput(f"host {name!r} names no wrapper", action=f"set hosts.{name}.wrapper: [sudo, -u, render]")
    return WrappedHost(name, Path(remote_root(name, config)), wrapper)


WRAPPED = HostType(open=_open, settings=WrappedSettings)
