"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass

from cosmos_houdini.model.text_enum import TextEnum


class Verdict(TextEnum):
    """How a thing is: as it has to be, worth a look, or in the way of jobs."""

    PASSED = "pass"
    WARNED = "warn"
    FAILED = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        check: its name, a word or two.
        verdict: how it is.
        seen: what was found there.
        action: what to do next; empty where nothing has to be done.
    """

    check: str
    verdict: Verdict
    seen: str
    action: str = ""

    def document(self) -> dict[str, str]:
        """Return the finding as ``doctor --json`` prints it."""
        return {"check": self.check, "verdict": str(self.verdict), "seen": self.seen, "action": self.action}


def passed(check: str, seen: str) -> Finding:
    """Return the finding of a thing that is as it has to be."""
    return Finding(check=check, verdict=Verdict.PASSED, seen=seen)


def warned(check: str, seen: str, action: str) -> Finding:
    """Return the finding of a thing that is worth a look."""
    return Finding(check=check, verdict=Verdict.WARNED, seen=seen, action=action)


def failed(check: str, seen: str, action: str) -> Finding:
    """Return the finding of a thing that keeps jobs from running."""
    return Finding(check=check, verdict=Verdict.FAILED, seen=seen, action=action)
