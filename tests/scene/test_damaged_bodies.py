"""Entries whose text was damaged: a scene is read or refused, nothing else happens."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput
from cosmos_houdini.scene import read_scene, sample_cameras
from support.houdini import hip_files

LINE = "segment { length = 1 value = 0 24 slope = 1 2 accel = 0.3 0.3 expr = bezier() }"
NODE = hip_files.node(
    "obj/cam1",
    "cam",
    {**hip_files.CAM_PARMS, "t": [("tx", 1), ("ty", 2), 3]},
    hip_files.channels(tx=LINE + LINE, ty="start = 2 " + LINE + " segment { length = 0 expr = spline() }"),
)
ROP = hip_files.node(
    "out/mantra1", "ifd", {"trange": ["normal"], "f": [1, ("f2", 2), 3], "vm_picture": ["$HIP/$F.png"]}
)
WORDS = st.sampled_from(
    [b"1e308", b"-1e400", b"nan", b"inf", b"{", b"}", b"=", b"segment", b'"', b"\\", b"\t", b"\n", b"[ ", b" ] "]
)


@given(st.data())
def test_damaged_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject):
    entries = [(str(name), bytearray(hip_files.as_bytes(body))) for name, body in hip_files.scene_entries(NODE, ROP)]
    for _ in range(data.draw(st.integers(1, 4))):
        _, body = data.draw(st.sampled_from(entries))
        start = data.draw(st.integers(0, len(body)))
        length = data.draw(st.integers(0, 8))
        body[start : start + length] = data.draw(WORDS | st.binary(max_size=6))
    path = tmp_path_factory.getbasetemp() / "damaged.hip"
    path.write_bytes(hip_files.cpio((name, bytes(body)) for name, body in entries))
    try:
        scene = read_scene(path)
        samples = sample_cameras(scene) if scene.frame_range[1] - scene.frame_range[0] < 500 else None
    except BadInput:
        return
    json.dumps(scene.document(samples), allow_nan=False)
