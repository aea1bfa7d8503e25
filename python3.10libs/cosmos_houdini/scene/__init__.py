"""Houdini scene files read without Houdini: a .hip becomes a Scene."""
