"""A command in a process of its own, which goes on when the terminal is closed and the user logs out."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import closing
from pathlib import Path

import click
from click.core import ParameterSource

from cosmos_houdini.jobs.store import batches
from cosmos_houdini.jobs.store.jobs import FOLDER, Store

PAUSE_S = 0.1


def log_file(project: Path, batch: str) -> Path:
    """Return the file that takes the messages of a batch's detached processes."""
    return project / FOLDER / "logs" / f"{batch}.log"


def detached(arguments: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start this program anew by the same Python, outside of the terminal's session; it appends to ``log``."""
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = 0
    if sys.platform == "win32":
        # A console that nobody sees: without any, each program that the process starts would open one of its own.
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    with log.open("ab") as messages:
        log.chmod(0o600)
        return subprocess.Popen(
            [sys.executable, "-m", "cosmos_houdini", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=messages,
            stderr=messages,
            start_new_session=True,
            creationflags=flags,
        )


def rebuild_command_line(context: click.Context, *, without: Collection[str]) -> list[str]:
    """Return the command line of a command as it was given, without some of its options."""
    options, arguments = [], []
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in without or name not in context.params:
            continue
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        values = value if parameter.multiple or parameter.nargs != 1 else [value]
        if isinstance(parameter, click.Argument):
            arguments += [str(each) for each in values]
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            options.append(parameter.opts[0] if value else parameter.secondary_opts[0])
        else:
            options += [word for each in values for word in (parameter.opts[0], str(each))]
    return [str(context.info_name), *options, "--", *arguments]


def start_worker(context: click.Context, project: Path, batch: str, host: str) -> batches.WorkerRow:
    """Start the command that is being called, without ``--detach``, as a detached worker, and return when it works.

    What it says until then is said here too.

    Raises:
        click.exceptions.Exit: it has ended already, with the same exit code.
    """
    log = log_file(project, batch)
    read = log.stat().st_size if log.exists() else 0
    started_at = time.time()
    command, *others = rebuild_command_line(context, without={"detach", "as_json"})
    process = detached([command, "--log", str(log), *others], log)
    with closing(Store.of(project)) as store:
        while True:
            exit_code = process.poll()
            mine = [w for w in batches.workers(store, batch, host) if w.log == str(log) and w.since >= started_at]
            read = _repeat(log, read)
            if mine:
                return mine[0]
            if exit_code is not None:
                raise click.exceptions.Exit(exit_code)
            time.sleep(PAUSE_S)


def _repeat(log: Path, offset: int) -> int:
    """Say what was written to a log since, and return where it ends now."""
    with log.open("rb") as file:
        file.seek(offset)
        text = file.read()
    click.echo(text.decode(errors="replace"), err=True, nl=False)
    return offset + len(text)
