"""Sweeps: which runs a batch holds, and with which values."""
