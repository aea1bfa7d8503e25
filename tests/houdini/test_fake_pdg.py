"""The stand-ins for ``pdg`` and the job API, and all that the project asks of both, against what SideFX documents."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, SimpleNamespace

import pytest

from cosmos_houdini.houdini.environment import LIBRARIES, ROOT
from support.houdini import fake_hou as hou
from support.houdini import fake_pdg

PAGES = "https://www.sidefx.com/docs/houdini/tops/"
LABS = "filter_by_value and archive_project of SideFXLabs"
SHIPPED = "pdgjson.py and pdgcmd.py, which Houdini copies to $PDG_TEMP/scripts"

# name -> its parameters, and where that stands
DOCUMENTED: dict[str, tuple[str, str]] = {
    "pdg.AttribError": ("", PAGES + "pdg/AttribError.html"),
    "pdg.File": ("", PAGES + "pdg/File.html"),
    "pdg.WorkItem": ("", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.id": ("", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.index": ("", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.name": ("", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.state": ("", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.command": ("", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.partitionItems": ("", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.outputFiles": ("", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.hasAttrib": ("name", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.attribNames": ("type", SHIPPED),
    "pdg.WorkItem.attribValue": ("name index", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.attribArray": ("name", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.setIntAttrib": ("name value index", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.setFloatAttrib": ("name value index", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.setStringAttrib": ("name value index", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.setCommand": ("command", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.addOutputFile": ("path tag hash_code own", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.addMessage": ("message", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.addWarning": ("message", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItem.addError": ("message fail_task", PAGES + "pdg/WorkItem.html"),
    "pdg.WorkItemHolder": ("", PAGES + "pdg/WorkItemHolder.html"),
    "pdg.WorkItemHolder.addWorkItem": ("options kwargs", PAGES + "pdg/WorkItemHolder.html"),
    "pdg.Port": ("", PAGES + "pdg/Port.html"),
    "pdg.Port.evaluateString": ("work_item index", PAGES + "pdg/Port.html"),
    "pdg.Port.evaluateInt": ("work_item index", PAGES + "pdg/Port.html"),
    "pdg.Port.evaluateFloat": ("work_item index", PAGES + "pdg/Port.html"),
    "pdg.Node": ("", PAGES + "pdg/Node.html"),
    "pdg.Node.name": ("", PAGES + "pdg/Node.html"),
    "pdg.Node.workItems": ("", PAGES + "pdg/Node.html"),
    "pdg.Node.scheduler": ("", PAGES + "pdg/Node.html"),
    "pdg.Node.templateName": ("", PAGES + "processors.html"),
    "pdg.Node.templateBody": ("", PAGES + "processors.html"),
    "pdg.Node.cookWarning": ("message", LABS),
    "pdg.Node.cookError": ("message", LABS),
    "pdg.Graph": ("", PAGES + "pdg/Graph.html"),
    "pdg.Graph.nodes": ("", PAGES + "pdg/Graph.html"),
    "pdg.GraphContext": ("", PAGES + "pdg/GraphContext.html"),
    "pdg.GraphContext.cooking": ("", PAGES + "pdg/GraphContext.html"),
    "pdg.GraphContext.cancelCook": ("", PAGES + "pdg/GraphContext.html"),
    "pdg.GraphContext.byName": ("name", PAGES + "pdg/GraphContext.html"),
    "pdg.GraphContext.graph": ("", PAGES + "pdg/GraphContext.html"),
    "pdg.Scheduler": ("", PAGES + "pdg/Scheduler.html"),
    "pdg.Scheduler.localizePath": ("path", PAGES + "pdg/Scheduler.html"),
    "pdg.Scheduler.getLogURI": ("work_item", PAGES + "schedulers_callbacks.html"),
    "pdg.PyProcessor": ("", PAGES + "processors.html"),
    "pdg.PyProcessor.onGenerate": ("item_holder upstream_items generation_type", PAGES + "processors.html"),
    "pdg.TypeRegistry": ("", PAGES + "pdg/TypeRegistry.html"),
    "pdg.TypeRegistry.registerNode": ("py_type type static_gen label category", PAGES + "processors.html"),
    "pdg.result": ("Success Failure", PAGES + "pdg/result.html"),
    "pdg.nodeType": ("Processor Partitioner", PAGES + "pdg/nodeType.html"),
    "pdg.NodeOptions": ("", PAGES + "pdg/NodeOptions.html"),
    "pdg.NodeOptions.requiresGeneratedInputs": ("", PAGES + "pdg/NodeOptions.html"),
    "pdg.PyProcessor.onConfigureNode": ("node_options", PAGES + "processors.html"),
    "pdg.workItemType": ("Regular Partition Batch", PAGES + "pdg/workItemType.html"),
    "pdg.generationType": ("Static Dynamic Regenerate", PAGES + "pdg/generationType.html"),
    "pdg.workItemState": (
        "Uncooked Waiting Scheduled Cooking CookedSuccess CookedFail CookedCancel Dirty",
        PAGES + "pdg/workItemState.html",
    ),
}
OPTIONS = {"index", "parent", "parentArray", "priority", "cookType", "inProcess"}
"""Of a new work item: pdg/WorkItemOptions.html."""

TIMES = "duration hash_code batch_size"
SET = "attr_name attr_value attr_index workitem_id subindex server_addr raise_exc"
SET_ARRAY = "attr_name attr_value workitem_id subindex server_addr raise_exc"
JOB_API: dict[str, tuple[str, str]] = {
    "pdgjson.getWorkItemJsonPath": ("item_name", SHIPPED),
    "pdgjson.WorkItem": ("", PAGES + "jobapi.html"),
    "pdgjson.WorkItem.fromJobEnvironment": ("item_name cb_server expand_strings as_native print_info", SHIPPED),
    "pdgjson.WorkItem.id": ("", SHIPPED),
    "pdgjson.WorkItem.hasAttrib": ("key", SHIPPED),
    "pdgjson.WorkItem.attribValue": ("name index", PAGES + "jobapi.html"),
    "pdgjson.WorkItem.setIntAttrib": ("name value index", PAGES + "jobapi.html"),
    "pdgjson.WorkItem.setFloatAttrib": ("name value index", PAGES + "jobapi.html"),
    "pdgjson.WorkItem.setStringAttrib": ("name value index", PAGES + "jobapi.html"),
    "pdgjson.WorkItem.addOutputFile": ("path tag hash_code own", PAGES + "jobapi.html"),
    "pdgjson.WorkItem.setCookPercent": ("cook_percent", SHIPPED),
    "pdgjson.WorkItem.setCustomState": ("custom_state", SHIPPED),
    "pdgjson.WorkItem.cookWarning": ("message", SHIPPED),
    "pdgjson.WorkItem.localizePath": ("path", SHIPPED),
    "pdgjson.WorkItem.addMessage": ("message verbosity timestamp", SHIPPED),
    "pdgjson.WorkItem.addWarning": ("message verbosity timestamp", SHIPPED),
    "pdgjson.WorkItem.addError": ("message fail_task timestamp", SHIPPED),
    "pdgjson.AttribError": ("", SHIPPED),
    "pdgcmd.RpcError": ("", SHIPPED),
    "pdgcmd.printlog": ("msg verbosity timestamp prefix end", SHIPPED),
    "pdgcmd.delocalizePath": ("local_path", SHIPPED),
    "pdgcmd.localizePath": ("deloc_path", SHIPPED),
    "pdgcmd.addOutputFile": (
        f"result_data workitem_id server_addr result_data_tag subindex and_success to_stdout raise_exc {TIMES}",
        SHIPPED,
    ),
    "pdgcmd.setIntAttrib": (SET, SHIPPED),
    "pdgcmd.setFloatAttrib": (SET, SHIPPED),
    "pdgcmd.setStringAttrib": (SET, SHIPPED),
    "pdgcmd.setIntAttribArray": (SET_ARRAY, SHIPPED),
    "pdgcmd.setFloatAttribArray": (SET_ARRAY, SHIPPED),
    "pdgcmd.setStringAttribArray": (SET_ARRAY, SHIPPED),
    "pdgcmd.workItemSetCookPercent": (
        "cook_percent workitem_id subindex server_addr to_stdout raise_exc",
        SHIPPED,
    ),
    "pdgcmd.workItemSetCustomState": (
        "custom_state workitem_id subindex server_addr to_stdout raise_exc",
        SHIPPED,
    ),
    "pdgcmd.warning": ("message workitem_id server_addr raise_exc", SHIPPED),
}
"""The names and parameters of the files that Houdini 21 copies beside its jobs, read from a published copy."""
OWN = {"copied", "modules", "job_document", "job_environment", "annotations"}
RING = LIBRARIES / "cosmos_houdini" / "houdini"

JOB_API_FILES = ROOT / "tests" / "support" / "houdini" / "job_api"


def offered() -> Iterator[tuple[str, object]]:
    for name, value in vars(fake_pdg).items():
        ours = isinstance(value, SimpleNamespace) or getattr(value, "__module__", None) == fake_pdg.__name__
        if name.startswith("_") or name in OWN or not ours:
            continue
        yield f"pdg.{name}", value
        if inspect.isclass(value):
            for member, attribute in vars(value).items():
                if not member.startswith("_"):
                    yield f"pdg.{name}.{member}", attribute


def parameters(value: object) -> str:
    if isinstance(value, SimpleNamespace):
        return " ".join(vars(value))
    if isinstance(value, (classmethod, staticmethod)):
        value = value.__func__
    if not isinstance(value, FunctionType):
        return ""
    return " ".join(name for name in inspect.signature(value).parameters if name not in {"self", "cls"})


@pytest.mark.parametrize(("name", "value"), list(offered()), ids=lambda value: value if isinstance(value, str) else "")
def test_the_stand_in_offers_nothing_that_is_not_documented(name: str, value: object) -> None:
    assert name in DOCUMENTED
    assert parameters(value) == DOCUMENTED[name][0]


def test_the_proof_looks_at_the_whole_stand_in() -> None:
    assert {"pdg.WorkItem.addOutputFile", "pdg.Node", "pdg.result"} <= {name for name, _ in offered()}


def test_the_options_of_a_work_item_are_the_documented_ones() -> None:
    assert fake_pdg.WorkItemHolder._OPTIONS == OPTIONS
    with pytest.raises(TypeError, match="parents"):
        fake_pdg.WorkItemHolder(iter(range(9)).__next__).addWorkItem(parents=[])


def functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | None]]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{path.stem}.{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield f"{path.stem}.{node.name}", None
            for member in node.body:
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                    yield f"{path.stem}.{node.name}.{member.name}", member


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "support" / "houdini" / "job_api").glob("*.py")), ids=lambda path: path.stem
)
def test_the_job_api_offers_nothing_that_is_not_documented(path: Path) -> None:
    found = dict(functions(path))
    assert found
    for name, node in found.items():
        assert name in JOB_API
        names = [argument.arg for argument in node.args.args if argument.arg not in {"self", "cls"}] if node else []
        assert " ".join(names) == JOB_API[name][0], name


def test_what_reads_a_cooked_graph_asks_for_documented_names() -> None:
    tree = ast.parse((RING / "tops" / "cooked_items.py").read_text(encoding="utf-8"))
    read = {"node", "item", "pdg", "context", "output"}
    asked = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in read
        and node.attr not in vars(hou.TopNode)
    }
    known = {name.rpartition(".")[2] for name in DOCUMENTED} | {"path"}
    assert {"GraphContext", "graph", "workItems", "outputFiles", "state"} <= asked
    assert asked <= known


def test_the_project_asks_nothing_of_pdg_that_is_not_documented() -> None:
    """This covers all names of the protocols, and every call that is looked up by name, with its older names."""
    looked_for = {"addWarning", "addError", "addResultData"}
    known = {name.rpartition(".")[2] for name in (*DOCUMENTED, *JOB_API)} | looked_for
    protocols = ast.parse((RING / "tops" / "pdg_calls.py").read_text(encoding="utf-8"))
    asked = {
        member.name
        for node in protocols.body
        if isinstance(node, ast.ClassDef)
        for member in node.body
        if isinstance(member, ast.FunctionDef) and not member.name.startswith("__")
    }
    for path in (RING / "tops" / "pdg_calls.py", RING / "tops" / "pdg_job.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            mixed = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
            if mixed and node.value != node.value.lower() and not node.value.isupper():
                asked.add(node.value)
    asked -= {"String", "Int", "Float", "Attrib"}
    assert {"setStringAttrib", "cookWarning", "setCookPercent", "addOutputFile"} <= asked
    assert asked <= known


def test_only_the_thin_file_and_what_reads_a_cooked_graph_import_pdg() -> None:
    importing = []
    for path in (*RING.rglob("*.py"), *(ROOT / "scripts").glob("*.py"), *(ROOT / "pdg_types").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.partition(".")[0] in {"pdg", "pdgjson", "pdgcmd"} for name in names):
                importing.append(path.name)
    assert set(importing) == {"cosmos_houdini_nodes.py", "cooked_items.py"}
