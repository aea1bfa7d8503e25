"""What goes wrong, and how a job has to end."""
