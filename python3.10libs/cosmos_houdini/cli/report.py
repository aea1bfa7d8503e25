"""``report``: the results of a batch, or of jobs, side by side."""

from __future__ import annotations

from pathlib import Path

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.cli.terminal import TerminalReporter
from cosmos_houdini.config import load

FILE = click.Path(path_type=Path)
PARTS = ("names", "notes", "ratings", "prompts", "parameters", "measures")
"""Those of ``report.share.SharePart``, which would load NumPy for a help page."""


@click.command(help="Set the results of a batch, or of some jobs, side by side: grid, page, table, best parameters.")
@click.argument("wanted", metavar="BATCH.yaml|JOB...", nargs=-1, required=True)
@click.option("-o", "--output", type=FILE, help="Folder; cosmos_out/NAME/report without it.")
@click.option("--host", help="The host of the batch's runs; without it, the host where it ran last.")
@click.option("--ratings", type=FILE, help="Ratings, picks and notes that the page has saved.")
@click.option("--share", type=FILE, metavar="FILE.zip", help="Write the picked runs, or all, as one file to send.")
@click.option(
    "--share-with",
    type=click.Choice([*map(str, PARTS)]),
    multiple=True,
    default=["names"],
    show_default=True,
    help="A part that the shared file has beside the pictures; repeat it for more.",
)
@click.option(
    "--open", "opens", is_flag=True, help="Open the picked results in mpv, DJV, RV or mplay, or else the page."
)
@click.option("--rank-by", metavar="MEASURE=WEIGHT", multiple=True, help="Rank by a sum of measures; repeat it.")
@click.option(
    "--blur-ssim", metavar="FRAMES", type=click.IntRange(0), default=0, help="Take Blur-SSIM at so many frames."
)
@json_option
def report(
    *,
    wanted: tuple[str, ...],
    output: Path | None,
    host: str | None,
    ratings: Path | None,
    share: Path | None,
    share_with: tuple[str, ...],
    opens: bool,
    rank_by: tuple[str, ...],
    blur_ssim: int,
    as_json: bool,
) -> None:
    """Write the report."""
    from cosmos_houdini.report.make import ReportOptions, make_report  # noqa: PLC0415 - loads NumPy and OpenCV
    from cosmos_houdini.report.share import Share, SharePart  # noqa: PLC0415 - likewise
    from cosmos_houdini.report.weighting import parse_weighting  # noqa: PLC0415 - likewise

    sent = Share(path=share, parts=frozenset(map(SharePart, share_with))) if share else None
    ranking = parse_weighting(rank_by)
    options = ReportOptions(host=host, ratings=ratings, share=sent, opens=opens, weighting=ranking, smoothed=blur_ssim)
    written = make_report(load(), wanted, output, TerminalReporter(), options=options)
    document = written.document
    if as_json:
        print_json("report", document)
    else:
        click.echo(written.page)
    states, best = document["totals"]["states"], document["best"]
    say(f"{sum(states.values())} runs: {', '.join(f'{count} {state}' for state, count in states.items())}")
    if best:
        say(f"best by score: {best[0]['run']} ({best[0]['score']}); report.json and the page say what the score is")
