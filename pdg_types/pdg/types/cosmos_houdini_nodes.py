"""The TOP nodes of cosmos-houdini. PDG imports every module of this folder; all logic is in the package."""

import pdg
from pdg.processor import PyProcessor

from cosmos_houdini.houdini import top_node, top_parms, top_report, top_shot, top_sweep, top_transfer


class cosmosshot(PyProcessor):
    """Cosmos Shot."""

    @classmethod
    def templateName(cls):
        return top_parms.SHOT.name

    @classmethod
    def templateBody(cls):
        return top_parms.SHOT.template()

    def onGenerate(self, item_holder, upstream_items, generation_type):
        return top_node.generated(top_shot.generate, self, item_holder, upstream_items, pdg.result)


class cosmostransfer(PyProcessor):
    """Cosmos Transfer."""

    @classmethod
    def templateName(cls):
        return top_parms.TRANSFER.name

    @classmethod
    def templateBody(cls):
        return top_parms.TRANSFER.template()

    def onGenerate(self, item_holder, upstream_items, generation_type):
        return top_node.generated(top_transfer.generate, self, item_holder, upstream_items, pdg.result)


class cosmossweep(PyProcessor):
    """Cosmos Sweep."""

    @classmethod
    def templateName(cls):
        return top_parms.SWEEP.name

    @classmethod
    def templateBody(cls):
        return top_parms.SWEEP.template()

    def onGenerate(self, item_holder, upstream_items, generation_type):
        return top_node.generated(top_sweep.generate, self, item_holder, upstream_items, pdg.result)


class cosmosreport(PyProcessor):
    """Cosmos Report."""

    @classmethod
    def templateName(cls):
        return top_parms.REPORT.name

    @classmethod
    def templateBody(cls):
        return top_parms.REPORT.template()

    def onGenerate(self, item_holder, upstream_items, generation_type):
        return top_node.generated(top_report.generate, self, item_holder, upstream_items, pdg.result)


def registerTypes(type_registry):
    """Register the four nodes; PDG calls this when it has imported the module."""
    for node_type in (cosmosshot, cosmostransfer, cosmossweep, cosmosreport):
        described = next(each for each in top_parms.NODE_TYPES if each.name == node_type.templateName())
        type_registry.registerNode(
            node_type, pdg.nodeType.Processor, static_gen=True, label=described.label, category=top_parms.CATEGORY
        )
