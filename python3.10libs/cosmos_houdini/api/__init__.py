"""The public Python API: projects, shots, jobs, batches and results over the same use cases as the command line."""
