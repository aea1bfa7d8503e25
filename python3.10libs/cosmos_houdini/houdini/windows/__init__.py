"""The windows of the shelf, in the Qt that Houdini brings."""
