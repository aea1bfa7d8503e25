"""Words for a shot: captions by a local model in a process of its own, and prompts from them, facts and the user."""
