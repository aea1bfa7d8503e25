"""Decide whether a failed attempt is retried automatically, and with which options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cosmos_houdini.model.job import AttemptOptions, FailureClass, JobFailure
from cosmos_houdini.model.parameter import ParameterValue
from cosmos_houdini.model.text_enum import TextEnum


class Remedy(TextEnum):
    """The next step that may succeed after an attempt has failed."""

    NONE = "none"
    """Nothing automatic: a person must change the request, the host or a key."""
    AGAIN = "again"
    """The same attempt again."""
    MORE_MEMORY = "more memory"
    """The same attempt again, with less data in the GPU's memory at a time."""
    ATTACH = "attach"
    """The attempt continues: the client asks its host again, and starts nothing."""


REMEDIES: Final[Mapping[FailureClass, Remedy]] = {
    FailureClass.OOM: Remedy.MORE_MEMORY,
    FailureClass.GUARDRAIL_BLOCKED: Remedy.NONE,
    FailureClass.DISK_FULL: Remedy.NONE,
    FailureClass.MISSING_CHECKPOINT: Remedy.NONE,
    FailureClass.HOST_UNREACHABLE: Remedy.ATTACH,
    FailureClass.AUTH: Remedy.NONE,
    FailureClass.BAD_INPUT: Remedy.NONE,
    # The same program fails in the same way on the same input, and every attempt costs GPU time.
    FailureClass.ENGINE_ERROR: Remedy.NONE,
    FailureClass.STALLED: Remedy.AGAIN,
    FailureClass.TIMEOUT: Remedy.NONE,
    FailureClass.CANCELLED: Remedy.NONE,
    FailureClass.LOST: Remedy.AGAIN,
    FailureClass.CORRUPT_OUTPUT: Remedy.AGAIN,
    FailureClass.HOST_SETUP: Remedy.NONE,
    # Each attempt takes another port.
    FailureClass.TRANSIENT: Remedy.AGAIN,
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
    """Return the options for an automatic retry of a job, or None if the job is not retried.

    Args:
        failure: the failure of the attempt that has ended.
        parameters: the parameters of this attempt.
        options: the options of this attempt.
        attempts: the largest number of attempts without a person's command.
        offload: the engine's parameters that save GPU memory and do not change the result.
        shared: whether several jobs share the GPUs of the host.
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
