"""What the project keeps of its jobs and batches, in SQLite, for any number of clients at once."""
