"""The page of a report: plain HTML that opens from disk, without any script; all that it shows is escaped."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape
from pathlib import Path
from urllib.parse import quote_from_bytes

from cosmos_houdini.jobs.collect import LOGS, RESULT
from cosmos_houdini.jobs.store.spending import format_cost
from cosmos_houdini.model.job import JobState
from cosmos_houdini.report.causes import group_by_cause
from cosmos_houdini.report.entry import ReportEntry, format_setting
from cosmos_houdini.report.folder import DOCUMENT
from cosmos_houdini.report.measures import FORMULA
from cosmos_houdini.report.report import Grid, Report

BEST_SHOWN = 3
TABLE = "runs.csv"
NONE = '<span class="soft">-</span>'
_STYLE = Path(__file__).with_name("page.css")
_POLICY = "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'unsafe-inline'"


def render_page(report: Report) -> str:
    """Return the page."""
    sections = (
        _head(report),
        _grids(report.grids),
        _best(report),
        _failures(report),
        _table(report),
        _common(report),
        _files(),
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">
<title>{escape(report.name)} - runs side by side</title>
<style>
{_STYLE.read_text(encoding="utf-8")}</style>
</head>
<body>
{"".join(section for section in sections if section)}</body>
</html>
"""


def link(folder: Path, target: Path) -> str:
    """Return the address of a file as a page in ``folder`` names it: relative, so that both can be moved together.

    >>> link(Path("/out/night/report"), Path("/out/shot 1#/result.mp4"))
    '../../shot%201%23/result.mp4'
    """
    try:
        relative = Path(os.path.relpath(target, folder))
    except ValueError:
        # On Windows there is no relative path from one drive to another.
        return target.as_uri()
    return quote_from_bytes(os.fsencode(relative.as_posix()))


def _head(report: Report) -> str:
    scored = report.best
    figures = [("runs", str(len(report.entries)), "")]
    for state, count in report.states.items():
        figures.append((state, str(count), _tone(state)))
    figures.append(("time of all attempts", _duration(report.seconds), ""))
    if report.cost is not None:
        figures.append(("cost at the hosts' prices", format_cost(report.cost, report.currency), ""))
    if scored and scored[0].measures:
        figures.append(("best score", f"{scored[0].measures.score:.2f}", ""))
    items = "".join(
        f'<li><b class="{tone}">{escape(value)}</b><span class="soft">{escape(what)}</span></li>'
        for what, value, tone in figures
    )
    return f'<header>\n<h1>{escape(report.name)}</h1>\n<ul class="totals">{items}</ul>\n</header>\n'


def _grids(grids: Sequence[Grid]) -> str:
    shown = []
    for grid in grids:
        size = f'width="{grid.size[0]}" height="{grid.size[1]}"'
        picture = escape(grid.picture)
        still = f'<a href="{picture}"><img src="{picture}" {size} alt="one frame of each run"></a>'
        video = (
            f'<video src="{escape(grid.video)}" poster="{picture}" {size} controls loop muted playsinline '
            f'preload="metadata"></video>'
        )
        caption = f'<figcaption class="soft">One frame of each run: <a href="{picture}">{picture}</a></figcaption>'
        shown.append(f'<figure class="grid">{video + caption if grid.video else still}</figure>\n')
    return f"<section>\n<h2>Side by side</h2>\n{''.join(shown)}</section>\n"


def _best(report: Report) -> str:
    cards = "".join(_card(entry, report) for entry in report.best[:BEST_SHOWN])
    why = f'<p class="soft">{escape(FORMULA[:1].upper() + FORMULA[1:])}</p>\n'
    if not cards:
        return ""
    return f'<section>\n<h2>Best by score</h2>\n<div class="best">{cards}</div>\n{why}</section>\n'


def _card(entry: ReportEntry, report: Report) -> str:
    measures = entry.measures
    if measures is None:
        return ""
    pairs = [(name, format_setting(entry.settings[name])) for name in report.varied if name in entry.settings]
    score = f"{measures.score:.3f} = {measures.structure:.3f} - 10 x {measures.flicker:.4f}"
    return (
        f'<article><img src="{escape(entry.frame)}" alt="">'
        f'<div class="facts"><h3><span>#{entry.rank}</span>{escape(entry.name)}</h3>'
        f"{_pairs([('score', score), *pairs])}{_links(entry, report.folder)}</div></article>\n"
    )


def _failures(report: Report) -> str:
    """Return each cause of failures once, with all runs that it affected, and the names of the cancelled runs."""
    items = "".join(
        f'<li><span class="bad">{escape(_word(str(cause.failure.failure)))}</span>: {escape(cause.failure.message)} '
        f'<span class="soft">{escape(cause.advice)}.</span><br>{_runs_of(cause.entries, report.folder)}</li>\n'
        for cause in group_by_cause(report.entries)
    )
    if cancelled := [entry for entry in report.entries if entry.state == JobState.CANCELLED]:
        items += f"<li>cancelled<br>{_runs_of(cancelled, report.folder)}</li>\n"
    return f'<section>\n<h2>Failures</h2>\n<ul class="failures">{items}</ul>\n</section>\n' if items else ""


def _runs_of(entries: Iterable[ReportEntry], folder: Path) -> str:
    return ", ".join(f"<b>{escape(entry.name)}</b> {_links(entry, folder)}" for entry in entries)


def _table(report: Report) -> str:
    priced = report.cost is not None
    measured = any(entry.row and entry.row.gpu_memory_gb is not None for entry in report.entries)
    figures = ["time", *([f"cost {report.currency}".rstrip()] * priced), *(["GPU memory"] * measured)]
    titles = ["", "run", "state", *report.varied, "score", "structure", "flicker", *figures, ""]
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    ordered = [*report.best, *(entry for entry in report.entries if not entry.rank)]
    rows = "".join(_row(entry, report, priced=priced, measured=measured) for entry in ordered)
    return (
        f'<section>\n<h2>All runs, best first</h2>\n<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}</tbody>\n</table></div>\n</section>\n"
    )


def _row(entry: ReportEntry, report: Report, *, priced: bool, measured: bool) -> str:
    row, measures = entry.row, entry.measures
    picture = f'<img src="{escape(entry.frame)}" alt="" loading="lazy">' if entry.frame else ""
    different = f"<small>{escape('; '.join(row.differences))}</small>" if row and row.differences else ""
    unseen = entry.problem[0] if entry.problem and entry.state == JobState.SUCCEEDED else ""
    cells = [
        f"<td>{picture}</td>",
        f'<td class="name">{escape(entry.name)}{different}</td>',
        f'<td class="{_tone(entry.state)}">{escape(_word(unseen or entry.state))}</td>',
        *(
            f"<td>{escape(format_setting(entry.settings[name])) if name in entry.settings else NONE}</td>"
            for name in report.varied
        ),
        _score(entry),
        f"<td>{f'{measures.structure:.3f}' if measures else NONE}</td>",
        f"<td>{f'{measures.flicker:.4f}' if measures else NONE}</td>",
        f"<td>{_duration(row.seconds) if row and row.seconds is not None else NONE}</td>",
    ]
    if priced:
        cells.append(f"<td>{f'{row.cost:.2f}' if row and row.cost is not None else NONE}</td>")
    if measured:
        cells.append(f"<td>{f'{row.gpu_memory_gb:.1f} GiB' if row and row.gpu_memory_gb is not None else NONE}</td>")
    return f"<tr>{''.join(cells)}<td>{_links(entry, report.folder)}</td></tr>\n"


def _score(entry: ReportEntry) -> str:
    if entry.measures is None:
        return f"<td>{NONE}</td>"
    share = 100 * min(1.0, max(0.0, entry.measures.score))
    return (
        f'<td class="meter" style="background-size: {share:.0f}% 60%">{entry.measures.score:.3f} '
        f'<span class="soft">#{entry.rank}</span></td>'
    )


def _links(entry: ReportEntry, folder: Path) -> str:
    """Return links to the files of a run on this machine."""
    row = entry.row
    found: list[tuple[str, Path]] = []
    if row and entry.folder:
        found += [(Path(path).stem, Path(path)) for path in row.job.outputs]
        found += [("how it was made", entry.folder / RESULT)] if row.job.state is JobState.SUCCEEDED else []
        found += [(name.removesuffix(".log"), entry.folder / name) for name in LOGS] if row.job.failure else []
    return " ".join(
        f'<a href="{escape(link(folder, path))}">{escape(name)}</a>' for name, path in found if path.is_file()
    )


def _common(report: Report) -> str:
    first = report.entries[0]
    pairs: list[tuple[str, str]] = []
    for title, values in (
        ("engine", [entry.engine for entry in report.entries]),
        ("host", [entry.row.job.host for entry in report.entries if entry.row]),
        ("prompt spec", [entry.spec for entry in report.entries if entry.spec]),
    ):
        if values:
            pairs.append((title, ", ".join(dict.fromkeys(values))))
    longest = max(report.entries, key=lambda entry: len(entry.settings), default=first)
    pairs += [(name, format_setting(value)) for name, value in longest.settings.items() if name not in report.varied]
    prompts = "".join(
        f"<p>{escape(who)}</p>\n<blockquote>{escape(prompt)}</blockquote>\n" for prompt, who in _prompts(report.entries)
    )
    return (
        f'<section class="common">\n<h2>The same for all runs</h2>\n{_pairs(pairs)}\n<h2>Prompts</h2>\n'
        f"{prompts}</section>\n"
    )


def _prompts(entries: Iterable[ReportEntry]) -> list[tuple[str, str]]:
    """Return each prompt with the names of its runs."""
    runs: dict[str, list[str]] = {}
    for entry in entries:
        runs.setdefault(entry.prompt, []).append(entry.name)
    return [
        (prompt, names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}, {len(names)} runs")
        for prompt, names in runs.items()
    ]


def _files() -> str:
    return (
        f'<footer class="soft"><p>As data: <a href="{TABLE}">{TABLE}</a>, <a href="{DOCUMENT}">{DOCUMENT}</a></p>'
        "</footer>\n"
    )


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>' for name, value in pairs)}</dl>"


def _tone(state: str) -> str:
    if state == JobState.SUCCEEDED:
        return "good"
    return "bad" if state in {JobState.FAILED, JobState.LOST} else ""


def _word(name: str) -> str:
    return name.replace("_", " ")


def _duration(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else str(timedelta(seconds=round(seconds)))  # noqa: PLR2004 - a minute
