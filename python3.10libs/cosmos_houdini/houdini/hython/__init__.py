"""The programs behind ``scripts/`` for hython: farm jobs and self-test."""
