"""Reports: the results of runs, measured and set side by side."""
