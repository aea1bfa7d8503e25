"""The loop of a watcher: look at the folders, deal with what is complete, follow jobs, wait for a change."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from filelock import Timeout

from cosmos_houdini.batches.notify import Notice, Notifier
from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput
from cosmos_houdini.jobs.client import open_client
from cosmos_houdini.media.sequences.verify import verify
from cosmos_houdini.reporter import Reporter
from cosmos_houdini.shots.pass_names import name_passes
from cosmos_houdini.watch.changes import Changes
from cosmos_houdini.watch.completeness import find_lack, quiet_needed_s
from cosmos_houdini.watch.expected import Knowledge, SceneFinder
from cosmos_houdini.watch.ledger import Ledger
from cosmos_houdini.watch.options import SAFETY_S, WatchOptions
from cosmos_houdini.watch.renders import Folders, Layout, RenderedShot, Stat, find_shots, list_folders
from cosmos_houdini.watch.work import Workshop, is_finished

_JOB_POLL_S = 5.0
_SHORTEST_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The outcome of one look at the folders.

    Attributes:
        dealt: how many renders were dealt with.
        next_s: after how many seconds a render may have been quiet for long enough; None if none waits for that.
        incomplete: how many renders lack something.
        took_s: how long the look took.
    """

    dealt: int
    next_s: float | None
    incomplete: int
    took_s: float


def watch(config: Config, options: WatchOptions, reporter: Reporter, stop: Event | None = None) -> int:
    """Watch folders until ``stop`` is set, or with ``once`` until everything complete is dealt with.

    A render is complete when all frames of its range are there and whole, the passes agree, and nothing has changed for
    a while. Each complete render is dealt with once, whatever happens to this process and however many others watch. A
    frame that is rendered again later makes a new version. A folder that vanishes is waited for.

    Args:
        config: of the project.
        options: what is watched, and what follows.
        reporter: takes sentences and progress.
        stop: ends the watch.

    Returns:
        How many renders are still incomplete, or have a job on its way.

    Raises:
        BadInput: a folder does not exist, or the scene cannot be read.
    """
    for folder in options.folders:
        if not folder.is_dir():
            raise BadInput(f"{folder} is no folder", allowed="a folder into which renders are written")
    ending = stop or Event()
    with ExitStack() as stack:
        ledger = stack.enter_context(closing(Ledger(config.project)))
        stack.callback(ledger.leave)
        notifier = stack.enter_context(closing(Notifier(config.settings.notify, os.environ, reporter.say)))

        def tell(title: str, body: str, is_failure: bool) -> None:  # noqa: FBT001 - a callback of one place
            notifier.send(Notice(occasion="failures" if is_failure else "finish", title=title, body=body))

        workshop = Workshop(config=config, options=options, ledger=ledger, reporter=reporter, tell=tell)
        watcher = Watcher(config=config, options=options, workshop=workshop, reporter=reporter)
        changes = Changes(
            folders=options.folders, poll_s=options.poll_s, safety_s=SAFETY_S, say=reporter.say, stop=ending
        )
        stack.enter_context(closing(changes))
        return _run(watcher, changes, ledger, options, ending)


def _run(watcher: Watcher, changes: Changes, ledger: Ledger, options: WatchOptions, stop: Event) -> int:
    while True:
        ledger.greet(options.folders)
        look = watcher.look()
        jobs = watcher.follow()
        if stop.is_set() or (options.once and look.next_s is None and not jobs and not look.dealt):
            return look.incomplete + jobs
        waits = [SAFETY_S, *([look.next_s] if look.next_s is not None else []), *([_JOB_POLL_S] if jobs else [])]
        longest_s = _SHORTEST_S if look.dealt else max(min(waits), _SHORTEST_S)
        changes.wait(longest_s, look.took_s)


@dataclass(slots=True, kw_only=True)
class Watcher:
    """Remembers between looks what changed when; the ledger remembers what was done.

    Attributes:
        config: of the project.
        options: what is watched.
        workshop: deals with complete renders.
        reporter: takes sentences.
    """

    config: Config
    options: WatchOptions
    workshop: Workshop
    reporter: Reporter
    _before: dict[Path, Mapping[str, Stat]] = field(default_factory=dict)
    _changed_at: dict[Path, float] = field(default_factory=dict)
    _shots: dict[Path, list[RenderedShot]] = field(default_factory=dict)
    _gone: set[Path] = field(default_factory=set)
    _finder: SceneFinder = field(init=False)
    _layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        """Make the finder of scenes, and note which words mark a pass."""
        roots = frozenset(folder.absolute() for folder in self.options.folders)
        self._layout = Layout(roots=roots, names=name_passes(self.config, {}).files)
        self._finder = SceneFinder(given=self.options.scene, frame_range=self.options.frame_range)

    def look(self) -> Look:
        """Look at all folders once, and deal with the renders that are complete."""
        began = time.monotonic()
        folders = dict(self._listed())
        self._note_changes(folders, began)
        took_s = time.monotonic() - began
        dealt, incomplete, waits = 0, 0, []
        for shot in [shot for shots in self._shots.values() for shot in shots]:
            if is_finished(self.workshop.ledger.find(shot.key, shot.fingerprint)):
                self.workshop.ledger.forget_waiting(shot.key)
                continue
            outcome = self._consider(shot)
            dealt += outcome is True
            incomplete += outcome is False
            waits += [outcome] if not isinstance(outcome, bool) else []
        return Look(dealt=dealt, next_s=min(waits, default=None), incomplete=incomplete, took_s=took_s)

    def follow(self) -> int:
        """Take jobs further, and return how many are on their way."""
        if not self.workshop.ledger.submitted():
            return 0
        with open_client(self.config) as client:
            return self.workshop.follow(client)

    def _listed(self) -> Iterator[tuple[Path, Mapping[str, Stat]]]:
        for folder in self.options.folders:
            try:
                yield from list_folders(folder.absolute()).items()
            except OSError as error:
                if folder not in self._gone:
                    self.reporter.say(f"{folder} cannot be read ({error.strerror}); it is waited for")
                    self._gone.add(folder)
                continue
            if folder in self._gone:
                self.reporter.say(f"{folder} is there again")
                self._gone.discard(folder)

    def _note_changes(self, folders: Folders, now: float) -> None:
        """Find the shots of changed folders again, and note when they changed."""
        changed = {folder for folder in {*folders, *self._before} if folders.get(folder) != self._before.get(folder)}
        self._before = dict(folders)
        there = self._layout.units(folders)
        for unit in {self._layout.unit(folder) for folder in changed}:
            self._changed_at[unit] = now
            self._shots.pop(unit, None)
            if unit in there:
                self._shots[unit] = find_shots(unit, folders, self._layout)

    def _consider(self, shot: RenderedShot) -> bool | float:
        """Return whether a render was dealt with, or after how many seconds it may have been quiet for long enough."""
        try:
            knowledge = self._finder.know(shot)
        except BadInput as error:
            return self._wait_for(shot, str(error))
        if lack := find_lack(shot, knowledge.expected, self.options.needs):
            return self._wait_for(shot, lack)
        left_s = quiet_needed_s(shot, knowledge.expected, self.options.quiet_s) - self._quiet_s(shot.folder)
        if left_s > 0:
            self.workshop.ledger.wait_for(shot.key, name=shot.name, folder=shot.folder, reason="waits for quiet")
            return left_s
        damaged = [bad for sequence in verify(shot.sequences) for bad in sequence.corrupt]
        if damaged:
            told = f"{damaged[0].file.name} ({damaged[0].reason})"
            return self._wait_for(shot, f"{len(damaged)} frames are not whole, the first is {told}")
        return self._deal(shot, knowledge)

    def _deal(self, shot: RenderedShot, knowledge: Knowledge) -> bool | float:
        """Deal with a complete render, unless another watcher does so now."""
        ledger, frames = self.workshop.ledger, shot.sequences[0].frames
        with suppress(Timeout), ledger.lock(shot.key):
            # Another watcher may have dealt with it since the look began.
            if not is_finished(ledger.find(shot.key, shot.fingerprint)):
                row = ledger.begin(
                    shot.key,
                    shot.fingerprint,
                    name=shot.name,
                    folder=shot.folder,
                    frames=f"{frames[0].number}-{frames[-1].number}",
                )
                self.workshop.convert(row, shot, knowledge)
            return True
        return _JOB_POLL_S

    def _wait_for(self, shot: RenderedShot, reason: str) -> bool:
        if self.workshop.ledger.wait_for(shot.key, name=shot.name, folder=shot.folder, reason=reason):
            self.reporter.say(f"{shot.name}: {reason}")
        return False

    def _quiet_s(self, unit: Path) -> float:
        return time.monotonic() - self._changed_at.get(unit, time.monotonic())
