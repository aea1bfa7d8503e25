"""The descriptions of the assets in ``otls`` and the program that writes them; for developers alone.

``description.py`` and ``node_assets.py`` say what the assets are; the other modules write
them in the form in which ``hotl -t`` expands one.
"""
