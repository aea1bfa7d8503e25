"""What a person would notice in the pixels of a shot, as sentences with the evidence."""
