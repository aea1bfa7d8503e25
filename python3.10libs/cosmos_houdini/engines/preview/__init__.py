"""The embedded engine, which needs no model."""
