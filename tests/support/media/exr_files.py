"""Builders of small EXR files of every shape that renderers write."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from numpy.typing import NDArray

Array = NDArray[Any]
Corner = tuple[int, int]


def write_exr(
    path: Path,
    channels: Mapping[str, Array],
    *,
    at: Corner = (0, 0),
    display: tuple[int, int, int, int] | None = None,
    attributes: Mapping[str, Any] | None = None,
    kind: object = OpenEXR.scanlineimage,
) -> Path:
    """Write one part; ``at`` is the data window's corner, ``display`` is x, y, width, height of the display window."""
    return write_parts(path, {"": channels}, at={"": at}, display=display, attributes={"": attributes or {}}, kind=kind)


def write_parts(
    path: Path,
    parts: Mapping[str, Mapping[str, Array]],
    *,
    at: Mapping[str, Corner] | None = None,
    display: tuple[int, int, int, int] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
    kind: object = OpenEXR.scanlineimage,
) -> Path:
    """Write parts by name; an empty name writes none."""
    made = []
    for name, channels in parts.items():
        height, width = next(iter(channels.values())).shape
        x, y = (at or {}).get(name, (0, 0))
        header = {
            **({"name": name} if name else {}),
            "type": kind,
            "compression": OpenEXR.ZIP_COMPRESSION,
            "dataWindow": _corners(x, y, width, height),
            "displayWindow": _corners(*(display or (x, y, width, height))),
            **(attributes or {}).get(name, {}),
        }
        made.append(OpenEXR.Part(header, {key: np.ascontiguousarray(value) for key, value in channels.items()}))
    OpenEXR.File(made).write(str(path))
    return path


def object_id(name: str) -> int:
    """Return 32 bits for an object's name that are no NaN, infinity or denormal number when read as float."""
    bits = zlib.crc32(name.encode())
    exponent = (bits >> 23) & 0xFF
    return bits ^ (1 << 23) if exponent in {0, 255} else bits


def cryptomatte(
    layer: str, coverage: Mapping[str, Array], *, ranks: int = 4, sidecar: Path | None = None
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the channels and header attributes of a Cryptomatte in which each object covers its share of a pixel."""
    ids = np.array([object_id(name) for name in coverage], np.uint32)
    shares = np.stack([np.asarray(share, np.float32) for share in coverage.values()])
    while len(ids) < ranks:
        ids, shares = np.append(ids, np.uint32(0)), np.concatenate([shares, np.zeros_like(shares[:1])])
    order = np.argsort(-shares, axis=0, kind="stable")[:ranks]
    ranked = np.take_along_axis(shares, order, axis=0)
    names = np.where(ranked > 0, ids[order], 0).astype(np.uint32).view(np.float32)
    channels = {}
    for rank in range(ranks):
        identity, share = ("R", "G") if rank % 2 == 0 else ("B", "A")
        channels[f"{layer}{rank // 2:02}.{identity}"] = names[rank]
        channels[f"{layer}{rank // 2:02}.{share}"] = ranked[rank]
    manifest = json.dumps({name: f"{object_id(name):08x}" for name in coverage})
    key = f"cryptomatte/{object_id(layer):08x}"[:-1]
    attributes = {f"{key}/name": layer, f"{key}/hash": "MurmurHash3_32", f"{key}/conversion": "uint32_to_float32"}
    if sidecar:
        sidecar.write_text(manifest, encoding="utf-8")
        attributes[f"{key}/manif_file"] = sidecar.name
    else:
        attributes[f"{key}/manifest"] = manifest
    return channels, attributes


def _corners(x: int, y: int, width: int, height: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    return np.array([x, y], np.int32), np.array([x + width - 1, y + height - 1], np.int32)
