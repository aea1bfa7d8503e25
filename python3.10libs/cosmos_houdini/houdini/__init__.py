"""The code that runs in Houdini's own Python, with the standard library and ``hou`` alone; the worker does the work."""
