"""The command lines of the scripts for hython; they are read without Houdini, so that ``--help`` needs none."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

_EXIT_CODES = "Exit codes: 0 done, 1 failed, 2 bad input, 3 host or network, 4 interrupted."
_SUBMIT = "Every other option is one of `cosmos-houdini submit`; `cosmos-houdini submit --help` lists them."


def submit_parser() -> argparse.ArgumentParser:
    """Return the command line of ``cosmos_submit.py``; options that it does not know are those of ``submit``."""
    return _shot_parser(
        "cosmos_submit.py", "renders a shot if asked to, and submits it as `cosmos-houdini submit` does"
    )


def batch_parser() -> argparse.ArgumentParser:
    """Return the command line of ``cosmos_batch.py``; options that it does not know are those of ``submit``."""
    parser = _shot_parser(
        "cosmos_batch.py", "renders a shot if asked to, and runs it many times with varied parameters"
    )
    parser.add_argument("--name", help="of the shot and its batch; else the scene's")
    parser.add_argument("--randomization", metavar="FILE", help="YAML or JSON: what is varied, and how")
    parser.add_argument("--count", metavar="N", help="number of runs")
    parser.add_argument("--seed", metavar="N", help="of the sweep: the same seed makes the same runs")
    parser.add_argument("--engine", help="the configured default without it")
    parser.add_argument("--host", help="where to run; the configured default without it")
    parser.add_argument(
        "--max-parallel",
        metavar="N",
        help="runs that may be active at once; else one for each GPU of the host",
    )
    parser.add_argument("--dry-run", action="store_true", help="encode, print every run, and reach no host")
    return parser


def cook_parser() -> argparse.ArgumentParser:
    """Return the command line of ``cosmos_cook.py``."""
    parser = _parser(
        "cosmos_cook.py",
        "cooks a TOP network to its end and names the work items that failed",
        "Results of equal content are found again and not made twice.",
    )
    parser.add_argument("file", type=Path, metavar="SHOT.hip")
    parser.add_argument(
        "--node", metavar="/tasks/NET[/NODE]", help="the network, or one of its nodes; the scene's only one without it"
    )
    return parser


def scene_parser() -> argparse.ArgumentParser:
    """Return the command line of ``cosmos_scene.py``."""
    parser = _parser("cosmos_scene.py", "a scene as Houdini evaluates it, or compared with the offline reader")
    parser.add_argument("file", type=Path, metavar="FILE.hip")
    parser.add_argument("--samples", action="store_true", help="add every camera at every frame of the global range")
    parser.add_argument("--compare", action="store_true", help="list the differences from the offline reader")
    return parser


def selftest_parser() -> argparse.ArgumentParser:
    """Return the command line of ``cosmos_selftest.py``."""
    parser = _parser(
        "cosmos_selftest.py", "whether this Houdini has loaded the package and its worker works, a line for each thing"
    )
    parser.add_argument("--scene", type=Path, metavar="SHOT.hip", help="compare this scene too; it is not changed")
    parser.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write all lines and facts of this Houdini into one file to send",
    )
    return parser


PARSERS: Mapping[str, Callable[[], argparse.ArgumentParser]] = MappingProxyType(
    {
        "submit": submit_parser,
        "batch": batch_parser,
        "cook": cook_parser,
        "scene": scene_parser,
        "selftest": selftest_parser,
    }
)
"""The command line of each script, by the name of its module in ``houdini.hython``."""


def _shot_parser(program: str, description: str) -> argparse.ArgumentParser:
    """Return a parser with the options of every script for a shot."""
    parser = _parser(program, description, _SUBMIT)
    parser.add_argument("file", type=Path, metavar="SHOT.hip")
    parser.add_argument("--rop", metavar="/out/NODE", help="the render node that writes the frames")
    parser.add_argument("--render", action="store_true", help="render it first, its own range or that of --range")
    parser.add_argument("--range", metavar="A-B", help="these frames")
    parser.add_argument("--prompt", required=True, help="what the result shows")
    parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")
    return parser


def _parser(program: str, description: str, more: str = "") -> argparse.ArgumentParser:
    epilog = f"{more} {_EXIT_CODES}".strip()
    return argparse.ArgumentParser(prog=program, description=description, epilog=epilog, allow_abbrev=False)
