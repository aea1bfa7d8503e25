"""A stand-in for Houdini's ``hou``: what the project calls, over the scene and the answers of ``houdini_session``.

Every name and signature here is proven against the stubs of the real module.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, reduce
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, cast

from cosmos_houdini.model.render_node import base_type
from cosmos_houdini.model.scene import Channel
from cosmos_houdini.scene.curve import is_keyed, key_frames, value_at
from cosmos_houdini.scene.parm import ParmValue
from support.houdini import houdini_session


class Error(Exception):
    def instanceMessage(self) -> str:
        return str(self.args[0]) if self.args else ""


class OperationFailed(Error):
    pass


class OperationInterrupted(Error):
    pass


class EnumValue:
    def __init__(self, *args: str) -> None:
        self._name = args[0]

    def name(self) -> str:
        return self._name


class severityType:
    Message = EnumValue("Message")
    Warning = EnumValue("Warning")
    Error = EnumValue("Error")


class BaseKeyframe:
    def __init__(self, *args: Any) -> None:
        self._frame, self._expression = args

    def frame(self) -> float:
        return float(self._frame)

    def expression(self) -> str:
        return str(self._expression)

    def isExpressionSet(self) -> bool:
        return True


class Parm:
    def __init__(self, *args: Any) -> None:
        self._name, self._value, self._channel, self._set, self._path = args

    def name(self) -> str:
        return str(self._name)

    def keyframes(self) -> tuple[BaseKeyframe, ...]:
        channel: Channel | None = self._channel
        if channel is None:
            return ()
        frames = key_frames(channel, houdini_session.current.fps)
        return tuple(BaseKeyframe(f, s.expression) for f, s in zip(frames, channel.segments, strict=True))

    def expression(self) -> str:
        if self._channel is None:
            raise OperationFailed("the parameter has no expression")
        return str(self._channel.segments[0].expression)

    def evalAsString(self) -> str:
        return houdini_session.current.followed(self._path, self._channel) or str(self._value.text)

    def evalAsStringAtFrame(self, frame: float) -> str:
        return houdini_session.current.expand(self.evalAsString(), self._path, round(frame))

    def eval(self) -> float | str:
        return cast("float | str", self._value.text if self._value.number is None else self._value.number)

    def deleteAllKeyframes(self) -> None:
        houdini_session.current.drive(self._path, self._value.channel, None)

    def setKeyframe(self, keyframe: BaseKeyframe) -> None:
        houdini_session.current.drive(self._path, self._value.channel, self._channel)

    def pressButton(self, arguments: Mapping[str, Any] = MappingProxyType({})) -> None:
        houdini_session.current.press(self._path, self._name)

    def set(
        self,
        value: Any,
        language: EnumValue | None = None,
        follow_parm_reference: bool = True,
    ) -> None:
        self._set(value)

    def unexpandedString(self) -> str:
        if self._channel is not None:
            raise OperationFailed("the parameter has keyframes")
        return str(self._value.text)


class ParmTuple:
    def __init__(self, *args: Any) -> None:
        self._parms: tuple[Parm, ...] = args[0]

    def __iter__(self) -> Iterator[Parm]:
        return iter(self._parms)

    def evalAsFloats(self) -> tuple[float, ...]:
        return self.evalAsFloatsAtFrame(houdini_session.current.frame)

    def evalAsFloatsAtFrame(self, frame: float) -> tuple[float, ...]:
        return tuple(_evaluate(parm, frame) for parm in self._parms)


def _evaluate(parm: Parm, frame: float) -> float:
    channel: Channel | None = parm._channel
    if channel is not None and is_keyed(channel):
        return value_at(channel, frame, houdini_session.current.fps)
    expression = channel.segments[0].expression if channel else ""
    first, last = houdini_session.current.frame_range
    return {"$FSTART": first, "$FEND": last}.get(expression, parm._value.number)


class NodeTypeCategory:
    def __init__(self, *args: str) -> None:
        self._name = args[0]

    def name(self) -> str:
        return self._name


class OpNodeTypeCategory(NodeTypeCategory):
    def nodeTypes(self) -> dict[str, NodeType]:
        in_scene = [node.type for node in houdini_session.current.nodes.values() if node.category == self._name]
        names = houdini_session.current.top_types if self._name == "Top" else dict.fromkeys(in_scene)
        return {name: OpNodeType(name, self._name) for name in names}


class NodeType:
    def __init__(self, *args: str) -> None:
        self._name, self._category = args

    def name(self) -> str:
        return self._name

    def category(self) -> NodeTypeCategory:
        return NodeTypeCategory(self._category)

    def description(self) -> str:
        label, _ = houdini_session.current.top_types.get(self._name, (self._name.title(), None))
        return label


class HDADefinition:
    def __init__(self, *args: str) -> None:
        self._library = args[0]

    def libraryFilePath(self) -> str:
        return self._library


class OpNodeType(NodeType):
    def instances(self) -> tuple[Node, ...]:
        saved = houdini_session.current.nodes.values()
        return tuple(_node(one) for one in saved if (one.type, one.category) == (self._name, self._category))

    def definition(self) -> HDADefinition | None:
        library = houdini_session.current.libraries.get(self._name)
        return HDADefinition(library) if library else None


class Node:
    def __init__(self, *args: Any) -> None:
        self._saved: houdini_session.SavedNode = args[0]

    def path(self) -> str:
        return self._saved.path

    def type(self) -> NodeType:
        return NodeType(self._saved.type, self._saved.category)

    def name(self) -> str:
        return self._saved.path.rpartition("/")[2]

    def children(self) -> tuple[Node, ...]:
        return tuple(one for one in self.allSubChildren() if one.parent() == self)

    def createNode(
        self,
        node_type_name: str,
        node_name: str | None = None,
        *,
        force_valid_node_name: bool = False,
    ) -> Node:
        name = node_name or f"{base_type(node_type_name)}1"
        if force_valid_node_name:
            name = re.sub(r"\W", "_", name)
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise OperationFailed(f"Invalid node name {name!r}")
        saved = houdini_session.current.create(self._saved.path, node_type_name, name)
        if saved is None:
            raise OperationFailed(f"Invalid node type name {node_type_name!r}")
        return _node(saved)

    def destroy(self, disable_safety_checks: bool = False) -> None:
        for one in (*self.allSubChildren(), self):
            del houdini_session.current.nodes[one.path()]

    def setInput(self, input_index: int, item_to_become_input: Node | None, output_index: int = 0) -> None:
        if input_index or item_to_become_input is None:
            raise AssertionError("only one input is played here")
        self._saved.inputs = (item_to_become_input.path(),)

    def layoutChildren(self) -> None:
        pass

    def setCurrent(self, on: bool, clear_all_selected: bool = False) -> None:
        for one in houdini_session.current.nodes.values():
            one.is_current = one is self._saved and on

    def warnings(self) -> tuple[str, ...]:
        return ()

    def errors(self) -> tuple[str, ...]:
        if self._saved.errors:
            return tuple(self._saved.errors)
        network = houdini_session.current.networks.get(self._saved.path.rpartition("/")[0])
        tops = {top.name: top for top in getattr(network, "tops", ())}
        return tuple(tops[self.name()].errors) if self.name() in tops else ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Node) and other._saved is self._saved

    def __hash__(self) -> int:
        return id(self._saved)

    def childTypeCategory(self) -> NodeTypeCategory | None:
        return NodeTypeCategory("Top") if self._saved.type == "topnet" else None

    def parent(self) -> Node | None:
        return node(self._saved.path.rpartition("/")[0] or "/")

    def inputs(self) -> tuple[Node | None, ...]:
        return tuple(node(path) if path else None for path in self._saved.inputs)

    def allSubChildren(self, *, recurse_in_locked_nodes: bool = True) -> tuple[Node, ...]:
        prefix = self._saved.path.rstrip("/") + "/"
        saved = houdini_session.current.nodes.values()
        return tuple(_node(one) for one in saved if one.path.startswith(prefix) and one.path != self._saved.path)


class OpNode(Node):
    def cook(self, force: bool = False, frame_range: Sequence[float] = ()) -> None:
        houdini_session.current.cooked.append(self._saved.path)

    def parm(self, parm_path: str) -> Parm | None:
        parms = self._parms(parm_path)
        return parms[0] if parms else None

    def parmTuple(self, parm_path: str) -> ParmTuple | None:
        parms = self._parms(parm_path)
        return ParmTuple(parms) if parms else None

    def _parms(self, name: str) -> tuple[Parm, ...]:
        """Return a parameter, or one component of it: ``t`` has ``tx``, and ``f`` has ``f1``."""
        if name not in self._saved.parms and name[:-1] in self._saved.parms:
            return tuple(parm for parm in self._parms(name[:-1]) if parm.name() == name)
        values = self._saved.parms.get(name, ())
        axes = "123" if name == "f" else "xyzw"
        names = [name] if len(values) == 1 else [f"{name}{axis}" for axis in axes]
        return tuple(
            Parm(
                own,
                value,
                self._saved.channels.get(value.channel or ""),
                partial(self._set, name, index=index),
                self._saved.path,
            )
            for index, (own, value) in enumerate(zip(names, values, strict=False))
        )

    def setParms(self, parm_dict: Mapping[str, Any]) -> None:
        for name, value in parm_dict.items():
            if not houdini_session.current.knows_parm(self._saved, name):
                raise OperationFailed(f"Invalid parameter {name}")
            self._set(name, value)

    def _set(self, name: str, value: object, index: int = 0) -> None:
        values = list(self._saved.parms.get(name, (ParmValue(text=""),)))
        values[index] = ParmValue(text=str(value), channel=values[index].channel)
        self._saved.parms[name] = tuple(values)


class Matrix4:
    def __init__(self, *args: Any) -> None:
        self._values: tuple[float, ...] = tuple(args[0])

    def asTuple(self) -> tuple[float, ...]:
        return self._values


class ObjNode(OpNode):
    def isDisplayFlagSet(self) -> bool:
        return self._saved.is_displayed

    def worldTransformAtTime(self, time: float) -> Matrix4:
        frame = time * houdini_session.current.fps + 1
        whole = _UNIT
        carrier: Node | None = self
        while isinstance(carrier, ObjNode):
            whole = _product(whole, carrier._local(frame))
            wired = [one for one in carrier.inputs() if one is not None]
            carrier = wired[0] if wired else carrier.parent()
        return Matrix4([value for row in whole for value in row])

    def _local(self, frame: float) -> Rows:
        """Return scale, rotation about x, y and z, and translation, as a matrix for row vectors."""
        (tx, ty, tz), turns, (sx, sy, sz) = (
            parms.evalAsFloatsAtFrame(frame) if (parms := self.parmTuple(name)) else (default,) * 3
            for name, default in (("t", 0.0), ("r", 0.0), ("s", 1.0))
        )
        (a, b, c), (d, e, f) = ([g(math.radians(turn)) for turn in turns] for g in (math.sin, math.cos))
        steps: list[Rows] = [
            [[sx, 0, 0, 0], [0, sy, 0, 0], [0, 0, sz, 0], [0, 0, 0, 1]],
            [[1, 0, 0, 0], [0, d, a, 0], [0, -a, d, 0], [0, 0, 0, 1]],
            [[e, 0, -b, 0], [0, 1, 0, 0], [b, 0, e, 0], [0, 0, 0, 1]],
            [[f, c, 0, 0], [-c, f, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
            [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [tx, ty, tz, 1]],
        ]
        return reduce(_product, steps)


Rows = list[list[float]]
_UNIT: Rows = [[float(row == column) for column in range(4)] for row in range(4)]


def _product(first: Rows, second: Rows) -> Rows:
    return [[sum(a * b for a, b in zip(row, column)) for column in zip(*second)] for row in first]  # noqa: B905


class RopNode(OpNode):
    def render(self, frame_range: Sequence[float] | None = (), *, output_progress: bool = False) -> None:
        houdini_session.current.render(self._saved.path, tuple(frame_range or ()), talking=output_progress)


class LopNode(OpNode):
    """As the real one, it has no ``render``."""

    def setDisplayFlag(self, on: bool) -> None:
        for one in self.parent().children():
            one._saved.is_displayed = one == self and on

    def isDisplayFlagSet(self) -> bool:
        return self._saved.is_displayed


class CopNode(OpNode):
    """As the real one, it has no ``render``."""


class TopNode(OpNode):
    def setDisplayFlag(self, on: bool) -> None:
        for one in self.parent().children():
            one._saved.is_displayed = one == self and on

    def isDisplayFlagSet(self) -> bool:
        return self._saved.is_displayed

    def cookWorkItems(
        self,
        block: bool = False,
        generate_only: bool = False,
        tops_only: bool = False,
        save_prompt: bool = False,
        nodes: Sequence[TopNode] = (),
    ) -> None:
        if not houdini_session.current.has_interface and save_prompt:
            raise AssertionError("a farm has nobody who answers a question")
        if tops_only:
            return
        if block or houdini_session.current.has_interface:
            self._network().cook()
        else:
            self._network().start()

    def getPDGGraphContextName(self) -> str | None:
        return self._saved.path.rpartition("/")[0]

    def _network(self) -> houdini_session.Cooks:
        return houdini_session.current.networks[self._saved.path.rpartition("/")[0]]


def _node(saved: houdini_session.SavedNode) -> Node:
    kinds = {"Top": TopNode, "Lop": LopNode, "Cop": CopNode, "Object": ObjNode}
    if saved.category in kinds:
        return kinds[saved.category](saved)
    return RopNode(saved) if saved.category == "Driver" and saved.type in houdini_session.ROPS else OpNode(saved)


def node(path: str) -> Node | None:
    saved = houdini_session.current.nodes.get(path)
    return _node(saved) if saved else None


def nodeType(category_or_name: NodeTypeCategory, internal_name: str) -> NodeType | None:
    session = houdini_session.current
    known = internal_name in {"Top": session.top_types, "Object": session.objects}[category_or_name.name()]
    return OpNodeType(internal_name, category_or_name.name()) if known else None


def topNodeTypeCategory() -> OpNodeTypeCategory:
    return OpNodeTypeCategory("Top")


def objNodeTypeCategory() -> OpNodeTypeCategory:
    return OpNodeTypeCategory("Object")


def lopNodeTypeCategory() -> OpNodeTypeCategory:
    return OpNodeTypeCategory("Lop")


def root() -> Node:
    return _node(houdini_session.current.nodes["/"])


def fps() -> float:
    return houdini_session.current.fps


def frameToTime(frame: float) -> float:
    return (frame - 1) / houdini_session.current.fps


def frame(full_precision: bool = False) -> float:
    now = houdini_session.current.frame
    return now if full_precision else round(now)


def getenv(name: str, default_value: str | None = None) -> str | None:
    return houdini_session.current.variables.get(name, default_value)


def findFiles(file_name: str) -> tuple[str, ...]:
    paths = [Path(folder) / file_name for folder in houdini_session.current.houdini_path]
    return tuple(str(path) for path in paths if path.is_file())


def licenseCategory() -> EnumValue:
    return EnumValue("Commercial")


def isUIAvailable() -> bool:
    return houdini_session.current.has_interface


def isApprentice() -> bool:
    return houdini_session.current.ending == ".hipnc"


def applicationVersionString() -> str:
    return "21.0.512"


def houdiniPath(pathvar: str | None = None) -> tuple[str, ...]:
    return tuple(houdini_session.current.houdini_path)


def findFile(file_name: str) -> str:
    for folder in houdini_session.current.houdini_path:
        if (path := Path(folder) / file_name).is_file():
            return str(path)
    raise OperationFailed(f"no {file_name} on HOUDINI_PATH")


class Take:
    def __init__(self, *args: str) -> None:
        self._name = args[0]

    def name(self) -> str:
        return self._name


class takes:
    @staticmethod
    def takes() -> tuple[Take, ...]:
        return tuple(map(Take, houdini_session.current.takes))

    @staticmethod
    def findTake(take_name: str) -> Take | None:
        return Take(take_name) if take_name in houdini_session.current.takes else None

    @staticmethod
    def currentTake() -> Take:
        return Take(houdini_session.current.variables.get("ACTIVETAKE", "Main"))

    @staticmethod
    def setCurrentTake(take: Take) -> None:
        houdini_session.current.variables["ACTIVETAKE"] = take.name()


class playbar:
    @staticmethod
    def frameRange() -> tuple[float, float]:
        return houdini_session.current.frame_range

    @staticmethod
    def playbackRange() -> tuple[float, float]:
        return houdini_session.current.playback_range


class hipFile:
    @staticmethod
    def load(file_name: str, *, suppress_save_prompt: bool = False, ignore_load_warnings: bool = False) -> None:
        if not (suppress_save_prompt and ignore_load_warnings):
            raise AssertionError("a farm has nobody who answers a question")
        try:
            houdini_session.current.load(file_name)
        except (OSError, ValueError) as error:
            raise OperationFailed(f"Unable to open file: {error}") from error

    @staticmethod
    def path() -> str:
        return houdini_session.current.path

    @staticmethod
    def isNewFile() -> bool:
        return houdini_session.current.is_new

    @staticmethod
    def hasUnsavedChanges() -> bool:
        return houdini_session.current.has_unsaved_changes

    @staticmethod
    def save(file_name: str | None = None, save_to_recent_files: bool = True) -> None:
        houdini_session.current.save()


class InterruptableOperation:
    def __init__(
        self,
        operation_name: str,
        long_operation_name: str | None = None,
        open_interrupt_dialog: bool = False,
    ) -> None:
        pass

    def __enter__(self) -> object:
        return self

    def __exit__(
        self, type: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        pass

    def updateProgress(self, percentage: float = -1.0) -> None:
        if houdini_session.current.is_interrupted:
            raise OperationInterrupted("the operation was interrupted")


class undos:
    @staticmethod
    @contextmanager
    def group(label: str, editor: object = None) -> Iterator[None]:
        houdini_session.current.undo_groups.append(label)
        yield


class paneTabType:
    NetworkEditor = EnumValue("NetworkEditor")
    SceneViewer = EnumValue("SceneViewer")


class PathBasedPaneTab:
    def __init__(self, *args: Any) -> None:
        self._shown: Node | None = None

    def setPwd(self, node: Node) -> None:
        self._shown = node

    def pwd(self) -> Node | None:
        return self._shown


class NetworkEditor(PathBasedPaneTab):
    pass


class viewportBGImageView:
    Camera = EnumValue("Camera")


class GeometryViewportBackground:
    def __init__(self, *args: Any) -> None:
        self._file = ""

    def setImageFile(self, file_path: str) -> None:
        self._file = file_path

    def imageFile(self) -> str:
        return self._file


class GeometryViewportSettings:
    def __init__(self, *args: Any) -> None:
        self._backgrounds: dict[str, GeometryViewportBackground] = {}
        self._shows_background = False

    def backgroundImage(
        self,
        viewportBackgroundView: EnumValue,  # noqa: N803 - the name of it in Houdini
        layer: int = 1,
    ) -> GeometryViewportBackground:
        return self._backgrounds.setdefault(viewportBackgroundView.name(), GeometryViewportBackground())

    def setDisplayBackgroundImage(self, enable: bool) -> None:
        self._shows_background = enable


class GeometryViewport:
    def __init__(self, *args: Any) -> None:
        self._settings = GeometryViewportSettings()

    def settings(self) -> GeometryViewportSettings:
        return self._settings


class FlipbookSettings:
    def __init__(self, *args: Any) -> None:
        self._values: dict[str, Any] = {}

    def stash(self) -> FlipbookSettings:
        return FlipbookSettings()

    def frameRange(self, value: Sequence[float] | None = None) -> Any:
        self._values["frameRange"] = value

    def resolution(self, value: tuple[int, int] | None = None) -> Any:
        self._values["resolution"] = value

    def useResolution(self, value: bool | None = None) -> Any:
        self._values["useResolution"] = value

    def output(self, value: str | None = None) -> Any:
        self._values["output"] = value

    def outputToMPlay(self, value: bool | None = None) -> Any:
        self._values["outputToMPlay"] = value


class SceneViewer(PathBasedPaneTab):
    def __init__(self, *args: Any) -> None:
        self._viewport = GeometryViewport()
        self._seen = args

    def curViewport(self) -> GeometryViewport:
        return self._viewport

    def flipbookSettings(self) -> FlipbookSettings:
        return FlipbookSettings()

    def flipbook(
        self,
        viewport: GeometryViewport | None = None,
        settings: FlipbookSettings | None = None,
        open_dialog: bool = False,
    ) -> None:
        if settings is None or open_dialog:
            raise AssertionError("the artist's own settings of flipbooks are left as they are")
        values = settings._values
        for frame in range(int(values["frameRange"][0]), int(values["frameRange"][1]) + 1):
            houdini_session.current.on_flipbook(values["output"].replace("$F4", f"{frame:04d}"), values["resolution"])

    def usingOCIO(self) -> bool:
        return bool(self._seen)

    def getOCIODisplay(self) -> str:
        return str(self._seen[0])

    def getOCIOView(self) -> str:
        return str(self._seen[1])


class ui:
    @staticmethod
    def paneTabUnderCursor() -> Any:
        return houdini_session.current.pane_under_cursor

    @staticmethod
    def paneTabOfType(type: EnumValue, index: int = 0) -> Any:
        panes = [pane for pane in houdini_session.current.panes if pane.__class__.__name__ == type.name()]
        return panes[index] if index < len(panes) else None

    @staticmethod
    def setStatusMessage(message: str, severity: EnumValue = severityType.Message) -> None:
        houdini_session.current.ask("setStatusMessage", {"message": message}, None)

    @staticmethod
    def displayMessage(
        text: str,
        buttons: Sequence[str] = ("OK",),
        severity: EnumValue = severityType.Message,
        *,
        default_choice: int = 0,
        close_choice: int = -1,
        help: str | None = None,
        title: str | None = None,
        details: str | None = None,
        details_expanded: bool = False,
    ) -> int:
        shown = {"text": text, "severity": severity.name(), "title": title, "help": help, "details": details}
        answer = houdini_session.current.ask("displayMessage", {**shown, "buttons": list(buttons)}, 0)
        return cast("int", answer)

    @staticmethod
    def selectFromList(
        choices: Sequence[str],
        default_choices: Sequence[int] = (),
        exclusive: bool = False,
        message: str | None = None,
        title: str | None = None,
    ) -> tuple[int, ...]:
        shown = {"choices": list(choices), "exclusive": exclusive, "message": message, "title": title}
        return tuple(cast("Sequence[int]", houdini_session.current.ask("selectFromList", shown, default_choices)))


class qt:
    @staticmethod
    def mainWindow() -> Any:
        return None

    @staticmethod
    def styleSheet(file_path: str | None = None) -> str:
        return ""
