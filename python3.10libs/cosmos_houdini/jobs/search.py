"""Find jobs by words: of their name, their prompt, and the caption and tags of the shot that they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cosmos_houdini.jobs.conversions import descriptions
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord


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
    among = [store.find(word) for word in ids]
    return [
        record.id for record in store.records(among or None) if _holds(_words_of(record, store.path.parent), wanted)
    ]


def _holds(words: str, wanted: Iterable[str]) -> bool:
    return all(word in words for word in wanted)


def _words_of(record: JobRecord, store_folder: Path) -> str:
    # A video may have got its caption after the job was queued.
    captions = (caption_words(each) for each in descriptions(store_folder, record))
    caption = next((words for words in captions if words), "")
    texts = [record.job.name, record.job.engine, str(record.request.get("prompt", "")), caption]
    return " ".join(texts).casefold()


def caption_words(description: Mapping[str, Any]) -> str:
    """Return caption, tags and suggested name in a description of converted videos; empty where there are none."""
    caption = description.get("caption")
    if not isinstance(caption, dict):
        return ""
    tags = caption.get("tags")
    texts = (caption.get("text"), caption.get("name"), *(tags if isinstance(tags, list) else ()))
    return " ".join(str(text) for text in texts if text)
