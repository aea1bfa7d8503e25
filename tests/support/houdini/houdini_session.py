"""The state behind ``fake_hou``: an open scene read from a real file, and the person before the screen."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from cosmos_houdini.houdini.tops.parms import NODE_TYPES
from cosmos_houdini.model.render_node import OUTPUT_TYPES
from cosmos_houdini.model.scene import Channel
from cosmos_houdini.scene.archive import open_archive
from cosmos_houdini.scene.camera import CAMERA_TYPES
from cosmos_houdini.scene.contents import CONTENT_TYPES
from cosmos_houdini.scene.nodes import Node, read_contents
from cosmos_houdini.scene.parm import ParmValue
from cosmos_houdini.scene.picture import expand_picture
from cosmos_houdini.scene.timeline import parse_timeline
from cosmos_houdini.scene.variables import parse_variables

TOP_TYPES = {
    "wedge": ("Wedge", frozenset({"wedgecount", "seed", "wedgeattributes"})),
    "localscheduler": ("Local Scheduler", frozenset({"maxprocsmenu", "maxprocs"})),
    # By other names than ours: Houdini is not documented to take them as they are.
    **{f"pdg_{t.name}": (t.registered_label, frozenset(p.name for p in t.parms)) for t in NODE_TYPES},
}
"""Label and parameters of the nodes that a TOP network takes."""
_MADE = {
    ("copnet", "file"): {"filename": "", "colorspace": "raw", "aovs": "2", "reload": "0", "addaovs": "0"},
    ("", "cam"): {"vm_background": ""},
}
"""Parameters that a node has when it is made, by the network that it is made in and its own type."""
_WEDGE_PARMS = re.compile(r"(name|type|wedgetype|(int|float)range)\d+[xy]?")
CATEGORIES = {"obj": "Object", "out": "Driver", "stage": "Lop", "img": "Cop2", "tasks": "TopNet"}
ROPS = OUTPUT_TYPES
_REFERENCE = re.compile(r'(chs?)\("\.\./(\w+)"\)')
_INPUT = re.compile(r'^inputs\n\{\n\d+[ \t]+"?([^"\s]*)"?', re.MULTILINE)


class Cooks(Protocol):
    """A TOP network that a test has put behind the nodes of a path."""

    def cook(self) -> bool: ...

    def start(self) -> None: ...

    def cancel(self) -> None: ...


@dataclass(kw_only=True)
class SavedNode:
    """A node of the open scene; a test may change it as an artist would."""

    path: str
    type: str
    category: str
    inputs: tuple[str, ...] = ()
    parms: dict[str, tuple[ParmValue, ...]] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    menus: Mapping[str, list[str]] = field(default_factory=dict)
    is_displayed: bool = False
    is_current: bool = False
    errors: list[str] = field(default_factory=list)


def managers() -> dict[str, SavedNode]:
    """Return the networks of an empty scene."""
    paths = ["/", "/obj", "/out", "/tasks"]
    return {path: SavedNode(path=path, type="manager", category="Manager") for path in paths}


@dataclass(kw_only=True)
class Session:
    """One Houdini session."""

    path: str = ""
    is_new: bool = True
    has_unsaved_changes: bool = False
    has_interface: bool = False
    is_interrupted: bool = False
    fps: float = 24.0
    frame: float = 1.0
    frame_range: tuple[float, float] = (1.0, 240.0)
    playback_range: tuple[float, float] = (1.0, 240.0)
    variables: dict[str, str] = field(default_factory=dict)
    nodes: dict[str, SavedNode] = field(default_factory=managers)
    houdini_path: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    rendered: list[tuple[str, tuple[float, ...]]] = field(default_factory=list)
    on_render: Callable[[str], None] = lambda _: None
    ending: str = ".hip"
    cooked: list[str] = field(default_factory=list)
    takes: tuple[str, ...] = ("Main",)
    after_load: Callable[[], None] = lambda: None
    lops: frozenset[str] = frozenset({"backgroundplate"})
    objects: frozenset[str] = frozenset({"cam", "copnet", "cop2net"})
    top_types: dict[str, tuple[str, frozenset[str]]] = field(default_factory=lambda: dict(TOP_TYPES))
    libraries: dict[str, str] = field(default_factory=dict)
    inside: dict[str, Callable[[str], list[SavedNode]]] = field(default_factory=dict)
    networks: dict[str, Cooks] = field(default_factory=dict)
    panes: list[object] = field(default_factory=list)
    pane_under_cursor: object | None = None
    on_flipbook: Callable[[str, tuple[int, int]], None] = lambda *_: None
    undo_groups: list[str] = field(default_factory=list)
    answers: dict[str, list[object]] = field(default_factory=dict)
    shown: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def load(self, file: str) -> None:
        """Open a scene file."""
        with open_archive(Path(file)) as archive:
            contents = read_contents(archive, CAMERA_TYPES | OUTPUT_TYPES | CONTENT_TYPES, with_objects=True)
        timeline = parse_timeline(contents.start, Path(file))
        self.path, self.is_new, self.has_unsaved_changes = file, False, False
        self.fps, self.frame = timeline.fps, timeline.current
        self.frame_range, self.playback_range = (timeline.first, timeline.last), timeline.playback
        self.variables = dict(parse_variables(contents.variables or ""))
        known = {node.path: node for node in contents.nodes} | contents.carriers
        self.nodes = managers()
        for path, type_ in contents.types.items():
            self.nodes[path] = _saved(path, type_, known.get(path), contents.inputs.get(path, ()))
        for path in contents.displayed:
            self.nodes[path].is_displayed = True
        self.after_load()

    def create(self, parent: str, type_: str, name: str) -> SavedNode | None:
        """Make a node below another; None where the parent takes no such node."""
        inside = self.nodes[parent].type == "topnet"
        takes = {"topnet": self.top_types, "copnet": {"file"}, "cop2net": {"file"}}.get(self.nodes[parent].type)
        if takes is None:
            takes = {"/tasks": {"topnet"}, "/obj": self.objects, "/stage": self.lops}.get(parent, ())
        if type_ not in takes:
            return None
        path = f"{parent}/{name}"
        while path in self.nodes:
            stem = path.rstrip("0123456789")
            path = f"{stem}{int(path[len(stem) :] or 0) + 1}"
        self.nodes[path] = SavedNode(path=path, type=type_, category="Top" if inside else "TopNet")
        made = _MADE.get((self.nodes[parent].type, type_)) or _MADE.get(("", type_), {})
        self.nodes[path].parms |= {own: (ParmValue(text=text),) for own, text in made.items()}
        if type_ in self.lops:
            self.nodes[path].category = "Lop"
            self.nodes[path].parms["plate"] = (ParmValue(text=""),)
        elif type_ in self.objects | {"file"}:
            self.nodes[path].category = "Object"
        elif not inside:
            self.nodes[f"{path}/localscheduler"] = SavedNode(
                path=f"{path}/localscheduler", type="localscheduler", category="Top"
            )
        for node in self.inside.get(type_, lambda _: [])(path):
            self.nodes[node.path] = node
        return self.nodes[path]

    def followed(self, path: str, channel: Channel | None) -> str | None:
        """Return the value of the parameter above that a channel of a node refers to; None where it is no reference."""
        match = _REFERENCE.fullmatch(channel.segments[0].expression) if channel else None
        if not match:
            return None
        above = self.nodes[path.rpartition("/")[0]]
        [value] = above.parms[match[2]]
        is_number = match[1] == "ch"
        return str(above.menus[match[2]].index(value.text)) if is_number and match[2] in above.menus else value.text

    def knows_parm(self, node: SavedNode, name: str) -> bool:
        """Whether a node that was made here has a parameter."""
        if node.type == "file":
            above = self.nodes[node.path.rpartition("/")[0]]
            return name in node.parms or name == {"copnet": "filename", "cop2net": "filename1"}.get(above.type)
        if node.category != "Top":
            return name in node.parms or (node.type, name) == ("cam", "vm_background")
        known = self.top_types[node.type][1]
        return name in known or (node.type == "wedge" and bool(_WEDGE_PARMS.fullmatch(name)))

    def render(self, path: str, frames: tuple[float, ...], *, talking: bool) -> None:
        """Render a node, as far as the test says what that does."""
        del talking
        self.rendered.append((path, frames))
        self.on_render(path)

    def save(self) -> None:
        """Save the scene; the licence may give it another ending, and the file of before stays as it was."""
        self.path = str(Path(self.path).with_suffix(self.ending))
        Path(self.path).touch()
        self.has_unsaved_changes = False

    def press(self, path: str, button: str) -> None:
        """Press a button of a node that renders: it takes the node's own range."""
        node = self.nodes[path]
        if node.type == "file":
            # Houdini 21 does nothing for a COP that has not been cooked.
            if path in self.cooked:
                self.pressed += [path] if button == "addaovs" else []
            return
        if button != "execute":
            raise AssertionError(f"{button} is not played here")
        frames = tuple(value.number or 0.0 for value in node.parms["f"])
        shown = node.parms["soho_foreground"][0].text if "soho_foreground" in node.parms else ""
        if shown not in {"", "1", '"on"', "on"}:
            raise AssertionError(f"{path} returns before its pictures exist")
        self.render(path, frames if node.parms["trange"][0].text not in {"off", "0"} else (), talking=False)

    def drive(self, path: str, name: str | None, channel: Channel | None) -> None:
        """Let a channel drive a parameter of a node, or none."""
        node = self.nodes[path]
        kept = {known: each for known, each in node.channels.items() if known != name}
        node.channels = kept if channel is None or name is None else {**kept, name: channel}

    def expand(self, text: str, path: str, frame: int) -> str:
        """Return a text with its variables replaced as Houdini does; a variable behind a backslash stays."""
        kept = text.replace("\\$", "\0")
        pattern = expand_picture(kept, hip=Path(self.path), node_path=path, variables=self.variables)
        numbered = re.sub("#+", lambda digits: f"{frame:0{len(digits[0])}d}", pattern)
        return numbered.replace("\0", "$")

    def ask(self, question: str, shown: dict[str, object], default: object) -> object:
        """Show something to the person, and return the next of the answers that the test has put in."""
        if not self.has_interface:
            raise AssertionError(f"there is no hou.ui in hython, and {question} was asked")
        self.shown.append((question, shown))
        answers = self.answers.get(question, [])
        return answers.pop(0) if answers else default


def _saved(path: str, type_: str, node: Node | None, inputs: tuple[str, ...]) -> SavedNode:
    category = CATEGORIES.get(path.split("/")[1], "Sop")
    if type_ == "rop_image":
        category = "Cop"
    if node is None:
        return SavedNode(path=path, type=type_, category=category, inputs=inputs)
    wired = _INPUT.search(node.definition)
    folder = path.rpartition("/")[0]
    return SavedNode(
        path=path,
        type=type_,
        category=category,
        inputs=(f"{folder}/{wired[1]}",) if wired and wired[1] else (),
        parms=dict(node.parms),
        channels=node.channels,
    )


current = Session()


def fresh() -> Session:
    """Start Houdini anew, in this process."""
    from support.houdini import fake_hou  # noqa: PLC0415 - the two know each other

    global current  # noqa: PLW0603 - a process is one Houdini session
    current = Session()
    sys.modules["hou"] = fake_hou
    return current
