"""The folders of a root belong to the user alone, or nothing in them is used.

Another user who may write to one of them could replace the script of a job, which then runs as the user and reads the
secrets of the job. The host looks before each script (``ownership.sh``), and this module says what it found.
"""

from __future__ import annotations

import re
import shlex
from functools import cache
from importlib import resources
from pathlib import PurePosixPath
from typing import Final

from cosmos_houdini.errors import HostError
from cosmos_houdini.hosts.base import Host

FOLDERS: Final = ("jobs", "objects", "locks", "incoming", "proofs")
"""All folders that this project makes directly in a root."""
FOREIGN_EXIT: Final = 77
"""Exit code of a script that refuses a folder; Berkeley's sysexits.h has it for a lack of permission."""

# The mode as POSIX `ls -l` spells it; a sign for an access list may follow.
_FOREIGN = re.compile(
    r"^cosmos-houdini: foreign (?P<mode>[a-z-](?:[r-][w-][xsStT-]){3})\S* (?P<owner>\S+) (?P<user>\S+) (?P<path>/.*)$",
    re.MULTILINE,
)


@cache
def ownership_script() -> str:
    """Return the shell functions ``owned FOLDER...``, which ends the script, and ``is_own PATH``.

    They read the variable ``judged``, which is empty where owners and modes mean nothing.
    """
    return resources.files(__package__).joinpath("ownership.sh").read_text(encoding="utf-8")


def check_owned(host: Host, folder: PurePosixPath) -> None:
    """Refuse a folder below the root of a host that is not the user's alone; a missing one is not refused.

    Raises:
        HostError: another user owns it, or others may write to it, or it is a link.
    """
    host.run(f"owned {shlex.quote(str(folder))}")


def refused(host: str, exit_code: int, errors: str) -> HostError | None:
    """Return the error of a script that has refused a folder, or None for any other script.

    Args:
        host: the name in the configuration.
        exit_code: of the script.
        errors: what it printed on standard error.
    """
    told = _FOREIGN.search(errors) if exit_code == FOREIGN_EXIT else None
    if told is None:
        return None
    path, owner, user, mode = told["path"], told["owner"], told["user"], _octal(told["mode"])
    elsewhere = f"set hosts.{host}.root to a folder that only {user} can write to"
    if told["mode"].startswith("l"):
        return HostError(
            f"{path} on host {host} is a link (of {owner}) and no folder of {user}; nothing in it is used",
            action=f"put a folder in its place, or {elsewhere}",
        )
    if owner != user:
        return HostError(
            f"{path} on host {host} belongs to {owner} and not to {user} (mode {mode}); nothing in it is used",
            action=f"{elsewhere}, or remove {path} there",
        )
    return HostError(
        f"other users may write to {path} on host {host} (owner {owner}, mode {mode}); nothing in it is used",
        action=f"look at what lies in it, then `chmod go-w {path}` there, or {elsewhere}",
    )


def _octal(mode: str) -> str:
    """Return a mode as ``chmod`` takes it.

    >>> _octal("drwxrwxrwt"), _octal("drwx------")
    ('1777', '0700')
    """
    triples = [mode[start : start + 3] for start in (1, 4, 7)]
    special = sum(bit for bit, triple in zip((4, 2, 1), triples, strict=True) if triple[2] in "sStT")
    digits = [4 * (bits[0] == "r") + 2 * (bits[1] == "w") + (bits[2] in "xst") for bits in triples]
    return "".join(map(str, (special, *digits)))
