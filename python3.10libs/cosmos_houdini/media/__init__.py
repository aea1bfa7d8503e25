"""Frames on disk become verified sequences, and sequences become verified videos."""
