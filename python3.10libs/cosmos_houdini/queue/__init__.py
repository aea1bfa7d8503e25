"""Jobs: their store, the runner that brings them to an end, and what counts as done."""
