"""Hosts made ready for an engine: a script that a person can read, which runs detached and may be run again."""
