"""A stand-in for Houdini's ``pdg``: what the project calls, as SideFX documents it; ``top_network`` makes it cook.

Every name and signature here stands in the table of ``tests/houdini/test_fake_pdg.py`` with the page it is from.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from types import ModuleType, SimpleNamespace
from typing import Any

result = SimpleNamespace(Success="Success", Failure="Failure")
nodeType = SimpleNamespace(Processor="Processor", Partitioner="Partitioner")
workItemType = SimpleNamespace(Regular="Regular", Partition="Partition", Batch="Batch")
generationType = SimpleNamespace(Static="Static", Dynamic="Dynamic", Regenerate="Regenerate")
workItemState = SimpleNamespace(
    Uncooked="Uncooked",
    Waiting="Waiting",
    Scheduled="Scheduled",
    Cooking="Cooking",
    CookedSuccess="CookedSuccess",
    CookedFail="CookedFail",
    CookedCancel="CookedCancel",
    Dirty="Dirty",
)


class AttribError(Exception):
    """An attribute of another type is in the way."""


class File:
    """An output file."""

    def __init__(self, path: str, tag: str = "", hash_code: int = 0, own: bool = False) -> None:
        self.path, self.tag = path, tag


def copied(attributes: dict[str, Any]) -> dict[str, Any]:
    return {name: (kind, list(values)) for name, (kind, values) in attributes.items()}


class WorkItem:
    """A work item; attributes are arrays, each of one type."""

    def __init__(self, *args: Any) -> None:
        self._id, self._index, parents, clone = args
        self._parents: list[WorkItem] = list(parents)
        source: WorkItem | None = self._parents[0] if self._parents and clone else None
        # Children are generated without the attributes that the cook of a parent added.
        self._attributes = copied(source._generated) if source else {}
        self._generated: dict[str, Any] = {}
        self._files: list[File] = []
        self._command = ""
        self._state = workItemState.Uncooked
        self._percent = -1.0
        self._custom_state = ""
        self._log: list[tuple[str, str]] = []
        self._node_name = "item"
        self._type = workItemType.Regular

    @property
    def id(self) -> int:
        return int(self._id)

    @property
    def index(self) -> int:
        return int(self._index)

    @property
    def name(self) -> str:
        return f"{self._node_name}_{self._id}"

    @property
    def state(self) -> str:
        return self._state

    @property
    def command(self) -> str:
        return self._command

    @property
    def partitionItems(self) -> list[WorkItem]:
        return self._parents if self._type == workItemType.Partition else []

    @property
    def outputFiles(self) -> list[File]:
        return self._files

    def hasAttrib(self, name: str) -> bool:
        return name in self._attributes

    def attribNames(self, type: object = None) -> list[str]:
        return list(self._attributes)

    def attribValue(self, name: str, index: int = 0) -> Any:
        return self._attributes[name][1][index] if name in self._attributes else None

    def attribArray(self, name: str) -> Any:
        return list(self._attributes[name][1]) if name in self._attributes else None

    def setIntAttrib(self, name: str, value: int | list[int], index: int = 0) -> None:
        self._set(name, int, value, index)

    def setFloatAttrib(self, name: str, value: float | list[float], index: int = 0) -> None:
        self._set(name, float, value, index)

    def setStringAttrib(self, name: str, value: str | list[str], index: int = 0) -> None:
        self._set(name, str, value, index)

    def setCommand(self, command: str) -> None:
        self._command = command

    def addOutputFile(self, path: str, tag: str = "", hash_code: int = 0, own: bool = False) -> None:
        self._files.append(File(path, tag))

    def addMessage(self, message: str) -> None:
        self._log.append(("message", message))

    def addWarning(self, message: str) -> None:
        self._log.append(("warning", message))

    def addError(self, message: str, fail_task: bool = False) -> None:
        self._log.append(("error", message))

    def _set(self, name: str, kind: Callable[[Any], Any], value: Any, index: int) -> None:
        known, values = self._attributes.setdefault(name, (kind, []))
        if known is not kind:
            raise AttribError(f"An attribute with the name '{name}' already exists with a different type")
        if isinstance(value, list):
            values[:] = map(kind, value)
            return
        values.extend([kind()] * (index + 1 - len(values)))
        values[index] = kind(value)


class WorkItemHolder:
    """Collects the new work items of a node."""

    _OPTIONS = frozenset({"index", "parent", "parentArray", "priority", "cookType", "inProcess"})

    def __init__(self, *args: Any) -> None:
        self._next_id: Callable[[], int] = args[0]
        self._items: list[WorkItem] = []

    def addWorkItem(self, options: object = None, **kwargs: Any) -> WorkItem:
        unknown = set(kwargs) - self._OPTIONS
        if unknown:
            raise TypeError(f"unknown work item options {unknown}")
        parents = [kwargs["parent"]] if kwargs.get("parent") else kwargs.get("parentArray") or []
        item = WorkItem(self._next_id(), kwargs.get("index", len(self._items)), parents, True)
        self._items.append(item)
        return item


class Port:
    """A parameter of a node; a text may name attributes as ``@name``, and variables of the session."""

    def __init__(self, *args: Any) -> None:
        self._value, self._variables = args

    def evaluateString(self, work_item: WorkItem | None = None, index: int = 0) -> str:
        text = str(self._value)
        for name, value in self._variables.items():
            text = text.replace(f"${name}", value)
        names = sorted(work_item.attribNames(), key=len, reverse=True) if work_item else []
        for name in names:
            text = text.replace(f"@{name}", str(work_item.attribValue(name)))
        return text

    def evaluateInt(self, work_item: WorkItem | None = None, index: int = 0) -> int:
        return int(self._value)

    def evaluateFloat(self, work_item: WorkItem | None = None, index: int = 0) -> float:
        return float(self._value)


class Node:
    """A node of a graph, as its callbacks see it; made of the template that its type gives."""

    def __init__(self, node: Any) -> None:
        self._node = node

    @classmethod
    def templateName(cls) -> str:
        raise NotImplementedError

    @classmethod
    def templateBody(cls) -> str:
        raise NotImplementedError

    @property
    def name(self) -> str:
        return str(self._node.name)

    @property
    def workItems(self) -> list[WorkItem]:
        for item in self._node.items:
            item._node_name = self._node.name
        return list(self._node.items)

    @property
    def scheduler(self) -> Scheduler:
        return Scheduler(self._node.network)

    def __getitem__(self, name: str) -> Port:
        parameters = {each["name"]: each for each in json.loads(self.templateBody())["parameters"]}
        value = self._node.values.get(name, parameters[name]["value"])
        return Port(value, {**self._node.network.variables, "OS": self._node.name})

    def cookWarning(self, message: str) -> None:
        self._node.warnings.append(message)

    def cookError(self, message: str) -> None:
        self._node.errors.append(message)


class NodeOptions:
    """How PDG treats a node; its callback fills it in before a cook."""

    requiresGeneratedInputs = False


class PyProcessor(Node):
    """Base of all processors."""

    def onConfigureNode(self, node_options: NodeOptions) -> str:
        return result.Success

    def onGenerate(self, item_holder: WorkItemHolder, upstream_items: Iterable[WorkItem], generation_type: str) -> str:
        raise NotImplementedError


class Graph:
    """The nodes behind a TOP network."""

    def __init__(self, *args: Any) -> None:
        self._nodes = args[0]

    def nodes(self) -> list[Any]:
        return list(self._nodes)


class GraphContext:
    """A TOP network as PDG has it."""

    def __init__(self, *args: Any) -> None:
        self._network = args[0]
        self._graph = Graph([Node(top) for top in self._network.tops])

    @property
    def cooking(self) -> bool:
        return bool(self._network.is_cooking)

    def cancelCook(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise AssertionError("Houdini is called from a second thread")
        self._network.cancel()

    @staticmethod
    def byName(name: str) -> GraphContext | None:
        from support.houdini import houdini_session  # noqa: PLC0415 - nodes generate without a session

        network = houdini_session.current.networks.get(name)
        return GraphContext(network) if network else None

    @property
    def graph(self) -> Graph:
        return self._graph


class Scheduler:
    """The Local Scheduler, which writes a log for each work item, and knows the folder that paths are relative to."""

    def __init__(self, *args: Any) -> None:
        self._network = args[0]

    def localizePath(self, path: str) -> str:
        return path.replace("__PDG_DIR__", self._network.folder.as_posix())

    def getLogURI(self, work_item: WorkItem) -> str:
        return (self._network.temp / "logs" / f"{work_item.name}.log").as_uri()


class TypeRegistry:
    """The node types that there are."""

    def __init__(self, *args: Any) -> None:
        self._types: dict[str, type[PyProcessor]] = {}

    def registerNode(
        self, py_type: type[PyProcessor], type: str, static_gen: bool = True, label: str = "", category: str = ""
    ) -> None:
        if type != nodeType.Processor:
            raise AssertionError(f"{type} is not played here")
        json.loads(py_type.templateBody())
        self._types[label] = py_type


def modules() -> dict[str, ModuleType]:
    """Return what ``import pdg`` and ``from pdg.processor import PyProcessor`` find."""
    import sys  # noqa: PLC0415 - this very module

    processor = ModuleType("pdg.processor")
    processor.PyProcessor = PyProcessor  # type: ignore[attr-defined]
    return {"pdg": sys.modules[__name__], "pdg.processor": processor}


def job_document(item: WorkItem) -> dict[str, Any]:
    """Return a work item as the file of its job has it, with the keys and numbers of pdgjson.py."""
    numbers = {int: 0, float: 1, str: 2}
    attributes = {
        name: {"type": numbers[kind], "flag": 0, "own": True, "concat": False, "value": values}
        for name, (kind, values) in item._attributes.items()
    }
    return {"version": 7, "workitem": {"id": item.id, "index": item.index, "attributes": attributes}}


def job_environment(item: WorkItem, name: str, folder: str, temp: str, server: str) -> dict[str, str]:
    """Return the variables that a scheduler gives a job, besides those of Houdini itself."""
    return {
        **os.environ,
        "PDG_RESULT_SERVER": server,
        "PDG_ITEM_NAME": name,
        "PDG_ITEM_ID": str(item.id),
        "PDG_INDEX": str(item.index),
        "PDG_DIR": folder,
        # In terms of another variable, as on a farm.
        "PDG_SHARED_TEMP": temp,
        "PDG_TEMP": "$PDG_SHARED_TEMP",
        "PDG_SCRIPTDIR": "$PDG_SHARED_TEMP/scripts",
        "PDG_RPC_RETRIES": "2",
    }
