"""From the table of the TOP nodes to the asset's parameters, and to the nodes inside that follow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from asset.model import Field, Folder, Node, Part, Spare
from cosmos_houdini.engines import engine_names, find_engine
from cosmos_houdini.houdini.tops.parms import NodeType, Parm

LONGEST_SLIDER = 100
"""A slider over all seeds would be of no use; more than its end can be typed."""

EDITOR = {"editor": "1", "editorlines": "4-12"}
"""A prompt is a few lines long; the field grows with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a parameter of the table is shown, where its type alone does not say it.

    Attributes:
        type: as a dialog script spells it.
        tags: further words on it.
        menu: lines of the script that fills its menu.
        picks_several: whether its text is a list of choices.
    """

    type: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    menu: tuple[str, ...] = ()
    picks_several: bool = False


def menu_script(module: str, call: str) -> tuple[str, ...]:
    """Return the script of a menu: one import and one call."""
    return (f"from cosmos_houdini.houdini.tops import {module}", f"return {module}.{call}")


def _built_in_engines() -> list[str]:
    """Return tokens and labels of the built-in engines, for a Houdini without a worker."""
    engines = (find_engine(name) for name in engine_names())
    built_in = [each for each in engines if type(each).__module__.startswith("cosmos_houdini.")]
    return [text for each in built_in for text in (each.name, each.label)]


_READ = {"filechooser_mode": "read"}
_ENGINES = Shown(menu=menu_script("engine_menu", f"engine_items(kwargs, {_built_in_engines()!r})"))
_PROJECT = Shown(type="directory", tags=_READ)
SHOWN: Mapping[tuple[str, str], Shown] = {
    ("cosmosshot", "hip"): Shown(type="file", tags={**_READ, "filechooser_pattern": "*.hip, *.hiplc, *.hipnc"}),
    ("cosmosshot", "nodes"): Shown(menu=menu_script("scene_menu", "render_node_items()"), picks_several=True),
    ("cosmosshot", "cameras"): Shown(menu=menu_script("scene_menu", "camera_items()"), picks_several=True),
    ("cosmosshot", "takes"): Shown(menu=menu_script("scene_menu", "take_items()"), picks_several=True),
    ("cosmosshot", "renders"): Shown(type="directory", tags=_READ),
    ("cosmosshot", "folder"): _PROJECT,
    ("cosmostransfer", "videos"): Shown(type="directory", tags=_READ),
    ("cosmostransfer", "engine"): _ENGINES,
    ("cosmostransfer", "host"): Shown(menu=menu_script("engine_menu", "host_items(kwargs)")),
    ("cosmostransfer", "folder"): _PROJECT,
    ("cosmossweep", "engine"): _ENGINES,
    ("cosmossweep", "folder"): _PROJECT,
    ("cosmosreport", "output"): Shown(type="directory", tags={"filechooser_mode": "write"}),
    ("cosmosreport", "folder"): _PROJECT,
}

_TYPES = {"String": "string", "Integer": "integer", "Float": "float"}
_BASE = (
    ("savenodescript", "Save to Python Script"),
    ("savenodehda", "Save to Digital Asset"),
    ("pdg_workitemgeneration", "Generate When"),
    ("pdg_command", "Command"),
    ("generate", "onGenerate Callback"),
    ("useregeneratestatic", "Use Custom Regenerate Implementation"),
    ("regeneratestatic", "onRegenerate Callback"),
    ("addinternaldependencies", "onAddInternalDependencies Callback"),
    ("cooktask", "onCookTask Callback"),
    ("topscheduler", "TOP Scheduler Override"),
    ("pdg_workitempriority", "Work Item Priority"),
    ("pdg_workitemlabel", "Work Item Label"),
)
"""Parameters that every Python Processor has from Houdini 19 on; a node's list of spare parameters names them too."""


def make_field(
    type_: NodeType,
    name: str,
    *,
    rename: str = "",
    default: str | None = None,
    disable_when: str = "",
    also: tuple[NodeType, ...] = (),
) -> Field:
    """Return the asset's parameter for one of the table.

    Args:
        type_: the node type.
        name: of its parameter.
        rename: what it is called in the asset, where two node types have one of that name.
        default: instead of the table's.
        disable_when: a rule instead of the table's.
        also: further node types whose parameter of that name follows.
    """
    parm = type_[name]
    shown = SHOWN.get((type_.name, name), Shown())
    return Field(
        name=rename or name,
        label=parm.label,
        type=shown.type or ("toggle" if parm.is_toggle else _TYPES[parm.kind]),
        defaults=(_text(parm) if default is None else default,),
        help=parm.help,
        menu=parm.menu,
        menu_script=shown.menu,
        picks_several=shown.picks_several,
        range=None if parm.is_toggle else _range(parm),
        disable_when=disable_when or parm.disable_when,
        tags={**(EDITOR if parm.is_multiline else {}), **shown.tags},
        stands_for=tuple((each.name, name) for each in (type_, *also)),
    )


def tabs(type_: NodeType) -> tuple[Folder, ...]:
    """Return the parameters of a node type in the tabs that the table names, weights in a frame of their own."""
    names = dict.fromkeys(parm.folder for parm in type_.parms)
    return tuple(
        # Tabs of one row have one name and different numbers.
        Folder(name="tabs" if number == 0 else f"tabs_{number}", label=label, children=_children(type_, label))
        for number, label in enumerate(names)
    )


def _children(type_: NodeType, tab: str) -> tuple[Part, ...]:
    shown = [parm.name for parm in type_.parms if parm.folder == tab]
    weights = [name for name in shown if name.startswith("weight_")]
    frame = Folder(
        name="weights",
        label="Control Weights",
        children=tuple(make_field(type_, name) for name in weights),
        kind="groupsimple",
    )
    found: list[Part] = []
    for name in shown:
        if name not in weights:
            found.append(make_field(type_, name))
        elif name == weights[0]:
            found.append(frame)
    return tuple(found)


def button(name: str, label: str, help: str, *, joins_next: bool = True) -> Field:  # noqa: A002 - as a dialog script calls it
    """Return a button that calls the function of its name in the asset's module."""
    tags = {"script_callback": f"hou.phm().{name}(kwargs)", "script_callback_language": "python"}
    return Field(name=name, label=label, type="button", defaults=("0",), help=help, tags=tags, joins_next=joins_next)


def inner(
    name: str,
    type_: NodeType,
    module: str,
    above: tuple[str, ...],
    interface: Sequence[Field],
    *,
    fixed: Mapping[str, str] | None = None,
) -> Node:
    """Return a Python Processor that does what a node type of the table does.

    PDG makes parameters of a node's spare parameters, so that ``generate`` finds those of the type. Each follows the
    asset's, or else has a value of its own.

    Args:
        name: of the node.
        type_: what it does.
        module: of ``cosmos_houdini.houdini``, with the function ``generate`` that does it.
        above: what is wired into it.
        interface: the asset's parameters.
        fixed: values that the asset does not let the artist choose here.
    """
    followed = {parm: field.name for field in interface for kind, parm in field.stands_for if kind == type_.name}
    spares = tuple(_spare(parm, followed.get(parm.name, ""), (fixed or {}).get(parm.name)) for parm in type_.parms)
    return Node(
        name=name,
        type="pythonprocessor",
        above=above,
        values={"generate": callback(module)},
        spares=spares,
        base=_BASE,
    )


def callback(module: str) -> str:
    """Return the script with which a Python Processor generates its work items."""
    return (
        f"import pdg\n\nfrom cosmos_houdini.houdini.tops import node, {module}\n\n"
        f"node.generate_embedded({module}.generate, self, item_holder, upstream_items, pdg.result)\n"
    )


def _spare(parm: Parm, followed: str, fixed: str | None) -> Spare:
    function = "chs" if parm.kind == "String" else "ch"
    field = Field(
        name=parm.name, label=parm.label, type=_TYPES[parm.kind], defaults=(_text(parm) if fixed is None else fixed,)
    )
    return Spare(field=field, channel=f'{function}("../{followed}")' if followed and fixed is None else "")


def _text(parm: Parm) -> str:
    return parm.default if isinstance(parm.default, str) else f"{parm.default:.15g}"


def _range(parm: Parm) -> tuple[str, str] | None:
    """Return the slider's ends: the low one is a limit, since nothing below it means anything."""
    return None if parm.limits is None else (f"{parm.limits[0]:g}!", f"{min(parm.limits[1], LONGEST_SLIDER):g}")
