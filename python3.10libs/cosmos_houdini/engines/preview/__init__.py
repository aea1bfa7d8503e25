"""The built-in engine ``preview``, which needs no model."""
