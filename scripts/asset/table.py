"""From the table of the TOP nodes to the asset's parameters, and to the nodes inside that follow them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from asset.model import Field, Node, Spare
from cosmos_houdini.houdini.tops.parms import NodeType, Parm

LONGEST_SLIDER = 100
"""A slider over all seeds would be of no use; more than its end can be typed."""

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
    type: str = "",  # noqa: A002 - as a dialog script calls it
    disable_when: str = "",
    tags: Mapping[str, str] | None = None,
    also: tuple[NodeType, ...] = (),
    menu_script: tuple[str, ...] = (),
) -> Field:
    """Return the asset's parameter for one of the table.

    Args:
        type_: the node type.
        name: of its parameter.
        rename: what it is called in the asset, where two node types have one of that name.
        default: instead of the table's.
        type: how it is shown, where that is not plain.
        disable_when: a rule instead of the table's.
        tags: they say how it is shown.
        also: further node types whose parameter of that name follows.
        menu_script: lines of the script that fills its menu.
    """
    parm = type_[name]
    return Field(
        name=rename or name,
        label=parm.label,
        type=type or ("toggle" if parm.is_toggle else _TYPES[parm.kind]),
        defaults=(_text(parm) if default is None else default,),
        help=parm.help,
        menu=parm.menu,
        menu_script=menu_script,
        range=_range(parm),
        disable_when=disable_when or parm.disable_when,
        tags={**({"editor": "1"} if parm.is_multiline else {}), **(tags or {})},
        stands_for=tuple((each.name, name) for each in (type_, *also)),
    )


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
        f"node.generate_items({module}.generate, self, item_holder, upstream_items, pdg.result)\n"
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
