"""Makes a small shot for the demonstration, without any input files."""
