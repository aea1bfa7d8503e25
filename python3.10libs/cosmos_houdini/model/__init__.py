"""The data types that the rooms hand each other: frozen, of the standard library alone but for the spec files."""
