"""Stand-ins for Houdini, its task graph and its screen."""
