"""Make, decode, compare and cut videos, and convert them to another size or rate."""
