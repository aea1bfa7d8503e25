"""Cosmos Transfer2.5."""
