"""Files to and from a host, many at a time."""
