"""The MCP server: the Python API as tools of the Model Context Protocol."""
