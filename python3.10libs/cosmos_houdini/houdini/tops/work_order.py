"""What a work item asks of the program that cooks it, and the slip of paper that tells which job came of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
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
        folder: where the worker is started; configuration and jobs belong to it.
        project: the folder that they were found in, that one or one above it.
        arguments: of the worker's command, as on its command line.
        details: what else the kind needs.
    """

    kind: str
    folder: Path
    project: Path
    arguments: tuple[str, ...]
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The order as the attribute holds it; the same order is always the same text."""
        return json.dumps(
            {
                "kind": self.kind,
                "folder": self.folder.as_posix(),
                "project": self.project.as_posix(),
                "arguments": list(self.arguments),
                "details": self.details,
            },
            ensure_ascii=False,
            sort_keys=True,
        )

    @classmethod
    def parse(cls, text: str) -> WorkOrder:
        """Return the order of an attribute.

        Raises:
            BadInput: it is none.
        """
        try:
            data = json.loads(text)
            return cls(
                kind=data["kind"],
                folder=Path(data["folder"]),
                project=Path(data["project"]),
                arguments=tuple(data["arguments"]),
                details=data["details"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"the attribute {ATTRIBUTE} is no order of a Cosmos node: {error}", action="dirty the node and cook it"
            ) from error

    @property
    def job_link(self) -> Path:
        """The file that names the job of this order, for as long as the project keeps its jobs."""
        return self.project / JOB_LINKS / hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def note_job(self, job_id: str) -> None:
        """Write down which job came of this order."""
        job_link = self.job_link
        job_link.parent.mkdir(parents=True, exist_ok=True)
        # The same order has the same job: whoever writes last writes the same.
        job_link.write_text(job_id, encoding="utf-8")

    def job(self) -> str | None:
        """Return the job that came of this order, on whatever day and in whatever session; None before it has one."""
        try:
            return self.job_link.read_text(encoding="utf-8").strip() or None
        except OSError:
            return None
