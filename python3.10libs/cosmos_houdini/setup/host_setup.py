"""Make a host ready for an engine: send the script, start it detached, follow it, and find it again after a break."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cosmos_houdini.config import Config
from cosmos_houdini.engines import find_engine
from cosmos_houdini.engines.recipe import PreparableEngine, Recipe
from cosmos_houdini.errors import BadInput, HostUnreachable, JobError
from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.jobs.secrets import redacted, secrets_from
from cosmos_houdini.launchers.base import Task
from cosmos_houdini.launchers.job_folder import JOBS, HostJobState, Observation, attempt_folder
from cosmos_houdini.launchers.poll import parse_poll, poll_script
from cosmos_houdini.launchers.process import ProcessLauncher
from cosmos_houdini.launchers.staging import stage
from cosmos_houdini.model.request import Invocation, Site
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.setup.script import ENDED, SCRIPT, settings_after, setup_files

SCHEMA = "cosmos-houdini/setup/1"
MOST_ATTEMPTS = 50
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
MOST_TROUBLES = 12
_UNDER_WAY = frozenset({HostJobState.PENDING, HostJobState.RUNNING})


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSetup:
    """A setup that has not been started.

    Attributes:
        host: the host's name in the configuration.
        engine: the engine.
        files: the script and what goes with it, by paths in its folder.
        settings: keys of the host that are to be set afterwards.
        config: the whole configuration.
        host_config: of the host.
    """

    host: str
    engine: str
    files: Mapping[str, str]
    settings: Mapping[str, str]
    config: Config
    host_config: HostConfig

    @property
    def script(self) -> str:
        """The script that runs on the host."""
        return self.files[SCRIPT]

    def document(self) -> dict[str, Any]:
        """Return the setup as JSON data."""
        return {"host": self.host, "engine": self.engine, "script": self.script, "settings": dict(self.settings)}


def plan_setup(name: str, engine: str, config: Config, *, image_source: str = "") -> HostSetup:
    """Return the setup of a host; nothing is reached or written.

    Raises:
        BadInput: there is no such host or engine, it cannot be set up, or the configuration lacks a value.
    """
    _, settings = config.settings.host(name)
    recipe = _recipe(engine)
    return HostSetup(
        host=name,
        engine=engine,
        files=setup_files(name, engine, recipe, settings, image_source=image_source),
        settings=settings_after(recipe, settings),
        config=config,
        host_config=settings,
    )


def run_setup(setup: HostSetup, reporter: Reporter) -> None:
    """Run a setup to its end, or follow the one that runs already; it goes on without this machine.

    Raises:
        JobError: it failed; the steps that are done stay done, and the next call goes on.
        HostError: the host cannot be reached.
    """
    secrets = secrets_from(setup.host_config.secrets, os.environ)
    # A setup is a process of the host whatever runs its jobs, and takes as long as the weights take.
    config = msgspec.structs.replace(setup.host_config, launcher="process", time=None)
    host = open_host(setup.host, config, project=setup.config.project)
    try:
        state, number = _latest(host, setup)
        if state in _UNDER_WAY:
            reporter.say(f"a setup of {setup.engine} runs on {setup.host} already; following it")
            task = _task(host, setup, number, secrets)
        elif number >= MOST_ATTEMPTS:
            raise JobError(
                f"{number} setups of {setup.engine} lie on {setup.host}", action=f"clean --host {setup.host}"
            )
        else:
            task = _task(host, setup, number + 1, secrets)
            stage(host, task, {"schema": SCHEMA, "engine": setup.engine})
            ProcessLauncher(config).start(host, task)
        seen = _follow(host, task, reporter, secrets)
    finally:
        host.close()
    if seen.state is HostJobState.ENDED and seen.exit_code == 0 and ENDED in seen.stdout_tail:
        return
    said = [line.strip() for line in seen.stderr_tail.splitlines() if line.strip()][-2:]
    why = redacted(" | ".join(said), secrets) or "it left no reason"
    raise JobError(
        f"the setup of {setup.engine} on {setup.host} did not come to its end: {why}",
        action=f"mend that, and run it again: it goes on where it stopped; its log is in {task.site.folder} there",
    )


def _recipe(engine: str) -> Recipe:
    found = find_engine(engine)
    if not isinstance(found, PreparableEngine):
        raise BadInput(
            f"nothing is set up for the engine {engine}", action=f"doctor --engine {engine} says what it needs"
        )
    return found.recipe


def _latest(host: Host, setup: HostSetup) -> tuple[HostJobState, int]:
    """Return the state of the latest setup of this engine on the host, and its number; 0 where there was none."""
    names = [attempt_folder(_identity(setup), number) for number in range(1, MOST_ATTEMPTS + 1)]
    seen = parse_poll(host.run(poll_script(host.root, names)).stdout)
    there = [
        (observation.state, number)
        for number, name in enumerate(names, start=1)
        if (observation := seen.get(name)) and observation.state is not HostJobState.ABSENT
    ]
    return there[-1] if there else (HostJobState.ABSENT, 0)


def _task(host: Host, setup: HostSetup, number: int, secrets: Mapping[str, str]) -> Task:
    folder = host.root / JOBS / attempt_folder(_identity(setup), number)
    argv = ("sh", str(folder / SCRIPT))
    invocation = Invocation(argv=argv, env={}, files=setup.files, inputs={}, outputs=())
    return Task(job_id=_identity(setup), site=Site(folder=folder), invocation=invocation, num_gpu=0, secrets=secrets)


def _identity(setup: HostSetup) -> str:
    return f"setup-{setup.engine}"


def _follow(host: Host, task: Task, reporter: Reporter, secrets: Mapping[str, str]) -> Observation:
    """Report each new line of the log until the setup has ended.

    Raises:
        HostError: the host does not answer for too long; the setup goes on.
    """
    name, shown, pause_s, troubles = task.site.folder.name, 0, FIRST_PAUSE_S, 0
    while True:
        try:
            seen = parse_poll(host.run(poll_script(host.root, [name])).stdout)[name]
        except HostUnreachable:
            troubles += 1
            if troubles >= MOST_TROUBLES:
                raise
        else:
            troubles = 0
            for line in _new_lines(seen, shown):
                reporter.say(redacted(line, secrets))
            pause_s = FIRST_PAUSE_S if seen.stdout_bytes > shown else min(pause_s * 1.5, LONGEST_PAUSE_S)
            shown = seen.stdout_bytes
            if seen.state not in _UNDER_WAY:
                return seen
        time.sleep(pause_s)


def _new_lines(seen: Observation, shown: int) -> list[str]:
    """Return the lines after the bytes that were shown; the log is counted in bytes, and its tail is text."""
    fresh = seen.stdout_bytes - shown
    return seen.stdout_tail.encode()[-fresh:].decode(errors="replace").splitlines() if fresh > 0 else []
