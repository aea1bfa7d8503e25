"""Batches: planned, queued, run within limits, controlled and summed up."""
