"""Cosmos Transfer1."""
