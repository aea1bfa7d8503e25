"""Cosmos 3: code that its engines share, and the engine that runs NVIDIA's framework."""
