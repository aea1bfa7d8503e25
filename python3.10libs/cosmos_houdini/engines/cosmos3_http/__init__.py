"""The engine ``cosmos3-http``, and the program that it sends to a host.

The host's own Python runs the package ``client``; no module of this package imports it.
"""
