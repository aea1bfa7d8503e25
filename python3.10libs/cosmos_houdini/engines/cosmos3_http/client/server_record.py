"""The name of a request's job on the server, kept in the folder of the attempt.

A later attempt, or the same one after a restart of the host, finds it and goes on with the job in place of paying for
another. The name counts only for the same content and the same server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

FILE = "server.json"
SCHEMA = "cosmos-houdini/server-job/1"
_ATTEMPT = re.compile(r"\.\d+$", re.ASCII)
_FOLDERS = re.compile(r"(\.\d+)?", re.ASCII)
_LARGEST = 1 << 16


class ServerRecord:
    """The record of one request.

    Args:
        folder: the folder of the attempt.
        content: the hash of all that decides the result.
        server: the URL of the server.
    """

    def __init__(self, folder: Path, content: str, server: str) -> None:
        self._folder = folder
        self._identity = {"schema": SCHEMA, "content": content, "server": server}
        self._video = ""

    @property
    def video(self) -> str:
        """The job that the server works on, or an empty text."""
        return self._video

    def open_job(self) -> str:
        """Return the job that an attempt left on the server, or an empty text."""
        records = [found for folder in self._attempts() if (found := self._read(folder))]
        ended = {found["id"] for found in records if found["open"] is not True}
        video = next((found["id"] for found in records if found["id"] not in ended), "")
        if video:
            self.note(str(video))
        return self._video

    def note(self, video: str) -> None:
        """Keep the name of the job that was submitted."""
        self._video = video
        self._write(is_open=True)

    def close(self) -> None:
        """Note that nothing is to be had from the job any more."""
        if self._video:
            self._write(is_open=False)
            self._video = ""

    def _attempts(self) -> Iterator[Path]:
        """Yield the folders of the attempts of this job, the own one first, then the latest."""
        yield self._folder
        base = _ATTEMPT.sub("", self._folder.name)
        try:
            others = [
                path for path in self._folder.parent.glob(f"{base}*") if _FOLDERS.fullmatch(path.name[len(base) :])
            ]
        except OSError:
            # A container sees the folder of its own attempt alone.
            return
        yield from sorted((path for path in others if path != self._folder), key=_number, reverse=True)

    def _read(self, folder: Path) -> dict[str, object] | None:
        """Return the record of an attempt, if it is of this content and this server."""
        path = folder / "out" / FILE
        try:
            if path.stat().st_size > _LARGEST:
                return None
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return None
        is_ours = isinstance(found, dict) and all(found.get(name) == value for name, value in self._identity.items())
        return found if is_ours and isinstance(found.get("id"), str) and "open" in found else None

    def _write(self, *, is_open: bool) -> None:
        path = self._folder / "out" / FILE
        part = path.with_name(f"part-{FILE}")
        part.write_text(json.dumps({**self._identity, "id": self._video, "open": is_open}), encoding="utf-8")
        part.replace(path)


def _number(folder: Path) -> int:
    return int(folder.suffix[1:]) if folder.suffix[1:].isdigit() else 1
