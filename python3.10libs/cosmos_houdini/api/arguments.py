"""Arguments of the API, in the forms that scripts give them in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.spec import SpecValue
from cosmos_houdini.shots.options import SubmitOptions, named_weights


def job_state(state: JobState | str) -> JobState:
    """Return a state by its name.

    Raises:
        BadInput: there is no such state; the nearest is named.
    """
    words = [str(each) for each in JobState]
    if str(state) not in words:
        raise BadInput(f"no state {str(state)!r}", allowed=", ".join(words), action=did_you_mean(str(state), words))
    return JobState(str(state))


def submit_options(
    *,
    prompt: str,
    negative_prompt: str,
    engine: str | None,
    host: str | None,
    weights: Mapping[str, float] | None,
    parameters: Mapping[str, SpecValue] | None,
    num_gpu: int | None,
    name: str | None,
    results: str | Path | None,
) -> SubmitOptions:
    """Return the arguments of ``Project.submit`` as options of the use case.

    Raises:
        BadInput: a value cannot be used.
    """
    return SubmitOptions(
        prompt=prompt,
        negative_prompt=negative_prompt,
        name=name,
        engine=engine,
        weights=named_weights(weights or {}),
        parameters=dict(parameters or {}),
        host=host,
        num_gpu=num_gpu,
        results=Path(results).absolute() if results is not None else None,
    )
