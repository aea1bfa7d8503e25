"""The description of ``otls/cosmos_transfer_sweep.hda`` and the program that writes it; for developers alone.

``description.py`` says what the asset is; the other modules write it in the form in which ``hotl -t`` expands one.
"""
