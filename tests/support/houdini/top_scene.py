"""A TOP network of a scene that cooks: ``python top_scene.py SCRIPT ARGUMENT...`` runs a script in such a Houdini.

``top_network`` plays the nodes of a session: Wedge over a range, and our own nodes through the real worker.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

from support import python_path
from support.houdini import fake_pdg, houdini_session
from support.houdini.top_network import Network, Top
from support.media.shot_files import NODE

PROMPT = 'A "wet" street; $(rain) & größe'
RUNS = 2


def with_sweep(session: houdini_session.Session) -> None:
    """Let every scene that is loaded have the network that Set Up Sweep builds, with two runs, ready to cook."""

    from cosmos_houdini.houdini.tops.sweep_network import build_sweep  # noqa: PLC0415 - it needs a session's hou

    def build() -> None:
        built = build_sweep("shot", NODE, PROMPT)
        wedge = next(node for node in built.network.children() if node.name() == "wedge")
        wedge.setParms({"wedgecount": RUNS, "intrange1y": RUNS})
        play(session, built.network.path())

    session.after_load = build


class PlayedNetwork(Network):
    """A network whose Houdini listens to its jobs while it cooks."""

    def cook(self, **options: object) -> bool:
        """Cook; see Network.cook."""
        with self:
            return super().cook(**options)


def play(session: houdini_session.Session, path: str) -> Network:
    """Put what cooks behind the nodes of a network."""
    hip = Path(session.path)
    network = PlayedNetwork(hip.parent, hip)
    tops: dict[str, Top] = {}
    for node_path, saved in session.nodes.items():
        if not node_path.startswith(f"{path}/") or saved.type == "localscheduler":
            continue
        label = session.top_types[saved.type][0].removesuffix(" (Basic)")
        above = tuple(tops[input_] for input_ in saved.inputs)
        values = {name: value.text for name, (value,) in saved.parms.items()}
        top = _wedge(network, values, above) if label == "Wedge" else network.add(label, *above)
        top.name, top.values = node_path.rpartition("/")[2], values
        tops[node_path] = top
    session.networks[path] = network
    return network


def _wedge(network: Network, values: dict[str, str], above: tuple[Top, ...]) -> Top:
    """Add a wedge of one integer over a range, which is all that Set Up Sweep asks for."""
    assert (values["wedgeattributes"], values["type1"], values["wedgetype1"]) == ("1", "2", "0")
    count, first, last = (int(values[name]) for name in ("wedgecount", "intrange1x", "intrange1y"))
    step = (last - first) / max(1, count - 1)
    return network.wedge(count, lambda index: {values["name1"]: first + round(index * step)}, *above)


def process(*arguments: object) -> subprocess.Popen[str]:
    """Start a script in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(Path(__file__)), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": python_path()},
    )


if __name__ == "__main__":
    sys.modules.update(fake_pdg.modules())
    with_sweep(houdini_session.fresh())
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
