"""Jobs of a vLLM-Omni: ``POST /v1/videos``, questions after the job, its video, its removal.

docs/serving/videos_api.md and entrypoints/openai of github.com/vllm-project/vllm-omni hold the contract. The server
keeps its jobs in memory, so one that was restarted answers 404 for a job that it had. It answers a question after a
failed job with the HTTP status of the failure.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .answers import BUSY, job_failure, message_of, refusal
from .bodies import Multipart, size_of, sync
from .connection import Cut, Server, Told, Unreachable, told
from .failure import Failure, say
from .patience import Patience, Uploading
from .server_kind import Kind
from .server_record import ServerRecord

LARGEST_UPLOAD = 512 << 20
MOST_SUBMITS = 3
MOST_DOWNLOADS = 5
ANSWER_TIMEOUT_S = 600.0
"""Seconds for the answer to an upload: the server decodes a reference video before it answers."""
DELETE_TIMEOUT_S = 8.0
_GOES_ON = frozenset({"host_setup", "auth", "lost"})
"""Failures after which the server may still have the job."""
_IN_PROGRESS, _COMPLETED, _FAILED = "in_progress", "completed", "failed"


class VideosApi:
    """The jobs of one server."""

    def __init__(self, server: Server, kind: Kind, patience: Patience, *, sees_files: bool) -> None:
        self._server = server
        self._kind = kind
        self._patience = patience
        self._sees_files = sees_files

    def check(self, request: dict[str, Any]) -> None:
        """Refuse, before anything is sent, what this server would refuse or leave out.

        Raises:
            Failure: it would.
        """
        controls = request["controls"]
        if len(controls) > 1 and not self._sees_files:
            names = ", ".join(control["hint"] for control in controls)
            raise Failure(
                "bad_input",
                f"{self._kind.name} takes one uploaded control, and the request has {len(controls)} ({names}); set the "
                "other weights to 0, or, where the server sees the files of this host under the same paths, set "
                "hosts.<name>.server_sees_files: true",
            )
        if not self._sees_files and not self._kind.takes("control_reference"):
            raise Failure(
                "host_setup",
                f"this {self._kind.words} takes no uploaded control; update vLLM-Omni to a release of August 2026 or "
                "later",
                ends=True,
            )
        for path in self._files(request).values():
            if size_of(path) > LARGEST_UPLOAD:
                raise Failure(
                    "bad_input", f"{path.name} has {size_of(path) / 1e6:.0f} MB; allowed: {LARGEST_UPLOAD / 1e6:.0f} MB"
                )

    def make(self, request: dict[str, Any], record: ServerRecord, answer: Path) -> None:
        """Bring the video of a request into a file.

        Raises:
            Failure: there is none.
        """
        video = record.open_job()
        if video:
            say(f"going on with {video} of an earlier attempt")
        for _ in range(MOST_SUBMITS):
            if not video:
                video = self._submit(request)
                record.note(video)
                say(f"submitted {video}")
            if self._is_followed(video, request["watchdog_s"], record):
                self._download(video, answer)
                return
            # The server has lost it, so nothing of it is paid for or runs any more.
            record.close()
            say(f"{video} is gone: the server was restarted; sending the request again")
            video = ""
        raise Failure(
            "lost",
            f"{self._server.url} lost the request {MOST_SUBMITS} times: it is restarted when it works; read its log",
            ends=True,
        )

    def remove(self, video: str) -> None:
        """Ask the server to stop a job and to forget it; older servers go on until the job ends."""
        for _ in range(3):
            with suppress(Failure):
                gone = self._server.ask(_path(video), method="DELETE", timeout_s=DELETE_TIMEOUT_S)
                if gone.status != HTTPStatus.CONFLICT:
                    return
            time.sleep(self._patience.first_pause_s)

    def _is_followed(self, video: str, watchdog_s: float, record: ServerRecord) -> bool:
        try:
            return self._follow(video, watchdog_s)
        except Failure as failure:
            if failure.name not in _GOES_ON:
                record.close()
            raise

    def _submit(self, request: dict[str, Any]) -> str:
        """Send the request and return the name of the job; send it again only where the server cannot have it."""
        known = self._alike(request)
        for pause_s in self._patience.pauses():
            try:
                answer = self._post(request)
            except Unreachable as error:
                self._patience.tell(error)
            except Cut as error:
                if error.was_sent and (found := self._alike(request) - known):
                    # It cannot be told from a like request of somebody else, which would have another seed.
                    raise Failure(
                        "lost",
                        "the answer to the request was lost, and the server may work on it as "
                        f"{', '.join(sorted(found))}; it was not sent again, as that would cost twice",
                    ) from error
                self._patience.tell(error)
            else:
                if answer.status in BUSY:
                    self._patience.tell(refusal(answer, self._server), answer.retry_after)
                elif answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED}:
                    raise refusal(answer, self._server)
                elif video := answer.get("id"):
                    return str(video)
                else:
                    raise Failure("engine_error", f"the server names no job: {message_of(answer)}", ends=True)
            time.sleep(pause_s)
        raise self._patience.exhausted(self._server)

    def _post(self, request: dict[str, Any]) -> Told:
        files = self._files(request)
        uploading = Uploading(sum(map(size_of, files.values())))
        body = Multipart(self._fields(request), files, uploading.add)
        with self._server.exchange("POST", "/v1/videos", body, timeout_s=ANSWER_TIMEOUT_S) as answer:
            return told(answer)

    def _files(self, request: dict[str, Any]) -> dict[str, Path]:
        files = {"input_reference": Path(request["video"])} if request["video"] else {}
        if not self._sees_files:
            files["control_reference"] = Path(request["controls"][0]["path"])
        return files

    def _fields(self, request: dict[str, Any]) -> dict[str, str]:
        fields = {
            "prompt": request["prompt"],
            "negative_prompt": request["negative_prompt"],
            "model": self._kind.model,
            "size": "x".join(map(str, request["size"])),
            "num_frames": str(request["frames"]),
            "fps": str(request["fps"]),
            "num_inference_steps": str(request["num_steps"]),
            "guidance_scale": str(request["guidance"]),
            "flow_shift": str(request["shift"]),
            "seed": str(request["seed"]),
            "extra_params": json.dumps(self._extra_params(request)),
        }
        if not self._sees_files:
            fields["control_type"] = request["controls"][0]["hint"]
        return {name: value for name, value in fields.items() if value}

    def _extra_params(self, request: dict[str, Any]) -> dict[str, Any]:
        hints = {
            control["hint"]: {"control_weight": control["weight"]}
            | ({"control_path": control["path"]} if self._sees_files else {})
            for control in request["controls"]
        }
        return {**hints, **request["options"], "resolution": request["resolution"], "max_frames": request["frames"]}

    def _alike(self, request: dict[str, Any]) -> set[str]:
        """Return the jobs of the server that have the prompt and the size of a request; none if it does not answer."""
        try:
            listed = self._server.ask("/v1/videos?limit=100").get("data")
        except Failure:
            return set()
        size = "x".join(map(str, request["size"]))
        jobs = [job for job in listed if isinstance(job, dict)] if isinstance(listed, list) else []
        return {
            str(job.get("id")) for job in jobs if job.get("prompt") == request["prompt"] and job.get("size") == size
        }

    def _follow(self, video: str, watchdog_s: float) -> bool:
        """Return True when the job is complete, and False when the server has lost it.

        Raises:
            Failure: the job failed, stands still, or the server is away for too long.
        """
        state, began = "", time.monotonic()
        for pause_s in self._patience.pauses():
            try:
                answer = self._server.ask(_path(video))
            except (Unreachable, Cut) as error:
                self._patience.tell(error)
            else:
                status = str(answer.get("status") or "")
                if answer.status == HTTPStatus.NOT_FOUND:
                    return False
                if status == _FAILED:
                    raise job_failure(str(answer.get("error", "message") or message_of(answer)))
                if status == _COMPLETED:
                    return True
                if not status:
                    self._note_trouble(answer)
                else:
                    self._patience.answered()
                    if status != state:
                        state, began = status, time.monotonic()
                        self._patience.ask_sooner()
                        say(f"server: {state}")
                    self._watch(video, state, time.monotonic() - began, watchdog_s)
            time.sleep(pause_s)
        raise self._patience.exhausted(self._server)

    def _note_trouble(self, answer: Told) -> None:
        failure = refusal(answer, self._server)
        if failure.name == "auth" or answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            raise failure
        self._patience.tell(failure)

    def _watch(self, video: str, state: str, for_s: float, watchdog_s: float) -> None:
        self._patience.beat(f"server: {state} for {for_s:.0f} s")
        if state == _IN_PROGRESS and for_s > watchdog_s:
            self.remove(video)
            raise Failure(
                "stalled",
                f"{video} is in progress for {for_s / 60:.0f} min, far longer than such a request takes; restart the "
                "server, which may have lost its GPU",
                ends=True,
            )

    def _download(self, video: str, answer: Path) -> None:
        part = answer.with_name(f"part-{answer.name}")
        say("downloading the video")
        trouble = ""
        for attempt in range(MOST_DOWNLOADS):
            if attempt:
                time.sleep(self._patience.first_pause_s * 2**attempt)
            try:
                with self._server.exchange("GET", f"{_path(video)}/content") as found:
                    if found.status != HTTPStatus.OK:
                        # For a moment after the end of a job its file may not be there.
                        trouble = message_of(told(found))
                        continue
                    with part.open("wb") as file:
                        for piece in found.pieces():
                            file.write(piece)
                        sync(file)
            except OSError as error:
                trouble = str(error)
                if part.exists() and getattr(error, "filename", None):
                    raise
            except Failure as error:
                trouble = error.message
            else:
                part.replace(answer)
                return
        raise Failure("lost", f"{video} is complete, and its video cannot be fetched: {trouble}", is_retryable=True)


def _path(video: str) -> str:
    """Return the path of a job, whatever letters its name has."""
    return f"/v1/videos/{quote(video, safe='')}"
