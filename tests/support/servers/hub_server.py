"""A Hugging Face Hub on loopback: it lists repositories, and redirects to a storage on a port of its own."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import unquote

HOST = "127.0.0.1"
LARGE = 1000
"""Files of at least so many bytes are in the storage, by their SHA-256."""


@dataclass
class Hub:
    """A hub, and the requests that it has got.

    Attributes:
        files: content by repository, revision and name.
        gated: repositories that want a token, and the token.
        cut_at: bytes after which the storage cuts the next answers, each once.
        damaged: names that are sent damaged the next time.
        served: each file that was sent, with the byte at which it began.
        storage_tokens: the values of Authorization that the storage has got.
    """

    files: dict[tuple[str, str, str], bytes]
    gated: dict[str, str] = field(default_factory=dict)
    cut_at: list[int] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    served: list[tuple[str, int]] = field(default_factory=list)
    storage_tokens: set[str | None] = field(default_factory=set)
    url: str = ""
    storage_url: str = ""

    def commit(self, repository: str, revision: str) -> str:
        return hashlib.sha256(f"{repository}@{revision}".encode()).hexdigest()[:40]


class _Handler(BaseHTTPRequestHandler):
    hub: ClassVar[Hub]
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        if found := re.fullmatch(r"/storage/(.+)", self.path):
            self._store(unquote(found[1]))
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/revision/([^/?]+)\?blobs=true", self.path):
            self._list(found[1], unquote(found[2]))
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([0-9a-f]{40})/(.+)", self.path):
            self._resolve(found[1], found[2], unquote(found[3]))
        else:
            self._send(404, b"{}")

    def _list(self, repository: str, revision: str) -> None:
        hub = self.hub
        wanted = hub.gated.get(repository)
        if wanted and self.headers.get("Authorization") != f"Bearer {wanted}":
            self._send(403, b'{"error": "Access to model is restricted"}')
            return
        siblings = []
        for (name, at, file), content in hub.files.items():
            if (name, at) != (repository, revision):
                continue
            blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()  # noqa: S324 - that of git
            told: dict[str, object] = {"rfilename": file, "size": len(content), "blobId": blob}
            if len(content) >= LARGE:
                told["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
            siblings.append(told)
        if not siblings:
            self._send(404, b'{"error": "Revision Not Found"}')
            return
        self._send(200, json.dumps({"sha": hub.commit(repository, revision), "siblings": siblings}).encode())

    def _resolve(self, repository: str, commit: str, file: str) -> None:
        for (name, revision, one), content in self.hub.files.items():
            if (name, one) == (repository, file) and self.hub.commit(name, revision) == commit:
                if len(content) >= LARGE:
                    self.send_response(302)
                    self.send_header("Location", f"{self.hub.storage_url}/storage/{repository}/{revision}/{file}")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self.hub.served.append((file, 0))
                    self._send(200, content)
                return
        self._send(404, b"{}")

    def _store(self, path: str) -> None:
        hub = self.hub
        hub.storage_tokens.add(self.headers.get("Authorization"))
        content = next(content for key, content in hub.files.items() if "/".join(key) == path)
        name = path.rpartition("/")[2]
        if name in hub.damaged:
            hub.damaged.remove(name)
            content = bytes(len(content))
        begin = int((re.search(r"bytes=(\d+)-", self.headers.get("Range", "")) or [0, 0])[1])
        hub.served.append((name, begin))
        rest = content[begin:]
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if hub.cut_at:
            self.wfile.write(rest[: hub.cut_at.pop(0)])
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(rest)

    def _send(self, status: int, text: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def running_hub(files: dict[tuple[str, str, str], bytes]) -> Iterator[Hub]:
    """Run a hub and its storage for the length of a block."""
    hub = Hub(files)
    with ExitStack() as ending:
        urls = []
        for _ in range(2):
            server = ending.enter_context(ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"hub": hub})))
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            ending.callback(thread.join)
            ending.callback(server.shutdown)
            urls.append(f"http://{HOST}:{server.server_address[1]}")
        hub.url, hub.storage_url = urls
        yield hub
