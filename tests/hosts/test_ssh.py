"""The connection of a host behind SSH: it is shared, lost and made again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from cosmos_houdini.errors import HostError, HostUnreachable
from cosmos_houdini.hosts import Host, open_host
from cosmos_houdini.hosts.ssh.script import past_mark
from support.programs import need_program
from support.servers.sshd import Sshd, running_sshd
from support.servers.tcp_proxy import Proxy, running_proxy

pytestmark = pytest.mark.sshd


@pytest.fixture
def proxy(server: Sshd) -> Iterator[Proxy]:
    with running_proxy(server.port) as running:
        yield running


@pytest.fixture
def cut_host(server: Sshd, proxy: Proxy, tmp_path: Path) -> Iterator[Host]:
    """Return a host whose connection the proxy can cut."""
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{proxy.port} {server.public_host_key()}\n", encoding="utf-8")
    host = open_host("gpu01", server.config(tmp_path / "root", port=proxy.port, known_hosts=known), project=tmp_path)
    host.run(":")
    yield host
    host.close()


def soon(condition: Callable[[], object]) -> bool:
    """Wait for a condition that another process brings about."""
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return bool(condition())


def test_threads_share_one_connection(server: Sshd, ssh_host: Host) -> None:
    ssh_host.run(":")
    before = server.log.read_text(encoding="utf-8").count("Accepted publickey")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: ssh_host.run(f"echo {n}").stdout, range(20)))
    assert answers == [f"{n}\n" for n in range(20)]
    assert server.log.read_text(encoding="utf-8").count("Accepted publickey") == before


def test_a_connection_lost_in_the_middle_of_a_command_is_no_exit_code(cut_host: Host, proxy: Proxy) -> None:
    root = Path(cut_host.root)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(cut_host.run, "touch started; sleep 300 & echo $! >pid; wait; touch ended")
        assert soon(lambda: (root / "pid").exists() and (root / "pid").read_text(encoding="utf-8"))
        proxy.cut()
        with pytest.raises(HostUnreachable, match="'gpu01' was lost"):
            running.result(timeout=120)
    psutil.Process(int((root / "pid").read_text(encoding="utf-8"))).kill()


def test_the_next_command_connects_again(cut_host: Host, proxy: Proxy) -> None:
    proxy.cut()
    assert cut_host.run("echo again").stdout == "again\n"


def test_a_restart_of_the_server_between_two_commands_is_not_seen(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd") as own:
        host = open_host("gpu01", own.config(), project=tmp_path)
        host.run("echo 1 >>count")
        own.restart()
        host.run("echo 2 >>count")
        assert host.run("cat count").stdout == "1\n2\n"
        host.close()


@pytest.mark.parametrize("size", [400_000, 20_000_000])
def test_a_cut_while_a_file_is_put_leaves_nothing_on_the_host(
    cut_host: Host, proxy: Proxy, tmp_path: Path, size: int
) -> None:
    local = tmp_path / "big"
    local.write_bytes(bytes(size))
    moved: list[int] = []

    def cut_on_the_way(count: int) -> None:
        moved.append(count)
        if sum(moved) >= size / 2:
            proxy.cut()

    with pytest.raises(HostUnreachable):
        cut_host.put(local, cut_host.root / "final", on_bytes=cut_on_the_way)
    assert soon(lambda: not list(Path(cut_host.root).iterdir()))


def test_a_cut_while_a_file_is_fetched_leaves_nothing_here(cut_host: Host, proxy: Proxy, tmp_path: Path) -> None:
    cut_host.run("head -c 20000000 /dev/zero >big")
    folder = tmp_path / "fetched"
    folder.mkdir()
    with pytest.raises(HostUnreachable):
        cut_host.get(cut_host.root / "big", folder / "big", on_bytes=lambda _: proxy.cut())
    assert list(folder.iterdir()) == []


def test_a_file_that_grows_while_it_is_put_is_refused(ssh_host: Host, tmp_path: Path) -> None:
    local = tmp_path / "render.mp4"
    local.write_bytes(bytes(10))
    ssh_host.run(":")

    def grow(_: int) -> None:
        if local.stat().st_size == 10:
            local.write_bytes(bytes(20))

    with pytest.raises(HostError, match=r"came where 10 were announced; did the file change"):
        ssh_host.put(local, ssh_host.root / "render.mp4", on_bytes=grow)
    assert ssh_host.run("ls -A").stdout == ""


def test_greetings_of_the_login_shell_are_no_output(tmp_path: Path) -> None:
    greeting = 'ForceCommand echo "welcome to gpu01"; eval "$SSH_ORIGINAL_COMMAND"'
    with running_sshd(tmp_path / "sshd", greeting) as own:
        host = open_host("gpu01", own.config(), project=tmp_path)
        assert host.run("echo answer").stdout == "answer\n"
        host.write(host.root / "file", b"content")
        host.get(host.root / "file", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == b"content"
        host.close()


@pytest.mark.parametrize("shell", ["sh", "bash", "tcsh", "fish", "zsh"])
def test_any_login_shell_will_do(tmp_path: Path, shell: str) -> None:
    need_program(shell)
    with running_sshd(tmp_path / "sshd", f'ForceCommand exec {shell} -c "$SSH_ORIGINAL_COMMAND"') as own:
        host = open_host("gpu01", own.config(tmp_path / "it's a \\ $(root)!"), project=tmp_path)
        assert host.run("echo 'an \\ answer!'\nexit 3").exit_code == 3
        host.write(host.root / "it's a \\ $file!", b"content")
        host.get(host.root / "it's a \\ $file!", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == b"content"
        host.close()


def test_a_server_that_runs_another_command_is_found_out(tmp_path: Path) -> None:
    with running_sshd(tmp_path / "sshd", "ForceCommand echo only git here >&2") as own:
        host = open_host("git", own.config(), project=tmp_path)
        with pytest.raises(HostError, match=r"'git' starts no command in its root .*: only git here"):
            host.run("echo answer")
        with pytest.raises(HostError, match="only git here"):
            host.get(host.root / "file", tmp_path / "back")
        host.close()


def test_a_root_that_cannot_be_made_is_named(server: Sshd, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    host = open_host("gpu01", server.config(tmp_path / "file" / "root"), project=tmp_path)
    with pytest.raises(HostError, match=r"in its root .*file/root: mkdir: .*Not a directory; set hosts\.gpu01\.root"):
        host.run(":")
    host.close()


def test_closing_ends_the_connection_and_its_threads(server: Sshd, tmp_path: Path) -> None:
    before = threading.active_count()
    host = open_host("gpu01", server.config(tmp_path / "root"), project=tmp_path)
    host.run(":")
    host.close()
    assert soon(lambda: threading.active_count() <= before)


@pytest.mark.parametrize("length", range(1, 8))
def test_the_mark_is_found_however_the_output_is_cut(length: int) -> None:
    output = b"hello\nmark\nanswer\nmark\n"
    pieces = iter([output[i : i + length] for i in range(0, len(output), length)])
    first = past_mark(pieces, "mark")
    assert first is not None
    assert first + b"".join(pieces) == b"answer\nmark\n"
    assert past_mark(iter([output]), "other") is None
