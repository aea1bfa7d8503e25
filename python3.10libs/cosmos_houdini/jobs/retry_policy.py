"""What is tried by itself after an attempt has failed: a table, and the options of the next attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cosmos_houdini.model.job import AttemptOptions, FailureClass, JobFailure
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.text_enum import TextEnum


class Remedy(TextEnum):
    """What may end better than the attempt that failed."""

    NONE = "none"
    """Only what a person changes: the request, the host, a key."""
    AGAIN = "again"
    """The same once more."""
    MORE_MEMORY = "more memory"
    """The same with less in the GPU's memory at a time."""
    ATTACH = "attach"
    """The attempt itself, which goes on: its host is asked again, and nothing is started."""


REMEDIES: Final[Mapping[FailureClass, Remedy]] = {
    FailureClass.OOM: Remedy.MORE_MEMORY,
    FailureClass.GUARDRAIL_BLOCKED: Remedy.NONE,
    FailureClass.DISK_FULL: Remedy.NONE,
    FailureClass.MISSING_CHECKPOINT: Remedy.NONE,
    FailureClass.HOST_UNREACHABLE: Remedy.ATTACH,
    FailureClass.AUTH: Remedy.NONE,
    FailureClass.BAD_INPUT: Remedy.NONE,
    # The same program fails on the same input in the same way, and its GPU time is paid for each time.
    FailureClass.ENGINE_ERROR: Remedy.NONE,
    FailureClass.STALLED: Remedy.AGAIN,
    FailureClass.TIMEOUT: Remedy.NONE,
    FailureClass.CANCELLED: Remedy.NONE,
    FailureClass.LOST: Remedy.AGAIN,
    FailureClass.CORRUPT_OUTPUT: Remedy.AGAIN,
}


def next_options(
    failure: JobFailure,
    parameters: Mapping[str, ParameterValue],
    options: AttemptOptions,
    *,
    attempts: int,
    offload: Mapping[str, ParameterValue],
    shared: bool,
) -> AttemptOptions | None:
    """Return how a job is tried again by itself, or None where it is not.

    Args:
        failure: of the attempt that has ended.
        parameters: that this attempt ran with.
        options: of this attempt.
        attempts: how many there may be without a person's order.
        offload: the engine's parameters that save GPU memory and leave the result as it is.
        shared: whether GPUs of the host are shared among jobs.
    """
    remedy = REMEDIES[failure.failure]
    if not failure.retryable or options.attempt_number >= attempts:
        return None
    if remedy is Remedy.AGAIN:
        return _after(failure, options, "again", options.parameters, exclusive=options.exclusive)
    if remedy is Remedy.MORE_MEMORY:
        unused = {name: value for name, value in offload.items() if parameters.get(name) != value}
        if unused:
            words = f"now with {', '.join(unused)}"
            return _after(failure, options, words, {**options.parameters, **unused}, exclusive=options.exclusive)
        if shared and not options.exclusive:
            return _after(failure, options, "now alone on its GPUs", options.parameters, exclusive=True)
    return None


def _after(
    failure: JobFailure,
    options: AttemptOptions,
    words: str,
    parameters: Mapping[str, ParameterValue],
    *,
    exclusive: bool,
) -> AttemptOptions:
    return AttemptOptions(
        attempt_number=options.attempt_number + 1,
        parameters=parameters,
        exclusive=exclusive,
        reason=f"{failure.failure} before, {words}",
    )
