"""Requests to one HTTP server: certificates are verified, bodies are streamed, and every failure is one sentence."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

from .failure import Failure

CONNECT_TIMEOUT_S = 20.0
READ_TIMEOUT_S = 60.0
PIECE_BYTES = 1 << 20
LARGEST_DOCUMENT = 8 << 20
"""Bytes of an answer that is read as a whole."""
_EARLY_ANSWER_S = 2.0
MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Unreachable(Failure):
    """No connection was made, so the server has got nothing."""

    def __init__(self, message: str, *, is_permanent: bool = False) -> None:
        super().__init__("host_setup", message, ends=True)
        self.is_permanent = is_permanent


class Cut(Failure):
    """The connection ended before the answer was there.

    Attributes:
        was_sent: whether the server may have got the whole request.
    """

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__("lost", message, ends=True)
        self.was_sent = was_sent


class Body(Protocol):
    """The content of a request, which is read from files while it is sent."""

    length: int
    content_type: str

    def pieces(self) -> Iterator[bytes]:
        """Yield the content."""


@dataclass(frozen=True)
class Answer:
    """The beginning of an answer; the rest is read from it."""

    status: int
    response: http.client.HTTPResponse

    def header(self, name: str) -> str:
        """Return a header, or an empty text."""
        return self.response.getheader(name) or ""

    def text(self) -> str:
        """Return the body as text, up to LARGEST_DOCUMENT bytes."""
        return self.response.read(LARGEST_DOCUMENT).decode("utf-8", "replace")

    def pieces(self) -> Iterator[bytes]:
        """Yield the body piece by piece.

        Raises:
            OSError: the connection ended early, or gave nothing for READ_TIMEOUT_S.
        """
        try:
            while piece := self.response.read(PIECE_BYTES):
                yield piece
        except http.client.IncompleteRead as error:
            raise ConnectionError("the connection ended in the middle of the answer") from error
        if self.response.length:
            raise ConnectionError(f"the answer ended {self.response.length} bytes too early")


@dataclass(frozen=True)
class Told:
    """A whole answer: its status, its text, and the JSON document that the text holds, or None."""

    status: int
    text: str
    document: Any
    retry_after: str = ""

    def get(self, *keys: str) -> Any:  # noqa: ANN401 - whatever the server says
        """Return a value of the document by its path, or None."""
        found = self.document
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found


@dataclass(frozen=True)
class _Call:
    method: str
    body: Body | None
    timeout_s: float


class Server:
    """A server, by the URL that the configuration gives.

    Args:
        url: ``http`` or ``https``, a host, perhaps a port and a path before the paths of the API.
        key: the API key, which goes into a header of each request; may be empty.

    Raises:
        Failure: the key cannot stand in a header.
    """

    def __init__(self, url: str, key: str) -> None:
        if not (key.isascii() and key.isprintable()):
            raise Failure("auth", "the API key has letters that no key has; set COSMOS_SERVER_KEY anew", ends=True)
        self.url = url.rstrip("/")
        self._key = key

    def ask(self, path: str, *, method: str = "GET", timeout_s: float = READ_TIMEOUT_S) -> Told:
        """Return the whole answer to a request without a body."""
        with self.exchange(method, path, timeout_s=timeout_s) as answer:
            return told(answer)

    @contextmanager
    def exchange(
        self, method: str, path: str, body: Body | None = None, *, timeout_s: float = READ_TIMEOUT_S
    ) -> Iterator[Answer]:
        """Send a request and give the answer.

        Args:
            method: of HTTP.
            path: of the API, from ``/``.
            body: the content of the request.
            timeout_s: seconds until the first byte of the answer.

        Raises:
            Unreachable: there is no connection.
            Cut: the connection ended before the answer.
        """
        url, key = self.url + path, self._key
        for _ in range(MOST_REDIRECTS):
            connection = _connect(url)
            try:
                answer = self._sent(connection, _Call(method, body, timeout_s), url, key)
                if answer.status not in _REDIRECTS or body is not None or not answer.header("Location"):
                    yield answer
                    return
                target = _target(url, answer.header("Location"))
                _check_redirect(url, target)
                if not _is_origin(url, target):
                    # Another machine must not learn the key.
                    key = ""
                url = target
            finally:
                connection.close()
        raise Failure("host_setup", f"{self.url} redirects again and again, last to {url}", ends=True)

    def _sent(self, connection: http.client.HTTPConnection, call: _Call, url: str, key: str) -> Answer:
        method, body, timeout_s = call.method, call.body, call.timeout_s
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        was_sent = False
        try:
            connection.putrequest(method, target)
            connection.putheader("Accept", "*/*")
            connection.putheader("User-Agent", "cosmos-houdini")
            connection.putheader("Connection", "close")
            if key:
                connection.putheader("Authorization", f"Bearer {key}")
            if body:
                connection.putheader("Content-Type", body.content_type)
                connection.putheader("Content-Length", str(body.length))
            connection.endheaders()
            was_sent = body is None or _is_sent(connection, body)
            connection.sock.settimeout(timeout_s if was_sent else _EARLY_ANSWER_S)
            response = connection.getresponse()
            if connection.sock:
                connection.sock.settimeout(READ_TIMEOUT_S)
        except TimeoutError as error:
            raise Cut(
                f"{self.url} gave no answer to {method} {parts.path} within {timeout_s:.0f} s", was_sent=was_sent
            ) from error
        except (OSError, http.client.HTTPException) as error:
            raise Cut(
                f"{self.url} ended the connection during {method} {parts.path}: {_reason(error)}", was_sent=was_sent
            ) from error
        return Answer(status=response.status, response=response)


def told(answer: Answer) -> Told:
    """Read an answer to its end.

    Raises:
        Cut: the connection ended before.
    """
    try:
        text = answer.text()
    except (OSError, http.client.HTTPException) as error:
        raise Cut(f"the answer ended too early: {_reason(error)}", was_sent=True) from error
    return Told(status=answer.status, text=text, document=parsed(text), retry_after=answer.header("Retry-After"))


def parsed(text: str | bytes) -> Any:  # noqa: ANN401 - whatever the server says
    """Return the JSON document of a text, or None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_sent(connection: http.client.HTTPConnection, body: Body) -> bool:
    """Send a body; return False where the server, which may have answered, hangs up before it has read all of it."""
    try:
        for piece in body.pieces():
            connection.send(piece)
    except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
        return False
    return True


def _connect(url: str) -> http.client.HTTPConnection:
    """Return a connection that is open.

    Raises:
        Unreachable: there is none.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    at = f"{parts.scheme}://{parts.netloc}"
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        # The certificate and the name in it are verified; SSL_CERT_FILE names another authority.
        connection = http.client.HTTPSConnection(
            host, parts.port, timeout=CONNECT_TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=CONNECT_TIMEOUT_S)
    try:
        connection.connect()
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"the certificate of {at} is not accepted: {error.verify_message or error.reason}; "
            "renew it, or name the studio's authority as SSL_CERT_FILE in the host's env",
            is_permanent=True,
        ) from error
    except ssl.SSLError as error:
        raise Unreachable(f"{at} speaks no TLS: {_reason(error)}; is it http://?", is_permanent=True) from error
    except socket.gaierror as error:
        raise Unreachable(f"{host!r} is no known machine: {error.strerror}", is_permanent=True) from error
    except TimeoutError as error:
        raise Unreachable(f"{at} does not answer within {CONNECT_TIMEOUT_S:.0f} s") from error
    except OSError as error:
        raise Unreachable(f"{at} cannot be reached: {_reason(error)}") from error
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _target(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _is_origin(url: str, target: str) -> bool:
    one, other = urlsplit(url), urlsplit(target)
    return (one.scheme, one.hostname, one.port) == (other.scheme, other.hostname, other.port)


def _check_redirect(url: str, target: str) -> None:
    """Refuse a redirect to another kind of address, to one without encryption, or to none at all.

    Raises:
        Failure: it is refused.
    """
    try:
        parts = urlsplit(target)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    is_plain = target.isascii() and target.isprintable() and " " not in target
    if not (is_address and is_plain) or (url.startswith("https:") and not target.startswith("https:")):
        raise Failure("host_setup", f"{url} redirects to {target!r}, which is not as safe", ends=True)


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
