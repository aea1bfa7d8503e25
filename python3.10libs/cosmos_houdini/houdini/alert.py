"""An error as an artist meets it in Houdini: title, sentence, what to do; never a traceback."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import hou

from cosmos_houdini.errors import CosmosError
from cosmos_houdini.houdini.worker_error import WorkerError, title_of


def explain_errors(tool: Callable[[], None]) -> Callable[[], None]:
    """Return a shelf tool whose errors are shown in a window."""

    @wraps(tool)
    def run() -> None:
        try:
            tool()
        except hou.OperationInterrupted:
            hou.ui.setStatusMessage("Interrupted")
        except CosmosError as error:
            show(error)
        except hou.Error as error:
            hou.ui.displayMessage(
                error.instanceMessage(), severity=hou.severityType.Error, title="Houdini could not do that"
            )

    return run


def show(error: CosmosError) -> None:
    """Show an error: what is allowed and what to do stand below the sentence."""
    details = f"Everything that the worker wrote: {error.log}" if isinstance(error, WorkerError) else None
    parts = [error.problem, error.allowed and f"Allowed: {error.allowed}", error.action]
    hou.ui.displayMessage(
        "\n\n".join(part for part in parts if part),
        severity=hou.severityType.Error,
        title=title_of(error),
        details=details,
    )
