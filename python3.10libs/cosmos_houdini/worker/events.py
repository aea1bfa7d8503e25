"""The lines of a worker's answer, one JSON object each; ``event`` says which of these it is.

==========  ============================================================================================
message     ``text``: a sentence for people
progress    ``label``, ``done``, ``total`` (null where unknown) and ``unit`` of a step of work
job         ``job``, ``attempt``, ``state``, ``progress`` (0 to 1), ``eta_s``, ``stage`` of a job that changed
overall     ``sentence``, ``fraction`` (0 to 1) and ``left`` (words) of a batch
result      ``document``: what the command returned; the last line of a command that succeeded
error       ``error``: class, problem, allowed, action and exit_code; the last line of a command that failed
==========  ============================================================================================
"""

from __future__ import annotations

import json
from threading import Lock
from typing import TextIO


class EventWriter:
    """Writes events to a stream. Several threads may write.

    Args:
        stream: a text stream in UTF-8.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = Lock()

    def write(self, event: str, **values: object) -> None:
        """Write one event, at once."""
        # ASCII: file names may hold halves of characters, which UTF-8 cannot.
        line = json.dumps({"event": event, **values})
        with self._lock:
            self._stream.write(f"{line}\n")
            self._stream.flush()
