"""The DialogScript: folders and parameters, laid out as Houdini lays them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from asset.model import Field, Folder, Part

_STEP = "    "
_MENU_STEP = 4
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def dialog_script(operator: str, label: str, inputs: Sequence[str], parts: Iterable[Part]) -> str:
    """Return the dialog script of an operator."""
    labels = "".join(
        f"    inputlabel\t{number}\t{quote_if_needed(text)}\n" for number, text in enumerate(inputs, start=1)
    )
    head = (
        f"# Dialog script for {operator} automatically generated\n\n"
        f"{{\n    name\t{operator}\n    script\t{operator}\n    label\t{quote(label)}\n\n"
        f'    help {{\n\t""\n    }}\n\n'
    )
    return f"{head}{labels}\n{parts_text(parts)}}}\n"


def parts_text(parts: Iterable[Part]) -> str:
    """Return parameters and folders as they stand in a dialog script; a blank line follows the last folder of a row."""
    lines: list[str] = []
    for part in parts:
        lines.extend(_folder(part, _STEP) if isinstance(part, Folder) else _field(part, _STEP))
    return "".join(f"{line}\n" for line in lines)


def base_text(parms: Iterable[tuple[str, str]]) -> str:
    """Return the parameters of a node's own type as a list of spare parameters names them."""
    rows = (
        f"    parm {{\n        name    {quote(name)}\n        baseparm\n        label   {quote(label)}\n"
        f"        export  none\n    }}\n"
        for name, label in parms
    )
    return "".join(rows)


def quote(text: str) -> str:
    r"""Return a text in quotation marks.

    >>> print(quote('a "b"\n'))
    "a \"b\"\n"
    """
    return f'"{text.translate(_ESCAPES)}"'


def quote_if_needed(text: str) -> str:
    """Return a text as it is where it is one word, and else in quotation marks."""
    return text if text.isalnum() else quote(text)


def _folder(folder: Folder, indent: str) -> Iterator[str]:
    inner = indent + _STEP
    yield f"{indent}{folder.kind} {{"
    yield f"{inner}name    {quote(folder.name)}"
    yield f"{inner}label   {quote(folder.label)}"
    yield from _tags("grouptag", folder.tags, inner)
    yield ""
    for child in folder.children:
        yield from _folder(child, inner) if isinstance(child, Folder) else _field(child, inner)
    yield f"{indent}}}"
    yield ""


def _field(field: Field, indent: str) -> Iterator[str]:
    inner = indent + _STEP
    yield f"{indent}parm {{"
    yield f"{inner}name    {quote(field.name)}"
    yield f"{inner}label   {quote(field.label)}"
    yield f"{inner}type    {field.type}"
    if field.is_invisible:
        yield f"{inner}invisible"
    if not field.has_label:
        yield f"{inner}nolabel"
    if field.joins_next:
        yield f"{inner}joinnext"
    if field.size is not None:
        yield f"{inner}size    {field.size}"
    yield f"{inner}default {{ {' '.join(map(quote, field.defaults))} }}"
    if field.help:
        yield f"{inner}help    {quote(field.help)}"
    if field.disable_when:
        yield f"{inner}disablewhen {quote(field.disable_when)}"
    if field.hide_when:
        yield f"{inner}hidewhen {quote(field.hide_when)}"
    yield from _menu(field.menu, inner)
    yield from _scripted_menu(field, inner)
    if field.range:
        yield f"{inner}range   {{ {' '.join(field.range)} }}"
    yield from _tags("parmtag", field.tags, inner)
    yield f"{indent}}}"


def _menu(items: Sequence[tuple[str, str]], indent: str) -> Iterator[str]:
    if not items:
        return
    tokens = [quote(token) for token, _ in items]
    width = (max(map(len, tokens)) // _MENU_STEP + 1) * _MENU_STEP
    yield f"{indent}menu {{"
    for token, (_, label) in zip(tokens, items, strict=True):
        yield f"{indent}{_STEP}{token:{width}}{quote(label)}"
    yield f"{indent}}}"


def _scripted_menu(field: Field, indent: str) -> Iterator[str]:
    if not field.menu_script:
        return
    yield f"{indent}{'menutoggle' if field.picks_several else 'menureplace'} {{"
    for line in field.menu_script:
        yield f"{indent}{_STEP}[ {quote(line)} ]"
    yield f"{indent}{_STEP}language python"
    yield f"{indent}}}"


def _tags(keyword: str, tags: Mapping[str, str], indent: str) -> Iterator[str]:
    for key, value in sorted(tags.items()):
        yield f"{indent}{keyword} {{ {quote(key)} {quote(value)} }}"
