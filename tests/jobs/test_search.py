"""Jobs are found by the words of their prompt and of their shot's caption."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.search import caption_words, search_jobs
from cosmos_houdini.jobs.store.jobs import Store
from cosmos_houdini.jobs.store.record import JobRecord, new_record
from support.engines.hard_requests import a_request


def record(job_id: str, prompt: str, folder: Path) -> JobRecord:
    request = replace(a_request(), prompt=prompt)
    made = new_record(job_id, request, host="local", root="/data", launcher="process", results=folder)
    return replace(made, inputs={"0" * 64: str(folder / "color.mp4")})


def write_caption(folder: Path, caption: object) -> Path:
    folder.mkdir()
    (folder / "metadata.json").write_text(json.dumps({"caption": caption}))
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    knight = {"text": "A knight rides home.", "tags": ["Horse", "dusk"], "name": "way_home"}
    with closing(Store.of(tmp_path)) as store:
        store.add(record("a-1234abcd", "Heavy rain", write_caption(tmp_path / "a", knight)))
        store.add(record("b-1234abcd", "Snow on a horse", write_caption(tmp_path / "b", None)))
        yield store


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("horse", ["a-1234abcd", "b-1234abcd"]),
        ("HORSE rain", ["a-1234abcd"]),
        ("way_home", ["a-1234abcd"]),
        ("knight snow", []),
        ("sno", ["b-1234abcd"]),
    ],
)
def test_every_word_must_be_in_prompt_caption_or_tags(store: Store, words: str, found: list[str]):
    assert search_jobs(store, words) == found


def test_a_search_among_ids(store: Store):
    assert search_jobs(store, "horse", ["b-"]) == ["b-1234abcd"]
    with pytest.raises(BadInput):
        search_jobs(store, "horse", ["c-"])


@pytest.mark.parametrize("text", ["", "[]", "{", '{"caption": 3}', '{"caption": {"tags": 7}}'])
def test_a_strange_file_has_no_words(tmp_path: Path, text: str):
    (tmp_path / "metadata.json").write_text(text)
    assert caption_words(tmp_path) == ""
    assert caption_words(tmp_path / "nowhere") == ""
