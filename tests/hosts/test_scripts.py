"""The scripts by which files reach a host and leave it, as shellcheck reads them."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from cosmos_houdini.hosts.base import Transfer
from cosmos_houdini.hosts.script import enclosed
from cosmos_houdini.hosts.ssh import script as ssh
from cosmos_houdini.hosts.transfer import script
from cosmos_houdini.hosts.transfer.chunks import packs, parts
from support.shellcheck import complaints

ROOT = PurePosixPath("/data/it's")
MARK = "7" * 32
SMALL = [
    Transfer(local=Path(f"/shot/{n}.mp4"), remote=ROOT / f"objects/{n}", bytes=100 + n, sha256=f"{n}" * 64)
    for n in range(3)
]
LARGE = Transfer(local=Path("/shot/large.mp4"), remote=ROOT / "objects/large", bytes=500_000_000, sha256="b" * 64)
(PACK,) = packs(SMALL)
PART = parts(LARGE)[0]


@pytest.mark.shellcheck
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(script.survey_script(SMALL, MARK), id="survey"),
        pytest.param(script.arrival_script(ROOT, PACK, "", 0, MARK), id="arrival of a pack"),
        pytest.param(script.arrival_script(ROOT, PART, f"{PART.key}.part", 10, MARK), id="arrival of a part"),
        pytest.param(script.join_script(LARGE, [part.key for part in parts(LARGE)], MARK), id="join"),
        pytest.param(script.forget_script([PACK, PART]), id="forget"),
        pytest.param(script.departure_script([*PACK.slices, *PART.slices]), id="departure"),
        pytest.param(ssh.arrival_script(ROOT / "a b", size=3, mode=0o600), id="arrival of a file"),
        pytest.param(ssh.unpacking_script({ROOT / "a": 3, ROOT / "b": 4}), id="arrival of files"),
        pytest.param(ssh.marked(enclosed("echo hi"), ROOT, MARK), id="marked"),
    ],
)
def test_shellcheck_finds_nothing(text: str | bytes):
    assert complaints(text) == ""
