"""A door for agents: the Python API as tools of the Model Context Protocol."""
