"""What runs in Houdini's own Python: the standard library and ``hou`` alone; the work is done by the worker."""
