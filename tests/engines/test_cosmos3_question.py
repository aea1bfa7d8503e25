"""What ``doctor`` asks a host for the framework, run by the Python of these tests."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import pytest

from cosmos_houdini.engines.cosmos3.host_question import ask_framework, judge_framework
from cosmos_houdini.model.finding import Verdict

COMMIT = "5" * 40
TOKEN = "x" * 8


def write_weights(path: Path, *, missing: int = 0) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((len(header).to_bytes(8, "little") + header + bytes(16))[: -missing or None])


def ask(folder: Path, *models: str, **env: str) -> dict[str, object]:
    argv = ask_framework(PurePosixPath(folder), PurePosixPath(folder / "checkpoints"), models)
    env = {"PATH": "/usr/bin", **env}
    done = subprocess.run([sys.executable, *argv[1:]], capture_output=True, text=True, check=True, env=env)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_checkpoints_that_are_cut_off_are_found(tmp_path: Path) -> None:
    hub = tmp_path / "checkpoints" / "hub" / "models--nvidia--Cosmos3-Nano"
    write_weights(hub / "snapshots" / "1" / "whole.safetensors")
    assert ask(tmp_path)["damaged"] == []
    write_weights(hub / "snapshots" / "1" / "cut.safetensors", missing=3)
    (hub / "snapshots" / "1" / "pointer.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n")
    (hub / "snapshots" / "1" / "gone.json").symlink_to(hub / "blobs" / "none")
    (hub / "blobs").mkdir()
    (hub / "blobs" / "ab.incomplete").touch()
    names = [Path(str(path)).name for path in ask(tmp_path)["damaged"]]  # type: ignore[attr-defined]
    assert sorted(names) == ["ab.incomplete", "cut.safetensors", "gone.json", "pointer.safetensors"]


def answer(**changes: object) -> str:
    return json.dumps({"python": [3, 12], "commit": COMMIT, "damaged": [], "access": {}, **changes}) + "\n"


class Hub(BaseHTTPRequestHandler):
    """Gives one repository to a known token, and the other one to nobody."""

    def do_GET(self) -> None:
        known = self.headers.get("Authorization") == f"Bearer {TOKEN}"
        self.send_response(200 if known and "/open/" in self.path else 403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_repositories_that_an_account_may_not_read_are_found(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        found = ask(tmp_path, "open/a", "gated/b", HF_ENDPOINT=address, HF_TOKEN=TOKEN)
        server.shutdown()
    assert found["access"] == {"open/a": 200, "gated/b": 403}
    assert ask(tmp_path, "open/a", HF_ENDPOINT="http://127.0.0.1:9")["access"] == {"open/a": 0}


@pytest.mark.parametrize(
    ("stdout", "verdict", "words"),
    [
        (answer(), Verdict.PASSED, "every checkpoint there is whole"),
        (answer(python=[3, 10]), Verdict.FAILED, "its Python is 3.10"),
        (answer(damaged=["a", "b", "c", "d"]), Verdict.FAILED, "a, b, c and 1 more"),
        (answer(commit="9" * 40), Verdict.WARNED, "the checkout is at 999999999999"),
        (answer(access={"n/a": 200, "n/b": 403}), Verdict.FAILED, "the Hub does not give n/b"),
        (answer(access={"n/a": 0}), Verdict.WARNED, "does not reach the Hub, and lacks n/a"),
        (answer(commit=""), Verdict.WARNED, "no commit that git tells"),
        ("", Verdict.FAILED, "gave no answer (exit code 127)"),
        ("[]", Verdict.FAILED, "gave no answer"),
    ],
)
def test_the_answer_is_judged(stdout: str, verdict: Verdict, words: str) -> None:
    found = judge_framework(127, stdout, COMMIT)
    assert (found.verdict, words in found.seen) == (verdict, True)
