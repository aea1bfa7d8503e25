"""How long a job may run, as Slurm spells it (``sbatch --time``), on hosts with and without Slurm."""

from __future__ import annotations

import re

from cosmos_houdini.errors import BadInput

_LIMIT = re.compile(
    r"(?:(?P<days>\d{1,4})-(?P<hours>\d{1,2})(?::(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}))?)?"
    r"|(?P<h>\d{1,4}):(?P<m>\d{1,2}):(?P<s>\d{1,2})|(?P<mm>\d{1,6})(?::(?P<ss>\d{1,2}))?)",
    re.ASCII,
)


def seconds(text: str) -> int:
    """Return the seconds of a time limit.

    >>> seconds("90"), seconds("90:30"), seconds("02:00:00"), seconds("1-12"), seconds("1-00:00:30")
    (5400, 5430, 7200, 129600, 86430)

    Raises:
        BadInput: it is no time limit, or none at all.
    """
    found = _LIMIT.fullmatch(text.strip())
    if found:
        told = {name: int(value) for name, value in found.groupdict(default="0").items()}
        hours = told["days"] * 24 + told["hours"] + told["h"]
        minutes = hours * 60 + told["minutes"] + told["m"] + told["mm"]
        limit_s = minutes * 60 + told["seconds"] + told["s"] + told["ss"]
        if limit_s:
            return limit_s
    raise BadInput(f"the host's time {text!r} is no limit", allowed="minutes, hours:minutes:seconds or days-hours")
