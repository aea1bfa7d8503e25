"""Cancels the job of a work item that was killed, and leaves the job alone when Houdini was closed.

A scheduler may end a cancelled work item by a signal that no program can catch. A small process therefore waits at the
other end of a pipe, which closes however the work item ends. If PDG's result server still answers a while later, the
cook was cancelled or the item dirtied. If it does not, Houdini is gone, and a later cook takes the job up.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.environment import LIBRARIES
from cosmos_houdini.houdini.tops.work_order import WorkOrder

GRACE_S = 3.0
CONNECT_TIMEOUT_S = 5.0
# Loads nothing before the pipe is closed: as long as all goes well, it costs no more than a Python that waits.
_PROGRAM = """
import sys
text = sys.stdin.read()
sys.path.insert(0, sys.argv[1])
from cosmos_houdini.houdini.tops.guard import watch
sys.exit(watch(text))
"""


class Guard:
    """The process that watches over one job.

    Args:
        order: of the work item.
        job_id: the job.
    """

    def __init__(self, order: WorkOrder, job_id: str) -> None:
        own: dict[str, object] = {"start_new_session": True}
        if sys.platform == "win32":
            own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        self._process = subprocess.Popen(  # type: ignore[call-overload]  # the keywords differ by system
            [sys.executable, "-I", "-S", "-c", _PROGRAM, str(LIBRARIES)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            **own,
        )
        try:
            self._process.stdin.write(json.dumps({"job": job_id, "folder": str(order.folder)}))
            self._process.stdin.flush()
        except OSError:
            # The guard was killed; the work item goes on without it.
            return

    def dismiss(self) -> None:
        """End the guard: the work item has ended in order."""
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()


def watch(text: str, environ: Mapping[str, str] | None = None) -> int:
    """Cancel the job of a work item that was killed, if Houdini still runs.

    Args:
        text: the text that came through the pipe before it closed.
        environ: names the result server.
    """
    environ = os.environ if environ is None else environ
    if not text:
        return 0
    watched = json.loads(text)
    time.sleep(GRACE_S)
    if not is_listening(environ.get("PDG_RESULT_SERVER", "")):
        return 0
    try:
        worker.call("cancel", {"ids": [watched["job"]]}, folder=Path(watched["folder"]))
    except CosmosError:
        # No one reads the output of this process; the error is in the log.
        return 1
    return 0


def is_listening(server: str) -> bool:
    """Whether a program listens at ``host:port``."""
    host, _, port = server.rpartition(":")
    if not host or not port.isdecimal():
        return False
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_TIMEOUT_S):
            return True
    except OSError:
        return False
