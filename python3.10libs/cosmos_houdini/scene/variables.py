"""The ``.variables`` entry of a scene: lines of ``set -g NAME = 'value'``, and the time of saving from them."""

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

    The scene holds the local time of the artist's machine, and the archive holds the seconds since the epoch. Their
    difference is the UTC offset. If the difference is no possible offset, because the archive was written again later,
    the result is the local time without an offset.

    >>> saved_at({"_HIP_SAVETIME": "Thu Jun  4 10:42:29 2020"}, 1591224149)
    '2020-06-04T10:42:29+12:00'

    Args:
        variables: the variables of the scene.
        written_s: when the archive was written, in seconds since the epoch; 0 if that is unknown.
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
