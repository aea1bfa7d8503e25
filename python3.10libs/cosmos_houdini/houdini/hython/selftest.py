"""``hython scripts/cosmos_selftest.py``: whether this Houdini has loaded the package, a line for each thing."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import hou

from cosmos_houdini import __version__
from cosmos_houdini.errors import BadInput, CheckFailed, one_line
from cosmos_houdini.houdini import worker
from cosmos_houdini.houdini.diagnosis import ask_doctor
from cosmos_houdini.houdini.environment import LIBRARIES, ROOT, worker_python
from cosmos_houdini.houdini.hython.command_lines import selftest_parser
from cosmos_houdini.houdini.hython.comparison import compare_scenes
from cosmos_houdini.houdini.hython.open_questions import QUESTIONS, answer
from cosmos_houdini.houdini.hython.script import exit_code, print_result
from cosmos_houdini.houdini.open_scene import load_scene, read_open_scene, sample_open_scene
from cosmos_houdini.houdini.tops.asset_check import check_assets, check_top_nodes
from cosmos_houdini.houdini.tops.sweep_network import build_sweep
from cosmos_houdini.houdini.windows.camera_background import BACKGROUND
from cosmos_houdini.houdini.windows.result_actions import mplay_program
from cosmos_houdini.houdini.windows.result_nodes import load_in_cops
from cosmos_houdini.installation import NEWEST_KNOWN, OLDEST

PASSED = "pass"
PYTHONS = ((3, 10), (3, 11), (3, 13))


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that is tried.

    Attributes:
        title: what it shows when it passes.
        run: returns what was found, and raises where it is not as it has to be.
    """

    title: str
    run: Callable[[], str]


def main(argv: Sequence[str]) -> int:
    """Try everything and return 1 if something failed."""
    arguments = selftest_parser().parse_args(argv)
    scene: Path | None = arguments.scene
    checks = list(CHECKS)
    if scene is not None:
        given = scene
        checks.append(Check(title=f"{scene} is read alike by Houdini and without it", run=lambda: _compare(given)))
    return exit_code(lambda: _run(checks, arguments.report))


def _run(checks: Sequence[Check], report: Path | None) -> int:
    if report is not None:
        # Before the checks, which take minutes: a file that cannot be written is said at once.
        _write(report, "")
    lines = []
    for check in checks:
        lines.append(_tried(check))
        print_result(lines[-1])
    passed = sum(line.startswith(PASSED) for line in lines)
    summary = f"{passed} of {len(lines)} passed"
    print_result(summary)
    if report is not None:
        _write(report, report_text(lines, summary, [(each.text, answer(each)) for each in QUESTIONS]))
        print_result(f"wrote {report}")
    return 0 if passed == len(lines) else 1


def _tried(check: Check) -> str:
    try:
        return f"{PASSED}  {check.title}: {one_line(check.run())}"
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the other lines are wanted too
        reason = error.instanceMessage() if isinstance(error, hou.Error) else str(error)
        return f"FAIL  {check.title}: {one_line(reason) or type(error).__name__}"


def report_text(lines: Sequence[str], summary: str, answers: Sequence[tuple[str, str]]) -> str:
    """Return the report that can be sent: every check and every answer, without the user's home folder."""
    text = "\n".join(
        [
            f"# cosmos-houdini {__version__} in Houdini {hou.applicationVersionString()}",
            "",
            "## Checks",
            "",
            *(f"- {line}" for line in (*lines, summary)),
            "",
            "## Answers",
            "",
            *(f"- {question} {found}" for question, found in answers),
            "",
        ]
    )
    return text.replace(str(Path.home()), "~").replace(Path.home().as_posix(), "~")


def _write(report: Path, text: str) -> None:
    try:
        report.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(
            f"{report} cannot be written: {error.strerror}", action="name a file in a folder of yours"
        ) from error


def _version() -> str:
    text = hou.applicationVersionString()
    version = tuple(int(number) for number in re.findall(r"\d+", text)[:2])
    if version < OLDEST:
        raise CheckFailed(f"this is Houdini {text}", allowed="Houdini 20.0 or newer")
    return text if version <= NEWEST_KNOWN else f"{text}, which is newer than those that the package was written for"


def _python() -> str:
    text = sys.version.split()[0]
    if sys.version_info[:2] < PYTHONS[0]:
        raise CheckFailed(f"this is Python {text}", allowed="Python 3.10 or newer")
    return text if sys.version_info[:2] in PYTHONS else f"{text}, in which nobody has tried the package"


def _package() -> str:
    root = hou.getenv("COSMOS_HOUDINI")
    if not root or Path(root).resolve() != ROOT:
        raise CheckFailed(
            f"$COSMOS_HOUDINI is {root!r}, and this script belongs to {ROOT}",
            action="run cosmos-houdini install-houdini, or set HOUDINI_PACKAGE_DIR to the checkout",
        )
    return root


def _module_path() -> str:
    entries = [Path(entry).resolve() for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if LIBRARIES not in entries:
        raise CheckFailed(f"{LIBRARIES} is not on $PYTHONPATH")
    return str(LIBRARIES)


def _houdini_path() -> str:
    entries = [Path(entry).resolve() for entry in hou.houdiniPath()]
    missing = [str(folder) for folder in (ROOT, ROOT / "pdg_types") if folder not in entries]
    if missing:
        raise CheckFailed(f"{', '.join(missing)} not on HOUDINI_PATH")
    return f"{ROOT} and its pdg_types"


def _shelf() -> str:
    return hou.findFile("toolbar/cosmos.shelf")


def _qt() -> str:
    from cosmos_houdini.houdini.windows.qt import QtCore  # noqa: PLC0415 - its absence is one failed line, not the end

    return f"Qt {QtCore.qVersion()}"


def _worker() -> str:
    project = worker.call("config")["project"]
    return f"{worker_python()} works in {project}"


def _sweep() -> str:
    built = build_sweep("selftest", "/out/none", "rain")
    nodes = [node.type().name() for node in built.network.children()]
    built.network.destroy()
    if built.unset:
        raise CheckFailed(f"not taken: {', '.join(built.unset)}")
    return ", ".join(nodes)


def _mplay() -> str:
    if not mplay_program().is_file():
        raise CheckFailed(f"there is no {mplay_program()}", action="Compare Results cannot load MPlay")
    return str(mplay_program())


def _background() -> str:
    camera = cast("hou.OpNode", hou.node("/obj")).createNode("cam")
    found = camera.parm(BACKGROUND)
    camera.destroy()
    if found is None:
        raise CheckFailed(f"a camera has no parameter {BACKGROUND}", action="Load Result cannot set it")
    return BACKGROUND


def _cops() -> str:
    network = load_in_cops({"selftest": "/frames/selftest.$F4.png"})
    [node] = [node for node in network.children() if node.name() == "selftest"]
    found = f"{network.type().name()}/{node.type().name()}"
    node.destroy()
    if not network.children():
        network.destroy()
    return found


def _demo() -> str:
    """Run the demonstration through the worker (a minute or two), then open its scene in Houdini and compare."""
    with tempfile.TemporaryDirectory() as folder:
        document = worker.call("demo", {"output": folder}, folder=Path(folder))
        [scene] = Path(folder).glob("*.hip")
        made = [Path(path).name for path in document["outputs"]]
        if "result.mp4" not in made:
            raise CheckFailed(f"the demonstration made {', '.join(made) or 'nothing'}", allowed="a result.mp4")
        return f"{', '.join(made)}; {_compare(scene)}"


def _compare(scene: Path) -> str:
    load_scene(scene)
    found = read_open_scene()
    offline = worker.call("scene", {"file": str(scene), "samples": True})
    different = compare_scenes(found.document(sample_open_scene(found)), offline)
    if different:
        raise CheckFailed("; ".join(map(str, different)))
    return f"cameras: {len(found.cameras)}, outputs: {len(found.outputs)}, alike at every frame"


CHECKS = (
    Check(title="Houdini is one that the package is for", run=_version),
    Check(title="its Python is one that the package is for", run=_python),
    Check(title="the package is loaded from this checkout", run=_package),
    Check(title="its modules are found", run=_module_path),
    Check(title="its folders are on HOUDINI_PATH", run=_houdini_path),
    Check(title="its shelf is found", run=_shelf),
    Check(title="PDG has loaded its node types", run=check_top_nodes),
    Check(title="its assets are installed and whole", run=check_assets),
    Check(title="Qt is there for the job monitor", run=_qt),
    Check(title="the worker answers", run=_worker),
    Check(title="the doctor finds nothing in the way of jobs here", run=ask_doctor),
    Check(title="Set Up Sweep builds its network, and the nodes take every parameter", run=_sweep),
    Check(title="MPlay is where Compare Results starts it", run=_mplay),
    Check(title="a camera takes the background of Load Result", run=_background),
    Check(title="a COP network takes the pictures of Load Result", run=_cops),
    Check(title="the worker makes a shot, and Houdini reads its scene as we do", run=_demo),
)
