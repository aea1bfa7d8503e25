"""Engines that need no GPU."""
