"""Jobs: stored, started on a host, followed, finished, fetched."""
