"""The help page in Houdini's wiki markup: an introduction, and every parameter with the sentence of its tooltip."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asset.model import Folder, Part

_INDENT = "    "


def help_page(operator: str, label: str, introduction: str, text: str, interface: Iterable[Part]) -> str:
    """Return the page.

    Args:
        operator: name of the node type.
        label: title of the page.
        introduction: one sentence.
        text: between introduction and parameters, in wiki markup.
        interface: the parameters, by folder.
    """
    namespace, _, rest = operator.partition("::")
    head = (
        f"= {label} =\n\n#type: node\n#context: top\n#internal: {operator}\n"
        f"#icon: opdef:/{namespace}::Top/{rest}?IconSVG\n"
        f'#tags: pdg, cosmos, video\n\n"""{introduction}"""\n\n'
    )
    return f"{head}{text}\n@parameters\n\n" + "".join(_described(interface))


def _described(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Folder):
            yield f"== {part.label} ==\n\n"
            yield from _described(part.children)
        else:
            choices = "".join(f"{_INDENT}* {label}\n" for _, label in part.menu)
            menu = f"\n{choices}" if choices else ""
            yield f"{part.label}:\n{_INDENT}#id: {part.name}\n\n{_INDENT}{part.help}\n{menu}\n"
