"""Requests to a NIM of Cosmos 3: one ``POST /v1/infer`` that answers when the video is made.

The contract is that of docs.nvidia.com/nim/cosmos (Transfer, Generation). The controls go as data URLs in JSON, and the
video comes as base64 in JSON; both are streamed. There is no job to ask after, and no progress.
"""

from __future__ import annotations

import http.client
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

from .answers import BUSY, message_of, refusal
from .bodies import JsonBody, base64_length, save_video, size_of, sync
from .connection import Cut, Server, Told, Unreachable, parsed, told
from .failure import Failure, say
from .patience import Patience, Uploading, beating
from .server_kind import Kind, is_ready
from .server_record import ServerRecord

MOST_SUBMITS = 3
MOST_FRAMES = {"256": 397, "480": 297, "720": 197}
LEAST_FRAMES = 25
LARGEST_MEDIA = 75_000_000
MOST_MEDIA_CHARACTERS = 100_000_000
LONGEST_PROMPT = 20_000
MOST_STEPS = 100
_FRAME_STEP = 4


class InferApi:
    """The requests to one server."""

    def __init__(self, server: Server, kind: Kind, patience: Patience) -> None:
        self._server = server
        self._kind = kind
        self._patience = patience

    def check(self, request: dict[str, Any]) -> None:
        """Refuse, before anything is sent, what this server would refuse or leave out.

        Raises:
            Failure: it would.
        """
        for problem in self._problems(request):
            raise Failure("bad_input", f"a NIM of Cosmos 3 cannot make this: {problem}")
        if len(request["controls"]) > 1:
            say("note: NVIDIA calls several controls at once untested for a NIM")
        if request["negative_prompt"] and not self._kind.takes("negative_prompt"):
            raise Failure("bad_input", f"this {self._kind.words} takes no negative prompt")

    def _problems(self, request: dict[str, Any]) -> list[str]:
        controls, resolution = request["controls"], request["resolution"]
        media = [Path(control["path"]) for control in controls]
        most = MOST_FRAMES.get(resolution, 0)
        found = []
        if len({control["weight"] for control in controls}) > 1:
            found.append("its controls have no weights, and the request has different ones; give all the same")
        if resolution not in MOST_FRAMES:
            found.append(f"resolution = {resolution}; allowed: {', '.join(MOST_FRAMES)}")
        elif request["frames"] > most:
            found.append(f"{request['frames']} frames at {resolution}; allowed: up to {most}")
        if len(request["prompt"]) > LONGEST_PROMPT:
            found.append(f"the prompt has {len(request['prompt'])} characters; allowed: {LONGEST_PROMPT}")
        if request["guidance"] < 1:
            found.append(f"guidance = {request['guidance']:g}; allowed: 1 to 7")
        if request["num_steps"] > MOST_STEPS:
            found.append(f"num_steps = {request['num_steps']}; allowed: up to {MOST_STEPS}")
        if request["video"]:
            found.append("num_first_chunk_conditional_frames above 0")
        if sum(map(size_of, media)) > LARGEST_MEDIA or sum(map(base64_length, media)) > MOST_MEDIA_CHARACTERS:
            found.append(f"{sum(map(size_of, media)) / 1e6:.0f} MB of controls; allowed: {LARGEST_MEDIA / 1e6:.0f} MB")
        return found

    def make(self, request: dict[str, Any], record: ServerRecord, answer: Path) -> None:  # noqa: ARG002 - no job to keep
        """Bring the video of a request into a file.

        Raises:
            Failure: there is none.
        """
        submits = 0
        for pause_s in self._patience.pauses():
            try:
                if self._is_made(request, answer):
                    return
                submits += 1
            except Unreachable as error:
                self._patience.tell(error)
            except Cut as error:
                submits += error.was_sent
                if error.was_sent and is_ready(self._server):
                    raise Failure(
                        "lost",
                        f"{error.message}; the server still runs, and may work on: it was not asked again, as that "
                        "would cost twice; see the time limit of the server (NIM_TRITON_REQUEST_TIMEOUT) or of a proxy",
                    ) from error
                self._patience.tell(error)
                self._wait_until_ready()
            if submits >= MOST_SUBMITS:
                break
            time.sleep(pause_s)
        else:
            raise self._patience.exhausted(self._server)
        raise Failure(
            "lost",
            f"{self._server.url} went away {submits} times while it worked on the request; read its own log",
            ends=True,
        )

    def remove(self, video: str) -> None:
        """Do nothing: the server stops when the connection ends."""

    def _wait_until_ready(self) -> None:
        for pause_s in self._patience.pauses():
            if is_ready(self._server):
                self._patience.answered()
                return
            self._patience.beat("waiting for the server")
            time.sleep(pause_s)
            self._patience.tell(Failure("lost", f"{self._server.url} is not ready"))
        raise self._patience.exhausted(self._server)

    def _is_made(self, request: dict[str, Any], answer: Path) -> bool:
        """Send the request once; return False where the server is busy."""
        uploading = Uploading(sum(size_of(Path(control["path"])) for control in request["controls"]))
        body = JsonBody(infer_document(request), uploading.add)
        part = answer.with_name(f"part-{answer.name}")

        def waiting(seconds: float) -> str:
            return f"server: in_progress for {seconds:.0f} s"

        with (
            beating(waiting),
            self._server.exchange("POST", "/v1/infer", body, timeout_s=request["watchdog_s"]) as found,
        ):
            if found.status != HTTPStatus.OK:
                said = told(found)
                if said.status in BUSY:
                    self._patience.tell(refusal(said, self._server), said.retry_after)
                    return False
                raise refusal(said, self._server)
            say("downloading the video")
            try:
                with part.open("wb") as file:
                    rest = save_video(found.pieces(), file)
                    sync(file)
            except ValueError as error:
                raise Failure("corrupt_output", f"the answer of the server: {error}") from error
            except (ConnectionError, TimeoutError, http.client.HTTPException) as error:
                raise Cut(f"the answer of the server ended too early: {error}", was_sent=True) from error
        if not part.stat().st_size:
            raise Failure("corrupt_output", f"the answer of the server holds no video: {_start(rest)}")
        part.replace(answer)
        return True


def infer_document(request: dict[str, Any]) -> dict[str, Any]:
    """Return the document of ``POST /v1/infer``, with the paths of the controls."""
    options = dict(request["options"])
    allowed = ("control_guidance", "num_video_frames_per_chunk", "num_conditional_frames")
    transfer = {name: options[name] for name in allowed}
    transfer |= {control["hint"]: {"video": Path(control["path"])} for control in request["controls"]}
    document = {
        "model_mode": "video2video",
        "prompt": request["prompt"],
        "resolution": f"{request['resolution']}_{request['aspect_ratio'].replace(',', '_')}",
        "num_frames": asked_frames(request["frames"]),
        "fps": request["fps"],
        "num_inference_steps": request["num_steps"],
        "guidance_scale": request["guidance"],
        "flow_shift": request["shift"],
        "seed": request["seed"],
        "transfer": transfer,
    }
    return document | ({"negative_prompt": request["negative_prompt"]} if request["negative_prompt"] else {})


def asked_frames(frames: int) -> int:
    """Return the number of frames to ask for: 4k + 1, at least as many as wanted; the rest is cut off afterwards."""
    return max(LEAST_FRAMES, -(-(frames - 1) // _FRAME_STEP) * _FRAME_STEP + 1)


def _start(rest: bytes) -> str:
    """Return the message of an answer without a video, or its beginning."""
    return message_of(Told(status=HTTPStatus.OK, text=rest.decode("utf-8", "replace"), document=parsed(rest)))
