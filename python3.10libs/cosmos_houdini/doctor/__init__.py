"""Checks of this machine and of a host: the requirements of jobs, and an action for each one that is not met."""
