"""The engine ``diffusers``, and the program that it sends to a host.

The host's own Python runs the program; no module of this package imports it.
"""
