"""Whether this machine can cook work items of the Cosmos nodes: a line for each thing that they need.

It runs with the standard library alone, in any Python from 3.10 on, by itself or as a work item of a farm.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cosmos_houdini.errors import BadInput, CheckFailed, CosmosError, one_line
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.diagnosis import ask_doctor
from cosmos_houdini.houdini.environment import ROOT, clean_environment, install_command, worker_python
from cosmos_houdini.houdini.tops.guard import is_listening
from cosmos_houdini.houdini.tops.node import JOB_SCRIPT
from cosmos_houdini.houdini.worker_error import log_file

START_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that a work item needs on its machine.

    Attributes:
        title: the thing.
        look: returns what was found, and raises where it is missing.
    """

    title: str
    look: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome for one need: ``problem`` is empty where the machine has it."""

    title: str
    seen: str = ""
    problem: str = ""


def check_farm(folder: Path, environ: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
    """Look for everything that a work item of a project needs on this machine.

    Args:
        folder: of the project, as the artist's machine names it.
        environ: of the work item; by default that of this process.
    """
    environ = os.environ if environ is None else environ
    return tuple(_look(need) for need in needs(folder, environ))


def needs(folder: Path, environ: Mapping[str, str]) -> Sequence[Need]:
    """Return what a work item needs; a result server only where this is one."""
    found = [
        Need(title="the program of work items", look=_find_program),
        Need(title="the worker's Python", look=_find_python),
        Need(title="the project's folder", look=lambda: _find_folder(folder)),
        Need(title="the worker in the project", look=lambda: _ask_worker(folder)),
        Need(title="the hosts of the configuration", look=lambda: ask_doctor(folder if folder.is_dir() else None)),
        Need(title="the log", look=lambda: _find_log(environ)),
    ]
    if environ.get("PDG_RESULT_SERVER"):
        found += [
            Need(title="the result server", look=lambda: _find_server(environ["PDG_RESULT_SERVER"])),
            Need(title="SideFX's job API", look=lambda: _find_job_api(environ)),
        ]
    return found


def main(folder: Path) -> int:
    """Print a line for each thing and return 1 if one is missing; the last line is an error as PDG shows them."""
    findings = check_farm(folder)
    for finding in findings:
        verdict = "FAIL" if finding.problem else "pass"
        sys.stdout.write(f"{verdict}  {finding.title}: {finding.problem or finding.seen}\n")
    missing = [f"{finding.title}: {finding.problem}" for finding in findings if finding.problem]
    if missing:
        here = f"{platform.node()} ({platform.system()})"
        sys.stdout.write(f"ERROR: {here} cannot cook work items of Cosmos; {'; '.join(missing)}\n")
    return 1 if missing else 0


def _look(need: Need) -> Finding:
    try:
        return Finding(title=need.title, seen=one_line(need.look()))
    except CosmosError as error:
        return Finding(title=need.title, problem=str(error))
    except OSError as error:
        return Finding(title=need.title, problem=one_line(str(error)))


def _find_program() -> str:
    if not JOB_SCRIPT.is_file():
        raise CheckFailed(f"{JOB_SCRIPT} is not here", action="mount the checkout under the artist's path")
    return str(JOB_SCRIPT)


def _find_python() -> str:
    python = worker_python()
    argv = [str(python), "-I", "-c", "import sys; print(sys.version.split()[0])"]
    try:
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=START_S,
            env=clean_environment(os.environ),
        )
    except OSError as error:
        # Its own Python may be in a folder of the artist's machine alone, or be of another system.
        raise CheckFailed(
            f"{python} does not start here: {error.strerror}",
            action=f"make its environment with a Python that this machine has too: {install_command(ROOT)}",
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CheckFailed(
            f"{python} did not start within {START_S:.0f} s", action="look at the disk it is on"
        ) from error
    if done.returncode:
        raise CheckFailed(f"{python} ends with exit code {done.returncode}", action=done.stderr.strip()[-200:])
    return f"{python} {done.stdout.strip()}"


def _find_folder(folder: Path) -> str:
    if not folder.is_dir():
        raise BadInput(f"{folder} is not here", action="mount it under the artist's path, or set a PDG path map")
    with tempfile.TemporaryFile(dir=folder):
        return f"{folder}, and it can be written"


def _ask_worker(folder: Path) -> str:
    project = worker.call("config", folder=folder if folder.is_dir() else None)["project"]
    return f"answers for {project}"


def _find_log(environ: Mapping[str, str]) -> str:
    path = log_file(environ)
    if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
        return f"{path.parent} cannot be written; logs go among the temporary files"
    return str(path)


def _find_server(address: str) -> str:
    if not is_listening(address):
        raise CheckFailed(
            f"nothing listens at {address}", action="open the port of the scheduler's Callback Server in the firewall"
        )
    return address


def _find_job_api(environ: Mapping[str, str]) -> str:
    names = (environ.get("PDG_SCRIPTDIR", ""), f"{environ.get('PDG_TEMP', '')}/scripts")
    folders = [Path(os.path.expandvars(name)) for name in names]
    found = next((folder for folder in folders if (folder / "pdgjson.py").is_file()), None)
    if found is None and importlib.util.find_spec("pdgjson") is None:
        raise CheckFailed(
            f"no pdgjson.py in {' or '.join(map(str, folders))}",
            action="share the scheduler's working folder with this machine",
        )
    return str(found or "on the path of Python")
