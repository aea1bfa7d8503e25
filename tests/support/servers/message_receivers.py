"""A real SMTP server and a real HTTP server on loopback that keep what they are sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

from support.servers.sshd import free_port

HOST = "127.0.0.1"


@dataclass
class Mailbox:
    """Messages that an SMTP server took."""

    port: int
    messages: list[EmailMessage] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"mailto://{HOST}:{self.port}?from=farm@example.org&to=artist@example.org&mode=insecure"

    async def handle_DATA(self, _server: object, _session: object, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 kept"

    def text(self) -> str:
        body = self.messages[-1].get_body(("plain", "html"))
        assert body is not None
        return str(body.get_content())


@dataclass
class Hook:
    """Documents that were posted to an HTTP server."""

    port: int
    documents: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"json://{HOST}:{self.port}/hooks/SECRETTOKEN"


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run an SMTP server."""
    box = Mailbox(port=free_port())
    controller = Controller(box, hostname=HOST, port=box.port, ready_timeout=60)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def hook() -> Iterator[Hook]:
    """Run an HTTP server."""
    kept: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Hook(port=server.server_address[1], documents=kept)
        finally:
            server.shutdown()
            thread.join()
