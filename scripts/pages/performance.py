"""The table of docs/performance.md, made from docs/performance.json; standard library alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
DATA = DOCS / "performance.json"
PAGE = DOCS / "performance.md"
SCHEMA = "cosmos-houdini/performance/1"
HEADER = ("what", "ours", "beside", "ratio", "target", "")
_INTRODUCTION = """\
# Performance

`./scripts/bench --write` measures all of this and writes this page and `performance.json`; `./scripts/bench NAME`
measures one part of it. Both sides of a row ran by turns on the same machine. The ratio is ours to theirs: below 1,
ours is faster or smaller. A row without a target has no limit.
"""


def keep(report: dict[str, Any], names: list[str]) -> None:
    """Put a report into the data and write the page anew.

    Figures of other benchmarks stay where the same machine and versions made them.

    Args:
        report: figures of some benchmarks.
        names: all benchmarks there are; a page tells of those without figures.
    """
    measured = {figure["benchmark"] for figure in report["figures"]} | set(report["not_measured"])
    before = json.loads(DATA.read_text(encoding="utf-8")) if DATA.exists() else {}
    figures = list(report["figures"])
    if all(before.get(key) == report.get(key) for key in ("machine", "versions")):
        figures += [figure for figure in before["figures"] if figure["benchmark"] not in measured]
    figures.sort(key=lambda figure: str(figure["benchmark"]))
    there = {figure["benchmark"] for figure in figures}
    missing = {name: "not with these versions" for name in names if name not in there}
    whole = {**report, "figures": figures, "not_measured": missing | report["not_measured"]}
    DATA.write_text(json.dumps(whole, indent=2) + "\n", encoding="utf-8")
    write()


def write() -> None:
    """Write the page anew from the data."""
    PAGE.write_text(page(json.loads(DATA.read_text(encoding="utf-8"))), encoding="utf-8")


def page(report: dict[str, Any]) -> str:
    """Return the whole page."""
    parts = [_INTRODUCTION, _surroundings(report)]
    for benchmark in dict.fromkeys(figure["benchmark"] for figure in report["figures"]):
        figures = [figure for figure in report["figures"] if figure["benchmark"] == benchmark]
        lines = [HEADER, ("---",) * len(HEADER), *map(_row, figures)]
        load = figures[0].get("load")
        busy = "" if load is None else f"The machine's load average was {load} when this began.\n\n"
        parts.append(f"## {benchmark}\n\n{busy}" + "".join(f"| {' | '.join(line)} |\n" for line in lines))
    parts += [f"`{name}` was not measured: {why}.\n" for name, why in report["not_measured"].items()]
    return "\n".join(parts)


def text(report: dict[str, Any]) -> str:
    """Return the same as a table for the terminal."""
    rows = [HEADER, *(_row(figure) for figure in report["figures"])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += [f"not measured: {name}: {why}" for name, why in report["not_measured"].items()]
    return "\n".join([*lines, _surroundings(report)])


def _surroundings(report: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in report.get("versions", {}).items())
    return f"Measured on {', '.join(report.get('machine', {}).values())}, with {versions}.\n"


def _row(figure: dict[str, Any]) -> tuple[str, ...]:
    ratio, other, unit = figure["ratio"], figure["other"], figure["unit"]
    beside = "" if other is None else f"{figure['beside']}: {_number(other)} {unit}"
    targets = [
        *([f"ratio at most {figure['ratio_limit']:g}"] if figure["ratio_limit"] is not None else []),
        *([f"at most {figure['limit']:g} {unit}"] if figure["limit"] is not None else []),
        *([f"at least {figure['at_least']:g} {unit}"] if figure["at_least"] is not None else []),
    ]
    verdict = ("reached" if figure["ok"] else "missed") if targets else ""
    return (
        figure["name"],
        f"{_number(figure['ours'])} {unit}",
        beside,
        "" if ratio is None else _number(ratio),
        ", ".join(targets),
        verdict,
    )


def _number(value: float) -> str:
    return f"{float(f'{value:.3g}'):g}"
