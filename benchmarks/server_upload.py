"""The upload of a 75 MB control to a server of Cosmos 3, beside curl, and the memory that the job's program takes.

Both sides send the same file to the same HTTP server on loopback, which runs in a process of its own, by turns. A NIM
gets and sends JSON with base64 in it; its video of the same size must pass through as little memory.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cosmos_houdini.engines.cosmos3_http import engine
from figures import Figure, NotMeasured, by_turns
from support.servers import video_server
from support.servers.video_server import Behaviour, VideoServer

FILE_BYTES = 75_000_000
NIM_BYTES = 70_000_000
ROUNDS = 7
SIZE, FRAMES, FPS = (320, 192), 25, 24
RATIO = 1.1
MEMORY_MB = 100.0

# Sends one request in a fresh process, as a job does, and prints the seconds and the memory of its own process.
_DRIVER = """
import json, re, sys, time
from pathlib import Path
from client.__main__ import _connect
from client.server_record import ServerRecord
order = json.loads(sys.argv[1])
api, kind = _connect(order["server"], "")
request = order["request"]
record = ServerRecord(Path(request["folder"]), "x", order["server"]["url"])
start = time.perf_counter()
if order["whole"]:
    api.make(request, record, Path(request["folder"], "out", "answer.mp4"))
else:
    api._post(request)
taken = time.perf_counter() - start
peak_kib = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])
print(json.dumps([taken, peak_kib / 1024]))
"""


def measure() -> list[Figure]:
    """Send the file by turns with curl, then through a NIM."""
    curl = shutil.which("curl")
    if not curl:
        raise NotMeasured("the program curl is not installed: nothing to compare with")
    if not Path("/proc/self/status").exists():
        raise NotMeasured("this system tells no process the most memory that it has had")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "out").mkdir()
        control = folder / "depth.mp4"
        control.write_bytes(os.urandom(FILE_BYTES))
        memories: list[float] = []
        with far_server("vllm-omni") as url:

            def ours() -> float:
                taken, memory = sent(url, folder, control, whole=False)
                memories.append(memory)
                return taken

            medians = by_turns([ours, lambda: by_curl(curl, url, control)], ROUNDS)
        upload = Figure(
            name="75 MB control to a vLLM-Omni on loopback",
            ours=medians[0],
            unit="s",
            other=medians[1],
            beside="curl",
            ratio_limit=RATIO,
        )
        control.write_bytes(os.urandom(NIM_BYTES))
        with far_server("nim") as url:
            _, memory = sent(url, folder, control, whole=True)
        got = (folder / "out/answer.mp4").stat().st_size
        assert got == NIM_BYTES, got
        return [
            upload,
            Figure(name="memory of that upload", ours=max(memories), unit="MB", limit=MEMORY_MB),
            Figure(name="memory of 70 MB to a NIM and 70 MB back", ours=memory, unit="MB", limit=MEMORY_MB),
        ]


def sent(url: str, folder: Path, control: Path, *, whole: bool) -> tuple[float, float]:
    """Send the control in a fresh process; return the seconds, and the most memory in MB (2**20 bytes)."""
    order = {"server": server_settings(url), "request": request_for(folder, control), "whole": whole}
    env = {**os.environ, "PYTHONPATH": str(Path(engine.__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", _DRIVER, json.dumps(order)], env=env, capture_output=True, text=True, check=True
    )
    taken, memory = json.loads(done.stdout.splitlines()[-1])
    return float(taken), float(memory)


def server_settings(url: str) -> dict[str, Any]:
    return {"url": url, "sees_files": False, "away_s": 10.0, "first_pause_s": 0.1, "longest_pause_s": 0.1}


def request_for(folder: Path, control: Path) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "prompt": "rain",
        "negative_prompt": "",
        "controls": [{"hint": "depth", "path": str(control), "weight": 1.0}],
        "video": None,
        "size": list(SIZE),
        "aspect_ratio": "16,9",
        "resolution": "256",
        "frames": FRAMES,
        "fps": FPS,
        "num_steps": 2,
        "guidance": 3.0,
        "shift": 10.0,
        "seed": 1,
        "options": {"control_guidance": 1.5, "num_video_frames_per_chunk": 93, "num_conditional_frames": 1},
        "watchdog_s": 600.0,
    }


def by_curl(curl: str, url: str, control: Path) -> float:
    fields = {"prompt": "rain", "size": "320x192", "num_frames": "25", "fps": "24", "control_type": "depth"}
    fields["extra_params"] = '{"depth": {"control_weight": 1.0}}'
    forms = [word for name, value in fields.items() for word in ("--form-string", f"{name}={value}")]
    argv = [curl, "-sS", "-o", os.devnull, "-w", "%{time_total} %{http_code}", *forms]
    argv += ["-H", "Expect:", "-F", f"control_reference=@{control};type=video/mp4", f"{url}/v1/videos"]
    taken, code = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    assert code == "200", code
    return float(taken)


@contextmanager
def far_server(kind: str) -> Any:  # noqa: ANN401 - a context manager
    """Run a server in a process of its own, so that it takes no time and no memory from ours."""
    ours_end, theirs_end = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(kind, theirs_end), daemon=True)
    process.start()
    try:
        yield ours_end.recv()
    finally:
        process.kill()
        process.join()


def serve(kind: str, told: Connection) -> None:
    large = os.urandom(NIM_BYTES)
    video_server.made_video = lambda *_: large  # type: ignore[assignment]
    told.send(VideoServer(Behaviour(kind=kind, keeps=False)).url)
    told.recv()
