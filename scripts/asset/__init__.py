"""What ``otls/cosmos_transfer_sweep.hda`` is made from, and the program that makes it; for developers alone.

``description.py`` says what the asset is; the other modules write it in the form in which ``hotl -t`` expands one.
"""
