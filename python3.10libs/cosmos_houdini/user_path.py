"""Paths that begin with ``~`` or ``~name``, as people write them in configurations."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.errors import BadInput


def expand_user(path: Path | str) -> Path:
    """Return a path with the home folder of the user that it names.

    Raises:
        BadInput: this machine knows no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        name = Path(path).parts[0]
        raise BadInput(f"{path}: this machine has no user {name[1:]!r}", action="write the path out") from error
