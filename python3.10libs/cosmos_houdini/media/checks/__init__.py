"""Reports visible problems in the pixels of a shot, as sentences with the evidence."""
