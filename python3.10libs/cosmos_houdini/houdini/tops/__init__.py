"""TOP networks: the four node types, what their work items do, and the asset around them."""
