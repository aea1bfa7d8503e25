"""Many files at once, to a host and back: what arrives, what is taken up again, and what is never left behind."""

from __future__ import annotations

import hashlib
import math
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cosmos_houdini.errors import BadInput, DiskFull, HostError, HostUnreachable
from cosmos_houdini.hosts import Host, Progress, Transfer, open_host
from cosmos_houdini.hosts.transfer.chunks import packs, parts
from cosmos_houdini.hosts.transfer.script import parse_survey
from cosmos_houdini.hosts.transfer.throttle import Throttle
from support.programs import need_program
from support.servers.sshd import Sshd
from support.servers.tcp_proxy import Proxy, running_proxy

MIB = 2**20
NAMES = ["plain", "with space", 'it\'s "quoted"', "größe 映画", "$(touch x);`id`", "-rf", "back\\slash\nline"]
SIZES = [0, 1, 1000, 300_000, 8 * MIB, 8 * MIB + 1, 9 * MIB + 5]


class Stop(Exception):
    """Raised by a callback."""


@pytest.fixture
def proxy(server: Sshd) -> Iterator[Proxy]:
    with running_proxy(server.port) as running:
        yield running


@pytest.fixture
def open_cut_host(server: Sshd, proxy: Proxy, tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Open a client of a host whose connections the proxy can cut; all clients share its root."""
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{proxy.port} {server.public_host_key()}\n", encoding="utf-8")
    opened: list[Host] = []

    def open_one(**changes: object) -> Host:
        config = server.config(tmp_path / "root", port=proxy.port, known_hosts=known, **changes)
        opened.append(open_host("gpu01", config, project=tmp_path))
        return opened[-1]

    yield open_one
    for host in opened:
        host.close()


@pytest.fixture
def cut_host(open_cut_host: Callable[..., Host]) -> Host:
    """Return a host whose connections the proxy can cut, at a rate that its shells keep up with."""
    host = open_cut_host(bandwidth_mb_per_s=10)
    host.run("mkdir -p out")
    return host


def transfer(local: Path, remote: PurePosixPath, data: bytes) -> Transfer:
    return Transfer(local=local, remote=remote, bytes=len(data), sha256=hashlib.sha256(data).hexdigest())


def outgoing(host: Host, folder: Path, sizes: list[int]) -> list[Transfer]:
    """Make files of random bytes here, to be put into the folder ``out`` of the root."""
    folder.mkdir(exist_ok=True)
    host.run("mkdir -p out")
    made = []
    for index, size in enumerate(sizes):
        data = os.urandom(size)
        local = folder / f"{index} {NAMES[index % len(NAMES)]}"
        local.write_bytes(data)
        made.append(transfer(local, host.root / "out" / local.name, data))
    return made


def incoming(host: Host, folder: Path, sizes: list[int]) -> list[Transfer]:
    """Make files of random bytes on the host, to be fetched into a folder here."""
    folder.mkdir(exist_ok=True)
    host.run("mkdir -p made")
    made = []
    for index, size in enumerate(sizes):
        data = os.urandom(size)
        local = folder / f"{index} {NAMES[index % len(NAMES)]}"
        Path(host.root / "made" / local.name).write_bytes(data)
        made.append(transfer(local, host.root / "made" / local.name, data))
    return made


def contents(transfers: list[Transfer], side: str) -> list[str]:
    paths = [Path(getattr(one, side)) for one in transfers]
    return [hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else "" for path in paths]


def hashes(transfers: list[Transfer]) -> list[str]:
    return [one.sha256 for one in transfers]


def parts_on(host: Host) -> list[Path]:
    return sorted(Path(host.root / "incoming").glob("*"))


def no_writer_left(host: Host) -> bool:
    """Wait until what has arrived in part has been let go by the scripts that were cut off."""
    deadline = time.monotonic() + 60
    before: list[tuple[str, int]] = [("", 0)]
    while time.monotonic() < deadline:
        now = []
        for path in parts_on(host):
            with suppress(FileNotFoundError):  # renamed at this moment
                now.append((path.name, path.stat().st_size))
        if now == before and not any(re.search(r"\.[0-9a-f]{32}\.", name) for name, _ in now):
            return True
        before = now
        time.sleep(0.3)
    return False


def test_files_of_all_sizes_and_names_go_and_come_back(host: Host, tmp_path: Path) -> None:
    there = outgoing(host, tmp_path / "files", [*SIZES, *[7000] * 80])
    told: list[Progress] = []
    host.put_many(there, on_progress=told.append)
    assert contents(there, "remote") == hashes(there)
    assert told[-1].moved_bytes == told[-1].total_bytes == sum(one.bytes for one in there)
    back = [transfer(tmp_path / f"back {i}", one.remote, one.local.read_bytes()) for i, one in enumerate(there)]
    told.clear()
    host.get_many(back, on_progress=told.append)
    assert contents(back, "local") == hashes(back)
    assert told[-1].moved_bytes == told[-1].total_bytes == sum(one.bytes for one in there)
    assert not parts_on(host) + list(tmp_path.glob(".*"))


def test_what_is_there_is_moved_no_second_time(host: Host, tmp_path: Path) -> None:
    there = outgoing(host, tmp_path / "files", SIZES)
    told: list[Progress] = []
    host.put_many(there)
    host.put_many(there, on_progress=told.append)
    host.get_many(there, on_progress=told.append)
    assert told == []


def test_what_was_put_is_private(host: Host, tmp_path: Path) -> None:
    there = outgoing(host, tmp_path / "files", [10, 9 * MIB])
    host.put_many(there)
    assert [Path(one.remote).stat().st_mode & 0o777 for one in there] == [0o600, 0o600]


def test_no_files_are_no_work(host: Host) -> None:
    host.put_many([])
    host.get_many([])


@pytest.mark.parametrize("remote", ["/elsewhere/file", "../file"])
def test_a_path_that_leaves_the_root_is_refused(host: Host, tmp_path: Path, remote: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(BadInput, match="does not lie below the root"):
        host.put_many([transfer(tmp_path / "file", host.root / remote, b"x")])


@pytest.mark.parametrize("sha256", ["", "../" * 21 + "x", "A" * 64])
def test_what_is_no_hash_is_refused(sha256: str) -> None:
    with pytest.raises(BadInput, match="as no file has"):
        Transfer(local=Path("x"), remote=PurePosixPath("/x"), bytes=1, sha256=sha256)


def test_a_file_with_another_content_than_promised_gets_no_name(host: Host, tmp_path: Path) -> None:
    there = outgoing(host, tmp_path / "files", [1000, 9 * MIB])
    for one in there:
        one.local.write_bytes(bytes(one.bytes))
    with pytest.raises(HostError, match=r"arrived damaged .*3 times"):
        host.put_many(there)
    back = incoming(host, tmp_path / "fetched", [1000, 9 * MIB])
    for one in back:
        Path(one.remote).write_bytes(bytes(one.bytes))
    with pytest.raises(HostError, match=r"arrived damaged .*3 times"):
        host.get_many(back)
    assert not list(Path(host.root / "out").iterdir()) + list((tmp_path / "fetched").iterdir()) + parts_on(host)


def test_missing_files_and_folders_are_named(host: Host, tmp_path: Path) -> None:
    one, two = outgoing(host, tmp_path / "files", [10, 9 * MIB])
    one.local.unlink()
    with pytest.raises(BadInput, match="0 plain cannot be read: No such file"):
        host.put_many([one, two])
    for there in incoming(host, tmp_path / "back", [10, 9 * MIB]):
        Path(there.remote).write_bytes(b"short")
        with pytest.raises(HostError, match=f"has 5 bytes instead of {there.bytes}"):
            host.get_many([there])
        Path(there.remote).unlink()
        with pytest.raises(HostError, match=r"(plain|space).* cannot be read: .*[Nn]o such file"):
            host.get_many([there])
    with pytest.raises(HostError, match=r"no folder/.*cannot be written: .*[Nn]o such file"):
        host.put_many([transfer(two.local, host.root / "no folder" / "x", two.local.read_bytes())])
    assert not list(tmp_path.rglob("0 plain"))


def test_a_callback_that_raises_stops_all_and_a_later_call_goes_on(cut_host: Host, tmp_path: Path) -> None:
    there = outgoing(cut_host, tmp_path / "files", [16 * MIB])
    back = incoming(cut_host, tmp_path / "back", [100, 16 * MIB])

    def stop(_: Progress) -> None:
        raise Stop

    for move, transfers, final in ((cut_host.put_many, there, "remote"), (cut_host.get_many, back[1:], "local")):
        with pytest.raises(Stop):
            move(transfers, on_progress=stop)
        assert contents(transfers, final) == [""]
        assert no_writer_left(cut_host)
        told: list[Progress] = []
        move(transfers, on_progress=told.append)
        assert contents(transfers, final) == hashes(transfers)
        assert 0 < told[-1].moved_bytes < 16 * MIB


def cut_half_way(host: Host, proxy: Proxy) -> Callable[[Progress], None]:
    """Return a callback that cuts an upload when much of it lies on the host."""

    def look(progress: Progress) -> None:
        # A script may take a name away between the two looks.
        with suppress(FileNotFoundError):
            if sum(path.stat().st_size for path in parts_on(host)) > progress.total_bytes // 3:
                proxy.cut()

    return look


def test_an_upload_that_was_cut_goes_on_at_the_byte_where_it_stopped(
    cut_host: Host, open_cut_host: Callable[..., Host], proxy: Proxy, tmp_path: Path
) -> None:
    there = outgoing(cut_host, tmp_path / "files", [20 * MIB])
    with pytest.raises(HostUnreachable):
        cut_host.put_many(there, on_progress=cut_half_way(cut_host, proxy))
    assert contents(there, "remote") == [""]
    assert no_writer_left(cut_host)
    arrived = sum(path.stat().st_size for path in parts_on(cut_host))
    assert 6 * MIB < arrived < 20 * MIB
    before = proxy.to_target_bytes
    told: list[Progress] = []
    open_cut_host().put_many(there, on_progress=told.append)
    assert contents(there, "remote") == hashes(there)
    # Under load a script may have been late with its last bytes.
    assert told[-1].moved_bytes == told[-1].total_bytes <= 20 * MIB - arrived
    assert proxy.to_target_bytes - before < 1.02 * (20 * MIB - arrived) + 100_000
    assert not parts_on(cut_host)


def test_small_files_that_were_cut_on_their_way_go_on_where_they_stopped(
    open_cut_host: Callable[..., Host], proxy: Proxy, tmp_path: Path
) -> None:
    host = open_cut_host(bandwidth_mb_per_s=2)
    there = outgoing(host, tmp_path / "files", [MIB // 2] * 7)
    with pytest.raises(HostUnreachable):
        host.put_many(there, on_progress=cut_half_way(host, proxy))
    assert no_writer_left(host)
    (arrived,) = [path.stat().st_size for path in parts_on(host)]
    told: list[Progress] = []
    host.put_many(there, on_progress=told.append)
    assert contents(there, "remote") == hashes(there)
    assert told[-1].moved_bytes <= 7 * MIB // 2 - arrived
    assert not parts_on(host)


def test_a_download_that_was_cut_goes_on_at_the_byte_where_it_stopped(
    cut_host: Host, proxy: Proxy, tmp_path: Path
) -> None:
    back = incoming(cut_host, tmp_path / "back", [20 * MIB, *[MIB // 2] * 12])
    size = sum(one.bytes for one in back)
    proxy.cut_after(size // 2)
    with pytest.raises(HostUnreachable):
        cut_host.get_many(back)
    assert not [path for path in (tmp_path / "back").iterdir() if not path.name.endswith(".part")]
    here = sum(path.stat().st_size for path in (tmp_path / "back").iterdir())
    assert here > 0  # what the client had not read yet is lost with the connection
    before = proxy.from_target_bytes
    cut_host.get_many(back)
    assert contents(back, "local") == hashes(back)
    assert proxy.from_target_bytes - before < 1.02 * (size - here) + 100_000
    assert len(list((tmp_path / "back").iterdir())) == len(back)


def test_cuts_at_random_bytes_never_leave_a_wrong_file(
    open_cut_host: Callable[..., Host], proxy: Proxy, tmp_path: Path
) -> None:
    chance = random.Random(11)
    host = open_cut_host(bandwidth_mb_per_s=30)
    there = outgoing(host, tmp_path / "files", [9 * MIB, *[chance.randrange(MIB) for _ in range(4)]])
    back = incoming(host, tmp_path / "back", [9 * MIB, *[chance.randrange(MIB) for _ in range(4)]])
    for move, transfers, final in ((host.put_many, there, "remote"), (host.get_many, back, "local")):
        for attempt in range(4):
            proxy.cut_after(chance.randrange(1_000, 2 * MIB * (attempt + 1)))
            with suppress(HostUnreachable):
                move(transfers)
            for found, wanted in zip(contents(transfers, final), hashes(transfers), strict=True):
                assert found in {"", wanted}
        proxy.cut_after(10**9)
        move(transfers)
        assert contents(transfers, final) == hashes(transfers)
    assert not list((tmp_path / "back").glob(".*"))


def test_a_cut_at_any_byte_of_the_login_is_no_refusal(open_cut_host: Callable[..., Host], proxy: Proxy) -> None:
    ends = []
    for count in range(300, 6_000, 500):
        host = open_cut_host()
        proxy.cut_after(count)
        try:
            host.run(":")
        except HostUnreachable:
            ends.append("cut")
        else:
            ends.append("done")
        host.close()
    assert {"cut"} <= set(ends) <= {"cut", "done"}


def test_clients_that_send_the_same_file_at_once_do_no_harm(open_cut_host: Callable[..., Host], tmp_path: Path) -> None:
    clients = [open_cut_host() for _ in range(3)]
    there = outgoing(clients[0], tmp_path / "files", [12 * MIB, *[MIB] * 3])
    problems: list[Exception] = []

    def send(client: Host) -> None:
        try:
            client.put_many(there)
        except Exception as error:  # noqa: BLE001 -- a thread's error would be lost
            problems.append(error)

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert contents(there, "remote") == hashes(there)
    clients[0].put_many(there)
    assert sorted(path.name for path in Path(clients[0].root / "out").iterdir()) == sorted(
        one.remote.name for one in there
    )


def test_a_client_takes_up_what_another_is_still_sending(open_cut_host: Callable[..., Host], tmp_path: Path) -> None:
    host = open_cut_host()
    (one,) = outgoing(host, tmp_path / "files", [10 * MIB])
    live = Path(host.root / "incoming" / f"{one.sha256}.0.{'a' * 32}.part")
    live.parent.mkdir()
    live.write_bytes(one.local.read_bytes()[: 3 * MIB])
    told: list[Progress] = []
    host.put_many([one], on_progress=told.append)
    assert contents([one], "remote") == [one.sha256]
    assert told[-1].moved_bytes == 7 * MIB


def test_wrong_bytes_that_lie_on_the_host_are_found_and_sent_again(cut_host: Host, tmp_path: Path) -> None:
    small, large = outgoing(cut_host, tmp_path / "files", [MIB, 10 * MIB])
    folder = Path(cut_host.root / "incoming")
    folder.mkdir()
    (pack,) = packs([small])
    (folder / f"{pack.key}.part").write_bytes(bytes(MIB))
    (folder / f"{parts(large)[1].key}.part").write_bytes(bytes(4 * MIB))
    (folder / f"{parts(large)[2].key}.part").write_bytes(bytes(9 * MIB))
    cut_host.put_many([small, large])
    assert contents([small, large], "remote") == hashes([small, large])
    assert not parts_on(cut_host)


def test_wrong_bytes_that_lie_here_are_found_and_fetched_again(cut_host: Host, proxy: Proxy, tmp_path: Path) -> None:
    back = incoming(cut_host, tmp_path / "back", [20 * MIB, 1000])
    proxy.cut_after(12 * MIB)
    with pytest.raises(HostUnreachable):
        cut_host.get_many(back)
    for path in (tmp_path / "back").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    cut_host.get_many(back)
    assert contents(back, "local") == hashes(back)


def test_what_was_given_up_is_removed_and_other_files_are_not(cut_host: Host, tmp_path: Path) -> None:
    (one,) = outgoing(cut_host, tmp_path / "files", [100])
    (back,) = incoming(cut_host, tmp_path / "back", [100])
    folder = Path(cut_host.root / "incoming")
    folder.mkdir()
    names = [f"{'b' * 64}.0.part", f".{'b' * 64}.0.part"]
    old = [folder / names[0], tmp_path / "back" / names[1]]
    young = [folder / f"{'c' * 64}.part", tmp_path / "back" / f".{'c' * 64}.0.part", tmp_path / "back" / ".of another"]
    for path in (*old, *young):
        path.write_bytes(b"x")
    hours = 3600
    for path, age_s in ((old[0], 50 * hours), (old[1], 50 * hours), (young[2], 50 * hours), (young[1], 20 * hours)):
        os.utime(path, (time.time() - age_s,) * 2)
    cut_host.put_many([one])
    cut_host.get_many([back])
    assert [path.exists() for path in (*old, *young)] == [False, False, True, True, True]


def test_a_full_disk_on_the_host_is_named_and_given_back(server: Sshd, tmp_path: Path, small_disk: Path) -> None:
    host = open_host("gpu01", server.config(small_disk / "root"), project=tmp_path)
    for sizes in ([9 * MIB], [MIB // 2] * 6):
        there = outgoing(host, tmp_path / "files", sizes)
        with pytest.raises(DiskFull, match="no room on host 'gpu01'"):
            host.put_many(there)
        deadline = time.monotonic() + 60
        while parts_on(host) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not parts_on(host) + list(Path(host.root / "out").iterdir())
    host.close()


def test_a_full_disk_here_is_named_and_given_back(host: Host, tmp_path: Path, small_disk: Path) -> None:
    for sizes in ([9 * MIB], [MIB // 2] * 6):
        back = incoming(host, tmp_path / "other", sizes)
        here = [transfer(small_disk / one.local.name, one.remote, Path(one.remote).read_bytes()) for one in back]
        with pytest.raises(DiskFull, match="no room on this machine"):
            host.get_many(here)
        assert not [path for path in small_disk.iterdir() if path.name.endswith(".part")]
        for path in small_disk.iterdir():
            path.unlink()


def test_a_server_that_allows_one_connection_is_slower_and_no_failure(
    cut_host: Host, proxy: Proxy, tmp_path: Path
) -> None:
    there = outgoing(cut_host, tmp_path / "files", [12 * MIB])
    proxy.refuse = math.inf
    cut_host.put_many(there)
    assert contents(there, "remote") == hashes(there)


def test_a_busybox_host_takes_and_gives_files(tmp_path: Path) -> None:
    busybox = need_program("busybox")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "dd", "wc", "head", "tail", "mv", "rm", "find", "cut", "tr", "mkdir", "sha256sum"):
        (tools / name).symlink_to(busybox)
    from support.servers.sshd import running_sshd  # noqa: PLC0415

    with running_sshd(tmp_path / "sshd", f'ForceCommand PATH={tools} sh -c "$SSH_ORIGINAL_COMMAND"') as own:
        host = open_host("gpu01", own.config(), project=tmp_path)
        there = outgoing(host, tmp_path / "files", SIZES)
        host.put_many(there)
        assert contents(there, "remote") == hashes(there)
        back = [transfer(tmp_path / f"back {i}", one.remote, one.local.read_bytes()) for i, one in enumerate(there)]
        host.get_many(back)
        assert contents(back, "local") == hashes(back)
        host.close()


def test_the_limit_of_the_rate_holds_for_all_threads_together() -> None:
    waited: list[float] = []
    throttle = Throttle(1e6)
    threads = [
        threading.Thread(target=lambda: [throttle.pass_on(100_000, waited.append) for _ in range(10)]) for _ in range(4)
    ]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The last of 40 pieces of 0.1 s waits for the 39 before it, less what has gone by meanwhile.
    assert 3.9 - (time.monotonic() - began) <= max(waited) <= 3.9 + 1e-6


def test_without_a_limit_nothing_waits() -> None:
    Throttle(None).pass_on(10**12, pytest.fail)


@given(st.text(max_size=400))
def test_any_answer_to_the_survey_is_read(text: str) -> None:
    assert parse_survey(text, "m" * 32).there == frozenset()


def test_the_survey_believes_only_names_of_its_own() -> None:
    key = "a" * 64
    text = f" 7 ./{key}.part\n12 ./{key}.{'b' * 32}.part\n 9 ./x;rm -rf.part\n 99 total\nm have 3\nother have 4\n"
    found = parse_survey(text, "m")
    assert (found.there, found.longest) == ({3}, {key: f"{key}.{'b' * 32}.part"})


@given(st.lists(st.integers(0, 40 * MIB), max_size=150))
def test_parcels_hold_every_byte_once_in_order(sizes: list[int]) -> None:
    made = [
        Transfer(
            local=Path("x"), remote=PurePosixPath(f"/{i}"), bytes=size, sha256=hashlib.sha256(b"%d" % i).hexdigest()
        )
        for i, size in enumerate(sizes)
    ]
    packed = [piece for pack in packs(made) for piece in pack.slices]
    assert [(piece.transfer, piece.start, piece.bytes) for piece in packed] == [(one, 0, one.bytes) for one in made]
    for one in made:
        ends = 0
        for part in parts(one):
            (piece,) = part.slices
            assert (piece.start, piece.bytes > 0) == (ends, True)
            ends += piece.bytes
        assert ends == one.bytes
        assert len({part.key for part in parts(one)}) == len(parts(one)) <= 8
