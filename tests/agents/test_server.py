"""The MCP server, by the SDK's own client over the real program's standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import mcp
import pytest

from support.faults.fault_project import kill_jobs
from support.media.shot_files import FRAMES, NODE, ShotOnDisk, make_shot

COUNT = FRAMES[1] - FRAMES[0] + 1
Call = Callable[..., Awaitable[Any]]


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ShotOnDisk]:
    shot = make_shot(tmp_path / "shots", monkeypatch)
    yield shot
    kill_jobs(shot.folder / ".cosmos" / "host")


def talk(folder: Path, conversation: Callable[[Call], Awaitable[None]]) -> None:
    """Let a client talk to the program that serves a folder's project."""

    async def run() -> None:
        argv = mcp.StdioServerParameters(command=sys.executable, args=["-m", "cosmos_houdini", "mcp"], cwd=folder)
        async with mcp.Client(argv, read_timeout_seconds=120) as client:

            async def call(tool: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
                done = await client.call_tool(tool, arguments)
                text = done.content[0].text
                return text if done.is_error else json.loads(text)

            call.client = client  # type: ignore[attr-defined]
            await conversation(call)

    asyncio.run(run())


def test_an_agent_looks_plans_submits_once_follows_and_measures(shot: ShotOnDisk):
    async def conversation(call: Any) -> None:  # noqa: ANN401 - a function with its client
        tools = {tool.name: tool for tool in (await call.client.list_tools()).tools}
        assert set(tools) == {
            *(
                "look_at_scene",
                "check_frames",
                "write_prompt",
                "plan",
                "submit",
                "follow",
                "measure",
                "report",
                "cancel",
            )
        }
        assert tools["plan"].annotations.read_only_hint
        assert not tools["submit"].annotations.read_only_hint
        scene = await call("look_at_scene", path=str(shot.hip))
        assert scene["facts"]["fps"] == 24
        assert (await call("check_frames", path=str(shot.renders)))["ok"]
        prompt = await call("write_prompt", shot=str(shot.hip), style="rain")
        assert prompt["prompt"].startswith("Rain.")
        # Nothing is sent without a plan.
        assert "no plan 'x' was made" in await call("submit", plan="x", key="k1")
        plan = await call("plan", prompt="Rain", shot=str(shot.hip), output=NODE, engine="preview")
        assert (plan["frames"], plan["host"], plan["cost"]) == (COUNT, "local", None)
        assert "key is empty" in await call("submit", plan=plan["plan"], key=" ")
        first = await call("submit", plan=plan["plan"], key="k1")
        again = await call("submit", plan=plan["plan"], key="k1")
        assert (first["repeated"], again["repeated"], again["job"]) == (False, True, first["job"])
        other = await call("plan", prompt="Snow", shot=str(shot.hip), output=NODE, engine="preview")
        assert "stands for another plan" in await call("submit", plan=other["plan"], key="k1")
        assert (await call("follow", job=first["job"], wait_s=100))["state"] == "succeeded"
        assert (await call("measure", job=first["job"]))["measures"].keys() == {"structure", "flicker", "score"}

    talk(shot.folder, conversation)

    async def later(call: Call) -> None:
        # Another session knows the key, too.
        plan = await call("plan", prompt="Rain", shot=str(shot.hip), output=NODE, engine="preview")
        assert (await call("submit", plan=plan["plan"], key="k1"))["repeated"]

    talk(shot.folder, later)


def test_errors_are_the_line_that_people_get(shot: ShotOnDisk):
    async def conversation(call: Call) -> None:
        assert "there is no scene" in await call("look_at_scene", path=str(shot.folder / "no.hip"))
        assert "no prompt format 'xml'" in await call("write_prompt", shot=str(shot.hip), format="xml")
        assert "unknown engine 'x'" in await call("plan", prompt="a", shot=str(shot.hip), output=NODE, engine="x")

    talk(shot.folder, conversation)
