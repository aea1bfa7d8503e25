"""The work order of a work item: the request that its job program sends to the worker, and the link to its job."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput

ATTRIBUTE = "cosmos_order"
JOB_LINKS = Path(".cosmos") / "top"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOrder:
    """One work item's order.

    Attributes:
        kind: ``shot``, ``transfer`` or ``report``.
        folder: working folder of the worker; configuration and jobs belong to it.
        project: the folder in which the configuration was found: ``folder`` or a parent of it.
        options: of the worker's command, as JSON values by name.
        words: further options as the artist typed them, one word each.
        job_links: names of the links to the jobs that a report compares.
    """

    kind: str
    folder: Path
    project: Path
    options: Mapping[str, Any]
    words: tuple[str, ...] = ()
    job_links: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The order as the attribute holds it; equal orders have equal texts."""
        return json.dumps(
            {
                "kind": self.kind,
                "folder": self.folder.as_posix(),
                "project": self.project.as_posix(),
                "options": self.options,
                "words": list(self.words),
                "job_links": list(self.job_links),
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def parse(cls, text: str) -> WorkOrder:
        """Return the order of an attribute.

        Raises:
            BadInput: the text is no order.
        """
        try:
            data = json.loads(text)
            return cls(
                kind=data["kind"],
                folder=Path(data["folder"]),
                project=Path(data["project"]),
                options=dict(data["options"]),
                words=tuple(data["words"]),
                job_links=tuple(data["job_links"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"the attribute {ATTRIBUTE} is no order of a Cosmos node: {error}", action="dirty the node and cook it"
            ) from error

    @property
    def job_link(self) -> Path:
        """The file that names the job of this order, for as long as the project keeps its jobs."""
        digest = hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()
        return self.project / JOB_LINKS / digest[:32]

    def note_job(self, job_id: str) -> None:
        """Write the job of this order into its link."""
        link = self.job_link
        link.parent.mkdir(parents=True, exist_ok=True)
        # Equal orders have the same job, so that two writers write the same.
        link.write_text(job_id, encoding="utf-8")

    def job(self) -> str | None:
        """Return the job of this order, also one of an earlier session; None before it has one."""
        try:
            return self.job_link.read_text(encoding="utf-8").strip() or None
        except OSError:
            return None
