"""Files by which systemd, launchd and Windows start a watcher at login and again after a crash or a reboot."""

from __future__ import annotations

import plistlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape

from cosmos_houdini.errors import BadInput

Kind = Literal["systemd", "launchd", "task"]
KINDS: tuple[Kind, ...] = ("systemd", "launchd", "task")

_LABEL = "cosmos-houdini-watch"
_RESTART_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A file that makes the system start a watcher.

    Attributes:
        path: where the system looks for it.
        text: its content.
        command: starts the watcher now, and at each login.
    """

    path: Path
    text: str
    command: str


def usual_kind() -> Kind:
    """Return the kind of this system."""
    return {"win32": "task", "darwin": "launchd"}.get(sys.platform, "systemd")  # type: ignore[return-value]


def describe_service(kind: Kind, name: str, arguments: Sequence[str], project: Path, home: Path) -> Service:
    """Return the file of a watcher.

    Args:
        kind: ``systemd`` (a unit of the user), ``launchd`` (an agent of the user), ``task`` (Windows Task Scheduler).
        name: distinguishes watchers of one user.
        arguments: the watcher's command line after the Python interpreter.
        project: the folder in which it works.
        home: the user's home folder.

    Raises:
        BadInput: a path has a line break, which these files cannot hold.
    """
    argv = [sys.executable, *arguments]
    if any("\n" in word or "\r" in word for word in (*argv, str(project))):
        raise BadInput("a path with a line break cannot be written into a service")
    label = f"{_LABEL}-{name}"
    if kind == "systemd":
        path = home / ".config" / "systemd" / "user" / f"{label}.service"
        return Service(
            path=path, text=systemd_unit(label, argv, project), command=f"systemctl --user enable --now {label}"
        )
    if kind == "launchd":
        path = home / "Library" / "LaunchAgents" / f"{label}.plist"
        return Service(path=path, text=launchd_agent(label, argv, project), command=f"launchctl load -w '{path}'")
    path = home / f"{label}.xml"
    return Service(path=path, text=windows_task(argv, project), command=f'schtasks /create /tn {label} /xml "{path}"')


def install_service(project: Path, arguments: Sequence[str], *, kind: str | None, name: str) -> Service:
    """Write the file of a watcher to where the system looks for it, and return it.

    Args:
        project: the folder of the project.
        arguments: those of ``watch``; paths in it are made absolute, because the watcher works in the project.
        kind: one of KINDS; None for that of this system.
        name: distinguishes watchers of one user.

    Raises:
        BadInput: an argument cannot be written into such a file.
    """
    found: Kind = next((each for each in KINDS if each == kind), usual_kind())
    words = [str(Path(word).absolute()) if Path(word).exists() else word for word in arguments]
    argv = ["-m", "cosmos_houdini", "watch", "run", *words]
    service = describe_service(found, name, argv, project, Path.home())
    service.path.parent.mkdir(parents=True, exist_ok=True)
    service.path.write_text(service.text, encoding="utf-8")
    return service


def systemd_unit(label: str, argv: Sequence[str], project: Path) -> str:
    """Return a unit of systemd.service(5); quotes and ``%`` are written as systemd.syntax(7) wants them."""
    words = " ".join(_systemd_word(word) for word in argv)
    folder = str(project).replace("%", "%%")
    return f"""[Unit]
Description={label}
StartLimitIntervalSec=0

[Service]
ExecStart={words}
WorkingDirectory={folder}
Restart=always
RestartSec={_RESTART_S}

[Install]
WantedBy=default.target
"""


def launchd_agent(label: str, argv: Sequence[str], project: Path) -> str:
    """Return a property list of launchd.plist(5)."""
    agent = {
        "Label": label,
        "ProgramArguments": list(argv),
        "WorkingDirectory": str(project),
        "RunAtLoad": True,
        "KeepAlive": True,
        "ThrottleInterval": _RESTART_S,
    }
    return plistlib.dumps(agent).decode()


def windows_task(argv: Sequence[str], project: Path) -> str:
    """Return a task of the Windows Task Scheduler, version 1.2 of its schema."""
    program, *words = argv
    arguments = escape(" ".join(_windows_word(word) for word in words))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>999</Count></RestartOnFailure>
  </Settings>
  <Actions>
    <Exec>
      <Command>{escape(program)}</Command>
      <Arguments>{arguments}</Arguments>
      <WorkingDirectory>{escape(str(project))}</WorkingDirectory>
    </Exec>
  </Actions>
</Task>
"""


def _systemd_word(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def _windows_word(word: str) -> str:
    if '"' in word:
        raise BadInput(f"{word!r} has a quotation mark, which no path of Windows has")
    # A backslash before the closing quotation mark would quote it.
    return f'"{word}\\"' if word.endswith("\\") else f'"{word}"'
