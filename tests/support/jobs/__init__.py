"""Projects, batches and reports made for a test."""
