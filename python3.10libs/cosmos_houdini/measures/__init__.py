"""Measures of a result beside the video that it was made from: what the field measures, and what exact passes allow."""
