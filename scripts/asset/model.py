"""The parts of a digital asset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One parameter.

    Attributes:
        name: of the parameter.
        label: what the artist reads.
        type: as a dialog script spells it.
        defaults: one text for each value; none for a parameter of a node's own type.
        help: the tooltip.
        menu: token and label of each choice.
        menu_script: lines of a Python script that returns tokens and labels, instead of ``menu``; another text than
            these can be typed.
        picks_several: whether a choice of a scripted menu is added to the text, instead of replacing it.
        range: lowest and highest value of the slider; ``!`` behind one makes it a limit.
        disable_when: a rule in Houdini's grammar.
        hide_when: a rule in Houdini's grammar.
        tags: they say how Houdini shows it.
        size: number of values, where the type does not tell it.
        has_label: whether its label is shown.
        joins_next: whether the next one is on the same line.
        is_invisible: whether it is hidden.
        stands_for: the parameters of nodes inside that follow it, as name of the node type and of the parameter.
    """

    name: str
    label: str
    type: str
    defaults: tuple[str, ...] = ("",)
    help: str = ""
    menu: tuple[tuple[str, str], ...] = ()
    menu_script: tuple[str, ...] = ()
    picks_several: bool = False
    range: tuple[str, str] | None = None
    disable_when: str = ""
    hide_when: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    size: int | None = None
    has_label: bool = True
    joins_next: bool = False
    is_invisible: bool = False
    stands_for: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A group of parameters; ``kind`` is ``group`` for a tab, ``groupsimple`` for a frame."""

    name: str
    label: str
    children: tuple[Part, ...]
    kind: str = "group"
    tags: Mapping[str, str] = field(default_factory=dict)


Part = Field | Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Spare:
    """A parameter that a node of the network has beside those of its type.

    Attributes:
        field: how it is shown.
        channel: the HScript expression that drives it; empty where it has a value.
    """

    field: Field
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of the network inside.

    Attributes:
        name: in the network.
        type: of the operator.
        above: the nodes that are wired into it, input by input; an empty name is the asset's own input.
        values: parameters of its type that are not as the type has them.
        channels: parameters of its type that are driven, each by an HScript expression.
        spares: the parameters that it has beside them.
        base: the parameters of its type, which a list of spare parameters has to name too.
    """

    name: str
    type: str
    above: tuple[str, ...]
    values: Mapping[str, str | int] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    spares: tuple[Spare, ...] = ()
    base: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A digital asset for TOP networks.

    Attributes:
        operator: name of the node type, as namespace, name and version: ``cosmos::shot::1.0``.
        label: in the TAB menu.
        submenu: of the TAB menu.
        saved: when its description was changed last, in UTC; every file has it instead of the time of writing.
        houdini: the version of Houdini whose form is written.
        inputs: labels of its inputs, none of which has to be wired.
        interface: its parameters.
        nodes: in the order in which they are cooked; the last one is the output.
        sections: text of its other sections, by name.
    """

    operator: str
    label: str
    submenu: str
    saved: datetime
    houdini: str
    inputs: tuple[str, ...]
    interface: tuple[Part, ...]
    nodes: tuple[Node, ...]
    sections: Mapping[str, str]

    @property
    def file(self) -> str:
        """The name of its library: ``cosmos_shot.1.0.hda``."""
        namespace, name, version = self.operator.split("::")
        return f"{namespace}_{name}.{version}.hda"

    @property
    def table(self) -> str:
        """Its place among all operators; the namespace stands before the table: ``cosmos::Top/shot::1.0``."""
        namespace, _, name = self.operator.partition("::")
        return f"{namespace}::Top/{name}"


def fields(parts: Iterable[Part]) -> Iterator[Field]:
    """Yield every parameter below folders, in order."""
    for part in parts:
        if isinstance(part, Folder):
            yield from fields(part.children)
        else:
            yield part
