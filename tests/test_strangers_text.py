"""Text of strangers costs little time and memory, and is refused with the file, the fault and the limit."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cosmos_houdini.config import load
from cosmos_houdini.errors import BadInput
from cosmos_houdini.json_text import read_json, read_json_file
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.specs.batch_file import load_batch
from cosmos_houdini.specs.files import load_prompt_spec, load_run_spec
from cosmos_houdini.text_file import read_text
from cosmos_houdini.yaml_text import LARGEST_FILE, MOST_VALUES, read_yaml

# The machines of the tests are slower than that of an artist.
MOST_S = 2.0
MOST_KIB = 200 << 10

BOMB = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))])
MERGES = "\n".join(["a0: &a0 {x0: 1}", *(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}], x{n}: 1}}" for n in range(1, 40))])
YAMLS = {
    "aliases of aliases": (f"{BOMB}\nparameters: *a39", "stand for too much"),
    "merges of merges": (f"{MERGES}\nparameters: *a39", "stand for too much"),
    "aliases of one long text": (f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1000)}]", "stand for too much"),
    "an alias of itself": ("a: &a [*a]", "holds itself by an alias"),
    "depth of brackets": ("a: " + "[" * 100_000, "nested too deeply; allowed: at most 64 levels"),
    "depth of lines": ("\n".join(" " * n + "a:" for n in range(900)), "nested too deeply"),
    "many values": ("a: [" + "1," * 400_000 + "]", f"too many values; allowed: at most {MOST_VALUES}"),
    "a long file": ("#" * (LARGEST_FILE + 1), "too long; allowed: at most 1 MiB (1048576 bytes)"),
    "a long number": ("a: " + "9" * 5000, "a number has 5000 characters"),
    "a tag that does not fit": ("a: !!int x", "'x' is no int"),
    "a flag that is none": ("a: !!bool x", "'x' is no bool"),
    "a time": ("a: !!timestamp x", "has the tag"),
    "a set": ("a: !!set {b}", "has the tag"),
    "a tag of Python": ("a: !!python/object/apply:os.system [id]", "has the tag"),
    "half of a character": ('a: "\\uD800"', "half of a character (U+D800)"),
    "no UTF-8": ("a: caf\xe9", "is no UTF-8: byte 6 is 0xe9"),
}
JSONS = {
    "depth of brackets": ("[" * 100_000, "nested too deeply; allowed: at most 64 levels"),
    "depth of a few hundred": ('{"a":' * 300 + "1" + "}" * 300, "nested too deeply"),
    "a long number": ('{"a": ' + "9" * 100_000 + "}", "a number has 100000 digits; allowed: at most 100"),
    "a number beyond floats": ('{"a": 1e999}', "a = inf; allowed: a finite number"),
    "no number": ('{"a": NaN}', "a = nan"),
    "infinity": ('{"a": -Infinity}', "a = -inf"),
    "half of a character": ('{"a": "\\ud800"}', "half of a character (U+D800)"),
    "half of a character in a key": ('{"\\udfff": 1}', "half of a character (U+DFFF)"),
    "no UTF-8": ('{"a": "\xe9"}', "is no UTF-8"),
    "a long file": (" " * (16 << 20) + "1", "too long; allowed: at most 16 MiB"),
    "no JSON": ('{"a": 1,\n "b" 2}', "is no JSON: line 2, column 6"),
}


def write(path: Path, text: str) -> Path:
    # Latin-1 makes bytes of the texts above that are no UTF-8; the others are ASCII.
    path.write_bytes(text.encode("latin-1"))
    return path


def refusal(read: Callable[[], object]) -> str:
    """Return the text of the error, and check what it costs of this process, whatever else the machine does."""
    start_s, start_kib = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(BadInput) as caught:
        read()
    assert time.process_time() - start_s < MOST_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start_kib < MOST_KIB
    assert len(str(caught.value)) < 500
    return str(caught.value)


@pytest.mark.parametrize("kind", YAMLS)
def test_a_configuration_beyond_a_limit_is_refused(tmp_path: Path, kind: str) -> None:
    text, said = YAMLS[kind]
    file = write(tmp_path / "cosmos-houdini.yaml", text)
    found = refusal(lambda: load(tmp_path, {}))
    assert said in found
    assert str(file) in found


@pytest.mark.parametrize("kind", YAMLS)
def test_a_batch_beyond_a_limit_is_refused(tmp_path: Path, kind: str) -> None:
    text, said = YAMLS[kind]
    file = write(tmp_path / "night.batch.yaml", text)
    found = refusal(lambda: load_batch(file))
    assert said in found
    assert str(file) in found


def read_beside(file: Path) -> object:
    return read_metadata(file.parent)


@pytest.mark.parametrize("read", [load_prompt_spec, load_run_spec, load_batch, read_beside], ids=lambda r: r.__name__)
@pytest.mark.parametrize("kind", JSONS)
def test_json_beyond_a_limit_is_refused(tmp_path: Path, kind: str, read: Callable[[Path], object]) -> None:
    text, said = JSONS[kind]
    file = write(tmp_path / "metadata.json", text)
    found = refusal(lambda: read(file))
    assert said in found
    assert str(file) in found


def test_a_variable_beyond_a_limit_is_refused_by_its_name(tmp_path: Path) -> None:
    found = refusal(lambda: load(tmp_path, {"COSMOS_HOUDINI_DEFAULTS_HOST": "[" * 1000}))
    assert "$COSMOS_HOUDINI_DEFAULTS_HOST" in found
    assert "nested too deeply" in found


def test_what_a_person_writes_with_aliases_is_read() -> None:
    text = "base: &base {seed: 3, edge: 0.5}\nruns: [{<<: *base, seed: 4}, *base, *base]"
    assert read_yaml(text, "it")["runs"] == [{"seed": 4, "edge": 0.5}, *[{"seed": 3, "edge": 0.5}] * 2]


def test_a_batch_of_two_thousand_shots_is_read() -> None:
    text = "items:\n" + "".join(f"- {{spec: shots/s{n:04}.spec.json, name: s{n}, seed: {n}}}\n" for n in range(2000))
    assert len(read_yaml(text, "it")["items"]) == 2000


def test_depth_and_numbers_within_the_limits_are_read() -> None:
    assert read_json("[" * 64 + "]" * 64, "it")
    assert read_json('{"a": 18446744073709551615, "b": -1.5e300}', "it") == {"a": 2**64 - 1, "b": -1.5e300}
    assert read_json('["\\ud83d\\ude00"]', "it") == ["\U0001f600"]


def test_an_endless_file_is_read_to_the_limit() -> None:
    endless = Path("/dev/zero")
    if not endless.exists():
        pytest.skip("this system has no /dev/zero")
    assert "too long" in refusal(lambda: read_json_file(endless))


@pytest.mark.parametrize("name", ["nothing.json", ".", "a\0b"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        read_text(tmp_path / name, 10)


METADATA = {
    "schema": '"cosmos-houdini/conversion/1"',
    "name": '"s"',
    "fps": "24",
    "frames": "9",
    "size": "[64, 32]",
    "videos": '{"color": {"path": "color.mp4", "sha256": "'
    + "a" * 64
    + '", "frames": 9, "size": [64, 32], "fps": 24}}',
    "sources": '{"color": {"first": 1001, "step": 1}}',
}


def metadata(folder: Path, **changes: str) -> Path:
    values = {name: value for name, value in (METADATA | changes).items() if value}
    write(folder / "metadata.json", "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}")
    return folder


def test_metadata_is_read(tmp_path: Path) -> None:
    assert read_metadata(metadata(tmp_path))["videos"]["color"]["path"] == str(tmp_path / "color.mp4")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("videos", "", "videos"),
        ("videos", "{}", "videos"),
        ("videos", "[1]", "videos"),
        ("videos", METADATA["videos"].replace("color.mp4", ""), "videos"),
        ("videos", METADATA["videos"].replace("aaaa", "zzzz"), "videos"),
        ("videos", METADATA["videos"].replace('"frames": 9', '"frames": 8'), "the video of color has other frames"),
        ("videos", METADATA["videos"].replace("[64, 32]", "[64, 33]"), "the video of color has other frames, size"),
        ("videos", METADATA["videos"].replace('"fps": 24', '"fps": 25'), "the video of color has other frames"),
        ("sources", '{"color": {"first": "1", "step": 1}}', "sources"),
        ("sources", '{"color": {"first": 1, "step": 0}}', "sources"),
        ("size", "[64]", "size"),
        ("size", "[64, -1]", "size"),
        ("frames", "0", "frames"),
        ("frames", "9.5", "frames"),
        ("fps", "0", "fps"),
        ("frame", '{"plate": 3}', "frame.plate"),
        ("schema", '"cosmos-houdini/conversion/2"', "is of another kind"),
    ],
)
def test_metadata_that_lies_is_refused_with_the_key(tmp_path: Path, name: str, value: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        read_metadata(metadata(tmp_path, **{name: value}))
    assert said in str(caught.value)
    assert str(tmp_path / "metadata.json") in str(caught.value)
