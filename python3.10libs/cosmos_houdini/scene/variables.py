"""The ``.variables`` entry of a scene: ``set -g NAME = 'value'``, one a line, and what it says about the saving."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

_SET = re.compile(r"^set -[gl] (\w+) = '(.*)'\s*$", re.MULTILINE)
_QUARTER_S = 15 * 60
_ZONE_LIMIT_S = 14 * 3600
_SAVING_LIMIT_S = 60


def parse_variables(text: str) -> Mapping[str, str]:
    r"""Return the variables of a scene, global and local ones.

    >>> parse_variables("set -g JOB = 'C:/jobs/a'\nset -g status = '0'\n")
    {'JOB': 'C:/jobs/a', 'status': '0'}
    """
    return {name: value.replace("\\'", "'") for name, value in _SET.findall(text)}


def saved_at(variables: Mapping[str, str], written_s: int) -> str | None:
    """Return when a scene was saved, in ISO 8601.

    The scene keeps the wall clock of the artist's machine, the archive the seconds since the epoch; their difference
    is the distance to UTC. Where it is none (the archive was written again later), the wall clock stands alone.

    >>> saved_at({"_HIP_SAVETIME": "Thu Jun  4 10:42:29 2020"}, 1591224149)
    '2020-06-04T10:42:29+12:00'

    Args:
        variables: those of the scene.
        written_s: when the archive was written, in seconds since the epoch; 0 where that is unknown.
    """
    utc = datetime.fromtimestamp(written_s, timezone.utc) if written_s else None
    try:
        local = datetime.strptime(variables["_HIP_SAVETIME"], "%a %b %d %H:%M:%S %Y")  # noqa: DTZ007 - that is the point
    except (KeyError, ValueError):
        return utc.isoformat() if utc else None
    if utc is None:
        return local.isoformat()
    distance_s = (local - utc.replace(tzinfo=None)).total_seconds()
    zone_s = round(distance_s / _QUARTER_S) * _QUARTER_S
    if abs(zone_s) > _ZONE_LIMIT_S or abs(distance_s - zone_s) > _SAVING_LIMIT_S:
        return local.isoformat()
    return local.replace(tzinfo=timezone(timedelta(seconds=zone_s))).isoformat()
