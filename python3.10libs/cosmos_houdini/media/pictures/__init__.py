"""Reads single pictures, and converts their layers, pixels, colour and size."""
