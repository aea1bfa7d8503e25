"""The questions that no document answers, each asked of the Houdini that runs: for the report of the self-test.

A question never fails the self-test. Its answer may be that this build has no such thing, which is an answer too.
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import cast

import hou

from cosmos_houdini.errors import CosmosError, one_line
from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.set_up import find_python, is_working_python, python_candidates
from cosmos_houdini.houdini.windows.camera_background import PLATE, PLATE_TYPE

FOUND_BY_NAME = (
    *("OPmenu.xml", "PARMmenu.xml", "OPcustomize", "scripts/externaldragdrop.py"),
    *("python_panels/cosmos_jobs.pypanel", "config/Icons/COSMOS_doctor.svg"),
)
"""Files that Houdini looks for in every folder of HOUDINI_PATH."""
_NODE_CALLS = ("cookError", "cookWarning", "addError", "addWarning")
_JOB_CALLS = ("setCookPercent", "setCustomState", "cookWarning", "setStringAttrib", "addOutputFile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        text: the question.
        ask: returns the answer of this build.
    """

    text: str
    ask: Callable[[], str]


def answer(question: Question) -> str:
    """Return the answer in one line; an error is an answer too."""
    try:
        return one_line(question.ask()) or "nothing"
    except hou.Error as error:
        return f"not answered: {one_line(error.instanceMessage())}"
    except (CosmosError, AttributeError, ImportError, KeyError, OSError, TypeError, ValueError) as error:
        return f"not answered: {type(error).__name__}: {one_line(str(error))}"


def _system() -> str:
    return f"{platform.system()} {platform.release()}, {platform.machine()}, Python {platform.python_version()}"


def _license() -> str:
    return hou.licenseCategory().name()


def _ocio() -> str:
    value = os.environ.get("OCIO", "")
    home = os.environ.get("HFS", "")
    where = "inside $HFS" if home and value.startswith(home) else "outside $HFS"
    return f"{Path(value).name}, {where}" if value else "not set"


def _files() -> str:
    found = {name: ROOT / name in [Path(path).resolve() for path in hou.findFiles(name)] for name in FOUND_BY_NAME}
    return ", ".join(f"{name}: {'found' if is_there else 'not found'}" for name, is_there in found.items())


def _panel() -> str:
    interface = hou.pypanel.interfaceByName("cosmos::jobs")
    return "not installed" if interface is None else f"installed as {interface.label()}"


def _alias() -> str:
    return _with_node("/tasks", "topnet", lambda network: network.createNode("cosmos_transfer_sweep").type().name())


def _render_range() -> str:
    def read(node: hou.OpNode) -> str:
        parm = node.parm("trange")
        if parm is None:
            return "no parameter trange"
        return f"{parm.evalAsString()} of {', '.join(parm.menuItems())}"

    return _with_node("/out", "ifd", read)


def _stage_rendering() -> str:
    def read(node: hou.OpNode) -> str:
        names = [name for name in ("execute", "soho_foreground", "trange", "outputimage") if node.parm(name)]
        return f"{node.type().name()} has {', '.join(names)}; render: {hasattr(node, 'render')}"

    return _with_node("/stage", "usdrender_rop", read)


def _plate() -> str:
    def read(node: hou.OpNode) -> str:
        return f"{node.type().name()}, {PLATE}: {'there' if node.parm(PLATE) else 'missing'}"

    return _with_node("/stage", PLATE_TYPE, read)


def _stage_camera() -> str:
    names = ("primpath", "focalLength", "horizontalAperture", "clippingRange", "t", "r")

    def read(node: hou.OpNode) -> str:
        missing = [name for name in names if node.parmTuple(name) is None]
        return f"{node.type().name()}, missing: {', '.join(missing) or 'nothing'}"

    return _with_node("/stage", "camera", read)


def _copernicus() -> str:
    def read(network: hou.OpNode) -> str:
        node = network.createNode("file")
        names = [name for name in ("filename", "filename1", "addaovs") if node.parm(name)]
        return f"{network.type().name()}/{node.type().name()} has {', '.join(names) or 'none of them'}"

    kind = "copnet" if hou.nodeType(hou.objNodeTypeCategory(), "copnet") else "cop2net"
    return _with_node("/obj", kind, read)


def _scheduler() -> str:
    def read(network: hou.OpNode) -> str:
        node = cast("hou.OpNode", hou.node(f"{network.path()}/localscheduler"))
        parm = node.parm("maxprocsmenu")
        return "no parameter maxprocsmenu" if parm is None else ", ".join(parm.menuLabels())

    return _with_node("/tasks", "topnet", read)


def _node_calls() -> str:
    pdg = importlib.import_module("pdg")
    node = _listed(pdg.Node, _NODE_CALLS)
    item = _listed(pdg.WorkItem, ("partitionItems", "isPartition"))
    options = _listed(pdg.NodeOptions, ("requiresGeneratedInputs",))
    return f"Node: {node}; WorkItem: {item}; NodeOptions: {options}"


def _job_calls() -> str:
    module = _job_module()
    return f"{module.__name__}.WorkItem: {_listed(module.WorkItem, _JOB_CALLS)}"


def _job_module() -> ModuleType:
    try:
        return importlib.import_module("pdgjob.pdgjson")
    except ImportError:
        return importlib.import_module("pdgjson")


def _set_up_python() -> str:
    return find_python(python_candidates(sys.prefix, os.environ, sys.platform), is_working_python)


def _saved_by() -> str:
    return ", ".join(f"{name}={hou.getenv(name)}" for name in ("_HIP_SAVEVERSION", "_HIP_SAVETIME"))


def _listed(owner: object, names: Iterable[str]) -> str:
    return ", ".join(f"{name} {'yes' if hasattr(owner, name) else 'no'}" for name in names)


def _with_node(parent: str, type_: str, read: Callable[[hou.OpNode], str]) -> str:
    """Make a node, read something of it, and remove it again."""
    around = cast("hou.OpNode | None", hou.node(parent))
    if around is None:
        return f"there is no {parent}"
    node = around.createNode(type_)
    try:
        return read(node)
    finally:
        node.destroy()


QUESTIONS = (
    Question(text="Which system and Python are these?", ask=_system),
    Question(text="Which licence runs?", ask=_license),
    Question(text="Which OpenColorIO configuration does the session use?", ask=_ocio),
    Question(text="Which Python makes the worker's environment in Set Up?", ask=_set_up_python),
    Question(text="Does Houdini find our files by their names?", ask=_files),
    Question(text="Is the panel Cosmos Jobs installed?", ask=_panel),
    Question(text="Which type has a node of the asset's name of before 1.0?", ask=_alias),
    Question(text="To which text does trange of a render node evaluate?", ask=_render_range),
    Question(text="How does a USD Render node in /stage render?", ask=_stage_rendering),
    Question(text="Which parameters has a camera of a stage?", ask=_stage_camera),
    Question(text="Which node is a background in Solaris, and which parameter has its pictures?", ask=_plate),
    Question(text="Which parameters has a File node of a COP network?", ask=_copernicus),
    Question(text="Which slots does the Local Scheduler offer?", ask=_scheduler),
    Question(text="Which calls have PDG's nodes and work items?", ask=_node_calls),
    Question(text="Which calls has the job API?", ask=_job_calls),
    Question(text="Which version and time of the last save does Houdini name?", ask=_saved_by),
)
