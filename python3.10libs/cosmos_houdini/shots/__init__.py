"""Shots: from frames and a scene to videos, a job and a result."""
