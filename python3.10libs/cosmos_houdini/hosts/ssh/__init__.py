"""Machines behind SSH."""
