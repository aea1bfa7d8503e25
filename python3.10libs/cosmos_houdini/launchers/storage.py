"""Items below the root of a host: one command lists them, and one command removes some of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from cosmos_houdini.errors import BadInput, HostError
from cosmos_houdini.hosts.base import Host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers.job_folder import JOBS, Observation
from cosmos_houdini.launchers.poll import parse_poll, poll_script
from cosmos_houdini.launchers.registry import launcher_type, poll_parts
from cosmos_houdini.launchers.shell import assignments, script_part

LIST_TIMEOUT_S = 600.0
REMOVE_TIMEOUT_S = 3600.0
IDLE_MIN = 24 * 60
"""Objects and uploads that were touched within a day may be on their way to a job that does not stand yet."""

_AGE = re.compile(r"age (\d{1,12}) ([A-Za-z0-9][A-Za-z0-9_.-]{0,119})", re.ASCII)
_SIZE = re.compile(r"size (\d{1,15})\s+\./([A-Za-z0-9][A-Za-z0-9_.-]{0,119})", re.ASCII)
_LINK = re.compile(r"link ([A-Za-z0-9][A-Za-z0-9_.-]{0,119}) ([0-9a-f]{64})", re.ASCII)
_OBJECT = re.compile(r"objects (\d{1,12}) (\d{1,18}) \./(([0-9a-f]{2})/\4[0-9a-f]{62})", re.ASCII)
_UPLOAD = re.compile(
    r"(?:objects (\d{1,12}) (\d{1,18}) \./([0-9a-f]{2}/\.[0-9a-f]{32}\.part)"
    r"|incoming (\d{1,12}) (\d{1,18}) \./([0-9a-f]{64}[0-9a-z.]{0,60}))",
    re.ASCII,
)
_CONTAINER = re.compile(r"container ([0-9a-f]{64}) (/.{1,4000})", re.ASCII)

_NAMES = {
    "job": re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,119}"),
    "object": re.compile(r"objects/([0-9a-f]{2})/\1[0-9a-f]{62}"),
    "upload": re.compile(r"objects/[0-9a-f]{2}/\.[0-9a-f]{32}\.part|incoming/[0-9a-f]{64}[0-9a-z.]{0,60}"),
    "container": re.compile(r"[0-9a-f]{64}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """One thing below the root that can be removed.

    Attributes:
        kind: ``job``, ``object``, ``upload`` or ``container``.
        name: the folder's name of a job's attempt; the path of an object or upload below the root; the id of a
            container.
        age_s: since the last sign of life, by the host's own clock.
        bytes: what it takes.
    """

    kind: str
    name: str
    age_s: float = 0.0
    bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItems:
    """All items below the root of a host.

    Attributes:
        jobs: one for each attempt.
        seen: the state of each attempt, by the name of its folder.
        needs: the objects to which the links of an attempt lead, by path below the root.
        objects: complete inputs.
        uploads: incomplete inputs.
        containers: containers that have ended, each with the folder of its attempt.
    """

    jobs: tuple[StoredItem, ...]
    seen: dict[str, Observation]
    needs: dict[str, frozenset[str]]
    objects: tuple[StoredItem, ...]
    uploads: tuple[StoredItem, ...]
    containers: dict[StoredItem, str]


def find_stored_items(host: Host, config: HostConfig) -> StoredItems:
    """Return the items below the root of a host.

    Raises:
        HostError: the connection failed, or the host cannot list them.
    """
    done = host.run(listing_script(host, config), timeout_s=LIST_TIMEOUT_S)
    if done.exit_code:
        raise HostError(f"host {host.name} cannot tell what lies in {host.root}: {_why(done.stderr, done.exit_code)}")
    return parse_stored_items(done.stdout, host.root)


def parse_stored_items(text: str, root: PurePosixPath) -> StoredItems:
    """Return the items that the script printed; names that are not of this project's form are left out.

    Raises:
        HostError: the text is something else, or incomplete.
    """
    listed, found, polled = text.partition("\npoll ")
    now = re.match(r"now (\d{1,12})$", listed, re.ASCII | re.MULTILINE)
    if not now or not found:
        raise HostError(f"the host answered the question for its files with {text[-80:]!r}")
    told = _Listing(now=int(now[1]), lines=tuple(listed.splitlines()))
    needs: defaultdict[str, set[str]] = defaultdict(set)
    for link in told.matches(_LINK):
        needs[link[1]].add(f"objects/{link[2][:2]}/{link[2]}")
    sizes = {match[2]: int(match[1]) * 1024 for match in told.matches(_SIZE)}
    ages = {match[2]: told.age_s(match[1]) for match in told.matches(_AGE)}
    seen = parse_poll(f"poll {polled}", poll_parts())
    return StoredItems(
        jobs=tuple(
            StoredItem(kind="job", name=name, age_s=ages[name], bytes=sizes[name])
            for name in sorted(seen.keys() & sizes.keys() & ages.keys())
        ),
        seen=seen,
        needs={name: frozenset(objects) for name, objects in needs.items()},
        objects=tuple(
            StoredItem(kind="object", name=f"objects/{match[3]}", age_s=told.age_s(match[1]), bytes=int(match[2]))
            for match in told.matches(_OBJECT)
        ),
        uploads=tuple(_upload(told, match) for match in told.matches(_UPLOAD)),
        containers={
            StoredItem(kind="container", name=match[1]): PurePosixPath(match[2]).name
            for match in told.matches(_CONTAINER)
            if PurePosixPath(match[2]).parent == root / JOBS
        },
    )


def remove(host: Host, config: HostConfig, items: Iterable[StoredItem]) -> frozenset[StoredItem]:
    """Remove items and return those that are gone; an item that has become active since the listing stays.

    Raises:
        BadInput: a name could lead out of the root.
        HostError: the connection failed.
    """
    by_line = {f"removed {item.kind} {_checked(item)}": item for item in items}
    script = removal_script(host, config, [line.removeprefix("removed ") for line in by_line])
    done = host.run(script, timeout_s=REMOVE_TIMEOUT_S)
    return frozenset(by_line[line] for line in done.stdout.splitlines() if line in by_line)


def _checked(item: StoredItem) -> str:
    """Return the name of an item if it cannot lead out of the root.

    Raises:
        BadInput: it can.
    """
    if not _NAMES[item.kind].fullmatch(item.name):
        raise BadInput(f"{item.kind} {item.name!r} cannot be removed: it has no name that this project gives")
    return item.name


def removal_script(host: Host, config: HostConfig, wanted: Iterable[str]) -> str:
    """Return the script that removes items, each given as ``KIND NAME``, and prints a line for each that is gone."""
    values = assignments(root=host.root, idle_min=IDLE_MIN, wanted="\n".join(wanted))
    storage = launcher_type(config, host.name).storage
    containers = storage.removal(config) if storage else "remove_container() { false; }\n"
    return containers + values + script_part("common/remove")


def listing_script(host: Host, config: HostConfig) -> str:
    """Return the script that lists the items below the root of a host; ``parse_stored_items`` reads its output."""
    storage = launcher_type(config, host.name).storage
    containers = storage.listing(config) if storage else ""
    poll = poll_script(host.root, None, tail_bytes=0, config=config, parts=poll_parts())
    return assignments(root=host.root) + script_part("common/storage") + containers + poll


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """The lines that a host printed, and its clock."""

    now: int
    lines: tuple[str, ...]

    def matches(self, pattern: re.Pattern[str]) -> Iterable[re.Match[str]]:
        return (match for line in self.lines if (match := pattern.fullmatch(line)))

    def age_s(self, time: str) -> float:
        return float(max(0, self.now - int(time)))


def _upload(told: _Listing, match: re.Match[str]) -> StoredItem:
    folder = "objects" if match[1] else "incoming"
    time, size, name = (group for group in match.groups() if group)
    return StoredItem(kind="upload", name=f"{folder}/{name}", age_s=told.age_s(time), bytes=int(size))


def _why(errors: str, exit_code: int) -> str:
    return (errors.strip().splitlines() or [f"exit code {exit_code}"])[-1]
