"""The steps that an agent may take in a project, each as one function with plain JSON in and out.

A submission costs money on a host. So it needs the id of a plan that was made before, with its time and cost, and a key
that the agent chooses: the same key never starts a second job, whatever an agent repeats after a broken connection.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cosmos_houdini.api.project import Project
from cosmos_houdini.api.shot import Shot
from cosmos_houdini.caption.prompt import check_format
from cosmos_houdini.errors import BadInput, JobError
from cosmos_houdini.jobs.store.spending import cost_of
from cosmos_houdini.whole_file import write_whole

_FOLDER = Path(".cosmos") / "agents"
_LONGEST_WAIT_S = 300.0
_ID_LENGTH = 16


@dataclass(kw_only=True)
class AgentTools:
    """The tools of one session of an agent.

    Attributes:
        project: in which everything happens.
    """

    project: Project
    _plans: dict[str, dict[str, Any]] = field(default_factory=dict)

    def look_at_scene(self, path: str) -> dict[str, Any]:
        """Return frame rate, ranges, cameras, render nodes and facts of a .hip file."""
        return {**self.project.scene(path).document(), "facts": self.project.facts(path).document()}

    def check_frames(self, path: str) -> dict[str, Any]:
        """Verify the image sequences of a folder or pattern: missing, damaged and differing frames are named."""
        return dict(self.project.check(path).document())

    def write_prompt(self, shot: str, style: str = "", format: str = "text") -> dict[str, Any]:  # noqa: A002 - the option's name
        """Return a first prompt for a .hip file or a folder of converted videos, with the origin of each part."""
        return self.project.write_prompt(shot, style=style, format=check_format(format)).document()

    def plan(
        self,
        *,
        prompt: str,
        shot: str,
        renders: str | None = None,
        output: str | None = None,
        engine: str | None = None,
        host: str | None = None,
        weights: dict[str, float] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return what a submission would run, its time in seconds and its cost; nothing is sent.

        Args:
            prompt: description of the result.
            shot: a .hip file, or a folder of converted videos.
            renders: folder of the rendered frames of a .hip file.
            output: instead of it, the render node that wrote them.
            engine: a name of an engine.
            host: a name of the configuration.
            weights: of controls, 0 to 1.
            parameters: of the engine.
        """
        asked = {
            "prompt": prompt,
            "shot": str(Path(shot).absolute()),
            "renders": renders,
            "output": output,
            "engine": engine,
            "host": host,
            "weights": weights or {},
            "parameters": parameters or {},
        }
        document = self.project.plan(self._shot(asked), **_options(asked))
        plan_id = _digest(asked)
        self._plans[plan_id] = asked
        name, settings = self.project.config.settings.host(host)
        price, seconds = settings.price_per_hour, document["estimate_s"]
        return {
            "plan": plan_id,
            "engine": document["engine"],
            "host": name,
            "frames": document["frames"],
            "size": document["size"],
            "chunks": document["chunks"],
            "estimate_s": seconds,
            "cost": None if price is None or seconds is None else cost_of(seconds, price),
            "currency": self.project.config.settings.defaults.currency,
            "next": "submit with this plan and a key of your own",
        }

    def submit(self, plan: str, key: str) -> dict[str, Any]:
        """Send the shot of a plan to its host once; the same key returns the same job.

        Args:
            plan: the id that ``plan`` returned in this session.
            key: a text of your own for this submission, such as a random id.
        """
        if not key.strip():
            raise BadInput("key is empty", allowed="a text of your own that stands for this one submission")
        note = self.project.folder / _FOLDER / f"{_digest(key)}.json"
        if note.is_file():
            known = json.loads(note.read_text(encoding="utf-8"))
            if known["plan"] != plan:
                raise BadInput(f"the key {key!r} stands for another plan, {known['plan']}", action="choose a new key")
            return {"job": known["job"], "repeated": True, **self._status(known["job"])}
        if plan not in self._plans:
            raise BadInput(f"no plan {plan!r} was made in this session", action="call plan first and look at its cost")
        asked = self._plans[plan]
        job = self.project.submit(self._shot(asked), **_options(asked))
        write_whole(note, json.dumps({"plan": plan, "job": job.id}).encode())
        return {"job": job.id, "repeated": False, **self._status(job.id)}

    def follow(self, job: str, wait_s: float = 0.0) -> dict[str, Any]:
        """Return the state of a job; wait up to ``wait_s`` seconds, 300 at most, for its end."""
        found = self.project.job(job)
        if wait_s > 0:
            # How it ended, or that it goes on, stands in its status.
            with contextlib.suppress(JobError, TimeoutError):
                found.wait(timeout=min(wait_s, _LONGEST_WAIT_S))
        return self._status(job)

    def measure(self, job: str) -> dict[str, Any]:
        """Return the measures of a finished job beside its source: structure and flicker, not beauty."""
        result = self.project.job(job).result()
        return {"job": job, "video": str(result.video), "measures": dict(result.measures)}

    def report(self, jobs: list[str]) -> dict[str, Any]:
        """Write a page that shows jobs side by side, and return its folder."""
        return {"folder": str(self.project.report(*jobs).folder)}

    def cancel(self, job: str) -> dict[str, Any]:
        """Stop a job on its host."""
        (state,) = self.project.cancel(job)
        return {"job": job, "state": str(state)}

    def _shot(self, asked: Mapping[str, Any]) -> Shot:
        return self.project.shot(asked["shot"], renders=asked["renders"], output=asked["output"])

    def _status(self, job: str) -> dict[str, Any]:
        return self.project.job(job).to_dict()


def _options(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {key: asked[key] for key in ("prompt", "engine", "host", "weights", "parameters")}


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]
