"""Send requests to a server of Cosmos 3, one after another, and save the videos that it makes.

It runs on a host as ``python -m client REQUESTS.json``. The API key is in the environment variable COSMOS_SERVER_KEY,
which FFmpeg does not get. The exit code is that of the last request. SIGTERM removes the job from the server.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from .answer_video import finish
from .connection import Server
from .failure import Failure, Stopped, mask, say
from .infer_api import InferApi
from .patience import Patience
from .server_kind import KEY_VARIABLE, NIM, Kind, find_kind
from .server_record import ServerRecord
from .videos_api import VideosApi

TERMINATED = 143
_stopping: list[int] = []


def main(arguments: list[str]) -> int:
    """Serve the requests of a file and return the exit code."""
    signal.signal(signal.SIGTERM, _stop)
    with Path(arguments[0]).open(encoding="utf-8") as file:
        order = json.load(file)
    key = os.environ.pop(KEY_VARIABLE, "")
    mask(key)
    exit_code = 0
    try:
        say(f"asking {order['server']['url']} what it is")
        api, kind = _connect(order["server"], key)
        for number, request in enumerate(order["requests"], start=1):
            if Path(request["folder"], "in", "ended").exists():
                continue  # The request was cancelled before its turn.
            say(f"[{number}/{len(order['requests'])}] begin {request['name']}")
            exit_code = _serve(api, kind, request, order["server"]["url"])
    except Failure as failure:
        say(failure.line())
        return 1
    except Stopped:
        return TERMINATED
    return exit_code


def _connect(wanted: dict[str, Any], key: str) -> tuple[VideosApi | InferApi, Kind]:
    server = Server(wanted["url"], key)
    patience = Patience(wanted["away_s"], wanted["first_pause_s"], wanted["longest_pause_s"])
    kind = find_kind(server, patience_s=patience.away_s, pause_s=patience.longest_pause_s)
    say(f"it is {kind.words}; it tells no progress")
    if kind.name == NIM:
        return InferApi(server, kind, patience), kind
    return VideosApi(server, kind, patience, sees_files=wanted["sees_files"]), kind


def _serve(api: VideosApi | InferApi, kind: Kind, request: dict[str, Any], url: str) -> int:
    """Serve one request; return its exit code.

    Raises:
        Failure: the server can serve no later request either.
    """
    folder = Path(request["folder"])
    record = ServerRecord(folder, request["content"], url)
    with suppress(OSError):
        # A container does not see this file.
        (folder / "engine_version").write_text(f"{kind.words}\n", encoding="utf-8")
    result = folder / "out" / request["result"]
    answer = result.with_name(f"answer-{result.name}")
    try:
        api.check(request)
        api.make(request, record, answer)
        video = record.video
        record.close()
        finish(request, answer, result)
    except Failure as failure:
        if failure.ends:
            raise
        say(failure.line())
        return 1
    except Stopped:
        if record.video:
            say(f"removing {record.video} from the server")
            api.remove(record.video)
            record.close()
        raise
    if video:
        api.remove(video)
    say("made with " + json.dumps({"parameters": request["parameters"], "weights": request["weights"]}))
    say(f"saved {result}")
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Leave whatever waits; a second signal changes nothing, so that the job can be removed from the server."""
    if not _stopping:
        _stopping.append(1)
        raise Stopped


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
