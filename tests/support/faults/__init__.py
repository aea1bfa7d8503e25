"""Faults of hosts and schedulers, and how a job has to end."""
