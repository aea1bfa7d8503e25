"""Brings a task to its host: inputs as objects named by their hash, links to them, and the small text files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from cosmos_houdini.errors import BadInput, DiskFull, HostError
from cosmos_houdini.hosts.base import Host, OnProgress, Transfer
from cosmos_houdini.hosts.disk_room import free_bytes
from cosmos_houdini.hosts.script import TIMEOUT
from cosmos_houdini.hosts.transfer.chunks import joining_bytes
from cosmos_houdini.hosts.transfer.script import DIGESTS
from cosmos_houdini.launchers.base import Task
from cosmos_houdini.launchers.job_folder import LOCKS, OBJECTS, PROOFS
from cosmos_houdini.launchers.shell import assignments, quoted, script_part, words
from cosmos_houdini.model.request import Site

REQUEST = "request.json"
ENGINE_VERSION = "engine_version"

_HASH_RATE_BYTES_PER_S = 20e6
_INPUTS_TIMEOUT_S = 1800.0
# Where a file is executable already, its ctime and so its proof stay as they are.
_STARTABLE = """\
make_startable() {
    [ -x "$1" ] || chmod u+x "$1" || exit 1
    [ -x "$1" ] || {
        echo "its disk starts no programs (noexec): put the root on another disk, or install the program there" >&2
        exit 1
    }
}"""
_STAGE = ("common/objects", "common/stage")
_DAMAGED = re.compile(r"damaged ([0-9a-f]{2})/(\1[0-9a-f]{62})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Object:
    """A file of this machine under the name that its content has on the host."""

    path: Path
    sha256: str
    size: int

    @property
    def place(self) -> str:
        """The path below the folder of objects."""
        return f"{self.sha256[:2]}/{self.sha256}"


def stage(
    host: Host, task: Task, request_document: Mapping[str, Any], *, on_progress: OnProgress | None = None
) -> bool:
    """Make the job's folder on the host complete but for its start; what is there already is not sent again.

    It may be called again after any interruption, and does nothing to a job that was started. The secrets and
    ``run.sh`` are written by the launcher at the start; ``request.json`` comes last and says that all is there.

    Args:
        host: where to.
        task: what is to run.
        request_document: what ``request.json`` holds.
        on_progress: told how far the sending is; what it raises stops it.

    Returns:
        Whether the job was not started yet.

    Raises:
        BadInput: an input that cannot be read, or a path that would leave the job's folder.
        DiskFull: the host has less room than the missing inputs need.
        HostError: an input arrives damaged again and again, or the host lacks a program to check it.
    """
    invocation = task.invocation
    for relative in (*invocation.inputs, *invocation.files):
        _check_inside(task, relative)
    inputs = _objects(invocation.inputs)
    missing = _survey(host, task, {*inputs.values()})
    if missing is None:
        return False
    _send(host, task, missing, on_progress)
    _link(host, task, inputs)
    document = json.dumps(request_document, indent=2, ensure_ascii=False, sort_keys=True)
    texts = {**invocation.files, REQUEST: document}
    host.write_all({task.site.folder / name: text.encode("utf-8", "surrogateescape") for name, text in texts.items()})
    return True


def find_damaged_inputs(host: Host, site: Site, *, again: bool) -> tuple[str, ...]:
    """Return the SHA-256 of each input of a job that the host holds with another content; the next ``stage`` sends it.

    Args:
        host: where the job has run.
        site: of the job.
        again: whether to hash all inputs, also those that were proven since the host was started.

    Raises:
        HostError: the connection failed.
    """
    root = site.folder.parent.parent
    values = assignments(here=site.folder, objects=root / OBJECTS, proofs=root / PROOFS, again="yes" if again else "")
    script = values + DIGESTS + script_part("common/objects") + "prove_inputs\n"
    done = host.run(script, timeout_s=_INPUTS_TIMEOUT_S)
    found = (_DAMAGED.fullmatch(line) for line in done.stdout.splitlines())
    return tuple(told[2] for told in found if told)


def _check_inside(task: Task, relative: str) -> None:
    path = PurePosixPath(relative)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\n" in relative or "\0" in relative:
        raise BadInput(f"job {task.job_id} has a file {relative!r}", allowed="paths inside the job's folder")


def _objects(inputs: Mapping[str, Path]) -> dict[str, _Object]:
    known: dict[Path, _Object] = {}
    for path in inputs.values():
        if path not in known:
            known[path] = _object(path)
    return {relative: known[path] for relative, path in inputs.items()}


def _object(path: Path) -> _Object:
    digest = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
    except OSError as error:
        raise BadInput(f"the input {path} cannot be read: {error.strerror}") from error
    return _Object(path=path, sha256=digest.hexdigest(), size=size)


def _survey(host: Host, task: Task, objects: set[_Object]) -> tuple[_Object, ...] | None:
    """Make the folders and return the objects that the host lacks, or None where the job was started before.

    An object whose content is not that of its name counts as lacking.

    Raises:
        DiskFull: they would not fit.
    """
    root, folder = task.site.folder.parent.parent, task.site.folder
    by_place = {item.place: item for item in sorted(objects, key=lambda item: item.place)}
    script = stage_script(task, {place: item.size for place, item in by_place.items()})
    timeout_s = 60 + sum(item.size for item in by_place.values()) / _HASH_RATE_BYTES_PER_S
    told, _, disk = _ran(host, script, f"prepare {folder}", timeout_s=timeout_s).partition("disk\n")
    if told.strip() == "started":
        return None
    names = [line.removeprefix("missing ").removeprefix("damaged ") for line in told.splitlines()]
    missing = tuple(by_place[name] for name in names if name in by_place)
    sizes = [item.size for item in missing]
    _check_room(host, root, disk, sum(sizes) + joining_bytes(sizes))
    return missing


def stage_script(task: Task, sizes: Mapping[str, int]) -> str:
    """Return the script that makes the folders of a job, and prints the missing objects and the free room.

    Args:
        task: gives the folders.
        sizes: bytes of each object by its place below the folder of objects.
    """
    root, folder = task.site.folder.parent.parent, task.site.folder
    relatives = (*task.invocation.inputs, *task.invocation.files)
    folders = {str(folder / PurePosixPath(relative).parent) for relative in relatives}
    folders |= {str(root / OBJECTS / place[:2]) for place in sizes}
    made = (root / LOCKS, root / OBJECTS, root / PROOFS, task.site.inputs, task.site.outputs)
    folders |= {str(path) for path in (*made, folder)}
    wanted = "\n".join(f"{place} {size}" for place, size in sizes.items())
    values = assignments(here=folder, objects=root / OBJECTS, proofs=root / PROOFS, wanted=wanted)
    return f"{values}set -- {words(sorted(folders))}\n{DIGESTS}{''.join(map(script_part, _STAGE))}"


def _check_room(host: Host, root: PurePosixPath, disk: str, needed: int) -> None:
    free = free_bytes(disk)
    if free is not None and needed > free:
        raise DiskFull(
            f"host {host.name} has {free / 1e6:.1f} MB free in {root}, and {needed / 1e6:.1f} MB are needed",
            action="free some room there and run the same command again",
        )


def _send(host: Host, task: Task, missing: Iterable[_Object], on_progress: OnProgress | None) -> None:
    objects = task.site.folder.parent.parent / OBJECTS
    host.put_many(
        [
            Transfer(local=item.path, remote=objects / item.place, bytes=item.size, sha256=item.sha256)
            for item in missing
        ],
        on_progress=on_progress,
    )


def _link(host: Host, task: Task, inputs: Mapping[str, _Object]) -> None:
    """Link each input to its object, by a relative path, which also holds where the root is mounted elsewhere.

    The version of the engine is written down beside them: here, all that the program is made of is on the host.
    """
    if not inputs and not task.invocation.version:
        return
    lines = [_STARTABLE, f"cd {quoted(str(task.site.folder))} || exit 1"]
    for relative, item in inputs.items():
        target = "../" * (len(PurePosixPath(relative).parts) + 1) + f"{OBJECTS}/{item.place}"
        lines.append(f"ln -sfn {quoted(target)} {quoted('./' + relative)} || exit 1")
        if relative in task.invocation.executables:
            lines.append(f"make_startable {quoted('./' + relative)}")
    if task.invocation.version:
        lines += [
            TIMEOUT,
            f"within 10 {words(task.invocation.version)} </dev/null 2>/dev/null |",
            f"    head -n 1 | cut -c 1-200 >{ENGINE_VERSION} || :",
        ]
    _ran(host, "\n".join(lines) + "\n", f"link the inputs of job {task.job_id}")


def _ran(host: Host, script: str, purpose: str, *, timeout_s: float = 60.0) -> str:
    done = host.run(script, timeout_s=timeout_s)
    if done.exit_code:
        raise HostError(f"host {host.name} cannot {purpose}: {done.stderr.strip() or f'exit code {done.exit_code}'}")
    return done.stdout
