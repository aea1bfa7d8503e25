"""The asset as PDG sees it: its network, read from the files and played by ``top_network``."""

from __future__ import annotations

import sys

from cosmos_houdini.scene.parm import ParmValue
from support.houdini import fake_pdg
from support.houdini.expanded_asset.asset import Asset
from support.houdini.expanded_asset.contents import Contents, Node
from support.houdini.expanded_asset.soundness import referred
from support.houdini.houdini_session import SavedNode
from support.houdini.top_network import Network, Top


class Instance:
    """One instance of the asset in a network.

    Args:
        network: where it stands.
        asset: as read.
        name: of the node, ``$OS``.
        above: wired into its input.
        values: of its parameters; all others have their defaults.
    """

    def __init__(
        self, network: Network, asset: Asset, name: str, *, above: Top | None = None, **values: object
    ) -> None:
        assert asset.contents
        self._above = above
        self._network, self._name, self._contents = network, name, asset.contents
        self._parms = asset.dialog.parms()
        unknown = set(values) - set(self._parms)
        if unknown:
            raise AssertionError(f"the asset has no {unknown}")
        self._values = values
        self.tops: dict[str, Top] = {}
        self.output = self._top(asset.contents, "output0")

    def evaluate_parms(self, name: str) -> object:
        """Return the value of one of the asset's parameters; of a menu with numbers, the number."""
        part = self._parms[name]
        value = self._values.get(name, part.defaults[0].text)
        if part.type == "ordinal":
            assert part.menu
            return [token for token, _ in part.menu.items].index(str(value))
        return str(value).replace("$OS", self._name)

    def _top(self, contents: Contents, path: str) -> Top:
        """Add a node below those that its result comes from; a branch that the switch leaves out is never cooked."""
        if path in self.tops:
            return self.tops[path]
        node = contents.nodes[path]
        sources = [wire.source for wire in node.wires]
        if node.type == "switch":
            [(_, followed)] = referred(node).values()
            sources = [sources[int(str(self.evaluate_parms(followed)))]]
        inside = tuple(self._top(contents, source) for source in sources if source)
        above = (*inside, *([self._above] if self._above and None in sources else []))
        top = Top(self._network, path, above, {}, lambda *_: "")
        top.generate = self._generate(top, node)
        self.tops[path] = top
        self._network.tops.append(top)
        return top

    def _generate(self, top: Top, node: Node):
        if node.type == "waitforall":
            return _waited_for
        if node.type != "pythonprocessor":
            return _passed_on
        script = compile(node.parms["generate"][0].text, f"{node.path}/generate", "exec")
        seen_from_inside = InnerNode(top, node, self)

        def generate(holder: fake_pdg.WorkItemHolder, upstream: list[fake_pdg.WorkItem]) -> str:
            sys.modules.update(fake_pdg.modules())
            try:
                exec(script, {"self": seen_from_inside, "item_holder": holder, "upstream_items": upstream})  # noqa: S102
            except RuntimeError:
                return fake_pdg.result.Failure
            finally:
                for name in fake_pdg.modules():
                    sys.modules.pop(name)
            return fake_pdg.result.Success

        return generate


class InnerNode:
    """The PDG node of a Python Processor: its spare parameters are parameters of PDG's too."""

    def __init__(self, top: Top, node: Node, instance: Instance) -> None:
        self._top, self._node, self._instance = top, node, instance

    @property
    def name(self) -> str:
        return self._node.path

    def __getitem__(self, name: str) -> fake_pdg.Port:
        spare = next(part for part in self._node.spare if part.name == name and "baseparm" not in part.flags)
        followed = referred(self._node).get(spare.name)
        value = self._instance.evaluate_parms(followed[1]) if followed else self._node.parms[name][0].text
        return fake_pdg.Port(value, {**self._top.network.variables, "OS": self._node.path})

    def addWarning(self, message: str) -> None:  # noqa: N802 - PDG's own
        self._top.warnings.append(message)

    def addError(self, message: str) -> None:  # noqa: N802 - likewise
        self._top.errors.append(message)


def _passed_on(holder: fake_pdg.WorkItemHolder, upstream: list[fake_pdg.WorkItem]) -> str:
    """Generate as a switch or an output does: one work item for each above."""
    for index, parent in enumerate(upstream):
        holder.addWorkItem(index=index, parent=parent)
    return fake_pdg.result.Success


def _waited_for(holder: fake_pdg.WorkItemHolder, upstream: list[fake_pdg.WorkItem]) -> str:
    """Generate as Wait for All does: one partition of all work items above."""
    if upstream:
        holder.addWorkItem(index=0, parentArray=upstream)._type = fake_pdg.workItemType.Partition
    return fake_pdg.result.Success


def saved_nodes(asset: Asset, path: str) -> list[SavedNode]:
    """Return an instance of the asset and the nodes inside as the stand-in for ``hou`` keeps nodes."""
    assert asset.contents
    parms = asset.dialog.parms()
    own = SavedNode(
        path=path,
        type=asset.operator.index.operator,
        category="Top",
        parms={name: (ParmValue(text=part.defaults[0].text),) for name, part in parms.items()},
        menus={
            name: [token for token, _ in part.menu.items]
            for name, part in parms.items()
            if part.menu and part.menu.items
        },
    )
    inside = [
        SavedNode(
            path=f"{path}/{node.path}",
            type=node.type,
            category="Top",
            inputs=tuple(f"{path}/{wire.source}" if wire.source else "" for wire in node.wires),
            parms=dict(node.parms),
            channels=node.channels,
        )
        for node in asset.contents.nodes.values()
        if node.path
    ]
    return [own, *inside]
