"""The frozen data types that packages exchange; only those of the spec files need more than the standard library."""
