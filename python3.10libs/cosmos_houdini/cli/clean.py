"""``clean``: room on a host and in the project, by the removal of things that nobody needs any more."""

from __future__ import annotations

import re
from datetime import timedelta

import click

from cosmos_houdini.cli.console import json_option, print_json, say
from cosmos_houdini.config import load
from cosmos_houdini.jobs.clean import CleanedHost, Cleaning, clean_host
from cosmos_houdini.jobs.client import open_client

_UNITS_S = {"m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


def _seconds(ctx: click.Context, param: click.Parameter, value: str) -> float:
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)([mhdw])", value, re.ASCII)
    if match is None:
        raise click.BadParameter(
            f"{value!r} is no age; allowed: a number with m, h, d or w behind it, as in 14d", ctx, param
        )
    return float(match[1]) * _UNITS_S[match[2]]


@click.command(help="Remove old jobs, unused inputs and the remains of interrupted transfers from a host.")
@click.option("--host", help="The host; without it, the configuration's default host.")
@click.option(
    "--older-than",
    "older_than_s",
    metavar="AGE",
    callback=_seconds,
    default="14d",
    show_default=True,
    help="Least time since a job's last sign of life, as in 14d, 12h or 0d.",
)
@click.option("--all-projects", is_flag=True, help="Also ended jobs of other projects and machines below this root.")
@click.option("--yes", is_flag=True, help="Remove the items; without this, they are only listed.")
@json_option
def clean(*, host: str | None, older_than_s: float, all_projects: bool, yes: bool, as_json: bool) -> None:
    """List what can go, and remove it if that is wanted."""
    with open_client(load()) as client:
        done = clean_host(client, host, older_than_s=older_than_s, all_projects=all_projects, remove=yes)
    if as_json:
        print_json("clean", done.document())
    else:
        _show(done.cleaning)
        if not done.left:
            say(_sentence(done))
    done.raise_left()


def _show(cleaning: Cleaning) -> None:
    for thing in cleaning.remote:
        words = [thing.kind, thing.name, *filter(None, [cleaning.states.get(thing.name)])]
        if thing.kind != "container":
            words += [f"{timedelta(seconds=round(thing.age_s))} old", f"{thing.bytes / 1e6:.1f} MB"]
        click.echo("  ".join(words))
    for leftover in cleaning.local:
        click.echo(f"here  {leftover.path}  {leftover.bytes / 1e6:.1f} MB")


def _sentence(done: CleanedHost) -> str:
    cleaning, where = done.cleaning, f"{done.host}:{done.root}"
    count = len(cleaning.remote) + len(cleaning.local)
    kept = f"; {len(cleaning.kept)} jobs stay" if cleaning.kept else ""
    if not count:
        return f"nothing to remove from {where}{kept}"
    size = f"{cleaning.bytes / 1e6:.1f} MB"
    if done.removed:
        return f"removed from {where}: {size}{kept}"
    return f"{count} things, {size}, would go from {where}{kept}; --yes removes them"
