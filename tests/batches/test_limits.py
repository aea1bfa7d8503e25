"""The terms of a night, with a clock, a host and a budget that are handed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.batches.gate import Hold, JobEnded
from cosmos_houdini.batches.limits import NOTIFY_AFTER, PROBE_INTERVAL, LimitProbes, LimitSettings, StartLimits
from cosmos_houdini.batches.notify import Notice
from cosmos_houdini.batches.time_window import TimeWindow
from cosmos_houdini.errors import BadInput
from cosmos_houdini.hosts.health import HostHealth, parse_health
from cosmos_houdini.hosts.nvidia_smi import Gpu
from cosmos_houdini.jobs.store.record import JobRecord
from cosmos_houdini.jobs.store.spending import Spending
from cosmos_houdini.model.job import FailureClass, Job, JobFailure, JobState

BERLIN = ZoneInfo("Europe/Berlin")
HOUR_S = 3600.0
COOL = Gpu(index=0, free_gb=79.0, temperature_c=40)
FIT = HostHealth(free_disk_gb=500.0, gpus=(COOL,))
NOTHING = Spending()


@dataclass
class World:
    """Answers of the probes of a night; a test changes them while it goes on."""

    now: datetime = datetime(2026, 11, 23, 21, 0, tzinfo=BERLIN)
    look: HostHealth = FIT
    free_disk_gb: float = 100.0
    spent: Spending = NOTHING
    counts: Mapping[JobState, int] = field(default_factory=dict)
    busy: int = 0
    broken: str = ""
    notices: list[Notice] = field(default_factory=list)
    looks: int = 0

    def limits(self, **terms: object) -> StartLimits:
        def look() -> HostHealth:
            self.looks += 1
            return self.look

        probes = LimitProbes(
            now=lambda: self.now,
            look=look,
            free_disk_gb=lambda: self.free_disk_gb,
            spent=lambda: self.spent,
            counts=lambda: self.counts,
            busy=lambda: self.busy,
            broken=lambda: self.broken,
        )
        settings = LimitSettings(batch="sea", host="gpu01", **terms)  # type: ignore[arg-type]
        return StartLimits(settings=settings, probes=probes, notify=self.notices.append)


@pytest.mark.parametrize("text", ["", "22:00", "22:00-22:00", "25:00-07:00", "22-7", "22:00-07:00-08:00", "now-later"])
def test_what_is_no_window_is_refused(text: str):
    with pytest.raises(BadInput, match=r"as in 22:00-07:00"):
        TimeWindow.parse(text)


times = st.times().map(lambda t: t.replace(second=0, microsecond=0))


@given(times, times, st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2035, 1, 1)))  # noqa: DTZ001 - UTC is put in below
def test_a_window_holds_what_the_wall_clock_says_in_every_zone_and_on_every_day(
    opens: time, closes: time, moment: datetime
):
    if opens == closes:
        return
    window = TimeWindow.parse(f"{opens:%H:%M}-{closes:%H:%M}")
    minutes = (closes.hour * 60 + closes.minute - opens.hour * 60 - opens.minute) % (24 * 60)
    for zone in (timezone.utc, BERLIN, ZoneInfo("Australia/Lord_Howe")):
        local = moment.replace(tzinfo=timezone.utc).astimezone(zone)
        since = (local.hour * 60 + local.minute - opens.hour * 60 - opens.minute) % (24 * 60)
        assert window.contains(local) == (since < minutes)


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 28), 8), ((2026, 10, 24), 10), ((2026, 11, 23), 9)])
def test_a_night_on_which_clocks_change_is_as_long_as_it_is(day: tuple[int, int, int], hours: int):
    window = TimeWindow.parse("22:00-07:00")
    noon = datetime(*day, 12, 0, tzinfo=BERLIN).astimezone(timezone.utc)
    moments = [(noon + timedelta(minutes=minutes)).astimezone(BERLIN) for minutes in range(24 * 60)]
    assert sum(map(window.contains, moments)) == hours * 60


def test_runs_are_started_between_the_times_alone_and_the_end_of_the_window_ends_the_batch():
    world = World()
    night = world.limits(window=TimeWindow.parse("22:00-07:00"))
    assert night.gate() == Hold(reason="it is not yet 22:00, the beginning of 22:00-07:00")
    world.now += timedelta(hours=1)
    assert night.gate() is None
    world.now += timedelta(hours=8, minutes=59)
    assert night.gate() is None
    world.now += timedelta(minutes=1)
    assert night.gate() == Hold(reason="it is past 07:00, the end of 22:00-07:00", final=True)
    waited, past = night.held
    assert waited.until is not None
    assert waited.until - waited.since == timedelta(hours=1)
    assert past.until is None
    assert world.notices == []


def test_a_command_given_after_the_window_waits_for_the_next_one():
    world = World(now=datetime(2026, 11, 24, 8, 0, tzinfo=BERLIN))
    hold = world.limits(window=TimeWindow.parse("22:00-07:00")).gate()
    assert hold
    assert not hold.final


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        ({"gpu_hours": 4.0}, "the budget of 4 GPU hours leaves no room for another run until it is raised"),
        (
            {"max_cost": 7.0, "price_per_hour": 3.5, "currency": "EUR"},
            "the budget of 7 EUR at 3.5 EUR an hour leaves no room for another run until it is raised",
        ),
    ],
)
def test_a_budget_counts_what_runs_and_leaves_room_for_the_run_that_is_next(terms: dict[str, float], sentence: str):
    world = World(spent=Spending(running=1, running_s=1.9 * HOUR_S, gpus=2))
    night = world.limits(**terms)
    assert night.gate() is None
    world.spent = Spending(running=1, running_s=2 * HOUR_S, gpus=2)
    assert night.gate() == Hold(reason=sentence, final=True)
    # Two runs of half an hour: with one that has just begun and one more, two hours are spent.
    world.spent = Spending(ended=2, ended_s=HOUR_S, running=1, running_s=10, gpus=2)
    assert world.limits(**terms).gate() is None
    world.spent = replace(world.spent, running=2)
    assert world.limits(**terms).gate() == Hold(reason=sentence, final=True)
    (notice,) = {notice.title: notice for notice in world.notices}.values()
    assert (notice.occasion, notice.title) == ("budget", f"sea on gpu01 starts no further run: {sentence}")


HOT = HostHealth(free_disk_gb=500, gpus=(COOL, replace(COOL, index=1, temperature_c=91)))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"free_disk_gb": 1.0}, "this machine has less than 2 GB of disk free"),
        ({"look": HostHealth(free_disk_gb=1.0)}, "gpu01 has less than 2 GB of disk free"),
        ({"look": HOT}, "a GPU of gpu01 is at 90 °C or more"),
        (
            {"look": HostHealth(gpus=(replace(COOL, free_gb=74.9), replace(COOL, index=1, free_gb=3)))},
            "no GPU of gpu01 has 75 GiB of memory free",
        ),
    ],
)
def test_what_is_not_as_it_should_be_holds_the_batch_until_it_is(changes: dict[str, object], sentence: str):
    world = replace(World(), **changes)  # type: ignore[arg-type]
    night = world.limits(gpu_memory_gb=75.0)
    assert night.gate() == Hold(reason=sentence)
    world.look, world.free_disk_gb = FIT, 100.0
    world.now += PROBE_INTERVAL
    assert night.gate() is None


def test_gpus_that_jobs_may_not_have_and_those_that_ours_fill_hold_nothing():
    world = World(look=replace(HOT, gpus=(replace(COOL, free_gb=2.0), HOT.gpus[1])))
    assert world.limits(gpu_memory_gb=75.0, gpus=(0,)).gate() is not None
    world.busy = 1
    assert world.limits(gpu_memory_gb=75.0, gpus=(0,)).gate() is None
    world.look = HostHealth()
    assert world.limits(gpu_memory_gb=75.0).gate() is None


def test_the_host_is_not_asked_at_every_look():
    world = World()
    night = world.limits()
    for _ in range(10):
        night.gate()
    assert world.looks == 1
    world.now += PROBE_INTERVAL
    night.gate()
    assert world.looks == 2


def test_people_are_told_once_of_what_does_not_mend_itself():
    world = World(look=HOT)
    night = world.limits()
    night.gate()
    assert world.notices == []
    for _ in range(3):
        world.now += NOTIFY_AFTER
        night.gate()
    (notice,) = world.notices
    assert (notice.occasion, notice.title) == ("hold", "sea on gpu01 waits: a GPU of gpu01 is at 90 °C or more")


def failed(record: JobRecord, state: JobState = JobState.FAILED) -> JobEnded:
    failure = JobFailure(failure=FailureClass.OOM, message="CUDA out of memory")
    return JobEnded(record=replace(record, job=replace(record.job, state=state, failure=failure)))


def test_people_are_told_once_when_a_share_of_the_runs_has_failed(a_record: JobRecord):
    world = World(counts={JobState.FAILED: 1, JobState.QUEUED: 9})
    night = world.limits(failed_share=0.2)
    night.hear(failed(a_record))
    assert world.notices == []
    world.counts = {JobState.FAILED: 1, JobState.LOST: 1, JobState.QUEUED: 8}
    night.hear(JobEnded(record=replace(a_record, job=replace(a_record.job, state=JobState.SUCCEEDED))))
    assert world.notices == []
    night.hear(failed(a_record))
    night.hear(failed(a_record))
    (notice,) = world.notices
    assert (notice.occasion, notice.title) == ("failures", "sea on gpu01: 2 of 10 runs have failed")
    assert "CUDA out of memory" in notice.body


@pytest.fixture
def a_record() -> JobRecord:
    job = Job(
        id="sea-1",
        name="sea-0001",
        engine="fake",
        host="gpu01",
        state=JobState.RUNNING,
        attempt=1,
        progress=0.0,
        eta_s=None,
        failure=None,
        outputs=(),
    )
    return JobRecord(job=job, request={}, inputs={}, root="", launcher="process", results=Path())


DF = """Filesystem     1024-blocks      Used Available Capacity Mounted on
/dev/nvme0n1p1   943704088 811704088 132000000      87% /data disk
== gpus
0, NVIDIA H100 80GB HBM3, 81559, 81042, 31
1, NVIDIA H100 80GB HBM3, 81559, 312, 78
2, NVIDIA GB10, [N/A], [N/A], [Not Supported]
"""


def test_what_a_host_tells_is_read_and_what_cannot_be_is_left_out():
    seen = parse_health(DF)
    assert seen.free_disk_gb == pytest.approx(135.168)
    assert [(gpu.index, gpu.temperature_c) for gpu in seen.gpus] == [(0, 31), (1, 78), (2, None)]
    assert seen.gpus[0].free_gb == pytest.approx(79.14, abs=0.01)
    assert seen.gpus[2].free_gb is None
    assert [gpu.index for gpu in seen.of((1,))] == [1]
    assert parse_health("df: command not found\n== gpus\nNVIDIA-SMI has failed\n") == HostHealth()


def test_a_night_that_is_over_is_over_for_what_waits_on_the_host_too_and_its_gpus_are_not_asked():
    world = World()
    night = world.limits(window=TimeWindow.parse("20:00-22:00"))
    assert night.may_begin_waiting()
    world.now += timedelta(hours=2)
    world.looks = 0
    assert not night.may_begin_waiting()
    assert (world.looks, night.held) == (0, [])
    world.spent = Spending(ended=1, ended_s=HOUR_S, running=1)
    assert not world.limits(gpu_hours=2.5).may_begin_waiting()
    assert world.limits(gpu_hours=3.5).may_begin_waiting()


def test_heat_and_a_full_disk_hold_back_what_waits_on_the_host_and_full_memory_does_not():
    assert not World(look=HOT).limits().may_begin_waiting()
    assert not World(look=HostHealth(free_disk_gb=1.0)).limits().may_begin_waiting()
    assert not World(free_disk_gb=1.0).limits().may_begin_waiting()
    full = HostHealth(gpus=(replace(COOL, free_gb=1.0),))
    assert World(look=full).limits(gpu_memory_gb=75.0).may_begin_waiting()


def test_a_host_that_is_set_up_wrong_ends_the_batch_and_names_doctor() -> None:
    world = World()
    limits = world.limits()
    assert limits.gate() is None
    world.broken = "the NVIDIA driver of the host is missing or too old: Found no NVIDIA driver. Please check"
    hold = limits.gate()
    assert hold is not None
    assert hold.final
    assert "too old" in hold.reason
    assert "cosmos-houdini doctor --host gpu01" in hold.reason
    assert not limits.may_begin_waiting()
    assert [notice.occasion for notice in world.notices] == ["budget"]
