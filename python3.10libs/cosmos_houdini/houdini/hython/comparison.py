"""The scene as Houdini evaluates it beside the scene as it was read without Houdini."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

RELATIVE_TOLERANCE = 1e-4
ABSOLUTE_TOLERANCE = 1e-4
_WALL_CLOCK = len("2020-06-04T10:42:29")
_AXES = "xyz"
# field of the document -> the parameters that the offline reader names when it cannot tell the field
_FIELDS = {
    "focal_mm": ("focal", "focalLength", "focalunits"),
    "aperture_mm": ("aperture", "horizontalAperture"),
    "near": ("near", "clippingRange", "clippingRange1", "clippingRangex"),
    "far": ("far", "clippingRange", "clippingRange2", "clippingRangey"),
    "resolution": ("res", "resx", "resy"),
    "pixel_aspect": ("aspect",),
}
_VECTORS = {"translate": "t", "rotate": "r"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One value that Houdini and the offline reader tell differently.

    Attributes:
        what: the value's place, for example ``/obj/cam1 translate``.
        houdini: the value in Houdini; None where Houdini has none.
        offline: the value of the offline reader; None where it has none.
    """

    what: str
    houdini: object
    offline: object

    def __str__(self) -> str:
        return f"{self.what}: Houdini {self.houdini}, offline {self.offline}"


def compare_scenes(houdini: Mapping[str, Any], offline: Mapping[str, Any]) -> list[Difference]:
    """Return where two documents of ``scene --json`` differ beyond rounding.

    Values that the offline reader names as unresolved are not compared, because it claims nothing about them. The time
    zone of the time of saving is not compared either, because Houdini does not give it.
    """
    found = [
        *_of_fields("scene", houdini, offline, set(offline) - {"schema", "path", "cameras", "outputs", "saved_at"}),
        *_of_clock(houdini, offline),
    ]
    for part, name in (("cameras", "camera"), ("outputs", "output")):
        ours = {item["path"]: item for item in houdini[part]}
        theirs = {item["path"]: item for item in offline[part]}
        for path in sorted({*ours, *theirs}):
            if path not in ours or path not in theirs:
                found.append(Difference(what=f"{name} {path}", houdini=path in ours, offline=path in theirs))
                continue
            fields = set(theirs[path]) - unresolved_fields(theirs[path]) - {"unresolved", "samples"}
            found += _of_fields(path, ours[path], theirs[path], fields)
            found += _of_samples(path, ours[path], theirs[path])
    return found


def unresolved_fields(camera: Mapping[str, Any]) -> set[str]:
    """Return the fields of a camera about which the offline reader claims nothing."""
    names = set(camera.get("unresolved", ()))
    fields = {field for field, parms in _FIELDS.items() if names & set(parms)}
    fields |= {field for field, parm in _VECTORS.items() if names & {parm, *(f"{parm}{axis}" for axis in _AXES)}}
    # An unresolved value may be driven by keys of an unknown kind, or by none.
    return fields | {"keyframes", "animated"} if fields else fields


def _of_fields(
    what: str, houdini: Mapping[str, Any], offline: Mapping[str, Any], fields: set[str]
) -> Iterator[Difference]:
    for field in sorted(fields):
        if not _alike(houdini.get(field), offline[field]):
            yield Difference(what=f"{what} {field}", houdini=houdini.get(field), offline=offline[field])


def _of_clock(houdini: Mapping[str, Any], offline: Mapping[str, Any]) -> Iterator[Difference]:
    ours, theirs = (str(document["saved_at"] or "")[:_WALL_CLOCK] for document in (houdini, offline))
    if ours and theirs and ours != theirs:
        yield Difference(what="scene saved_at", houdini=ours, offline=theirs)


def _of_samples(path: str, houdini: Mapping[str, Any], offline: Mapping[str, Any]) -> Iterator[Difference]:
    """Give the first frame at which the samples of a camera differ: all others follow from it."""
    fields = {"translate", "rotate", "focal_mm"} - unresolved_fields(offline)
    for ours, theirs in zip(houdini.get("samples", ()), offline.get("samples", ()), strict=True):
        found = list(_of_fields(f"{path} frame {theirs['frame']}", ours, theirs, fields | {"frame"}))
        if found:
            yield from found
            return


def _alike(one: object, other: object) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=RELATIVE_TOLERANCE, abs_tol=ABSOLUTE_TOLERANCE)
    return one == other
