"""Which configuration files count: those that only the user and root can have written, and those of trusted folders.

The owner counts as for Git's ``safe.directory``, and the permission bits as for OpenSSH's ``StrictModes``. The standard
library tells no owner on Windows; there, every file counts.
"""

from __future__ import annotations

import os
import shlex
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from cosmos_houdini.errors import BadInput, CosmosError
from cosmos_houdini.hosts.files import arriving, make_private_folder
from cosmos_houdini.yaml_text import read_yaml_file

LIST_NAME = "trusted-folders.yaml"
"""The file beside the user's own configuration that names trusted and ignored folders."""
HARMLESS_HOST_KEYS = frozenset(
    {
        *("bandwidth_mb_per_s", "gpus", "jobs_per_gpu", "price_per_hour", "stalled_after_min", "time"),
        *("partition", "account", "qos", "gres"),
    }
)
"""The keys of a host that change neither what runs nor where, nor what it is given."""


class FolderTrust(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The user's word on folders of configuration files.

    Attributes:
        trusted: their files count, and may change hosts of the user's own file.
        ignored: commands go on without their files.
    """

    trusted: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def is_trusted(self, folder: Path) -> bool:
        """Whether the user trusts who may write there."""
        return _key(folder) in self.trusted

    def is_ignored(self, folder: Path) -> bool:
        """Whether the user wants commands to go on without the file there."""
        return _key(folder) in self.ignored


def read_trust(list_file: Path) -> FolderTrust:
    """Return the user's word; none where there is no such file.

    Raises:
        BadInput: others may have written the file, or it holds something else.
    """
    if not list_file.is_file():
        return FolderTrust()
    why = find_doubt(list_file)
    if why:
        raise BadInput(f"the list of trusted folders {list_file} does not count: {why}", action=_mended(list_file))
    try:
        return msgspec.convert(read_yaml_file(list_file) or {}, FolderTrust)
    except msgspec.ValidationError as error:
        raise BadInput(
            f"{list_file} is no list of trusted folders: {error}",
            action="correct or remove it; `config trust` and `config ignore` write it",
        ) from error


def write_trust(list_file: Path, folder: Path, *, ignored: bool) -> None:
    """Note that the user trusts a folder, or that commands go on without its file; the last word counts.

    Raises:
        BadInput: ``folder`` is none, or the list cannot be read or written.
        DiskFull: there is no room for the list.
    """
    if not folder.is_dir():
        raise BadInput(f"{folder} is no folder", action="name the folder that holds the configuration file")
    before, key = read_trust(list_file), _key(folder)
    lists = {
        "trusted": [*sorted({*before.trusted, key} - ({key} if ignored else set()))],
        "ignored": [*sorted({*before.ignored, key} - (set() if ignored else {key}))],
    }
    make_private_folder(list_file.parent, _unwritten)
    with arriving(list_file, _unwritten, mode=0o600) as write:
        write(yaml.safe_dump(lists, allow_unicode=True).encode())


def refuse_doubtful(path: Path, trust: FolderTrust) -> None:
    """Refuse a configuration file that does not count.

    Raises:
        BadInput: others may have written it, and the user has not trusted its folder.
    """
    why = "" if trust.is_trusted(path.parent) else find_doubt(path)
    if why:
        folder = shlex.quote(str(path.parent))
        raise BadInput(
            f"the configuration {path} does not count: {why}",
            allowed="files of yours or of root that nobody else may write, in such folders",
            action=f"`cosmos-houdini config trust {folder}` if you trust everybody who may write there, "
            f"`cosmos-houdini config ignore {folder}` to go on without it",
        )


def find_doubt(path: Path) -> str:
    """Return why somebody other than the user and root can have written a file; empty where nobody can.

    A link counts as its target does, and only where nobody else can have made it.
    """
    places = {"it": path, f"its folder {path.parent}": path.parent}
    if path.is_symlink():
        target = path.resolve()
        places |= {f"its target {target}": target, f"the folder {target.parent} of its target": target.parent}
    try:
        return next((why for name, place in places.items() if (why := _doubt_of(name, place.lstat()))), "")
    except OSError as error:
        return f"its owner cannot be told: {error.strerror}"


if sys.platform == "win32":

    def _doubt_of(_name: str, _status: os.stat_result) -> str:
        """Say nothing: the standard library tells no owner here."""
        return ""

else:
    import grp
    import pwd

    def _doubt_of(name: str, status: os.stat_result) -> str:
        if status.st_uid not in {0, os.geteuid()}:
            return f"{name} belongs to {_user_name(status.st_uid)}, and neither to you nor to root"
        if stat.S_ISLNK(status.st_mode):
            return ""  # The mode of a link means nothing.
        if status.st_mode & 0o002 or (status.st_mode & 0o020 and not _is_private_group(status)):
            return f"others may write to {name}, which has mode {stat.S_IMODE(status.st_mode):04o}"
        return ""

    def _user_name(uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"user {uid}"

    def _is_private_group(status: os.stat_result) -> bool:
        """Whether the group of a file is that of its owner alone, as useradd makes one for each user.

        With such groups, systems have a umask of 0002, and every file may be written by its group.
        """
        try:
            owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid)
        except KeyError:
            # In a container, often neither has a name.
            return status.st_uid == status.st_gid
        return group.gr_name == owner and set(group.gr_mem) <= {owner}


def refuse_changes(path: Path, data: Mapping[str, Any], own_file: Path, own: Mapping[str, Any]) -> None:
    """Refuse a project file that changes where the user's own hosts are, what they run, or what they are given.

    Args:
        path: the project file.
        data: its content.
        own_file: the user's own file.
        own: its content.

    Raises:
        BadInput: it does; a key of HARMLESS_HOST_KEYS may change.
    """
    for key, value in _changes(data, own):
        raise BadInput(
            f"{path}: {key} = {value!r}: your own file {own_file} defines it, and a project file may not change it",
            allowed=f"for a host of yours: {', '.join(sorted(HARMLESS_HOST_KEYS))}",
            action="remove the key, give the host a name of its own, "
            f"or let it be changed: `cosmos-houdini config trust {shlex.quote(str(path.parent))}`",
        )


def _changes(data: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    own_hosts = {str(name): host for name, host in _mapping(own, "hosts").items()}
    for name, host in _mapping(data, "hosts").items():
        mine = own_hosts.get(str(name))
        if mine is None:
            continue
        if not isinstance(host, dict) or not isinstance(mine, dict):
            yield f"hosts.{name}", host
            continue
        for key, value in host.items():
            if key not in HARMLESS_HOST_KEYS and (key not in mine or mine[key] != value):
                yield f"hosts.{name}.{key}", value
    own_programs = _mapping(own, "programs")
    for key, value in _mapping(data, "programs").items():
        if key in own_programs and own_programs[key] != value:
            yield f"programs.{key}", value


def _mapping(data: Mapping[str, Any], key: str) -> Mapping[Any, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _key(folder: Path) -> str:
    """Return how a folder stands in the list."""
    return os.path.normcase(folder.resolve())


def _mended(path: Path) -> str:
    return f"if its content is yours, `chmod go-w {shlex.quote(str(path))} {shlex.quote(str(path.parent))}`"


def _unwritten(problem: str) -> CosmosError:
    return BadInput(problem, action="mend the user's configuration folder")
