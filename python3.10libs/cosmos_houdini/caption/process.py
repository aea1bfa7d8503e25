"""One run of the captioner in its own process: a request as a file, answers as JSON lines."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cosmos_houdini.caption.environment import clean_environment
from cosmos_houdini.errors import BadInput, CosmosError, ToolError
from cosmos_houdini.reporter import Reporter

PROGRAM = Path(__file__).with_name("captioner.py")
_ACTIONS = {
    "no_model": "name a folder of a model of transformers with --model",
    "broken_model": "fetch it again with `cosmos-houdini caption --fetch`, or name another with --model",
    "memory": "close other programs, or name a smaller model with --model",
    "network": "fetch it on a machine with a network, and copy its folder for --model",
}


def run_captioner(python: Path, request: Mapping[str, Any], reporter: Reporter) -> dict[str, Any]:
    """Run a request to its end and return the result; the process and its memory are gone afterwards.

    Args:
        python: has torch and transformers.
        request: as ``captioner.py`` describes it.
        reporter: takes its progress.

    Raises:
        BadInput: the model or the frames cannot be used.
        ToolError: the process died.
    """
    with tempfile.TemporaryDirectory(prefix="cosmos-caption-") as name:
        file, log = Path(name) / "request.json", Path(name) / "stderr.log"
        file.write_text(json.dumps(request), encoding="utf-8")
        last: dict[str, Any] = {}
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [str(python), "-I", str(PROGRAM), str(file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=clean_environment(),
            )
        try:
            assert process.stdout is not None  # noqa: S101 - started with a pipe
            for line in process.stdout:
                last = _event(line)
                if last.get("event") == "progress":
                    reporter.say(str(last["text"]))
            code = process.wait()
        finally:
            process.kill()
            process.communicate()
        if last.get("event") == "result":
            return last
        raise _failure(last, code, log.read_text(encoding="utf-8", errors="replace"))


def _event(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _failure(last: Mapping[str, Any], code: int, log: str) -> CosmosError:
    if last.get("event") == "error":
        kind = str(last.get("kind"))
        return BadInput(f"no caption: {last.get('message')}", action=_ACTIONS.get(kind, ""))
    # The kernel ends a process that takes too much memory by this signal, without a word.
    if code in {-9, 137}:
        return BadInput("no caption: the system ended the captioner, most likely for memory", action=_ACTIONS["memory"])
    lines = [line for line in log.splitlines() if line.strip()]
    return ToolError(
        f"the captioner ended with exit code {code}",
        detail=lines[-1][:300] if lines else "",
        action="`cosmos-houdini caption --install` makes its environment anew, if a library is missing",
    )
