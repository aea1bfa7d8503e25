"""The TOP nodes of cosmos-houdini. PDG imports every module of this folder; all logic is in the package."""

import pdg
from pdg.processor import PyProcessor

# Houdini waits for this module when it starts, so that the rest is imported by the first node that generates.
from cosmos_houdini.houdini.tops import parms


class cosmosshot(PyProcessor):
    """Cosmos Shot."""

    @classmethod
    def templateName(cls):
        return parms.SHOT.name

    @classmethod
    def templateBody(cls):
        return parms.SHOT.template()

    def onGenerate(self, item_holder, upstream_items, generation_type):
        from cosmos_houdini.houdini.tops import node, shot  # noqa: PLC0415 - see above

        return node.generate_items(shot.generate, self, item_holder, upstream_items, pdg.result)


class cosmostransfer(PyProcessor):
    """Cosmos Transfer."""

    @classmethod
    def templateName(cls):
        return parms.TRANSFER.name

    @classmethod
    def templateBody(cls):
        return parms.TRANSFER.template()

    def onGenerate(self, item_holder, upstream_items, generation_type):
        from cosmos_houdini.houdini.tops import node, transfer  # noqa: PLC0415 - see above

        return node.generate_items(transfer.generate, self, item_holder, upstream_items, pdg.result)


class cosmossweep(PyProcessor):
    """Cosmos Sweep."""

    @classmethod
    def templateName(cls):
        return parms.SWEEP.name

    @classmethod
    def templateBody(cls):
        return parms.SWEEP.template()

    def onGenerate(self, item_holder, upstream_items, generation_type):
        from cosmos_houdini.houdini.tops import node, sweep  # noqa: PLC0415 - see above

        return node.generate_items(sweep.generate, self, item_holder, upstream_items, pdg.result)


class cosmosreport(PyProcessor):
    """Cosmos Report."""

    @classmethod
    def templateName(cls):
        return parms.REPORT.name

    @classmethod
    def templateBody(cls):
        return parms.REPORT.template()

    def onConfigureNode(self, node_options):
        # Below nodes that generate while they cook, it waits for all work items instead of one after another.
        node_options.requiresGeneratedInputs = True
        return pdg.result.Success

    def onGenerate(self, item_holder, upstream_items, generation_type):
        from cosmos_houdini.houdini.tops import node, report  # noqa: PLC0415 - see above

        return node.generate_items(report.generate, self, item_holder, upstream_items, pdg.result)


def registerTypes(type_registry):
    """Register the four nodes; PDG calls this when it has imported the module."""
    for node_type in (cosmosshot, cosmostransfer, cosmossweep, cosmosreport):
        described = next(each for each in parms.NODE_TYPES if each.name == node_type.templateName())
        type_registry.registerNode(
            node_type,
            pdg.nodeType.Processor,
            static_gen=True,
            label=described.registered_label,
            category=parms.CATEGORY,
        )
