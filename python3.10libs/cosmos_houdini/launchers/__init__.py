"""Ways to run a task on a host, detached, by name."""
