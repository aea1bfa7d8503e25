"""Videos: made, decoded back, compared, cut and brought to another size or rate."""
