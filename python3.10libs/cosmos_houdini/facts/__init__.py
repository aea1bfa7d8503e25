"""Facts about a shot that need no model: lens, camera move, framing, light, materials, objects."""
