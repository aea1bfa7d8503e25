"""Servers of Cosmos 3 on loopback: vLLM-Omni's ``/v1/videos`` and NIM's ``/v1/infer``, over real HTTP or TLS.

They keep their jobs in memory, advance a job at each question after it, and make real videos by FFmpeg. ``faults``
holds what they do wrong, each once: ``("GET job", 404)`` answers the next question after a job with that status.
"""

from __future__ import annotations

import base64
import json
import random
import re
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar

import imageio_ffmpeg
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "127.0.0.1"
MANY_STEPS = 1000
"""A NIM with more steps does not answer."""
MODEL = "nvidia/Cosmos3-Nano"
HINTS = frozenset({"edge", "blur", "depth", "seg", "wsm"})
_NAME = re.compile(rb'name="([^"]*)"(?:; filename="([^"]*)")?')
_PIECE = 1 << 16
_SENSE = 0.7
_NONSENSE = (
    *(b"", b"\0\xff", b"<html>busy</html>", b"[]", b"3", b'"x"', b"null", b"[" * 5000, b'{"data": {}}'),
    *(b'{"data": [3, null]}', b'{"id": ["x"], "status": "queued"}', b'{"id": "x", "status": {"a": 1}}'),
    *(b'{"status": "failed", "error": "x"}', b'{"status": "completed"}', b'{"paths": 3, "components": [1]}'),
    *(b'{"components": {"schemas": {"a": 3}}}', b'{"modelInfo": "x", "version": {}}', b'{"b64_video": 7}'),
    *(b'{"b64_video": "!!"}', b'{"b64_video": "AAA', b'{"detail": [{"loc": 3}, 4]}', b'{"error": {"message": {}}}'),
)


@dataclass
class Behaviour:
    """Kind and doings of a server.

    Attributes:
        kind: ``vllm-omni``, ``old vllm-omni`` (without uploads), ``nim``, ``sglang`` or ``shop``.
        key: the API key that it wants; empty for none.
        steps: the questions after a job until it is complete.
        size, fps, frames, codec: of the video, where they are not those that were asked for.
        error: the error with which each job fails, as status and message.
        faults: things that go wrong once, by route.
        keeps: whether it keeps the files of requests.
        stored_at: the URL to which it redirects for a video.
    """

    kind: str = "vllm-omni"
    key: str = ""
    steps: int = 2
    size: tuple[int, int] | None = None
    fps: int | None = None
    frames: int | None = None
    codec: str = "libx264"
    error: tuple[int, str] | None = None
    faults: list[tuple[str, Any]] = field(default_factory=list)
    keeps: bool = True
    stored_at: str = ""


@dataclass
class Seen:
    """Requests that a server has got.

    Attributes:
        routes: each request, as ``POST /v1/videos``.
        forms: the fields of each request for a video; a file is its content.
        removed: the jobs that were deleted.
        keys: the values of the header Authorization.
    """

    routes: list[str] = field(default_factory=list)
    forms: list[dict[str, Any]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    uploaded_bytes: int = 0


class VideoServer:
    """A server, with its address, its behaviour, and the requests that it has got."""

    def __init__(self, behaviour: Behaviour, *, certificate: Path | None = None) -> None:
        self.does = behaviour
        self.seen = Seen()
        self.jobs: dict[str, dict[str, Any]] = {}
        self._certificate = certificate
        self._count = 0
        self.drawn = random.Random(14)
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"{'https' if self._certificate else 'http'}://{HOST}:{self.port}"

    def start(self) -> None:
        """Start, on the same port as before."""
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer((HOST, self.port), handler)
        self._server.daemon_threads = True
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self._certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        """Go away; the jobs are forgotten."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.jobs.clear()

    def new_job(self, form: dict[str, Any]) -> dict[str, Any]:
        self._count += 1
        job = {
            "id": f"video_gen_{self._count}",
            "object": "video",
            "status": "queued",
            "progress": 0,
            "prompt": form["prompt"],
            "size": form.get("size"),
            "model": MODEL,
            "created_at": int(time.time()),
            "error": None,
        }
        self.jobs[str(job["id"])] = {"told": job, "asked": 0, "form": form}
        return job

    def fault(self, route: str) -> Any:  # noqa: ANN401 - a status, a word or None
        """Return, and forget, what is to go wrong with a route now."""
        for index, (wanted, what) in enumerate(self.does.faults):
            if wanted == route:
                del self.does.faults[index]
                return what
        return None


class _Handler(BaseHTTPRequestHandler):
    owner: ClassVar[VideoServer]
    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_message(self, *_: object) -> None: ...

    def handle(self) -> None:
        with suppress(ConnectionError, ssl.SSLError):
            super().handle()

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def do_DELETE(self) -> None:
        self._route("DELETE")

    def _route(self, method: str) -> None:
        path = self.path.partition("?")[0]
        self.owner.seen.routes.append(f"{method} {path}")
        does = self.owner.does
        told = self.headers.get("Authorization", "")
        self.owner.seen.keys.add(told)
        if does.key and path.startswith("/v1") and told != f"Bearer {does.key}":
            self._say(401, {"error": f"Unauthorized: {told}"})
            return
        answer = getattr(self, f"_{does.kind.rpartition(' ')[2].replace('-', '_')}")
        answer(method, path)

    def _shop(self, method: str, path: str) -> None:  # noqa: ARG002
        if path == "/video.mp4":
            self._content(made_video((320, 192), 5, 24), None)
        elif path == "/openapi.json":
            self._say(200, {"info": {"title": "Pet Store"}, "paths": {"/pets": {}}})
        else:
            self._say(404, {"detail": "Not Found"})

    def _sglang(self, method: str, path: str) -> None:
        if path == "/openapi.json":
            content = {"application/json": {}}
            paths = {"/v1/videos": {"post": {"requestBody": {"content": content}}}}
            self._say(200, {"info": {"title": "SGLang"}, "paths": paths})
        elif path == "/v1/videos" and method == "GET":
            self._say(200, {"data": []})
        else:
            self._say(404, {"detail": "Not Found"})

    def _nonsense(self, method: str, path: str) -> None:
        """Answer as a vLLM-Omni, a NIM or neither, with documents of a wrong form."""
        drawn = self.owner.drawn
        if drawn.random() < _SENSE:
            drawn.choice((self._vllm_omni, self._nim))(method, path)
            return
        text = drawn.choice(_NONSENSE)
        self.send_response(drawn.choice((200, 200, 200, 201, 204, 302, 400, 404, 418, 500, 503)))
        self.send_header("Content-Length", str(len(text) + drawn.choice((0, 0, 0, 5))))
        self.send_header("Location", drawn.choice(("/", "http://127.0.0.1:1/", "gopher://x", "\xff")))
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = True

    def _vllm_omni(self, method: str, path: str) -> None:
        owner = self.owner
        if path == "/openapi.json":
            old = owner.does.kind.startswith("old")
            fields = {"prompt": {}, "input_reference": {}, "extra_params": {}} | (
                {} if old else {"control_reference": {}}
            )
            self._say(200, {"paths": {}, "components": {"schemas": {"Body_create_video": {"properties": fields}}}})
        elif path == "/version":
            self._say(200, {"version": "0.24.0"})
        elif path == "/health":
            self._say(200, None)
        elif path == "/v1/models":
            self._say(200, {"data": [{"id": MODEL, "owned_by": "vllm"}]})
        elif path == "/v1/videos" and method == "POST":
            self._create()
        elif path == "/v1/videos":
            self._say(200, {"object": "list", "data": [job["told"] for job in owner.jobs.values()]})
        elif path.startswith("/v1/videos/"):
            self._job(method, path)
        else:
            self._say(404, {"detail": "Not Found"})

    def _create(self) -> None:  # noqa: PLR0911 - each thing that goes wrong
        owner = self.owner
        fault = owner.fault("POST")
        if fault == "hang up":
            # The connection ends in the middle of the upload.
            self.rfile.read(1000)
            self.close_connection = True
            self.connection.close()
            return
        if isinstance(fault, int) and fault not in {200, 503, 429}:
            self._read_form()
            self._say(fault, {"error": {"message": f"fault {fault}", "type": "x", "code": fault}})
            return
        form = self._read_form()
        if fault in {503, 429}:
            self._say(fault, {"detail": "busy"}, {"Retry-After": "1"})
            return
        owner.seen.forms.append(form)
        extra = json.loads(form.get("extra_params", "{}"))
        if "control_reference" in form and form.get("control_type") not in HINTS:
            self._say(
                400, {"detail": f"Control upload type {form.get('control_type')!r} is not supported by this model."}
            )
            return
        if "control_type" in form and "control_reference" not in form:
            self._say(400, {"detail": "control_type requires a control_reference upload."})
            return
        if not HINTS & set(extra):
            self._say(422, {"detail": [{"loc": ["body", "extra_params"], "msg": "no hint", "type": "x"}]})
            return
        job = owner.new_job(form)
        if fault == "lose answer":
            self.close_connection = True
            self.connection.close()
            return
        if fault == "lose all":
            owner.jobs.clear()
            self.close_connection = True
            self.connection.close()
            return
        self._say(200, job)

    def _job(self, method: str, path: str) -> None:
        owner, does = self.owner, self.owner.does
        video, _, rest = path.removeprefix("/v1/videos/").partition("/")
        fault = owner.fault(f"{method} {rest or 'job'}")
        if fault == "restart":
            owner.jobs.clear()
        job = owner.jobs.get(video)
        if isinstance(fault, int):
            self._say(fault, {"detail": f"fault {fault}"})
        elif job is None:
            self._say(404, {"detail": "Video not found"})
        elif method == "DELETE":
            owner.seen.removed.append(video)
            del owner.jobs[video]
            self._say(200, {"id": video, "deleted": True})
        elif rest == "content" and does.stored_at:
            self.send_response(302)
            self.send_header("Location", does.stored_at)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif rest == "content":
            self._content(self._made(job["form"]), fault)
        else:
            self._advance(job, does)

    def _advance(self, job: dict[str, Any], does: Behaviour) -> None:
        job["asked"] += 1
        told = job["told"]
        if job["asked"] < does.steps:
            told["status"] = "queued" if job["asked"] == 1 else "in_progress"
            self._say(200, told)
        elif does.error:
            status, message = does.error
            told |= {"status": "failed", "error": {"code": status, "message": message}}
            self._say(status, told)
        else:
            told |= {"status": "completed", "progress": 100}
            self._say(200, told)

    def _content(self, video: bytes, fault: object) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(video)))
        self.end_headers()
        if fault == "cut":
            self.wfile.write(video[: len(video) // 2])
            self.close_connection = True
            self.connection.close()
            return
        if fault == "slow":
            for index in range(0, len(video), max(1, len(video) // 8)):
                self.wfile.write(video[index : index + max(1, len(video) // 8)])
                self.wfile.flush()
                time.sleep(0.05)
            return
        self.wfile.write(video)

    def _nim(self, method: str, path: str) -> None:
        if path == "/v1/health/ready":
            fault = self.owner.fault("ready")
            self._say(fault or 200, {"status": "ready"})
        elif path == "/openapi.json":
            schemas = {"VideoRequest": {"properties": {"prompt": {}, "transfer": {}, "seed": {}}}}
            self._say(200, {"paths": {"/v1/infer": {}}, "components": {"schemas": schemas}})
        elif path == "/v1/metadata":
            self._say(200, {"version": "2.2.0", "modelInfo": [{"shortName": "cosmos3-nano"}]})
        elif (method, path) == ("POST", "/v1/infer"):
            self._infer()
        else:
            self._say(404, {"detail": "Not Found"})

    def _infer(self) -> None:
        owner, does = self.owner, self.owner.does
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner.seen.forms.append(document)
        fault = owner.fault("POST")
        if fault == "restart":
            does.faults += [("ready", 503)] * 3
        if fault in {"hang up", "restart"}:
            self.close_connection = True
            self.connection.close()
            return
        while does.steps > MANY_STEPS:
            time.sleep(0.01)
        if does.error or isinstance(fault, int):
            status, message = does.error or (fault, f"fault {fault}")
            self._say(status, {"error": {"message": message, "type": "x", "code": status}})
            return
        size = {"256_16_9": "320x192", "720_16_9": "1280x720"}[document["resolution"]]
        form = {"size": size, "num_frames": document["num_frames"], "fps": document["fps"]}
        video = base64.b64encode(self._made(form)).decode()
        self._say(200, {"b64_video": video if fault != "nothing" else "", "action": None})

    def _made(self, form: dict[str, Any]) -> bytes:
        does = self.owner.does
        asked = tuple(map(int, str(form["size"]).split("x")))
        size = does.size or (asked[0], asked[1])
        return made_video(size, does.frames or int(form["num_frames"]), does.fps or int(form["fps"]), does.codec)

    def _read_form(self) -> dict[str, Any]:
        """Read multipart/form-data; the content of files is thrown away where the behaviour says so."""
        left = int(self.headers["Content-Length"])
        boundary = b"--" + self.headers["Content-Type"].partition("boundary=")[2].encode()
        kept = bytearray()
        while left:
            piece = self.rfile.read(min(_PIECE, left))
            if not piece:
                raise ConnectionError
            left -= len(piece)
            self.owner.seen.uploaded_bytes += len(piece)
            if self.owner.does.keeps or len(kept) < _PIECE or left < _PIECE:
                kept += piece
        form: dict[str, Any] = {}
        for part in bytes(kept).split(boundary)[1:-1]:
            head, _, body = part.partition(b"\r\n\r\n")
            found = _NAME.search(head)
            if found:
                content = body.removesuffix(b"\r\n")
                form[found[1].decode()] = content if found[2] is not None else content.decode()
        return form

    def _say(self, status: int, document: object, headers: dict[str, str] | None = None) -> None:
        text = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@cache
def made_video(size: tuple[int, int], frames: int, fps: int, codec: str = "libx264") -> bytes:
    """Return a video of moving bars; ``libvpx-vp9`` makes what a NIM answers."""
    source = ["-f", "lavfi", "-i", f"testsrc2=s={size[0]}x{size[1]}:r={fps}", "-frames:v", str(frames)]
    fast = ["-deadline", "realtime", "-cpu-used", "8"] if codec == "libvpx-vp9" else ["-preset", "ultrafast"]
    target = [
        "-c:v",
        codec,
        *fast,
        "-pix_fmt",
        "yuv420p",
        "-movflags",
        "frag_keyframe+empty_moov",
        "-f",
        "mp4",
        "pipe:1",
    ]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, *target]
    return subprocess.run(argv, capture_output=True, check=True).stdout


@contextmanager
def video_server(behaviour: Behaviour | None = None, *, certificate: Path | None = None) -> Iterator[VideoServer]:
    """Run a server for the length of a block."""
    server = VideoServer(behaviour or Behaviour(), certificate=certificate)
    try:
        yield server
    finally:
        with suppress(OSError):
            server.stop()


def make_certificate(folder: Path, *, days: int = 2, name: str = HOST) -> tuple[Path, Path]:
    """Return a self-signed certificate, alone and with its key; negative ``days`` make one that has expired.

    Args:
        folder: where to write them.
        days: from now to the end of the certificate.
        name: the machine that it is for: an IP address or a name.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(tz=timezone.utc)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "video-server")])
    machine = x509.IPAddress(ip_address(name)) if name == HOST else x509.DNSName(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([machine]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    alone, whole = folder / f"{name}.{days}.cert", folder / f"{name}.{days}.pem"
    alone.write_bytes(certificate.public_bytes(encoding))
    private = key.private_bytes(encoding, pkcs8, serialization.NoEncryption())
    whole.write_bytes(alone.read_bytes() + private)
    return alone, whole
