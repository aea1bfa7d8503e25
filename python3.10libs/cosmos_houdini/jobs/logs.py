"""Read the log of a job: on its host while the job runs, and from the results folder afterwards."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import Client
from cosmos_houdini.jobs.collect import LOG_BYTES, attempt_logs
from cosmos_houdini.jobs.runner import BEFORE_HOST, advance
from cosmos_houdini.jobs.secrets import redacted_end
from cosmos_houdini.model.job import JobState

FOLLOW_PAUSE_S = 1.0


@dataclass(slots=True, kw_only=True)
class LogReader:
    """A reader that returns the new lines of one log of one job.

    Attributes:
        client: the client of the project.
        job_id: the id of the job.
        name: ``stdout.log`` or ``stderr.log``.
        attempt: the number of the attempt; None for the last attempt.
        lines: the number of lines already returned.
    """

    client: Client
    job_id: str
    name: str
    attempt: int | None = None
    lines: int = 0
    _last: int = 0

    def read(self, *, to_end: bool) -> str:
        """Return the new complete lines and, with ``to_end``, also a last line without a line break.

        Control characters are written as visible text, so that a host's output cannot control the reader's terminal.

        Raises:
            BadInput: the job has no such attempt.
            HostError: the connection failed.
        """
        new = "".join(self._text().splitlines(keepends=True)[self.lines :])
        if not to_end:
            new = new[: new.rfind("\n") + 1]
        self.lines += len(new.splitlines())
        return _harmless(new)

    def _text(self) -> str:
        record = self.client.store.get(self.job_id)
        last, wanted = record.job.attempt, self.attempt or record.job.attempt
        if wanted > last:
            raise BadInput(f"job {record.id} has no attempt {wanted}", allowed=f"1 to {last}")
        if wanted != self._last:
            # The job has begun its next attempt, which has its own log.
            self._last, self.lines = wanted, 0
        kept = (attempt_logs(record.results, wanted) if wanted < last else record.results) / self.name
        if (record.state.final or wanted < last) and kept.is_file():
            return kept.read_text(encoding="utf-8", errors="replace")
        record = replace(record, job=replace(record.job, attempt=wanted))
        if wanted == last and (record.state in BEFORE_HOST or (record.state is JobState.CANCELLED and not record.root)):
            return ""
        folder = self.client.site(record).folder
        path = shlex.quote(str(folder / self.name))
        script = f"owned {shlex.quote(str(folder))}\n[ ! -f {path} ] || tail -c {LOG_BYTES} {path} 2>/dev/null || :"
        text = self.client.host(record).run(script).stdout
        return redacted_end(text, self.client.secrets(record))


def read_log(
    client: Client, word: str, *, stderr: bool = False, attempt: int | None = None, follow: bool = False
) -> Iterator[str]:
    """Yield the log of a job in pieces of complete lines.

    Args:
        client: the client of the project.
        word: the id of a job, or its beginning.
        stderr: whether to read standard error instead of standard output.
        attempt: the number of the attempt, from 1; None for the last attempt.
        follow: whether to continue until the job ends.

    Raises:
        BadInput: there is no such job or attempt.
        HostError: the host cannot be reached.
    """
    job_id = client.store.find(word)
    reader = LogReader(client=client, job_id=job_id, name="stderr.log" if stderr else "stdout.log", attempt=attempt)
    while follow and not client.store.get(job_id).state.final:
        yield reader.read(to_end=False)
        for error in advance(client, [job_id], start=False).values():
            raise error
        time.sleep(FOLLOW_PAUSE_S)
    yield reader.read(to_end=True)


def _harmless(text: str) -> str:
    return "".join(c if c.isprintable() or c in "\n\r\t" else f"\\x{ord(c):02x}" for c in text)
