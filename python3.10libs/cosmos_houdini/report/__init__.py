"""What came of many runs, side by side."""
