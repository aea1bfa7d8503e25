"""Jobs: store them, start them on a host, follow them, finish them, fetch their results."""
