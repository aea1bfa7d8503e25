"""The names of the assets of single steps, by which scripts and tools create them."""

from __future__ import annotations

from cosmos_houdini.houdini.tops.parms import NodeType

NAMESPACE = "cosmos"
VERSION = "1.0"
"""A change of parameters makes a new version beside this one, so that saved scenes keep theirs."""
TRANSFER_SWEEP = f"{NAMESPACE}::transfer_sweep::{VERSION}"


def operator_of(type_: NodeType) -> str:
    """Return the operator name of a node type's asset, such as ``cosmos::transfer::1.0``."""
    return f"{NAMESPACE}::{type_.label.split()[-1].lower()}::{VERSION}"
