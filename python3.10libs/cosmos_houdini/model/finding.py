"""The result of one check."""

from __future__ import annotations

from dataclasses import dataclass

from cosmos_houdini.model.text_enum import TextEnum


class Verdict(TextEnum):
    """The outcome of a check: as it should be, worth a look, or a fault that keeps jobs from running."""

    PASSED = "pass"
    WARNED = "warn"
    FAILED = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check.

    Attributes:
        check: the name of the check, one or two words.
        verdict: the outcome.
        seen: what the check found.
        action: what to do next; empty if nothing has to be done.
    """

    check: str
    verdict: Verdict
    seen: str
    action: str = ""

    def document(self) -> dict[str, str]:
        """Return the finding as ``doctor --json`` prints it."""
        return {"check": self.check, "verdict": str(self.verdict), "seen": self.seen, "action": self.action}


def passed(check: str, seen: str) -> Finding:
    """Return the finding for a thing that is as it should be."""
    return Finding(check=check, verdict=Verdict.PASSED, seen=seen)


def warned(check: str, seen: str, action: str) -> Finding:
    """Return the finding for a thing that is worth a look."""
    return Finding(check=check, verdict=Verdict.WARNED, seen=seen, action=action)


def failed(check: str, seen: str, action: str) -> Finding:
    """Return the finding for a thing that keeps jobs from running."""
    return Finding(check=check, verdict=Verdict.FAILED, seen=seen, action=action)
