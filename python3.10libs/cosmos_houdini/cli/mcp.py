"""``mcp``: the MCP server over standard input and output."""

from __future__ import annotations

import click

from cosmos_houdini.agents.sdk import require_sdk


@click.command("mcp")
def mcp() -> None:
    """Serve this project to an agent by the Model Context Protocol, on standard input and output.

    The agent plans with time and cost before it submits; nothing that costs is done without a plan.
    """
    require_sdk()
    from cosmos_houdini.agents.server import make_server  # noqa: PLC0415 - the package is an extra
    from cosmos_houdini.api.project import Project  # noqa: PLC0415 - as above

    make_server(Project.open(".")).run()
