"""A small shot, made from nothing, for the demonstration."""
