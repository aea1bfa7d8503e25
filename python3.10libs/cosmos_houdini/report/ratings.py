"""Ratings, picks, notes and choices of a reviewer: one JSON file that the page saves and commands read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from cosmos_houdini.errors import BadInput
from cosmos_houdini.json_text import read_json_file
from cosmos_houdini.model.ratings import KEY_DIGITS, SCHEMA, key_of

_SHOWN = 3

_SPREAD = 4.0
"""Strength of five stars above one star: by the Bradley-Terry model, they win 98 of 100 choices."""
_UNRATED = 0.5
"""The liking of a run without stars, before any choice."""
_MOST_ROUNDS = 1000
_LONGEST_STEP = 0.5
_PRECISION = 1e-6

_Key = Annotated[str, Meta(pattern=f"^[0-9a-f]{{{KEY_DIGITS}}}$")]
_Time = Annotated[str, Meta(max_length=40)]


class RunJudgement(Struct, kw_only=True):
    """The judgement of one run; ``at`` is the time of the last change, in ISO 8601 and UTC."""

    run: Annotated[str, Meta(min_length=1)]
    key: _Key
    rating: Annotated[int, Meta(ge=1, le=5)] | None
    picked: bool
    note: Annotated[str, Meta(max_length=20_000)]
    at: _Time


class Choice(Struct, kw_only=True):
    """One of two runs was found better than the other; both by their keys."""

    better: _Key
    worse: _Key
    at: _Time


class Ratings(Struct, kw_only=True):
    """The judgements of a reviewer on the runs of one report.

    A run is known by its key, the first 16 digits of the SHA-256 of its job's id, so that a file of a shared report,
    whose runs may have other names, finds its runs too.
    """

    report: str
    saved_at: _Time
    runs: list[RunJudgement]
    choices: list[Choice] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The judgements of runs that exist.

    Attributes:
        by_key: by the run's key.
        choices: between two of these runs.
        document: the file's content, of these runs alone.
        foreign: names of runs in the file that do not exist here.
    """

    by_key: Mapping[str, RunJudgement]
    choices: Sequence[Choice]
    document: Mapping[str, Any]
    foreign: Sequence[str]

    def picked(self) -> list[str]:
        """Return the keys of the picked runs, in the file's order."""
        return [key for key, one in self.by_key.items() if one.picked]


def read_ratings(path: Path, job_ids: Iterable[str]) -> Judged:
    """Read a file of ratings and keep what is about these jobs.

    Raises:
        BadInput: the file cannot be read, is of another kind, or says nothing of any of these jobs.
    """
    document = read_json_file(path)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise BadInput(
            f"{path} is no file of ratings", allowed=f"schema {SCHEMA}", action="save one from the page of a report"
        )
    try:
        found = msgspec.convert(document, Ratings, strict=True)
    except msgspec.ValidationError as error:
        raise BadInput(f"{path}: {error}", action="save it again from the page of the report") from error
    keys = {key_of(job_id) for job_id in job_ids}
    known = {one.key: one for one in found.runs if one.key in keys}
    if found.runs and not known:
        names = ", ".join(one.run for one in found.runs[:_SHOWN])
        raise BadInput(
            f"{path} is about other runs: report {found.report!r} with {names}",
            action="name the batch or the jobs that it was saved for",
        )
    choices = [one for one in found.choices if {one.better, one.worse} <= keys]
    kept = Ratings(report=found.report, saved_at=found.saved_at, runs=[*known.values()], choices=choices)
    return Judged(
        by_key=known,
        choices=choices,
        document={"schema": SCHEMA, **msgspec.to_builtins(kept)},
        foreign=[one.run for one in found.runs if one.key not in keys],
    )


def preferences(judged: Judged) -> dict[str, float]:
    """Return how much each judged run is liked, 0 to 1, by its key: stars and choices between two runs in one number.

    A rating of 1 to 5 becomes 0 to 1, a pick without a rating 1. Choices move these by the Bradley-Terry model
    (Bradley and Terry, 1952): the probability that a run is chosen before another grows with the difference of their
    strengths. Runs without any judgement are left out.
    """
    start = {
        key: (one.rating - 1) / 4 if one.rating else 1.0
        for key, one in judged.by_key.items()
        if one.rating or one.picked
    }
    compared = sorted({key for one in judged.choices for key in (one.better, one.worse)})
    prior = {key: _SPREAD * (start.get(key, _UNRATED) - _UNRATED) for key in dict.fromkeys([*start, *compared])}
    strength = _most_likely_strengths(prior, judged.choices)
    return {key: min(1.0, max(0.0, value / _SPREAD + _UNRATED)) for key, value in strength.items()}


def _most_likely_strengths(prior: Mapping[str, float], choices: Sequence[Choice]) -> dict[str, float]:
    """Return the strengths that are most likely by choices, with a normal prior of variance 1 about what stars say.

    One run after the other takes a Newton step. The logarithm of the likelihood is concave, and over ``_LONGEST_STEP``
    its curvature changes by less than e^0.5, however many choices there are. So no step can overshoot to worse.
    """
    # Several choices of the same two runs are one term with a factor.
    rivals: dict[str, Counter[tuple[str, int]]] = {key: Counter() for key in prior}
    for one in choices:
        rivals[one.better][one.worse, 1] += 1
        rivals[one.worse][one.better, -1] += 1
    strength = dict(prior)
    for _ in range(_MOST_ROUNDS):
        largest = 0.0
        for key, met in rivals.items():
            slope, curvature = prior[key] - strength[key], 1.0
            for (rival, sign), count in met.items():
                surprise = 1.0 / (1.0 + math.exp(sign * (strength[key] - strength[rival])))
                slope += sign * count * surprise
                curvature += count * surprise * (1.0 - surprise)
            step = max(-_LONGEST_STEP, min(_LONGEST_STEP, slope / curvature))
            strength[key] += step
            largest = max(largest, abs(step))
        if largest < _PRECISION:
            break
    return strength
