"""The work order of a work item: the request that its job program sends to the worker, and the link to its job."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cosmos_houdini.errors import BadInput

ATTRIBUTE = "cosmos_order"
JOB_LINKS = Path(".cosmos") / "top"
_PATHS = frozenset({"scene", "renders", "results", "videos", "output"})
"""Options of an order that may be paths; the path of a node under ``output`` is in no path map."""


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
        link: the name of the link to its own job; empty where it follows from the order itself.
    """

    kind: str
    folder: Path
    project: Path
    options: Mapping[str, Any]
    words: tuple[str, ...] = ()
    job_links: tuple[str, ...] = ()
    link: str = ""

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
        return self.project / JOB_LINKS / (self.link or self._digest)

    @property
    def _digest(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def localized(self, localize: Callable[[str], str]) -> WorkOrder:
        """Return the order with its paths as they are on this machine; its job's link keeps its name.

        Args:
            localize: replaces tokens, variables and path maps of PDG in a path.
        """
        options = {k: localize(v) if k in _PATHS and isinstance(v, str) else v for k, v in self.options.items()}
        folder, project = (Path(localize(path.as_posix())) for path in (self.folder, self.project))
        return replace(self, folder=folder, project=project, options=options, link=self.link or self._digest)

    def require_here(self) -> None:
        """Refuse to cook on a machine that does not have the project.

        Raises:
            BadInput: its folder is not there.
        """
        if not self.folder.is_dir():
            raise BadInput(
                f"{platform.node()} ({platform.system()}) has no folder {self.folder}",
                action="mount it there under the same path, or map it with a PDG path map; "
                "machines of another system need a checkout of their own, and cannot cook this work item",
            )

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
