"""A batch that nobody watches: its turns, what holds it back, and who is told."""
