"""The two file forms: what is written comes back, what lies or is cut off is named."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput
from cosmos_houdini.scene import cpio, limited, read_scene
from cosmos_houdini.scene.archive import BODY_LIMIT, open_archive
from cosmos_houdini.scene.entry import Entry
from support.houdini import hip_files
from support.houdini.hip_files import Body
from support.programs import need_program

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=60).filter(
    lambda name: name != cpio.TRAILER
)
ENTRIES = st.lists(st.tuples(NAMES, st.binary(max_size=300)), max_size=12)
# Content in the limited form must not look like a header, or it would be another entry.
LIMITED_NAMES = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",)), min_size=1, max_size=60).filter(
    lambda name: name not in limited.MARKERS and not name.startswith(".OP")
)
LIMITED_ENTRIES = st.lists(st.tuples(LIMITED_NAMES, st.binary(max_size=300)), min_size=1, max_size=12).filter(
    lambda entries: not any(b"Hou" in body for _, body in entries)
)


def read_cpio(data: bytes) -> list[Entry]:
    return list(cpio.entries(io.BytesIO(data), Path("shot.hip"), len(data)))


def read_limited(data: bytes) -> list[Entry]:
    return list(limited.entries(io.BytesIO(data), Path("shot.hiplc"), len(data)))


@given(ENTRIES)
def test_cpio_gives_back_every_entry(entries: list[tuple[str, bytes]]):
    data = hip_files.cpio(entries)
    found = read_cpio(data)
    assert [(e.name, data[e.offset : e.offset + e.size]) for e in found] == entries
    assert all(entry.saved_s == hip_files.SAVED_S for entry in found)


@given(ENTRIES, st.data())
def test_cpio_cut_off_anywhere_is_refused(entries: list[tuple[str, bytes]], data: st.DataObject):
    whole = hip_files.cpio(entries)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(BadInput, match=r"shot\.hip is (cut off|damaged)"):
        read_cpio(cut)


@given(ENTRIES, st.data())
def test_cpio_with_changed_bytes_is_read_or_refused(entries: list[tuple[str, bytes]], data: st.DataObject):
    whole = bytearray(hip_files.cpio(entries))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=5)):
        whole[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadInput):
        read_cpio(bytes(whole))


@given(st.binary(max_size=500), st.sampled_from([b"", b"070707", b"HouLC\x1a", b"HouNC\x1a"]))
def test_arbitrary_bytes_are_read_or_refused(data: bytes, magic: bytes):
    for read in (read_cpio, read_limited):
        with pytest.raises(BadInput, match="byte"):
            read(magic + data)


@given(LIMITED_ENTRIES, st.sampled_from([b"LC", b"NC"]))
def test_limited_form_gives_back_every_entry(entries: list[tuple[str, bytes]], letters: bytes):
    data = hip_files.limited(entries, letters)
    found = read_limited(data)
    assert [(e.name, data[e.offset : e.offset + e.size]) for e in found] == entries
    assert all(entry.saved_s == hip_files.SAVED_S for entry in found)


@given(LIMITED_ENTRIES, st.data())
def test_limited_form_cut_off_anywhere_is_refused(entries: list[tuple[str, bytes]], data: st.DataObject):
    whole = hip_files.limited(entries)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(BadInput, match="cut off"):
        read_limited(cut)


def test_limited_form_is_found_across_block_borders(monkeypatch: pytest.MonkeyPatch):
    entries = [(f"obj/node{i}.parm", bytes([65 + i % 26]) * (i * 7 % 97)) for i in range(300)]
    data = hip_files.limited(entries)
    monkeypatch.setattr(limited, "_BLOCK_SIZE", 101)
    monkeypatch.setattr(limited, "_HEADER_LIMIT", 6 + 28 + 30 + 1)
    assert [(e.name, data[e.offset : e.offset + e.size]) for e in read_limited(data)] == entries


def test_limited_form_cut_off_after_a_carried_asset_is_refused():
    asset = hip_files.limited([("hdaroot.def", "")])
    whole = hip_files.limited([(".start", ""), (".OPdummydefs", b"INDX" + asset), ("expression.func", "")])
    assert [e.name for e in read_limited(whole)] == [".start", ".OPdummydefs", "hdaroot.def", "expression.func"]
    marker_end = whole.index(b"LIMITED_COMMERCIAL_FILE!!!\0") + len("LIMITED_COMMERCIAL_FILE!!!\0")
    plain = hip_files.limited([(".start", ""), (".OPdummydefs", b"INDX" + hip_files.limited([]))])
    with pytest.raises(BadInput, match="cut off"):
        read_limited(plain[: -len(hip_files.limited([]))])
    assert marker_end < len(whole)


@pytest.mark.parametrize("form", [hip_files.cpio, hip_files.limited])
def test_a_scene_cut_off_anywhere_is_refused(tmp_path: Path, form: Callable[[list[tuple[Body, Body]]], bytes]):
    whole = form(hip_files.scene_entries(hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS)))
    path = tmp_path / "shot.hip"
    for size in (*range(0, len(whole), 13), len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(BadInput, match=r"shot\.hip"):
            read_scene(path)
    path.write_bytes(whole)
    assert len(read_scene(path).cameras) == 1


@pytest.mark.parametrize(
    ("lie", "problem"),
    [
        ({"name_size": 0}, "a name of 0 bytes"),
        ({"name_size": 1}, "a name of 1 bytes"),
        ({"name_size": 3}, "claims 3 bytes for the name"),
        ({"name_size": 0o777777}, "a name of 262143 bytes"),
        ({"body_size": 0o77777777777}, "with a body of 8589934591 bytes"),
        ({"body_size": 1}, "no entry header stands there"),
        ({"body_size": 11}, "no entry header stands there"),
    ],
)
def test_a_header_that_lies_is_named_with_its_offset(tmp_path: Path, lie: dict[str, int], problem: str):
    path = tmp_path / "shot.hip"
    first = hip_files.cpio_entry(".start", hip_files.START)
    path.write_bytes(first + hip_files.cpio_entry("obj.def", "0123456789", **lie) + hip_files.cpio([]))
    with pytest.raises(BadInput) as caught:
        read_scene(path)
    assert str(path) in str(caught.value)
    assert problem in str(caught.value)
    assert f"at byte {len(first)}" in str(caught.value) or "stands there" in problem


@pytest.mark.parametrize("kind", ["init", "def", "parm", "chn"])
def test_a_size_that_reaches_over_the_next_entries_is_refused(tmp_path: Path, kind: str):
    """Try a size that ends where a header begins: every header of the rest is right, and a camera would be lost."""
    cameras = [hip_files.node(f"obj/cam{n}", "cam", hip_files.CAM_PARMS, hip_files.channels(tx="")) for n in (1, 2)]
    entries = hip_files.scene_entries(*cameras)
    names = [str(name) for name, _ in entries]
    first, last = names.index(f"obj/cam1.{kind}"), max(n for n, name in enumerate(names) if name.startswith("obj/cam2"))
    swallowed = b"".join(hip_files.cpio_entry(*entry) for entry in entries[first + 1 : last + 1])
    body = hip_files.as_bytes(entries[first][1]) + swallowed
    path = tmp_path / "a.hip"
    path.write_bytes(hip_files.cpio([*entries[:first], (names[first], body), *entries[last + 1 :]]))
    with pytest.raises(
        BadInput, match=rf"entry 'obj/cam1.{kind}' .* another entry begins at byte \d+: sizes in the file"
    ):
        read_scene(path)


def test_digits_that_are_not_octal_are_refused():
    data = bytearray(hip_files.cpio([(".start", "")]))
    data[60:61] = b"8"
    with pytest.raises(BadInput, match="damaged at byte 0"):
        read_cpio(bytes(data))


def test_a_name_of_400_levels_is_read(tmp_path: Path):
    deep = "obj/" + "/".join(f"subnet_number_{i}" for i in range(400))
    path = hip_files.write_hip(tmp_path, hip_files.node(f"{deep}/cam1", "cam", hip_files.CAM_PARMS))
    assert [camera.path for camera in read_scene(path).cameras] == [f"/{deep}/cam1"]


def test_bodies_that_are_not_needed_are_never_read(tmp_path: Path):
    """The body of a gigabyte is a hole in the file; reading it would take the memory that is not there."""
    path = tmp_path / "big.hip"
    entries = hip_files.scene_entries(hip_files.node("obj/cam1", "cam", hip_files.CAM_PARMS))
    head = b"".join(hip_files.cpio_entry(name, body) for name, body in entries)
    hole = 1 << 30
    with path.open("wb") as file:
        file.write(head + hip_files.cpio_entry("obj/geo1.data", "", body_size=hole))
        file.seek(hole, os.SEEK_CUR)
        file.write(hip_files.cpio([]))
    assert [camera.path for camera in read_scene(path).cameras] == ["/obj/cam1"]


def test_a_needed_body_of_giant_size_is_refused(tmp_path: Path):
    path = tmp_path / "shot.hip"
    path.write_bytes(hip_files.cpio([(".start", b" " * (BODY_LIMIT + 1))]))
    with pytest.raises(BadInput, match=rf"entry '\.start' at byte 83 is {BODY_LIMIT + 1} bytes long"):
        read_scene(path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"0707", "is cut off after 4 bytes"),
        (b"HouL", "is cut off after 4 bytes"),
        (b"hello, I am no scene\n", "is no Houdini scene: it begins with 'hello,'"),
        (b"INDX\0\0\0\x0cINDEX_SECTION", "is a digital asset library"),
        (b"070701" + b"0" * 200, "is no Houdini scene"),
    ],
)
def test_what_is_no_scene_is_named(tmp_path: Path, content: bytes, problem: str):
    path = tmp_path / "shot.hip"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=problem) as caught:
        read_scene(path)
    assert str(path) in str(caught.value)


def test_missing_file_folder_and_pipe_are_named(tmp_path: Path):
    with pytest.raises(BadInput, match="there is no scene"):
        read_scene(tmp_path / "none.hip")
    with pytest.raises(BadInput, match="is a folder"):
        read_scene(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.hip")
        with pytest.raises(BadInput, match="is a device"):
            read_scene(tmp_path / "pipe.hip")


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="file permissions of POSIX are needed")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path):
    path = hip_files.write_hip(tmp_path)
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read anything
    try:
        with pytest.raises(BadInput, match=r"cannot be opened: Permission denied"):
            read_scene(path)
    finally:
        os.seteuid(user)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(st.from_regex(r"[a-z]{1,8}(/[a-z]{1,8}){0,3}\.(parm|chn)", fullmatch=True), st.binary(max_size=99))
    )
)
def test_the_program_cpio_lists_the_same_entries(entries: list[tuple[str, bytes]]):
    data = hip_files.cpio(entries)
    listed = subprocess.run(
        [need_program("cpio"), "-it", "--quiet"], input=data, capture_output=True, check=True
    ).stdout
    assert [e.name for e in read_cpio(data)] == listed.decode().splitlines()


@pytest.mark.hips
def test_the_program_cpio_lists_the_same_entries_of_published_scenes(hips: Path):
    for path in hips.glob("*.hip"):
        with open_archive(path) as archive, path.open("rb") as file:
            names = [entry.name for entry in archive.entries()]
            listed = subprocess.run(
                [need_program("cpio"), "-it", "--quiet"], stdin=file, capture_output=True, check=True
            ).stdout
        assert names == listed.decode().splitlines()
