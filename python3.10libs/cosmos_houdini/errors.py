"""Every error that this project raises on purpose, as one tree.

::

    CosmosError
    ├── BadInput            exit 2   a file, a value or an option that cannot be used
    ├── CheckFailed         exit 1   a verification that found something wrong
    ├── JobError            exit 1   an inference job that did not succeed
    │   └── JobFailed       exit 1   one job, with its id and the class of its failure
    ├── DiskFull            exit 1   no room on this machine or on the host
    ├── ToolError           exit 1   an external program (ffmpeg) that failed
    ├── HostError           exit 3   a host that cannot carry out a request
    │   ├── HostUnreachable exit 3
    │   ├── HostKeyError    exit 3
    │   └── AuthRefused     exit 3
    └── Cancelled           exit 4   the user interrupted

An error is one line: what failed, on which thing, with which value, the allowed values, the next step.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


def one_line(text: str) -> str:
    r"""Return ``text`` with line breaks and other control characters written as escapes.

    >>> one_line("a\nb")
    'a\\nb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return ``did you mean 'x'?`` for the nearest allowed word, or an empty string.

    >>> did_you_mean("guidence", ["guidance", "seed"])
    "did you mean 'guidance'?"
    """
    near = difflib.get_close_matches(word, list(allowed), n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else ""


class CosmosError(Exception):
    """Base of all errors that end in one clear line.

    Args:
        problem: what failed, on which thing, with which value.
        allowed: what would have been accepted.
        action: what to do next.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, allowed: str = "", action: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.allowed = allowed
        self.action = action

    def __str__(self) -> str:
        parts = [self.problem]
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.action:
            parts.append(self.action)
        return one_line("; ".join(parts))

    def to_dict(self) -> dict[str, str | int]:
        """Return the error as JSON data: ``class``, ``problem``, ``allowed``, ``action`` and ``exit_code``."""
        return {
            "class": type(self).__name__,
            "problem": one_line(self.problem),
            "allowed": one_line(self.allowed),
            "action": one_line(self.action),
            "exit_code": self.exit_code,
        }


class BadInput(CosmosError, ValueError):
    """A file, a value or an option that cannot be used as it is."""

    exit_code = 2


class CheckFailed(CosmosError):
    """A verification found something wrong with what exists."""


class JobError(CosmosError):
    """An inference job ended in another state than ``succeeded``."""


class JobFailed(JobError):
    """One job ended without results.

    Args:
        problem: as for CosmosError.
        job_id: the job.
        failure: the name of the failure class, as ``status --json`` gives it; empty where there is none.
        action: as for CosmosError.
    """

    def __init__(self, problem: str, *, job_id: str, failure: str = "", action: str = "") -> None:
        super().__init__(problem, action=action)
        self.job_id = job_id
        self.failure = failure


class DiskFull(CosmosError, OSError):
    """No room is left where something had to be written."""


class ToolError(CosmosError):
    """An external program failed; ``detail`` holds the end of its output.

    Args:
        problem: as for CosmosError.
        detail: the last lines of the program's standard error.
        action: as for CosmosError.
    """

    def __init__(self, problem: str, *, detail: str = "", action: str = "") -> None:
        super().__init__(f"{problem}: {detail}" if detail else problem, action=action)
        self.detail = detail


class HostError(CosmosError):
    """A host cannot carry out a request."""

    exit_code = 3


class HostUnreachable(HostError, ConnectionError):
    """A host refuses the connection, does not answer in time, or is cut off.

    Args:
        problem: as for CosmosError.
        action: as for CosmosError.
        was_cut: whether the host had answered before, so that another try is worth it.
    """

    def __init__(self, problem: str, *, action: str = "", was_cut: bool = False) -> None:
        super().__init__(problem, action=action)
        self.was_cut = was_cut


class HostKeyError(HostError):
    """A host shows a key that is unknown, or another one than it is known by."""


class AuthRefused(HostError, PermissionError):
    """A host accepts none of the keys that were offered."""


class Cancelled(CosmosError):
    """The user interrupted; jobs on a host continue."""

    exit_code = 4
