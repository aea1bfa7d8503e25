"""A project with the host ``gpu01`` behind a real SSH server, and what ``doctor`` says of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from cosmos_houdini.cli import main
from cosmos_houdini.engines import find_engine
from support.servers.host_programs import H100, write_nvidia_smi, write_shell
from support.servers.sshd import HOST, Sshd

Check = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """A project folder with the host ``gpu01``, and the means to have it looked at.

    Attributes:
        folder: the project.
        programs: the first folder of the host's PATH.
        server: the host's SSH server.
        capfd: what is printed.
    """

    folder: Path
    programs: Path
    server: Sshd
    capfd: pytest.CaptureFixture[str]

    @property
    def engine_path(self) -> Path:
        return self.folder / "cosmos-transfer1"

    def configure(self, engine_name: str = "transfer1", **host: object) -> None:
        connection = {
            "address": f"{self.server.user}@{HOST}",
            "port": self.server.port,
            "identity": str(self.server.user_key),
            "known_hosts": str(self.server.known_hosts),
            "root": str(self.folder / "root"),
        }
        settings = {"defaults": {"engine": engine_name}, "hosts": {"gpu01": connection | host}}
        (self.folder / "cosmos-houdini.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def with_gpu(self) -> None:
        """Give the host what transfer1 needs."""
        write_nvidia_smi(self.programs, [H100])
        write_shell(self.programs, "torchrun", "exit 0")
        for name in find_engine("transfer1").needs.files:
            (self.engine_path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.engine_path / name).touch()

    def doctor(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Return exit code and document of ``doctor --host gpu01``."""
        code = main(["doctor", "--host", "gpu01", "--json", *arguments])
        return code, json.loads(self.capfd.readouterr().out)

    def host_checks(self, *arguments: str) -> tuple[int, dict[str, Check]]:
        """Return exit code, and the host's findings by name."""
        code, document = self.doctor(*arguments)
        return code, {check["check"]: check for check in document["checks"] if check["host"] == "gpu01"}
