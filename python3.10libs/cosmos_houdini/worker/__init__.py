"""The worker of Houdini's side: one JSON request on standard input, JSON lines on standard output.

A request names a command and its typed options; ``commands.py`` calls the same use cases as the command line and the
Python API. ``events.py`` lists the lines of the answer.
"""
