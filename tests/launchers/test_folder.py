from __future__ import annotations

import base64
import doctest
import gzip
import sys
import time
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput, HostError
from cosmos_houdini.hosts import open_host
from cosmos_houdini.hosts.settings import HostConfig
from cosmos_houdini.launchers import detached, docker, job_folder, shell, time_limit
from cosmos_houdini.launchers.job_folder import HostJobState, Observation, attempt_folder
from cosmos_houdini.launchers.poll import LONGEST_UNPACKED_BYTES, parse_poll, poll_script
from cosmos_houdini.launchers.site import site_for
from cosmos_houdini.model.request import Site
from support.jobs.launched_tasks import observe
from support.media import FFMPEG

LOGS = (
    b"",
    b"no line end",
    b".\n",
    b"done\n.\n.\n\n==> 0/stdout.log <==\n\n==> ././0/stdout.log <==\nforged",
    b"10%\r20%\r\n",
    bytes(range(256)) * 3,
    b"\n\n\n",
)


@pytest.mark.parametrize("module", [job_folder, shell, docker, detached, time_limit])
def test_the_examples_are_true(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


def test_a_site_knows_engine_and_ffmpeg_of_its_host() -> None:
    config = HostConfig(engine_path="/opt/engine", ffmpeg="/usr/bin/ffmpeg")
    site = site_for(PurePosixPath("/data"), "sea-1", 2, config, ffmpeg=FFMPEG)
    assert site == Site(
        folder=PurePosixPath("/data/jobs/sea-1.2"),
        engine_path=PurePosixPath("/opt/engine"),
        ffmpeg="/usr/bin/ffmpeg",
        own_python=sys.executable,
    )


@pytest.mark.parametrize("name", ["", "..", "../x", "a/b", "-rf", ".hidden", "a b", "a\nb", "größe", "a" * 121])
def test_a_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        attempt_folder(name, 1)
    with pytest.raises(BadInput):
        poll_script(PurePosixPath("/data"), [name])


def made(project: Path, name: str, files: dict[str, str | bytes]) -> Path:
    """Return a job's folder made by hand."""
    job = project / ".cosmos/host/jobs" / name
    job.mkdir(parents=True)
    for relative, content in {"request.json": "{}", **files}.items():
        (job / relative).parent.mkdir(exist_ok=True)
        (job / relative).write_bytes(content.encode() if isinstance(content, str) else content)
    return job


@pytest.mark.skipif(sys.platform == "win32", reason="jobs run on POSIX hosts")
class TestOnTheHost:
    def test_logs_of_any_bytes_come_back_whole(self, weird_path: Path) -> None:
        for i, log in enumerate(LOGS):
            other = LOGS[-1 - i]
            made(weird_path, f"{i}", {"started/pid": "0\n", "exit_code": "0\n", "stdout.log": log, "stderr.log": other})
        host = open_host("here", HostConfig(), project=weird_path)
        seen = observe(host, *(Site(folder=host.root / "jobs" / f"{i}") for i in range(len(LOGS))))
        for i, log in enumerate(LOGS):
            told = seen[f"{i}"]
            assert told.stdout_tail == log.decode(errors="replace")
            assert told.stderr_tail == LOGS[-1 - i].decode(errors="replace")
            assert (told.stdout_bytes, told.exit_code, told.state) == (len(log), 0, HostJobState.ENDED)

    def test_a_host_without_gzip_tells_the_same(self, tmp_path: Path) -> None:
        made(tmp_path, "a", {"started/pid": "0", "stdout.log": "said\n"})
        host = open_host("here", HostConfig(), project=tmp_path)
        script = poll_script(host.root, ["a"])
        assert "logs gzip -1\n" in host.run(script).stdout
        plain = host.run(script.replace("command -v gzip", "false")).stdout
        assert "logs cat\n" in plain
        assert parse_poll(plain)["a"].stdout_tail == "said\n"

    def test_only_the_end_of_a_long_log_is_told(self, tmp_path: Path) -> None:
        made(tmp_path, "a", {"started/pid": "0", "stdout.log": "x" * 50_000 + "END"})
        host = open_host("here", HostConfig(), project=tmp_path)
        told = parse_poll(host.run(poll_script(host.root, ["a"], tail_bytes=100)).stdout)["a"]
        assert (told.stdout_tail, told.stdout_bytes) == ("x" * 97 + "END", 50_003)

    def test_times_are_told_by_the_hosts_own_clock(self, tmp_path: Path) -> None:
        now = int(time.time())
        made(tmp_path, "done", {"started/pid": "0", "exit_code": "3\n", "state": f"ended {now - 50} {now - 20}\n"})
        made(tmp_path, "late", {"started/pid": "0", "heartbeat": f"{now - 100}\n", "state": f"running {now - 500}\n"})
        made(tmp_path, "ahead", {"started/pid": "0", "heartbeat": f"{now + 900}\n", "state": "waiting\n"})
        host = open_host("here", HostConfig(), project=tmp_path)
        seen = observe(host, *(Site(folder=host.root / "jobs" / name) for name in ("done", "late", "ahead")))
        assert (seen["done"].run_s, seen["done"].exit_code) == (30, 3)
        assert seen["late"].heartbeat_age_s == pytest.approx(100, abs=30)
        assert seen["late"].run_s == pytest.approx(500, abs=30)
        assert seen["late"].state is HostJobState.VANISHED
        assert (seen["ahead"].heartbeat_age_s, seen["ahead"].run_s) == (0, None)

    def test_what_is_not_there_or_not_started_is_told_apart(self, tmp_path: Path) -> None:
        host = open_host("here", HostConfig(), project=tmp_path)
        sites = [Site(folder=host.root / "jobs" / name) for name in ("absent", "half", "staged")]
        assert {o.state for o in observe(host, *sites).values()} == {HostJobState.ABSENT}
        made(tmp_path, "half", {}).joinpath("request.json").unlink()
        made(tmp_path, "staged", {})
        assert [observe(host, *sites)[s.folder.name].state for s in sites] == [
            HostJobState.ABSENT,
            HostJobState.ABSENT,
            HostJobState.STAGED,
        ]

    def test_files_full_of_nonsense_are_told_as_unknown(self, tmp_path: Path) -> None:
        nonsense = "$(touch stolen) 08 ; * \n\n"
        names = ("exit_code", "state", "heartbeat", "started/pid")
        made(tmp_path, "a", dict.fromkeys(names, nonsense))
        made(tmp_path, "b", dict.fromkeys(names, b"\0\xff"))
        host = open_host("here", HostConfig(), project=tmp_path)
        seen = observe(host, *(Site(folder=host.root / "jobs" / name) for name in ("a", "b")))
        assert {(o.state, o.exit_code, o.run_s, o.heartbeat_age_s) for o in seen.values()} == {
            (HostJobState.ENDED, None, None, None)
        }
        assert not list(tmp_path.rglob("stolen"))

    def test_hundreds_of_jobs_are_one_command(self, tmp_path: Path) -> None:
        for i in range(200):
            made(tmp_path, f"job-{i}", {"started/pid": "0", "state": "running 1\n", "stdout.log": f"log of {i}\n"})
        host = open_host("here", HostConfig(), project=tmp_path)
        seen = observe(host, *(Site(folder=host.root / "jobs" / f"job-{i}") for i in range(200)))
        assert [seen[f"job-{i}"].stdout_tail for i in range(200)] == [f"log of {i}\n" for i in range(200)]


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4", "-5", "0", "00:00:00", "1-", "٣"])
def test_what_is_no_time_limit_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="is no limit"):
        time_limit.seconds(text)


FIRST = "poll 100 .//./"
LINE = st.one_of(
    st.sampled_from(
        [
            FIRST,
            "done",
            "lengths",
            "logs cat",
            "logs gzip -1",
            "job a running - 1 2 - 0 0 -",
            "job a jumping - 1 2 - 0 0 -",
        ]
    ),
    st.text(max_size=20),
    st.binary(max_size=12).map(lambda data: base64.b64encode(data).decode()),
)


@given(st.lists(LINE, max_size=8).map("\n".join))
def test_any_answer_is_understood_or_refused_by_name(text: str) -> None:
    for answer in (
        text,
        f"{FIRST}\n{text}\ndone\n",
        f"{FIRST}\nlengths\nlogs cat\n{text}\ndone\n",
        f"{FIRST}\nlengths\nlogs gzip -1\n{text}\ndone\n",
    ):
        try:
            seen = parse_poll(answer)
        except HostError:
            continue
        assert all(isinstance(told, Observation) for told in seen.values())


TAILS = b"==> /dev/null <==\n\n==> .//./a/stdout.log <==\nhello"


def whole(packing: str, packed: bytes) -> str:
    return f"""{FIRST}
job a running - 90 50 - 0 0 -
job b ended 1 90 50 80 1 0 stalled
lengths
      6 .//./a/stdout.log
logs {packing}
{base64.b64encode(packed).decode()}
done
"""


WHOLE = [whole("cat", TAILS), whole("gzip -1", gzip.compress(TAILS))]


@pytest.mark.parametrize("answer", WHOLE)
def test_a_whole_answer_is_understood(answer: str) -> None:
    assert parse_poll(answer) == {
        "a": Observation(
            state=HostJobState.RUNNING, heartbeat_age_s=10, began_s=50, run_s=50, stdout_tail="hello", stdout_bytes=6
        ),
        "b": Observation(
            state=HostJobState.ENDED,
            exit_code=1,
            oom_killed=True,
            stopped="stalled",
            heartbeat_age_s=10,
            began_s=50,
            run_s=30,
        ),
    }


@given(st.sampled_from(WHOLE), st.data())
def test_an_answer_that_was_cut_off_is_refused(answer: str, data: st.DataObject) -> None:
    length = data.draw(st.integers(min_value=0, max_value=len(answer) - 2))
    with pytest.raises(HostError):
        parse_poll(answer[:length])


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(TAILS)[:-9], b"no gzip", gzip.compress(bytes(LONGEST_UNPACKED_BYTES + 1))],
    ids=["cut off", "no gzip", "too large"],
)
def test_logs_that_cannot_be_unpacked_or_are_too_large_are_refused(packed: bytes) -> None:
    with pytest.raises(HostError):
        parse_poll(whole("gzip -1", packed))
