"""Promises that both kinds of host keep."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput, DiskFull, HostError, HostUnreachable
from cosmos_houdini.hosts import Host

HOSTILE_NAMES = ["plain", "with space", 'it\'s "quoted"', "größe 映画", "$(touch x);`id`", "-rf", "back\\slash\nline"]


def made(host: Host) -> Host:
    assert host.run(":").exit_code == 0
    return host


def names(host: Host) -> list[str]:
    return sorted(path.name for path in Path(host.root).iterdir())


def test_a_script_gives_its_exit_code_and_both_streams(host: Host) -> None:
    done = host.run("echo 'größe'; echo wrong >&2; exit 7")
    assert (done.exit_code, done.stdout, done.stderr) == (7, "größe\n", "wrong\n")


def test_the_exit_code_is_that_of_the_last_command(host: Host) -> None:
    assert host.run("false\ntrue # and a comment").exit_code == 0
    assert host.run("true\nfalse").exit_code == 1


def test_commands_read_nothing_from_the_script_itself(host: Host) -> None:
    # Longer than what a shell reads ahead.
    assert host.run("cat\n" + "# to be eaten\n" * 10_000 + "echo after").stdout == "after\n"


def test_a_script_with_a_syntax_error_runs_nothing(host: Host) -> None:
    assert host.run("touch started\nif true").exit_code != 0
    assert names(host) == []


def test_a_script_runs_in_the_root_which_is_the_users_alone(host: Host, tmp_path: Path) -> None:
    assert host.run("mkdir made; : >made/file; pwd -P").stdout.strip() == str((tmp_path / "root").resolve())
    modes = [stat.S_IMODE((tmp_path / "root" / name).stat().st_mode) for name in (".", "made", "made/file")]
    assert modes == [0o700, 0o700, 0o600]


def test_bytes_that_are_no_utf8_are_replaced(host: Host) -> None:
    assert host.run(r"printf 'a\377b'").stdout == "a\N{REPLACEMENT CHARACTER}b"


def test_a_script_of_megabytes_and_an_answer_of_megabytes_pass(host: Host) -> None:
    word = "x" * 3_000_000
    assert host.run(f"printf %s {word}; printf %s {word} >&2").stdout == word


def test_a_script_that_does_not_end_in_time_counts_as_unreachable(host: Host) -> None:
    with pytest.raises(HostUnreachable, match=r"within 0\.3 s"):
        host.run("exec sleep 30", timeout_s=0.3)


def test_what_a_script_leaves_running_is_not_waited_for(host: Host) -> None:
    assert host.run("sleep 30 >/dev/null 2>&1 & kill $!").exit_code == 0


def test_more_output_than_allowed_is_an_error(host: Host) -> None:
    with pytest.raises(HostError, match="more than 64 MiB"):
        host.run("head -c 70000000 /dev/zero")


def test_a_nul_in_a_script_is_refused(host: Host) -> None:
    with pytest.raises(BadInput, match="NUL"):
        host.run("echo 'a\0b'")


@given(text=st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=60))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_arrives_unchanged_when_quoted(host: Host, text: str) -> None:
    assert host.run(f"printf %s {shlex.quote(text)}").stdout == text


@given(data=st.binary(max_size=60).filter(lambda data: b"\0" not in data))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_name_arrives_unchanged_when_quoted(host: Host, data: bytes) -> None:
    name = data.decode("utf-8", "surrogateescape")
    assert host.run(f"printf %s {shlex.quote(name)} | od -An -v -tx1").stdout.split() == [f"{b:02x}" for b in data]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_files_come_back_as_they_went_under_any_name(host: Host, tmp_path: Path, name: str) -> None:
    local, remote, back = tmp_path / name, made(host).root / name, tmp_path / f"{name} back"
    local.write_bytes(os.urandom(1000))
    host.put(local, remote)
    host.get(remote, back)
    assert back.read_bytes() == local.read_bytes()
    assert names(host) == [name]


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 3_000_001])
def test_files_of_any_size_pass_and_are_counted(host: Host, tmp_path: Path, size: int) -> None:
    local, remote, back = tmp_path / "file", made(host).root / "file", tmp_path / "back"
    local.write_bytes(os.urandom(size))
    up: list[int] = []
    down: list[int] = []
    host.put(local, remote, on_bytes=up.append)
    host.get(remote, back, on_bytes=down.append)
    assert back.read_bytes() == local.read_bytes()
    assert (sum(up), sum(down)) == (size, size)


def test_what_is_written_has_its_mode_and_replaces_what_was_there(host: Host, tmp_path: Path) -> None:
    for text in (b"old", b"new"):
        made(host).write(host.root / "run.sh", text, mode=0o755)
    written = tmp_path / "root" / "run.sh"
    assert (written.read_bytes(), stat.S_IMODE(written.stat().st_mode)) == (b"new", 0o755)
    host.write(host.root / "secret", b"")
    assert stat.S_IMODE((tmp_path / "root" / "secret").stat().st_mode) == 0o600


def test_small_files_are_written_together(host: Host, tmp_path: Path) -> None:
    made(host).run("mkdir sub")
    contents = {"sub/it's $(a) \\ file": os.urandom(70_000), "empty": b"", "last": b"no line end", "sub/\n": b"\0\n"}
    host.write_all({host.root / "last": b"old"})
    host.write_all({host.root / name: data for name, data in contents.items()})
    files = [path for path in (tmp_path / "root").rglob("*") if path.is_file()]
    assert {str(path.relative_to(tmp_path / "root")): path.read_bytes() for path in files} == contents
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    host.write_all({})


def test_files_that_cannot_be_written_together_leave_nothing_half(host: Host, tmp_path: Path, small_disk: Path) -> None:
    full = PurePosixPath(small_disk)
    with pytest.raises(DiskFull, match="small disk/"):
        made(host).write_all({full / "small": b"x", full / "big": bytes(3_000_000)})
    assert [path.read_bytes() for path in small_disk.iterdir()] in ([], [b"x"])
    (tmp_path / "root" / "folder").mkdir()
    with pytest.raises(HostError, match="folder"):
        host.write_all({host.root / "folder": b"x"})
    assert names(host) == ["folder"]


def test_what_was_put_is_no_way_to_the_original(host: Host, tmp_path: Path) -> None:
    local = tmp_path / "input.mp4"
    local.write_bytes(b"original")
    host.put(local, made(host).root / "input.mp4")
    (tmp_path / "root" / "input.mp4").write_bytes(b"changed by the job")
    assert local.read_bytes() == b"original"


class Stop(Exception):
    """Raised by a callback."""


def test_a_callback_that_raises_stops_a_transfer_and_leaves_nothing(host: Host, tmp_path: Path) -> None:
    def stop(_: int) -> None:
        raise Stop

    local = tmp_path / "file"
    local.write_bytes(bytes(10))
    made(host).write(host.root / "there", b"there")
    with pytest.raises(Stop):
        host.put(local, host.root / "there", on_bytes=stop)
    with pytest.raises(Stop):
        host.get(host.root / "there", tmp_path / "back", on_bytes=stop)
    assert host.run("cat there; sleep 0.2; ls -A").stdout == "therethere\n"
    assert not list(tmp_path.glob("*back*")) + list(tmp_path.glob(".*"))


def test_missing_files_and_folders_are_named(host: Host, tmp_path: Path) -> None:
    local = tmp_path / "local"
    with pytest.raises(BadInput, match=r"/local cannot be read: No such file"):
        host.put(local, made(host).root / "x")
    local.write_bytes(b"x")
    with pytest.raises(HostError, match=r"/no/x"):
        host.put(local, host.root / "no" / "x")
    with pytest.raises(HostError, match=r"/missing .*No such file|/missing cannot be read: No such file"):
        host.get(host.root / "missing", tmp_path / "back")
    with pytest.raises(BadInput, match=r"/no/back cannot be written: No such file"):
        host.get(host.root / "x", tmp_path / "no" / "back")
    assert [names(host), sorted(p.name for p in tmp_path.iterdir() if p.is_file())] == [[], ["local"]]


def test_a_full_disk_on_the_host_is_named_and_left_as_it_was(host: Host, tmp_path: Path, small_disk: Path) -> None:
    local = tmp_path / "big"
    local.write_bytes(bytes(3_000_000))
    with pytest.raises(DiskFull, match=r"small disk/big"):
        made(host).put(local, PurePosixPath(small_disk) / "big")
    with pytest.raises(DiskFull, match=r"small disk/big"):
        host.write(PurePosixPath(small_disk) / "big", bytes(3_000_000))
    assert list(small_disk.iterdir()) == []


def test_a_full_disk_here_is_named_and_left_as_it_was(host: Host, small_disk: Path) -> None:
    made(host).run("head -c 3000000 /dev/zero >big")
    with pytest.raises(DiskFull, match=r"this machine.*small disk/big"):
        host.get(host.root / "big", small_disk / "big")
    assert list(small_disk.iterdir()) == []
