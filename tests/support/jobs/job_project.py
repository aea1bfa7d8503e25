"""A project folder in which jobs of the fake engine run on a real host."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cosmos_houdini import config
from cosmos_houdini.cli import main
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord
from support import FAKE_ENGINE, python_path


def lives(pid: int) -> bool:
    """Whether a process does something yet; it may end at this very moment."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True)
class Shop:
    """A project folder with a run in it, and the host that its jobs go to."""

    folder: Path
    clip: Path
    root: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list, compare=False)

    @property
    def starts(self) -> Path:
        """The file that gets a line whenever the engine's program is started."""
        return self.folder / "starts"

    def started(self) -> int:
        return len(self.starts.read_text().splitlines()) if self.starts.exists() else 0

    def spec(self, name: str = "shot", **parameters: object) -> Path:
        document = {
            "schema": "cosmos-houdini/run-spec/1",
            "name": name,
            "engine": "fake",
            "spec": {
                "schema": "cosmos-houdini/prompt-spec/1",
                "name": name,
                "prompt": "rain",
                "input_video": str(self.clip),
            },
            "parameters": {"starts": str(self.starts), **parameters},
        }
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def main(self, *arguments: object) -> int:
        return main([str(argument) for argument in arguments])

    def popen(self, *arguments: object) -> subprocess.Popen[bytes]:
        """Start the command line as a process of its own."""
        process = subprocess.Popen(
            [sys.executable, str(FAKE_ENGINE), *map(str, arguments)],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": python_path()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    def close(self) -> None:
        """Kill what a test that failed has left."""
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def record(self, name: str = "shot") -> JobRecord:
        with closing(Store.of(self.folder)) as store:
            return next(record for record in store.records() if record.job.name == name)

    def client(self) -> Client:
        return Client.of(config.load(self.folder))

    def on_host(self, name: str) -> Path:
        """Return a file in the job's folder on the host."""
        return self.root / "jobs" / self.record().id / name

    def states(self) -> list[str]:
        with closing(Store.of(self.folder)) as store:
            return [str(event.state) for event in store.events(self.record().id)]
