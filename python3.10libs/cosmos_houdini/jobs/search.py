"""Find jobs by words: of their name, their prompt, and the caption and tags of the shot that they come from."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.json_text import read_json_file

_METADATA = "metadata.json"


def search_jobs(store: Store, text: str, ids: Iterable[str] = ()) -> list[str]:
    """Return the ids of the jobs whose words hold every word of a text, in the order of the store.

    Args:
        store: of a project.
        text: words, in upper or lower case; a part of a word is enough.
        ids: only among these jobs, by id or its beginning; none for all.

    Raises:
        BadInput: an id is that of no job, or the beginning of several.
    """
    wanted = text.casefold().split()
    captions: dict[Path, str] = {}
    among = [store.find(word) for word in ids]
    return [record.id for record in store.records(among or None) if _holds(_words_of(record, captions), wanted)]


def _holds(words: str, wanted: Iterable[str]) -> bool:
    return all(word in words for word in wanted)


def _words_of(record: JobRecord, captions: dict[Path, str]) -> str:
    folders = {Path(path).parent for path in record.inputs.values()}
    for folder in folders - captions.keys():
        captions[folder] = caption_words(folder)
    request = record.request
    texts = [record.job.name, record.job.engine, str(request.get("prompt", "")), *(captions[one] for one in folders)]
    return " ".join(texts).casefold()


def caption_words(folder: Path) -> str:
    """Return caption, tags and suggested name of a folder of converted videos; empty where there are none."""
    path = folder / _METADATA
    if not path.is_file():
        return ""
    try:
        document: Any = read_json_file(path)
    except (CosmosError, OSError):
        return ""
    caption = document.get("caption") if isinstance(document, dict) else None
    if not isinstance(caption, dict):
        return ""
    tags = caption.get("tags")
    texts = (caption.get("text"), caption.get("name"), *(tags if isinstance(tags, list) else ()))
    return " ".join(str(text) for text in texts if text)
