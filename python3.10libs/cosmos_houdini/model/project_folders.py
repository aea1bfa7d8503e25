"""The folders that the program makes in a project."""

from __future__ import annotations

RESULTS = "cosmos_out"
"""Results, and videos that were made for them."""
