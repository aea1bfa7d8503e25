"""The jobs and batches of a project, kept in SQLite for any number of clients at once."""
