"""Pictures, videos and shots with known content."""
