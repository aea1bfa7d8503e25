"""The server of the Model Context Protocol, by its official SDK, over standard input and output."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations

from cosmos_houdini import __version__
from cosmos_houdini.agents.tools import AgentTools
from cosmos_houdini.api.project import Project
from cosmos_houdini.errors import CosmosError

INSTRUCTIONS = (
    "Run NVIDIA Cosmos on shots of Houdini. Look at the scene, check the frames, and plan. Show time and cost of the "
    "plan to the user before you submit, with the plan's id and a key of your own. Repeat a submission with the same "
    "key. Follow the job, measure its result, report."
)
_READ = ToolAnnotations(read_only_hint=True)
_COSTS = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
_STOPS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True)


def make_server(project: Project) -> MCPServer[Any]:
    """Return a server whose tools work in a project."""
    server: MCPServer[Any] = MCPServer(
        "cosmos-houdini", version=__version__, instructions=INSTRUCTIONS, log_level="WARNING"
    )
    tools = AgentTools(project=project)
    reading: list[Callable[..., dict[str, Any]]] = [tools.look_at_scene, tools.check_frames, tools.write_prompt]
    reading += [tools.plan, tools.follow, tools.measure, tools.report]
    for function in reading:
        server.add_tool(_plain_errors(function), annotations=_READ)
    server.add_tool(_plain_errors(tools.submit), annotations=_COSTS)
    server.add_tool(_plain_errors(tools.cancel), annotations=_STOPS)
    return server


def _plain_errors(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Return a tool whose errors are the one line that people get."""

    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - those of the tool
        try:
            return function(*arguments, **options)
        except CosmosError as error:
            raise ToolError(str(error)) from error

    return call
