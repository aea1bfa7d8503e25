"""Any content of a stranger's file is read, or refused by an error of this project."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cosmos_houdini.config import load
from cosmos_houdini.errors import CosmosError
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.hosts.ssh.config import SshConfig
from cosmos_houdini.hosts.ssh.route import route
from cosmos_houdini.hosts.ssh.tokens import this_user
from cosmos_houdini.media.pictures.cryptomatte import read_manifest
from cosmos_houdini.media.pictures.layer_passes import choose_layers
from cosmos_houdini.media.pictures.layers import read_header
from cosmos_houdini.media.pictures.picture_io import read_passes
from cosmos_houdini.media.pictures.stored_picture import read_picture
from cosmos_houdini.media.sequences.discover import find_sequences
from cosmos_houdini.media.sequences.formats import inspect, prove
from cosmos_houdini.media.videos.metadata import read_metadata
from cosmos_houdini.media.videos.probe import probe_video
from cosmos_houdini.reporter import Silent
from cosmos_houdini.scene import read_scene, sample_cameras
from cosmos_houdini.shots.check import check_path
from cosmos_houdini.specs.batch_file import load_batch, load_randomization
from cosmos_houdini.specs.files import load_prompt_spec, load_run_spec
from support.fuzz import change, change_text, read_all, with_right_checksums
from support.houdini import hip_files
from support.media import FFMPEG, pictures
from support.media.exr_files import cryptomatte, write_exr, write_parts

pytestmark = pytest.mark.filterwarnings("error")

SIZE = (24, 16)


def picture_bytes(folder: Path, kind: str) -> bytes:
    """Return a small picture of a kind: its suffix, and options of the writer."""
    suffix, _, options = kind.partition(" ")
    more = dict(option.split("=") for option in options.split())
    dtype = {"exr": np.float16, "dpx": np.uint16}.get(suffix, np.uint8)
    values: dict[str, object] = {name: int(value) if value.isdigit() else value for name, value in more.items()}
    pixels = pictures.ramp(SIZE, dtype=np.dtype(str(values.pop("dtype", np.dtype(dtype).name))))
    return pictures.write(folder / f"whole.{suffix}", pixels, **values).read_bytes()


PICTURES = (
    *("png", "png dtype=uint16", "jpg", "jpg jpeg_progressive=1", "dpx oiio_BitsPerSample=10", "dpx"),
    *("tif compression=none", "tif compression=lzw", "tif compression=zip", "tif tile=16 compression=zip"),
    *("tif tiff_bigtiff=1", "tif tiff_planarconfig=separate", "tif dtype=float32"),
    *("exr compression=none", "exr compression=zip", "exr compression=piz", "exr tile=16 compression=rle"),
)


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_with_any_bytes_changed_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    whole = picture_bytes(tmp_path, kind)
    file = tmp_path / f"changed.{kind.partition(' ')[0]}"

    def make(random_: random.Random) -> bytes:
        changed = change(random_, whole)
        return with_right_checksums(changed) if file.suffix == ".png" and random_.random() < 0.8 else changed

    def read(data: bytes) -> None:
        file.write_bytes(data)
        found = inspect(file)
        inspect(file, checksums=False)
        prove(file)
        if file.suffix == ".exr":
            header = read_header(file)
            read_passes(file, choose_layers(header))
            return
        assert read_picture(file).ndim == 3
        assert min(found.size) > 0

    read(whole)
    read_all(60, make, read)


def layered(folder: Path) -> bytes:
    """Return an EXR with layers, a Cryptomatte, and texts."""
    share = np.full((SIZE[1], SIZE[0]), 0.5, np.float32)
    channels, attributes = cryptomatte("CryptoObject", {"/obj/a": share, "/obj/b": share})
    plain = {name: np.ones((SIZE[1], SIZE[0]), np.float16) for name in ("R", "G", "B", "A", "Z", "N.x", "N.y", "N.z")}
    return write_exr(folder / "layered.exr", plain | channels, attributes=attributes).read_bytes()


def in_parts(folder: Path) -> bytes:
    plane = np.ones((SIZE[1], SIZE[0]), np.float16)
    parts = {"rgba": {"R": plane, "G": plane, "B": plane}, "depth": {"Z": plane}, "N": {"X": plane, "Y": plane}}
    return write_parts(folder / "parts.exr", parts).read_bytes()


@pytest.mark.parametrize("made", [layered, in_parts])
def test_layers_are_read_or_refused_whatever_their_header_says(tmp_path: Path, made: Callable[[Path], bytes]) -> None:
    whole = made(tmp_path)
    header_end = whole.index(b"screenWindowWidth") + 40
    file = tmp_path / "changed.exr"

    def make(random_: random.Random) -> bytes:
        # Only the header: the names decide here, and structure was tried above.
        return change(random_, whole[:header_end]) + whole[header_end:]

    def read(data: bytes) -> None:
        file.write_bytes(data)
        header = read_header(file)
        layers = choose_layers(header)
        json.dumps([layer.document() for layer in header.layers]).encode()
        for layer in header.layers:
            read_manifest(header, layer)
        read_passes(file, layers)

    read(whole)
    read_all(150, make, read)


@pytest.mark.parametrize("suffix", ["exr", "png", "tif", "dpx"])
@pytest.mark.parametrize("pass_", ["beauty", "depth", "seg", "quux"])
def test_a_check_of_changed_pictures_ends_in_a_report(tmp_path: Path, suffix: str, pass_: str) -> None:
    whole = layered(tmp_path) if suffix == "exr" else picture_bytes(tmp_path, suffix)
    folder = tmp_path / "shot"
    folder.mkdir()
    config = load(tmp_path, {})

    def make(random_: random.Random) -> bytes:
        changed = change(random_, whole)
        return with_right_checksums(changed) if suffix == "png" else changed

    def read(data: bytes) -> None:
        for number, content in enumerate((whole, data, whole)):
            (folder / f"{pass_}.{number}.{suffix}").write_bytes(content)
        checked = check_path(config, folder, Silent(), layers=True, every_frame=True)
        json.dumps(checked.document()).encode()

    read_all(10, make, read)


WORDS = (
    *("{", "}", "[", "]", ":", ",", '"', "'", "null", "true", "-1", "1e400", "NaN", "0x", "9" * 400, "\\ud800", "\0"),
    *(
        "{}",
        "[]",
        '"a"',
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!!python/name:os.system ",
        "? ",
        "| ",
        "\t",
        "\n  ",
        "- ",
        "# ",
    ),
    *(
        "../..",
        "\u2028",
        "\ufeff",
        "é",
        "\U0001f600",
        "[" * 300,
        '{"a":' * 80,
        ".nan",
        ".inf",
        "~",
        "2026-11-29",
        "12:30",
    ),
)


@pytest.mark.parametrize("beside", [False, True], ids=["in the header", "in a file"])
def test_a_manifest_is_read_or_refused(tmp_path: Path, beside: bool) -> None:  # noqa: FBT001 - a case of the table
    share = np.ones((SIZE[1], SIZE[0]), np.float32)
    channels, attributes = cryptomatte("CryptoObject", {"/obj/a": share})
    manifest = next(name for name in attributes if name.endswith("/manifest"))
    whole = str(attributes.pop(manifest))
    file = tmp_path / "a.exr"

    def read(data: bytes) -> None:
        text = data.decode("utf-8", "replace").replace("\0", " ")
        found = attributes | ({manifest[: -len("manifest")] + "manif_file": "m.json"} if beside else {manifest: text})
        (tmp_path / "m.json").write_bytes(data)
        write_exr(file, channels, attributes=found)
        header = read_header(file)
        names = read_manifest(header, header.layer("CryptoObject")).names
        assert all(isinstance(name, str) for name in names.values())

    read(whole.encode())
    read_all(60, lambda random_: change_text(random_, whole, WORDS), read)


SPEC = """{"schema": "cosmos-houdini/prompt-spec/1", "name": "street", "prompt": "Rain", "negative_prompt": "blur",
 "input_video": "color.mp4", "controls": {"depth": "depth.mp4", "edge": "edge.mp4"}}"""
RUN = f"""{{"schema": "cosmos-houdini/run-spec/1", "name": "r", "engine": "preview", "spec": {SPEC},
 "weights": {{"depth": 0.5, "edge": 1}}, "parameters": {{"seed": 3, "guidance": 5.5, "use": true}}, "num_gpu": 1}}"""
BATCH = """schema: cosmos-houdini/batch-spec/1
name: night
engine: preview
parameters: &all {num_steps: 10, guidance: 5}
items:
- {spec: a.json, name: first, parameters: *all}
- {spec: b.json, weights: {depth: 0.3}}
randomization: {sampler: sobol, count: 4, seeds: random, control_weights: {depth: {range: [0, 1]}}}
"""
RANDOMIZATION = """sampler: grid
count: 4
seeds: {range: [1, 9]}
parameters: {guidance: {values: [1, 2.5]}, num_steps: {range: [10, 35], step: 5}}
control_weights: {depth: {range: [0, 1]}, vis: 0.5}
constraints: {total_weight: {max: 2}}
"""
METADATA = json.dumps(
    {
        "schema": "cosmos-houdini/conversion/1",
        "name": "s",
        "fps": 24,
        "frames": 9,
        "size": [64, 32],
        "videos": {"color": {"path": "c.mp4", "sha256": "a" * 64, "frames": 9, "size": [64, 32], "fps": 24}},
        "sources": {"color": {"first": 1, "step": 1, "depth_range": {"kind": "ray-distance", "near": 1, "far": 0.1}}},
        "frame": {"plate": [64, 32]},
    }
)
CONFIG = """defaults: {host: gpu01, engine: preview, attempts: 3}
passes: {depth: [zz, dep], layers: {depth: P.z}}
color: {config: a.ocio, view: Film, exposure_stops: 0.5}
depth: {kind: auto, percentiles: [1, 99]}
programs: {ffmpeg: ffmpeg}
hosts:
  gpu01: {address: artist@gpu01.example, port: 22, root: /data/cosmos, launcher: docker, image: x, gpus: [0, 1],
    price_per_hour: 3.5, identity: ~/.ssh/id}
  cluster: {address: login.example, root: /scratch, launcher: slurm, partition: gpu, gres: "gpu:1", time: "02:00:00"}
"""
TEXTS: dict[str, tuple[str, str, Callable[[Path], object]]] = {
    "prompt spec": (SPEC, "a.spec.json", load_prompt_spec),
    "run spec": (RUN, "a.run.json", load_run_spec),
    "batch": (BATCH, "a.batch.yaml", load_batch),
    "batch in JSON": (RUN, "a.batch.json", load_batch),
    "randomization": (RANDOMIZATION, "a.yaml", load_randomization),
    "metadata": (METADATA, "metadata.json", lambda path: read_metadata(path.parent)),
    "configuration": (CONFIG, "cosmos-houdini.yaml", lambda path: load(path.parent, {})),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_with_any_words_changed_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    whole, name, read = TEXTS[kind]
    file = tmp_path / name

    def read_text(data: bytes) -> None:
        file.write_bytes(data)
        read(file)

    read_all(200, lambda random_: change_text(random_, whole, WORDS), read_text)


VARIABLES = (
    *("DEFAULTS_HOST", "DEFAULTS_ATTEMPTS", "HOSTS_GPU01_PORT", "HOSTS_GPU01_GPUS", "HOSTS__PORT", "DEPTH_PERCENTILES"),
    *("HOSTS_", "HOSTS_PORT", "PROGRAMS_FFMPEG", "COLOR_EXPOSURE_STOPS", "PASSES_DEPTH", "HOSTS_GPU01_PRICE_PER_HOUR"),
)


def test_variables_of_any_value_are_read_or_refused(tmp_path: Path) -> None:
    (tmp_path / "cosmos-houdini.yaml").write_text("hosts: {gpu01: {address: a, root: /data}}", encoding="utf-8")

    def read(data: bytes) -> None:
        name, _, value = data.decode("utf-8", "surrogateescape").partition("=")
        load(tmp_path, {f"COSMOS_HOUDINI_{name}": value})

    def make(random_: random.Random) -> bytes:
        name = random_.choice(VARIABLES)
        return name.encode() + b"=" + change_text(random_, random_.choice(("3", "[1, 2]", "{a: 1}", "host")), WORDS)

    read_all(200, make, read)


SSH = """# the farm
Host gpu01 gpu02 !gpu03
  HostName %h.example
  Port 2222
  User "ana b"
  IdentityFile ~/.ssh/%r_key
  ProxyJump login:22,second
Match host *.example user ana
  ServerAliveInterval 15
  Ciphers +aes128-ctr
Include more/*.conf
Host *
  UserKnownHostsFile ~/.ssh/known_%h
  HostKeyAlias farm
"""
SSH_WORDS = (
    *("Host ", "Match ", "Match all\n", "Match final\n", "Include config\n", "Include *\n", "Port ssh", "Port 99999"),
    *("%", "%%", "%z", "%h", '"', "'", "\\", "=", " = ", "#", "\t", "\r\n", "\n", "none", "yes", "${HOME}", "${NO"),
    *("~", "~x/", "ProxyJump gpu01\n", "ProxyJump a@b:c\n", "HostName\n", "é", "\udcfc", "\0", "!*", "?", "[", "-1"),
    *("9" * 50, "x" * 5000),
)


def test_an_ssh_configuration_of_any_words_is_read_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    me = replace(this_user(), home=tmp_path)
    folder = tmp_path / ".ssh"
    folder.mkdir(mode=0o700)

    def read(data: bytes) -> None:
        (folder / "config").write_bytes(data)
        (folder / "config").chmod(0o600)
        for alias in ("gpu01", "second", "-x", "a b"):
            with suppress(CosmosError):
                route(
                    HostConfig(address=alias), SshConfig(me=me, user_file=folder / "config", system_file=folder / "no")
                )

    read(SSH.encode())
    read_all(150, lambda random_: change_text(random_, SSH, SSH_WORDS), read)


def test_a_video_with_changed_boxes_is_decoded_or_refused(clip: Path, tmp_path: Path) -> None:
    whole = clip.read_bytes()
    boxes = whole.index(b"moov") - 4
    file = tmp_path / "changed.mp4"

    def read(data: bytes) -> None:
        file.write_bytes(data)
        assert probe_video(file, timeout_s=60, ffmpeg=FFMPEG).frames > 0

    read(whole)
    read_all(12, lambda random_: whole[:boxes] + change(random_, whole[boxes:]), read)


NODE = hip_files.node(
    "obj/cam1",
    "cam",
    {**hip_files.CAM_PARMS, "t": [("tx", 1), ("ty", 2), 3]},
    hip_files.channels(tx="segment { length = 1 value = 0 24 slope = 1 2 accel = 0.3 0.3 expr = bezier() }"),
)
ROP = hip_files.node("out/mantra1", "ifd", {"trange": ["normal"], "f": [1, 2, 3], "vm_picture": ["$HIP/$F.png"]})


@pytest.mark.parametrize("form", ["cpio", "limited"])
def test_a_scene_with_any_bytes_changed_is_read_or_refused(tmp_path: Path, form: str) -> None:
    entries = hip_files.scene_entries(NODE, ROP)
    whole = hip_files.cpio(entries) if form == "cpio" else hip_files.limited(entries)
    file = tmp_path / "changed.hip"

    def read(data: bytes) -> None:
        file.write_bytes(data)
        scene = read_scene(file)
        short = scene.frame_range[1] - scene.frame_range[0] < 500
        json.dumps(scene.document(sample_cameras(scene) if short else None), allow_nan=False).encode()

    read(whole)
    read_all(300, lambda random_: change(random_, whole), read)


PIECES = (
    *(
        "beauty",
        "depth",
        "Z",
        "n",
        "N010",
        "crypto",
        ".",
        "_",
        "-",
        " ",
        "0001",
        "1",
        "99999999999",
        "-3",
        "%04d",
        "####",
    ),
    *("é", "\u202e", "$F4", "[0-9]", "*", "(1)", " - Copy", "v002", "VRayZDepth", "left", "\n", "..", "~", "\udcfc"),
)


@pytest.mark.skipif(os.name == "nt", reason="its file names allow fewer characters")
def test_pictures_of_any_name_are_found_or_refused(tmp_path: Path) -> None:
    def make(random_: random.Random) -> bytes:
        names = [
            "".join(random_.choices(PIECES, k=random_.randint(1, 6)))
            + random_.choice((".png", ".exr", ".EXR", ".jpeg"))
            for _ in range(random_.randint(1, 8))
        ]
        return "/".join(names).encode("utf-8", "surrogateescape")

    def read(data: bytes) -> None:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name in data.decode("utf-8", "surrogateescape").split("/"):
            (folder / name[:200]).touch()
        for sequence in find_sequences(folder, {"depth": ["n", "é"]}):
            assert sequence.frames

    read_all(150, make, read)


def test_a_change_that_kept_everything_would_be_no_change() -> None:
    changed = {change(random.Random(number), bytes(range(256))) for number in range(50)}
    assert len(changed) > 40
