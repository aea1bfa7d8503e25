"""A reader of digital assets in the form of ``hotl -t``, which shares nothing with the program that writes ours.

It reads published assets as well as ours, so what it accepts is what Houdini writes.
"""
