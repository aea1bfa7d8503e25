"""The doctor's answer as one sentence, for a list of checks."""

from __future__ import annotations

from pathlib import Path

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.houdini import worker


def ask_doctor(folder: Path | None = None) -> str:
    """Return how many checks of a project have passed.

    Args:
        folder: of the project; None for the working folder.

    Raises:
        CheckFailed: some failed; it names each with its action.
        CosmosError: as for ``worker.call``.
    """
    checks = worker.call("doctor", folder=folder)["checks"]
    wrong = [f"{check['check']}: {check['seen']}; {check['action']}" for check in checks if check["verdict"] == "fail"]
    if wrong:
        raise CheckFailed("; ".join(wrong))
    return f"{len(checks)} checks passed"
