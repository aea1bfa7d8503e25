"""Whether this machine, and a host, have what jobs need, and what to do where they do not."""
