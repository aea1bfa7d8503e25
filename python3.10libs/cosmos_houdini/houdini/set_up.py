"""Making the worker environment from inside Houdini: which Python makes it, and the process that does."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from threading import Thread
from typing import IO, cast

from cosmos_houdini.errors import BadInput
from cosmos_houdini.houdini.background import THREAD_NAME
from cosmos_houdini.houdini.environment import ROOT, clean_environment
from cosmos_houdini.houdini.text_process import start_text_process, without_window

SCRIPT = ROOT / "scripts" / "set_up"
LOCK = ROOT / "requirements.lock"
VERSIONS = ((3, 10), (3, 11), (3, 12), (3, 13))
"""Pythons for which the locked packages have wheels; pyproject.toml names the same."""
CHECK_TIMEOUT_S = 30.0
# The modules that an environment and the worker need; some builds lack those whose library was missing.
_PROBE = "import sys, ctypes, ensurepip, lzma, sqlite3, ssl, venv; print(*sys.version_info[:2])"
_STEP = re.compile(r"^\s*(?:Collecting|\+) \S")

Works = Callable[[str], bool]


def python_candidates(prefix: str, environ: Mapping[str, str], platform: str) -> list[str]:
    """Return programs that may be a Python, the best first: Houdini's own, then those of the system.

    Args:
        prefix: ``sys.prefix`` of Houdini's Python.
        environ: the environment, with ``HFS``.
        platform: as ``sys.platform`` names it.
    """
    if platform == "win32":
        home = PureWindowsPath(environ.get("HFS", ""))
        own: list[PurePath] = [PureWindowsPath(prefix) / "python.exe"]
        own += [home / f"python{major}{minor}" / "python.exe" for major, minor in reversed(VERSIONS)]
        return [*(str(path) for path in own), "python"]
    names = [f"python{major}.{minor}" for major, minor in reversed(VERSIONS)]
    folders = [PurePosixPath(prefix) / "bin", PurePosixPath(environ.get("HFS", "")) / "python" / "bin"]
    return [*(str(folder / name) for folder in folders for name in names), *names, "python3"]


def find_python(candidates: Sequence[str], works: Works) -> str:
    """Return the first Python that can make the environment.

    Raises:
        BadInput: none can.
    """
    found = next((each for each in dict.fromkeys(candidates) if works(each)), None)
    if found is None:
        allowed = ", ".join(f"{major}.{minor}" for major, minor in VERSIONS)
        raise BadInput(
            "no Python here can make the worker's environment, Houdini's own neither",
            allowed=f"Python {allowed} with venv",
            action="install one from python.org, then set up again",
        )
    return found


def is_working_python(program: str) -> bool:
    """Whether a program is a Python of one of the versions, with all that an environment needs."""
    path = shutil.which(program)
    if path is None:
        return False
    try:
        done = subprocess.run(
            [path, "-I", "-c", _PROBE],
            capture_output=True,
            text=True,
            check=False,
            timeout=CHECK_TIMEOUT_S,
            env=clean_environment(os.environ),
            **without_window(),
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.split() in [list(map(str, version)) for version in VERSIONS]


def script_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the script, which imports the module beside it, and none of the package's."""
    return {
        name: value
        for name, value in clean_environment(environ).items()
        if name not in {"PYTHONSAFEPATH", "PYTHONPATH"}
    }


def count_packages(lock: str) -> int:
    r"""Return how many packages a lock names.

    >>> count_packages("# made by uv\nnumpy==2.2.6\n    --hash=sha256:aa\nclick==8.5.0\n")
    2
    """
    return len(re.findall(r"^[A-Za-z0-9][\w.-]*==", lock, re.MULTILINE))


def is_step(line: str) -> bool:
    """Whether a line of the installer tells of a package.

    >>> is_step("Collecting numpy==2.2.6"), is_step(" + numpy==2.2.6"), is_step("Resolved 60 packages")
    (True, True, False)
    """
    return _STEP.match(line) is not None


class SetUpRun:
    """One run of ``scripts/set_up`` in a thread; its lines are taken by whoever shows them.

    Args:
        remove: take the environment away instead of making it.
        find: returns the Python that runs the script.
    """

    def __init__(self, *, remove: bool = False, find: Callable[[], str] | None = None) -> None:
        self._words = ["--remove"] if remove else []
        self._find = find or _find_here
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._process: subprocess.Popen[str] | None = None
        self._is_stopped = False
        self.code: int | None = None
        """The exit code; None while it runs."""
        # A daemon: quitting Houdini does not wait for it.
        Thread(target=self._run, name=THREAD_NAME, daemon=True).start()

    def new_lines(self) -> list[str]:
        """Return the lines since the last call."""
        lines = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return lines

    def stop(self) -> None:
        """End it; what is half made is made anew by the next run."""
        self._is_stopped = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def _run(self) -> None:
        try:
            python = self._find()
            self._lines.put(f"with {python}")
            for line in self._output([python, str(SCRIPT), *self._words]):
                self._lines.put(line)
            code = cast("subprocess.Popen[str]", self._process).wait()
        except BadInput as error:
            self._lines.put(f"{error.problem}\nallowed: {error.allowed}\n{error.action}")
            code = 2
        except OSError as error:
            self._lines.put(str(error))
            code = 2
        self.code = code

    def _output(self, argv: Sequence[str]) -> Iterator[str]:
        self._process = start_text_process(
            argv,
            folder=ROOT,
            environ=script_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )
        if self._is_stopped:
            self._process.terminate()
        with cast("IO[str]", self._process.stdout) as lines:
            for line in lines:
                yield line.rstrip("\n")


def _find_here() -> str:
    return find_python(python_candidates(sys.prefix, os.environ, sys.platform), is_working_python)
