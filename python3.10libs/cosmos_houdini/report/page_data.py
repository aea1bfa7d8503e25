"""The data of a page, as JSON: runs, columns, clips, sources, failures; no path of this machine is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cosmos_houdini.jobs.store.spending import format_cost
from cosmos_houdini.model.job import JobState
from cosmos_houdini.model.ratings import key_of
from cosmos_houdini.report.causes import group_by_cause
from cosmos_houdini.report.entry import ReportEntry, format_setting
from cosmos_houdini.report.importance import parameter_importance
from cosmos_houdini.report.measure_kinds import kind_of
from cosmos_houdini.report.page_clips import SOURCE, PageClips, run_clip
from cosmos_houdini.report.plate import Plate
from cosmos_houdini.report.report import Report

Link = tuple[str, str]
PROMPT, NEGATIVE = "prompt", "negative prompt"
_USUAL_FPS = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The parts of a page beside its pictures; a shared page shows few of them.

    Attributes:
        names: whether runs have their own names; else they are versions with numbers.
        prompts: whether prompts are shown.
        parameters: whether parameters are shown, and what all runs share.
        measures: whether measures, ranks and importance are shown.
        facts: whether times, costs, hosts, failures and runs without a result are shown.
    """

    names: bool = True
    prompts: bool = True
    parameters: bool = True
    measures: bool = True
    facts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PageInput:
    """All that a page is made from.

    Attributes:
        report: the runs.
        clips: of runs, sources and controls.
        plates: the frame numbers of each source's plate, in the order of ``clips.sources``.
        links: of each run: a title, and a file in the report's folder.
        ratings: a document of ratings that the page starts with; None for none.
        files: other files of the report's folder that the page names.
        shown: what is shown.
    """

    report: Report
    clips: PageClips
    plates: Sequence[Plate | None]
    links: Sequence[Sequence[Link]]
    ratings: Mapping[str, Any] | None = None
    files: Sequence[str] = ()
    shown: Shown = field(default_factory=Shown)


def build_page_data(given: PageInput) -> dict[str, Any]:
    """Return the data of the page; see ``review/model.js`` for its reader."""
    report, shown = given.report, given.shown
    entries = [
        (number, entry)
        for number, entry in enumerate(report.entries, 1)
        if shown.facts or run_clip(number) in given.clips.clips
    ]
    columns = [*_parameter_columns(report, shown), *_measure_columns(report, shown), *_fact_columns(report, shown)]
    plate = next((plate for plate in given.plates if plate), None)
    rates = [clip.source.fps for clip in given.clips.clips.values()]
    return {
        "id": report.name,
        "file": _file_name(report.name),
        "title": report.name,
        "preview": report.is_preview,
        "fps": rates[0] if rates else _USUAL_FPS,
        "first": plate.first if plate else 1,
        "step": plate.step if plate else 1,
        "numbered": plate is not None,
        "totals": _totals(report) if shown.facts else [["versions", str(len(entries))]],
        "sort": next((c["id"] for c in columns if c["group"] == "measure"), ""),
        "columns": columns,
        "clips": {name: _clip(name, given) for name in given.clips.clips},
        "sources": _sources(given),
        "runs": [_run(number, entry, given, columns) for number, entry in entries],
        "failures": _failures(report) if shown.facts else [],
        "common": _common(report) if shown.parameters and shown.facts else [],
        "prompts": _prompts(entries, shown) if shown.prompts else [],
        "missing": _missing(given) if shown.facts else [],
        "importance": _importance(report) if shown.measures and shown.parameters else [],
        "ratings": given.ratings,
        "files": list(given.files),
    }


def count_seconds(seconds: float) -> str:
    """Return a time as people read it.

    >>> count_seconds(2.94), count_seconds(3725.2)
    ('2.9 s', '1:02:05')
    """
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))  # noqa: PLR2004 - a minute


def _totals(report: Report) -> list[list[str]]:
    figures = [["runs", str(len(report.entries))]]
    figures += [[state, str(count)] for state, count in report.states.items()]
    figures.append(["time of all attempts", count_seconds(report.seconds)])
    if report.cost is not None:
        figures.append(["cost", format_cost(report.cost, report.currency)])
    return figures


def _parameter_columns(report: Report, shown: Shown) -> list[dict[str, Any]]:
    if not shown.parameters:
        return [_prompt_column()] if shown.prompts and len({e.prompt for e in report.entries}) > 1 else []
    columns = []
    for name in report.varied:
        values = [entry.settings[name] for entry in report.entries if name in entry.settings]
        numeric = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
        columns.append(_column(name, name.replace("_", " "), "parameter", "number" if numeric else "text"))
    if len({entry.engine for entry in report.entries}) > 1:
        columns.append(_column("engine", "engine", "parameter", "text"))
    if len({entry.spec for entry in report.entries}) > 1:
        columns.append(_column("spec", "prompt spec", "parameter", "text"))
    if shown.prompts and len({entry.prompt for entry in report.entries}) > 1:
        columns.append(_prompt_column())
    return columns


def _prompt_column() -> dict[str, Any]:
    return {**_column(PROMPT, "prompt", "parameter", "prompt"), "width": 260}


def _measure_columns(report: Report, shown: Shown) -> list[dict[str, Any]]:
    if not shown.measures:
        return []
    columns = []
    for name in dict.fromkeys(name for entry in report.entries for name in entry.figures):
        kind = kind_of(name)
        columns.append(
            {
                **_column(name, kind.title, "measure", "number"),
                "better": kind.better,
                "range": list(kind.range) if kind.range else None,
                "text": report.weighting.text if name == "score" else kind.explanation,
                "digits": kind.digits,
                "unit": kind.unit,
            }
        )
    return columns


def _fact_columns(report: Report, shown: Shown) -> list[dict[str, Any]]:
    if not shown.facts:
        return []
    rows = [entry.row for entry in report.entries if entry.row]
    columns = [{**_column("seconds", "time", "fact", "number"), "unit": "s", "digits": 1}]
    if report.cost is not None:
        columns.append({**_column("cost", f"cost {report.currency}".rstrip(), "fact", "number"), "digits": 2})
    if any(row.gpu_memory_gb is not None for row in rows):
        columns.append({**_column("gpu_memory_gb", "GPU memory", "fact", "number"), "unit": "GiB", "digits": 1})
    if len({row.job.host for row in rows}) > 1:
        columns.append(_column("host", "host", "fact", "text"))
    return columns


def _column(name: str, title: str, group: str, kind: str) -> dict[str, Any]:
    return {"id": name, "title": title, "group": group, "kind": kind, "better": "", "range": None, "text": ""}


def _clip(name: str, given: PageInput) -> dict[str, Any]:
    clip = given.clips.clips[name]
    return {
        "src": clip.file,
        "full": clip.full,
        "still": clip.still,
        "frames": clip.source.frames,
        "fps": clip.source.fps,
        "size": list(clip.size),
    }


def _sources(given: PageInput) -> list[dict[str, Any]]:
    many = len(given.clips.sources) > 1
    return [
        {
            "id": number,
            "pictures": [
                {"title": f"{picture.title} {number + 1}" if many else picture.title, "clip": picture.clip}
                for picture in source.pictures
            ],
            "first": plate.first if plate else 1,
            "step": plate.step if plate else 1,
        }
        for number, (source, plate) in enumerate(zip(given.clips.sources, given.plates, strict=True))
    ]


def _run(number: int, entry: ReportEntry, given: PageInput, columns: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    shown, row = given.shown, entry.row
    name = run_clip(number)
    known = {**entry.settings, "engine": entry.engine, "spec": _spec_name(entry.spec), PROMPT: entry.prompt}
    known |= entry.figures
    if row:
        known |= {
            "seconds": row.seconds,
            "cost": row.cost,
            "gpu_memory_gb": row.gpu_memory_gb,
            "host": row.job.host,
        }
    varied = given.report.varied if shown.parameters else ()
    return {
        "key": key_of(row.job.id) if row else f"planned-{number}",
        "name": _name(number, entry, shown),
        "state": entry.state,
        "problem": list(entry.problem) if entry.problem and shown.facts else None,
        "clip": name if name in given.clips.clips else None,
        "source": given.clips.of_run[number - 1],
        "rank": entry.rank if shown.measures else None,
        "prompt": entry.prompt if shown.prompts else "",
        "caption": "  ".join(f"{n} {format_setting(entry.settings[n])}" for n in varied if n in entry.settings),
        "values": {column["id"]: _plain(known.get(column["id"])) for column in columns},
        "seams": list(entry.seams),
        "differences": "; ".join(row.differences) if row and shown.facts else "",
        "links": [list(link) for link in given.links[number - 1]] if shown.facts else [],
    }


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _spec_name(spec: str) -> str:
    """Return the name of a prompt spec without its folder and endings, on any system."""
    return spec.replace("\\", "/").rpartition("/")[2].removesuffix(".json").removesuffix(".spec")


def _failures(report: Report) -> list[dict[str, Any]]:
    causes = [
        {
            "title": str(cause.failure.failure),
            "message": cause.failure.message,
            "advice": f"{cause.advice}." if cause.advice else "",
            "runs": _keys(cause.entries),
        }
        for cause in group_by_cause(report.entries)
    ]
    if cancelled := [entry for entry in report.entries if entry.state == JobState.CANCELLED]:
        causes.append({"title": "cancelled", "message": "", "advice": "", "runs": _keys(cancelled)})
    return causes


def _missing(given: PageInput) -> list[list[str]]:
    """Return what lacks its clip or its measures, and why."""
    reasons = given.clips.reasons
    sources = [[name, reasons[name]] for name in reasons if name.startswith(SOURCE)]
    return [*([entry.name, reason] for entry in given.report.entries for reason in entry.reasons), *sources]


def _keys(entries: Iterable[ReportEntry]) -> list[str]:
    return [key_of(entry.row.job.id) for entry in entries if entry.row]


def _common(report: Report) -> list[list[str]]:
    pairs: list[list[str]] = []
    for title, values in (
        ("engine", [entry.engine for entry in report.entries]),
        ("host", [entry.row.job.host for entry in report.entries if entry.row]),
        ("prompt spec", [_spec_name(entry.spec) for entry in report.entries if entry.spec]),
    ):
        if values:
            pairs.append([title, ", ".join(dict.fromkeys(values))])
    longest = max(report.entries, key=lambda entry: len(entry.settings))
    return [
        *pairs,
        *([name, format_setting(value)] for name, value in longest.settings.items() if name not in report.varied),
    ]


def _prompts(entries: Iterable[tuple[int, ReportEntry]], shown: Shown) -> list[list[str]]:
    """Return each prompt with the names of its runs."""
    runs: dict[str, list[str]] = {}
    for number, entry in entries:
        runs.setdefault(entry.prompt, []).append(_name(number, entry, shown))
    return [
        [names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}, {len(names)} runs", prompt]
        for prompt, names in runs.items()
    ]


def _name(number: int, entry: ReportEntry, shown: Shown) -> str:
    return entry.name if shown.names else f"Version {number}"


def _importance(report: Report) -> list[dict[str, Any]]:
    """Return the importance of parameters for each measure that has a direction."""
    found = []
    for name in dict.fromkeys(name for entry in report.entries for name in entry.figures):
        kind = kind_of(name)
        runs = [entry for entry in report.entries if name in entry.figures]
        if not kind.better:
            continue
        settings = [
            {**{n: one.settings[n] for n in report.varied if n in one.settings}, PROMPT: one.prompt} for one in runs
        ]
        importances = parameter_importance(
            settings, [one.figures[name] for one in runs], higher=kind.better == "higher"
        )
        if importances:
            parameters = [
                {"name": i.name, "share": round(i.share, 4), "spread": round(i.spread, 4)} for i in importances
            ]
            found.append({"measure": name, "runs": len(runs), "parameters": parameters})
    return found


def _file_name(name: str) -> str:
    """Return a name that every file system takes.

    >>> _file_name("rain / night: 2")
    'rain-night-2'
    """
    words = "".join(letter if letter.isalnum() or letter in "._-" else " " for letter in name).split()
    return "-".join(words)[:80].strip(".") or "report"
