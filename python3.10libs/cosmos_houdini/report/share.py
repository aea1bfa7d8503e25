"""A report to send: chosen runs with their clips in one HTML file, in a ZIP, and nothing else that is known of them."""

from __future__ import annotations

import io
import zipfile
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.model.text_enum import TextEnum
from cosmos_houdini.report.page import render_page
from cosmos_houdini.report.page_clips import PageClips, SourceClips, run_clip
from cosmos_houdini.report.page_data import PageInput, Shown, build_page_data
from cosmos_houdini.whole_file import write_whole

SUFFIX = ".zip"
MOST_MB = 200
"""Larger pages open slowly, or not at all, on a phone."""


class SharePart(TextEnum):
    """A part of a report that a shared one has only on request."""

    NAMES = "names"
    NOTES = "notes"
    RATINGS = "ratings"
    PROMPTS = "prompts"
    PARAMETERS = "parameters"
    MEASURES = "measures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A report to send.

    Attributes:
        path: of the ZIP file.
        parts: what it has beside the pictures; without names, runs are called Version 1 and so on.
    """

    path: Path
    parts: frozenset[SharePart] = frozenset({SharePart.NAMES})

    def check(self) -> None:
        """Refuse a file of another kind.

        Raises:
            BadInput: the name does not end in ``.zip``.
        """
        if self.path.suffix.lower() != SUFFIX:
            raise BadInput(f"{self.path} is no name of a ZIP file", allowed=f"a name that ends in {SUFFIX}")


def write_share(share: Share, given: PageInput, folder: Path) -> int:
    """Write the file, whole or not at all, and return the number of its runs.

    The picked runs are sent, or all that have a result where none is picked.

    Args:
        share: the file and its parts.
        given: of the report.
        folder: of the report, with its clips.

    Raises:
        BadInput: no run can be shown, or the file would be too large.
    """
    share.check()
    chosen = _choose(given)
    if not chosen:
        raise BadInput(f"no run of {given.report.name} has a result to share", action="run the batch first")
    sources = sorted({at for number in chosen if (at := given.clips.of_run[number - 1]) is not None})
    names = [*(name for at in sources for name in _source_clips(given.clips.sources[at])), *map(run_clip, chosen)]
    embedded = {name: _embed(folder, given, name) for name in names}
    size_mb = sum(map(len, embedded.values())) / 1e6
    if size_mb > MOST_MB:
        raise BadInput(
            f"{share.path} would have {size_mb:.0f} MB",
            allowed=f"at most {MOST_MB} MB, which a phone still opens",
            action="pick fewer runs on the page, save the ratings, and name their file with --ratings",
        )
    page = render_page(_page_data(share, given, names), plain=_figures(share, given, chosen, embedded), is_whole=True)
    stem = share.path.stem
    write_whole(share.path, _zipped(f"{stem}/{stem}.html", page))
    return len(chosen)


def _choose(given: PageInput) -> list[int]:
    """Return the numbers of the picked runs, or of all with a clip."""
    shown = [number for number, _ in enumerate(given.report.entries, 1) if run_clip(number) in given.clips.clips]
    judged = (given.ratings or {}).get("runs", [])
    keys = {one["key"] for one in judged if one["picked"]}
    picked = [
        number for number in shown if (row := given.report.entries[number - 1].row) and key_of(row.job.id) in keys
    ]
    return picked or shown


def _source_clips(source: SourceClips) -> list[str]:
    """Return the clip of the colour video; controls say how a result was made."""
    return [picture.clip for picture in source.pictures[:1] if picture.title == "source"]


def _page_data(share: Share, given: PageInput, names: Sequence[str]) -> dict[str, Any]:
    clips = given.clips
    kept = PageClips(
        clips={name: replace(clips.clips[name], full="", file=f"#{_id(name)}", still="") for name in names},
        sources=tuple(replace(source, pictures=source.pictures[:1]) for source in clips.sources),
        of_run=clips.of_run,
    )
    shown = Shown(
        names=SharePart.NAMES in share.parts,
        prompts=SharePart.PROMPTS in share.parts,
        parameters=SharePart.PARAMETERS in share.parts,
        measures=SharePart.MEASURES in share.parts,
        facts=False,
    )
    data = build_page_data(replace(given, clips=kept, ratings=_ratings(share, given), files=(), shown=shown))
    for source in data["sources"]:
        source["pictures"] = [picture for picture in source["pictures"] if picture["clip"] in kept.clips]
    return data


def _ratings(share: Share, given: PageInput) -> Mapping[str, Any] | None:
    """Return the judgements that are sent, without those that are not."""
    if not given.ratings or not share.parts & {SharePart.NOTES, SharePart.RATINGS}:
        return None
    with_notes, with_ratings = SharePart.NOTES in share.parts, SharePart.RATINGS in share.parts
    runs = [
        {
            **one,
            "run": one["run"] if SharePart.NAMES in share.parts else "run",
            "rating": one["rating"] if with_ratings else None,
            "picked": one["picked"] and with_ratings,
            "note": one["note"] if with_notes else "",
        }
        for one in given.ratings["runs"]
    ]
    return {**given.ratings, "runs": runs, "choices": given.ratings["choices"] if with_ratings else []}


def _embed(folder: Path, given: PageInput, name: str) -> str:
    data = (folder / given.clips.clips[name].file).read_bytes()
    return f"data:video/mp4;base64,{b64encode(data).decode()}"


def _figures(share: Share, given: PageInput, chosen: Sequence[int], embedded: Mapping[str, str]) -> list[str]:
    """Return the pictures as players of the browser: they show where scripts do not run, and hold the clips."""
    titles = {
        run_clip(n): given.report.entries[n - 1].name if SharePart.NAMES in share.parts else f"Version {n}"
        for n in chosen
    }
    return [
        f'<figure><video id="{_id(name)}" controls loop muted playsinline preload="metadata" src="{data}"></video>'
        f"<figcaption>{escape(titles.get(name, 'source'))}</figcaption></figure>\n"
        for name, data in embedded.items()
    ]


def _id(name: str) -> str:
    return f"clip-{name}"


def _zipped(name: str, page: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        # A fixed time: the file tells nothing of when and where it was made.
        entry = zipfile.ZipInfo(name, date_time=(2000, 1, 1, 0, 0, 0))
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        archive.writestr(entry, page)
    return packed.getvalue()
