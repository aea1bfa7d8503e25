"""The conversion that a job's videos came from, kept so that its result finds the plate later.

The description of the videos, ``metadata.json``, lies beside the colour video. The next conversion into the same folder
replaces it. So the project keeps it, by the hash of the colour video, when a job is queued, and each result has its own
copy. The copy is ``conversion.json``; the Houdini ring reads it too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.media.videos.metadata import FILE_NAME, read_metadata
from cosmos_houdini.model.control import Pass
from cosmos_houdini.model.project_folders import RESULTS
from cosmos_houdini.model.request import Clip
from cosmos_houdini.whole_file import write_whole

CONVERSION = "conversion.json"
"""The copy beside a result."""

FOLDER = "conversions"
"""The folder of the kept descriptions, beside the store."""

# The folders below the project in which ``submit``, ``convert-sequence`` and the TOP nodes put videos.
_PLACES = (f"{RESULTS}/*", f"{RESULTS}/*/*", f"{RESULTS}/*/*/*", "*", "*/*")
# The first frames of a video that were cut out for a scout: the hash of the whole video, and how many.
_CUT = re.compile(r"(?P<whole>[0-9a-f]{64})-(?P<frames>\d+)\.mp4")


@dataclass(frozen=True, slots=True, kw_only=True)
class _ColorVideo:
    """The colour video of a job: the hash of the whole one, its folder if known, and how many frames were taken."""

    sha256: str
    folder: Path | None
    frames: int

    @classmethod
    def of(cls, record: JobRecord) -> _ColorVideo:
        video = record.request["video"]
        path = Path(record.inputs.get(video["sha256"], video["sha256"]))
        if cut := _CUT.fullmatch(path.name):
            return cls(sha256=cut["whole"], folder=None, frames=int(cut["frames"]))
        return cls(sha256=str(video["sha256"]), folder=path.parent, frames=int(video["frames"]))


def keep_conversions(store_folder: Path, records: Iterable[JobRecord]) -> None:
    """Keep the descriptions of jobs' videos in the folder of the store; videos without one are left aside."""
    for video in {(video.sha256, video.folder) for video in map(_ColorVideo.of, records)}:
        _keep(store_folder, *video)


def keep_conversion(store_folder: Path, clip: Clip) -> None:
    """Keep the description of a whole colour video of which a part is about to be used."""
    _keep(store_folder, clip.sha256, clip.path.parent)


def copy_conversion(store_folder: Path, record: JobRecord, results: Path) -> None:
    """Write ``conversion.json`` beside a result; nothing is written where the description is not known."""
    video = _ColorVideo.of(record)
    if found := _known(store_folder, video):
        _write(results / CONVERSION, _taken(found, video))


def kept_conversion(store_folder: Path, record: JobRecord) -> Mapping[str, Any]:
    """Return the document of a job's videos as the store's folder or theirs has it; empty if neither does."""
    return _known(store_folder, _ColorVideo.of(record))


def find_conversion(project: Path, store_folder: Path, record: JobRecord) -> Mapping[str, Any]:
    """Return the document of a job's videos, as ``metadata.json`` held it when they were made.

    The places are, in this order: the copy beside the result, the store's, the folder of the colour video, and the
    folders of the project. Only a description of exactly this colour video counts.

    Args:
        project: the folder of the project.
        store_folder: the folder of its store.
        record: the job.

    Returns:
        The document, with the number of frames that the job took; empty where the job was made of no shot, or nothing
        is left that describes it.
    """
    video = _ColorVideo.of(record)
    found = _describes(record.results / CONVERSION, video.sha256) or _known(store_folder, video)
    if found:
        return _taken(found, video)
    folders = (file.parent for place in _PLACES for file in sorted(project.glob(f"{place}/{FILE_NAME}")))
    return next((_taken(read, video) for folder in folders if (read := _read(folder, video.sha256))), {})


def descriptions(store_folder: Path, record: JobRecord) -> list[Mapping[str, Any]]:
    """Return all descriptions of exactly a job's videos: beside its result, of the store's folder, and beside them."""
    video = _ColorVideo.of(record)
    files = [record.results / CONVERSION, store_folder / FOLDER / f"{video.sha256}.json"]
    files += [video.folder / FILE_NAME] if video.folder is not None else []
    return [found for file in files if (found := _describes(file, video.sha256))]


def _keep(store_folder: Path, sha256: str, folder: Path | None) -> None:
    kept = store_folder / FOLDER / f"{sha256}.json"
    if folder is not None and not kept.is_file() and (found := _read(folder, sha256)):
        _write(kept, found)


def _known(store_folder: Path, video: _ColorVideo) -> Mapping[str, Any]:
    kept = _describes(store_folder / FOLDER / f"{video.sha256}.json", video.sha256)
    return kept or (_read(video.folder, video.sha256) if video.folder is not None else {})


def _taken(document: Mapping[str, Any], video: _ColorVideo) -> Mapping[str, Any]:
    """Return a description with as many frames as the job took, as if each video had no more."""
    frames = min(video.frames, document["frames"])
    videos = {pass_: {**each, "frames": frames} for pass_, each in document["videos"].items()}
    return {**document, "frames": frames, "videos": videos}


def _read(folder: Path, sha256: str) -> Mapping[str, Any]:
    """Return the description in a folder of videos if it is that of the colour video; else an empty one."""
    if not (folder / FILE_NAME).is_file():
        return {}
    try:
        document = read_metadata(folder)
    except (BadInput, OSError):
        return {}
    return document if _is_of(document, sha256) else {}


def _describes(path: Path, sha256: str) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        document: Any = read_json_file(path)
    except (BadInput, OSError):
        return {}
    return document if isinstance(document, dict) and _is_of(document, sha256) else {}


def _is_of(document: Mapping[str, Any], sha256: str) -> bool:
    try:
        return bool(document["videos"][Pass.COLOR]["sha256"] == sha256)
    except (KeyError, TypeError):
        return False


def _write(path: Path, document: Mapping[str, Any]) -> None:
    """Write a description whole, or not at all."""
    write_whole(path, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
