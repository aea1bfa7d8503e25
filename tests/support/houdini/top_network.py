"""A TOP network that generates, cooks, is cancelled and regenerated: PDG's graph and Local Scheduler, played.

As the real scheduler it writes each work item as a file, starts its command as a process with the job API on its way,
listens for what the job reports, and kills without warning what is cancelled.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import itertools
import json
import shlex
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCServer

from cosmos_houdini.houdini.environment import ROOT
from cosmos_houdini.houdini.tops.job_program import run
from cosmos_houdini.houdini.tops.pdg_job import PdgItem
from support.houdini import fake_pdg

TYPES = ROOT / "pdg_types" / "pdg" / "types" / "cosmos_houdini_nodes.py"
JOB_API = Path(__file__).parent / "job_api"
STATE = fake_pdg.workItemState

Wedge = Callable[[int], Mapping[str, object]]


def node_types() -> dict[str, type[fake_pdg.PyProcessor]]:
    """Import the module of node types as PDG does, and return what it registers, by label."""
    saved = {name: sys.modules.get(name) for name in fake_pdg.modules()}
    sys.modules.update(fake_pdg.modules())
    try:
        spec = importlib.util.spec_from_file_location(TYPES.stem, TYPES)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        for name, before in saved.items():
            sys.modules.pop(name) if before is None else sys.modules.update({name: before})
    registry = fake_pdg.TypeRegistry()
    module.registerTypes(registry)
    return registry._types


@dataclass
class Top:
    """One node of the network, and its parameters as an artist has set them."""

    network: Network
    name: str
    above: tuple[Top, ...]
    values: dict[str, object]
    generate: Callable[[fake_pdg.WorkItemHolder, list[fake_pdg.WorkItem]], str]
    items: list[fake_pdg.WorkItem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def states(self) -> list[str]:
        return [item.state for item in self.items]


class Network:
    """A network in the scene of a folder, in a Houdini that is open for the length of a block.

    Args:
        folder: of the scene, ``$HIP``.
        hip: the scene.
        slots: work items that cook at once.
    """

    def __init__(self, folder: Path, hip: Path, slots: int = 2) -> None:
        self.variables = {"HIPFILE": hip.as_posix(), "HIP": folder.as_posix()}
        self.tops: list[Top] = []
        self.folder = folder
        self.temp = folder / "pdgtemp"
        self.job_variables: dict[str, str] = {}
        self.calls: Counter[str] = Counter()
        self.is_cooking = False
        self._types = node_types()
        self._ids = itertools.count(1)
        self._slots = slots
        self._cancelled = threading.Event()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._by_id: dict[int, tuple[Top, fake_pdg.WorkItem]] = {}

    def add(self, label: str, *above: Top, name: str = "", **values: object) -> Top:
        """Add a node of one of our types, by the label of its asset."""
        type_ = self._types[f"{label} (Basic)"]
        top = Top(self, name or type_.__name__ + "1", above, values, lambda *_: "")
        node = type_(top)
        top.generate = lambda holder, upstream: node.onGenerate(holder, upstream, fake_pdg.generationType.Static)
        self.tops.append(top)
        return top

    def wedge(self, count: int, attributes: Wedge, *above: Top) -> Top:
        """Add SideFX's own Wedge: so many work items for each one above, with attributes that an artist named."""

        def generate(holder: fake_pdg.WorkItemHolder, upstream: list[fake_pdg.WorkItem]) -> str:
            for parent in upstream or [None]:
                for index in range(count):
                    item = holder.addWorkItem(index=index, **({"parent": parent} if parent else {}))
                    item.setIntAttrib("wedgeindex", index)
                    item.setIntAttrib("wedgetotal", count)
                    for name, value in attributes(index).items():
                        kind = "String" if isinstance(value, str) else "Int" if isinstance(value, int) else "Float"
                        getattr(item, f"set{kind}Attrib")(name, value)
            return fake_pdg.result.Success

        top = Top(self, f"wedge{len(self.tops)}", above, {}, generate)
        self.tops.append(top)
        return top

    def generate(self) -> bool:
        """Generate every node; what is as it was stays cooked, and everything else is dirty."""
        for top in self.tops:
            top.errors.clear()
            top.warnings.clear()
            holder = fake_pdg.WorkItemHolder(lambda: next(self._ids))
            upstream = [item for above in top.above for item in above.items]
            if top.generate(holder, upstream) != fake_pdg.result.Success:
                return False
            top.items = [_kept(item, top.items) for item in holder._items]
            self._by_id.update({item.id: (top, item) for item in top.items})
        return True

    def cook(self, *, in_process: bool = False, after: Callable[[fake_pdg.WorkItem], None] = lambda _: None) -> bool:
        """Generate and cook what is not cooked; ``after`` is called with each work item that has ended."""
        if not self.generate():
            return False
        self._cancelled.clear()
        for top in self.tops:
            left = [item for item in top.items if item.state != STATE.CookedSuccess]
            if in_process:
                for item in left:
                    self._cook_item(top, item, _in_this_process, after)
                continue
            with ThreadPoolExecutor(self._slots) as pool:
                for done in [pool.submit(self._cook_item, top, item, self._run, after) for item in left]:
                    done.result()
        return all(state == STATE.CookedSuccess for top in self.tops for state in top.states)

    def start(self) -> None:
        """Cook in the background, as Houdini does for a caller that does not wait."""
        self.is_cooking = True

        def run() -> None:
            try:
                self.cook()
            finally:
                self.is_cooking = False

        threading.Thread(target=run, name="cook").start()

    def cancel(self, sent: signal.Signals = signal.SIGKILL) -> None:
        """Cancel the cook as the Local Scheduler does: what runs is killed, and nothing more is started."""
        self._cancelled.set()
        for process in list(self._running.values()):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(sent)

    def running(self) -> int:
        return len(self._running)

    def dirty(self, *tops: Top) -> None:
        """Dirty nodes, as an artist does."""
        for top in tops:
            for item in top.items:
                item._state = STATE.Dirty
                item._files.clear()

    def path(self, file: fake_pdg.File) -> Path:
        """Return where an output file is: PDG keeps it relative to the network's folder."""
        return Path(fake_pdg.Scheduler(self).localizePath(file.path))

    def log(self, top: Top, item: fake_pdg.WorkItem) -> str:
        """Return what a work item's job has printed."""
        return (self.temp / "logs" / f"{top.name}_{item.id}.log").read_text(encoding="utf-8")

    def _cook_item(
        self,
        top: Top,
        item: fake_pdg.WorkItem,
        cook: Callable[[Top, fake_pdg.WorkItem], int],
        after: Callable[[fake_pdg.WorkItem], None],
    ) -> None:
        if self._cancelled.is_set() or any(parent.state != STATE.CookedSuccess for parent in item._parents):
            return
        item._files.clear()
        item._state = STATE.Cooking
        code = cook(top, item) if item.command else 0
        stopped = STATE.CookedCancel if self._cancelled.is_set() else STATE.CookedFail
        item._state = STATE.CookedSuccess if code == 0 else stopped
        after(item)

    def _run(self, top: Top, item: fake_pdg.WorkItem) -> int:
        name = f"{top.name}_{item.id}"
        for folder in ("data", "logs"):
            (self.temp / folder).mkdir(parents=True, exist_ok=True)
        # Compressed, as the Local Scheduler does unless it is told otherwise.
        with gzip.open(self.temp / "data" / f"{name}.json.gz", "wt", encoding="utf-8") as file:
            json.dump(fake_pdg.job_document(item), file)
        environ = fake_pdg.job_environment(item, name, self.folder.as_posix(), str(self.temp), self._address)
        environ |= self.job_variables
        # Houdini's own, which a job inherits and which no other Python survives.
        environ |= {"PYTHONHOME": "/opt/hfs21.0/python", "PYTHONPATH": "/opt/hfs21.0/houdini/python3.11libs"}
        with (self.temp / "logs" / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                shlex.split(item.command), cwd=self.temp, env=environ, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
            self._running[item.id] = process
            code = process.wait()
            del self._running[item.id]
        return code

    def __enter__(self) -> Network:  # noqa: PYI034 - Self is not in Python 3.10
        network = self
        # Once for all jobs: one of them could be reading what is written.
        shutil.copytree(
            JOB_API, self.temp / "scripts", ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )

        class Server(socketserver.ThreadingMixIn, SimpleXMLRPCServer):
            daemon_threads = True
            request_queue_size = 128

            def _dispatch(self, name: str, values: tuple[Any, ...]) -> bool:
                network._report(name, *values)
                return True

        self._server = Server(("127.0.0.1", 0), logRequests=False, allow_none=True)
        self._address = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close Houdini: nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _report(self, name: str, item_id: int, *values: Any) -> None:  # noqa: ANN401 - whatever the call has
        """Take a call of a job under SideFX's own names; the last value is the job's number in its scheduler."""
        top, item = self._by_id[item_id]
        self.calls[name] += 1
        if name == "result":
            path, tag, *_ = values
            item.addOutputFile(path.data.decode(), tag)
        elif name == "warning":
            top.warnings.append(values[0])
        elif name in {"set_cook_percent", "set_custom_state"}:
            setattr(item, {"set_cook_percent": "_percent", "set_custom_state": "_custom_state"}[name], values[1])
        else:
            kind = name.removeprefix("set_").partition("_")[0].title()
            _, attribute, value, *index = values[:-1]
            getattr(item, f"set{kind}Attrib")(attribute, value, *index)


class DirectItem:
    """The work item of a job that cooks in this very process: ``pdgjson.WorkItem`` without a wire."""

    def __init__(self, top: Top, item: fake_pdg.WorkItem) -> None:
        self._top, self._item = top, item

    def __getattr__(self, name: str) -> object:
        own = {
            "setCookPercent": lambda percent: setattr(self._item, "_percent", percent),
            "setCustomState": lambda state: setattr(self._item, "_custom_state", state),
            "cookWarning": self._top.warnings.append,
        }
        return own[name] if name in own else getattr(self._item, name)


def _in_this_process(top: Top, item: fake_pdg.WorkItem) -> int:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return run(PdgItem(DirectItem(top, item)))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _kept(item: fake_pdg.WorkItem, before: list[fake_pdg.WorkItem]) -> fake_pdg.WorkItem:
    """Return the work item of an earlier generation that this one is again."""
    item._generated = fake_pdg.copied(item._attributes)
    return next((old for old in before if _made_as(old) == _made_as(item)), item)


def _made_as(item: fake_pdg.WorkItem) -> object:
    """Return what a work item was generated as."""
    return (item.index, [parent.id for parent in item._parents], item.command, item._generated)


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 180.0) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("it did not happen")
        time.sleep(0.05)
