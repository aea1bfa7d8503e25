"""The options of ``create-spec``: each is used, or refused by its name."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.control import Control
from cosmos_houdini.reporter import Silent
from cosmos_houdini.shots.spec import SpecOptions, WrittenSpec, write_spec
from support.media import FFMPEG

FILE = Path("a.mp4")
GIVEN = SpecOptions(
    name="street",
    prompt="rain",
    input_video=FILE,
    from_metadata=Path("videos"),
    style="neon",
    format_="text",
    controls={Control.EDGE: FILE},
    masks={Control.EDGE: FILE},
    keep=FILE,
    image_context=FILE,
    regions={"a boat": FILE},
    negative_prompt="fog",
)


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SpecOptions:
    monkeypatch.chdir(tmp_path)
    document = {"prompt": "the sea", "input_video_path": "sea.mp4", "fog": 1, "vis": {"control_weight": 0.7}}
    (tmp_path / "sea.json").write_text(json.dumps(document), encoding="utf-8")
    return SpecOptions(from_upstream=Path("sea.json"))


def written(options: SpecOptions, output: Path | None = None) -> WrittenSpec:
    return write_spec(options, Silent(), ffmpeg=FFMPEG, output=output)


@pytest.mark.parametrize("name", [field.name for field in fields(SpecOptions) if field.name != "from_upstream"])
def test_a_spec_of_nvidias_takes_no_other_option(upstream: SpecOptions, name: str) -> None:
    with pytest.raises(BadInput, match="cannot be used with --from-upstream"):
        written(replace(upstream, **{name: getattr(GIVEN, name)}))
    assert sorted(path.name for path in Path().iterdir()) == ["sea.json"]


def test_the_refused_options_are_named_as_the_user_writes_them(upstream: SpecOptions) -> None:
    with pytest.raises(BadInput) as caught:
        written(replace(GIVEN, from_upstream=upstream.from_upstream))
    words = (
        "NAME, PROMPT, --input-video, --from-metadata, --style, --format, --control, --mask, --keep, --image-context"
    )
    assert str(caught.value).startswith(f"{words}, --region, --negative-prompt cannot be used with --from-upstream")


def test_a_spec_of_nvidias_gives_two_files_side_by_side(upstream: SpecOptions) -> None:
    found = written(upstream, Path("sub/mine.json"))
    assert (found.path, found.run_path) == (Path("sub/mine.json"), Path("sub/sea.run.json"))
    assert sorted(path.name for path in Path("sub").iterdir()) == ["mine.json", "sea.run.json"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (SpecOptions(name="n", prompt="p"), "give NAME, PROMPT and --input-video, or --from-metadata"),
        (SpecOptions(name="n", prompt="p", input_video=FILE, style="neon"), "--style cannot be used with a prompt"),
        (SpecOptions(from_metadata=FILE, input_video=FILE), "--input-video cannot be used with --from-metadata"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: SpecOptions, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        written(options)
