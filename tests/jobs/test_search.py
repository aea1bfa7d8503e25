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

SHA256 = a_request().video.sha256
KNIGHT = {"text": "A knight rides home.", "tags": ["Horse", "dusk"], "name": "way_home"}


def record(job_id: str, prompt: str, folder: Path) -> JobRecord:
    request = replace(a_request(), prompt=prompt)
    made = new_record(job_id, request, host="local", root="/data", launcher="process", results=folder / "result")
    return replace(made, inputs={SHA256: str(folder / "color.mp4")})


def write_description(path: Path, caption: object, sha256: str = SHA256) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"videos": {"color": {"sha256": sha256}}, "caption": caption}))
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store.of(tmp_path)) as store:
        store.add(record("a-1234abcd", "Heavy rain", tmp_path / "a"))
        store.add(record("b-1234abcd", "Snow on a horse", tmp_path / "b"))
        write_description(tmp_path / "a" / "result" / "conversion.json", KNIGHT)
        write_description(tmp_path / "b" / "result" / "conversion.json", None)
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


def test_the_next_conversion_into_the_folder_changes_no_words_of_a_job(store: Store, tmp_path: Path):
    write_description(tmp_path / "b" / "metadata.json", {"text": "A lighthouse."}, sha256="ef" * 32)
    assert search_jobs(store, "lighthouse") == []
    assert search_jobs(store, "knight") == ["a-1234abcd"]


def test_a_caption_that_came_after_the_job_is_found(store: Store, tmp_path: Path):
    write_description(tmp_path / "b" / "metadata.json", {"text": "A lighthouse."})
    assert search_jobs(store, "lighthouse") == ["b-1234abcd"]


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_a_strange_file_has_no_words(store: Store, tmp_path: Path, text: str):
    (tmp_path / "a" / "result" / "conversion.json").write_text(text)
    assert search_jobs(store, "knight") == []


@pytest.mark.parametrize("caption", [3, {"tags": 7}, None])
def test_a_strange_caption_has_no_words(caption: object):
    assert caption_words({"caption": caption}) == ""
