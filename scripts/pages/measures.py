"""The page of the measures, made of what a report knows of them."""

from __future__ import annotations

import textwrap

from cosmos_houdini.report.measure_kinds import MEASURE_KINDS, MeasureKind

LONGEST_LINE = 120

HEAD = """\
# Measures

`report` measures every result that a model made against the video that it was made from.
`python3 scripts/build_measures_page.py` writes this page from `report/measure_kinds.py`.

No single number is truth. High control weights score well nearly everywhere, and a result may be near its plate and
ugly. Published ranges come from other shots, and from estimated depth and masks: they tell the order of magnitude
alone.
"""

_DIRECTIONS = {"higher": "higher is better", "lower": "lower is better", "": "describes only"}


def page() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(_section(name, kind) for name, kind in MEASURE_KINDS.items())])


def _section(name: str, kind: MeasureKind) -> str:
    bounds = "without bounds" if kind.range is None else "{:g} to {:g}".format(*kind.range)
    text = kind.text[:1].upper() + kind.text[1:]
    paragraphs = [f"`{name}`, {bounds}; {_DIRECTIONS[kind.better]}. {text}"]
    if kind.typical:
        paragraphs.append(f"Published: {kind.typical}.")
    body = "\n\n".join(textwrap.fill(each, LONGEST_LINE, break_long_words=False) for each in paragraphs)
    return f"## {kind.title}\n\n{body}\n"
