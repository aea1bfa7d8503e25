"""Real servers that the tests start for themselves, and what happens to lines, disks and programs."""
