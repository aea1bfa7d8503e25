"""Programs that are sent to a host and run there, by the host's own Python; nothing here imports them."""
