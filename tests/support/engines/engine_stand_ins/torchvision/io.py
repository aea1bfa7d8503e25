"""Imported by transformers, which calls nothing of it for text."""
