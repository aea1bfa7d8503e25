"""Whether PDG has loaded our node types: a module with an error in it is left out without a word."""

from __future__ import annotations

import hou

from cosmos_houdini.errors import CheckFailed
from cosmos_houdini.houdini.tops.parms import NODE_TYPES


def check_top_nodes() -> str:
    """Return the operator names of our TOP nodes, which no document tells.

    Raises:
        CheckFailed: one is missing.
    """
    found = {type_.description(): name for name, type_ in hou.topNodeTypeCategory().nodeTypes().items()}
    missing = [each.label for each in NODE_TYPES if each.label not in found]
    if missing:
        raise CheckFailed(
            f"no TOP node is called {', '.join(missing)}",
            action="look at the console for an error in pdg_types/pdg/types/cosmos_houdini_nodes.py",
        )
    return ", ".join(found[each.label] for each in NODE_TYPES)
