"""Places to run, by name: this machine and machines behind SSH."""
