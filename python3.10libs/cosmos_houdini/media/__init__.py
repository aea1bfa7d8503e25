"""Turns frames on disk into verified sequences, and sequences into verified videos."""
