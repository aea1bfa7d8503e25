"""Names that are no UTF-8, in EXR headers and in paths; and nothing but the document on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from cosmos_houdini.media.pictures import picture_io
from cosmos_houdini.media.pictures.layers import open_exr, read_header
from cosmos_houdini.media.pictures.silence import silent_output
from cosmos_houdini.media.pictures.unreadable import Unreadable
from cosmos_houdini.model.control import Pass
from support.media import pictures

rng = np.random.default_rng(5)
SIZE = (16, 12)


def plane() -> np.ndarray:
    return rng.random((SIZE[1], SIZE[0])).astype(np.float16)


def latin(path: Path, channels: dict[str, np.ndarray], **header: object) -> Path:
    """Write an EXR as a program does that writes Latin-1: ``~`` stands for ü, ``^`` for ß, and ``|`` for é."""
    OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, **header}, dict(channels)).write(str(path))
    data = path.read_bytes()
    begin = data.index(b"channels\0")
    end = data.index(b"compression\0")
    names = data[begin:end].replace(b"~", b"\xfc").replace(b"^", b"\xdf").replace(b"|", b"\xe9")
    path.write_bytes(data[:begin] + names + data[end:])
    return path


def test_layers_with_latin_names_are_shown_and_read(tmp_path: Path) -> None:
    given = {f"{layer}.{name}": plane() for layer in ("L~ft^~", "Gr^^e|", "z|", "depth") for name in "RGB"}
    given |= {name: plane() for name in "RGB"}
    file = latin(tmp_path / "a.exr", given)
    header = read_header(file)
    assert {layer.name for layer in header.layers} == {"rgba", "Lüftßü", "Grßßeé", "zé", "depth"}
    assert {layer.channel_type for layer in header.layers} == {"half"}
    for layer in header.layers:
        found = picture_io.read_passes(file, {Pass.COLOR: layer})[Pass.COLOR]
        written = {"rgba": "", "Lüftßü": "L~ft^~.", "Grßßeé": "Gr^^e|.", "zé": "z|.", "depth": "depth."}[layer.name]
        assert np.array_equal(found, np.stack([given[f"{written}{name}"] for name in "RGB"], axis=-1)), layer.name


def test_names_of_parts_and_other_texts_in_latin_are_read(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    parts = [
        OpenEXR.Part({"comments": "Gr__e"}, {"RGB": np.stack([plane()] * 3, axis=-1)}, "beauty"),
        OpenEXR.Part({}, {"RGB": np.stack([plane()] * 3, axis=-1)}, "L_fter"),
    ]
    OpenEXR.File(parts).write(str(file))
    file.write_bytes(file.read_bytes().replace(b"Gr__e", b"Gr\xf6\xdfe").replace(b"L_fter", b"L\xfcfter"))
    header = read_header(file)
    assert [layer.name for layer in header.layers] == ["beauty", "Lüfter"]
    assert header.attributes[0]["comments"] == "Größe"
    read = picture_io.read_passes(file, {Pass.COLOR: header.layers[1]})[Pass.COLOR]
    assert np.array_equal(read, parts[1].channels["RGB"].pixels)


def test_the_name_of_a_channel_that_is_too_long_in_utf8_for_old_files_is_read(tmp_path: Path) -> None:
    file = latin(tmp_path / "a.exr", {"~" * 29 + ".Y": plane()})
    assert [layer.name for layer in read_header(file).layers] == ["ü" * 29]


def test_check_shows_latin_names_and_goes_on_with_the_other_passes(tmp_path: Path) -> None:
    for number in range(3):
        channels = {name: plane() for name in ("R", "G", "B", "Gr^^e.R", "Gr^^e.G", "Gr^^e.B")}
        latin(tmp_path / f"a.{number}.exr", channels)
    done = command("check", tmp_path, "--layers", "--json")
    document = json.loads(done.stdout)
    (layers,) = document["layers"].values()
    assert done.returncode == 0
    assert [(layer["name"], layer["feeds"]) for layer in layers] == [("rgba", "color"), ("Grßße", None)]


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="paths there are always text")
@pytest.mark.parametrize("suffix", pictures.SUFFIXES)
def test_a_path_that_is_no_utf8_is_refused_in_a_sentence(tmp_path: Path, suffix: str) -> None:
    for number in range(2):
        file = pictures.picture(tmp_path / f"a.{number}{suffix}")
        file.rename(tmp_path / os.fsdecode(b"gr\xfc\xdf.%d%s" % (number, suffix.encode())))
    for options in ([], ["--json"]):
        done = command("check", tmp_path, *options)
        assert done.returncode == 1
        assert "no UTF-8" in done.stdout
        assert "rename it" in done.stdout
        assert "Traceback" not in done.stderr
    json.loads(done.stdout)
    assert "rename it" in command("convert-sequence", tmp_path, "-o", tmp_path / "out").stderr
    assert not (tmp_path / "out").exists()


def test_damaged_pixels_print_nothing_before_the_document(tmp_path: Path) -> None:
    for number in range(3):
        damaged_exr(tmp_path / f"a.{number}.exr")
    for words in (
        ("check", tmp_path, "--json", "--pixels"),
        ("convert-sequence", tmp_path, "-o", tmp_path / "out", "--json"),
    ):
        done = command(*words)
        assert done.returncode in (1, 2)
        assert json.loads(done.stdout)
        assert "Traceback" not in done.stderr


def test_only_the_thread_that_reads_is_silent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = damaged_exr(tmp_path / "a.exr")
    reading, printed = threading.Event(), threading.Event()

    def read() -> None:
        with silent_output():
            reading.set()
            printed.wait(10)
            sys.stdout.write("of the reader\n")
            with pytest.raises(Unreadable):
                open_exr(file)
            sys.stdout.write("of the reader\n")

    thread = threading.Thread(target=read)
    thread.start()
    reading.wait(10)
    sieve = sys.stdout
    sys.stdout.write("of another thread\n")
    printed.set()
    thread.join()
    sys.stdout.write("afterwards\n")
    assert capsys.readouterr().out == "of another thread\nafterwards\n"
    assert sys.stdout is not sieve


def damaged_exr(file: Path) -> Path:
    pictures.write(file, pictures.ramp((200, 100), dtype=np.float16) + np.float16(0.1), compression="zip")
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 20] = bytes(20)
    file.write_bytes(data)
    return file


def command(*words: object) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict"}
    argv = [sys.executable, "-m", "cosmos_houdini", *map(str, words)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, timeout=120)
