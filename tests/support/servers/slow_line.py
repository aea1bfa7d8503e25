"""A line between this machine and a network namespace with an SSH server in it, which holds and loses packets.

The kernel of a test machine may have no netem, so the line is a program: it holds a tun device on either side, carries
each packet over after a delay, and loses some. All of it is gone when the program ends.

``python slow_line.py NEAR FAR DELAY_S LOSS SSHD CONFIGURATION LOG`` prints ``ready`` and runs until its input ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import sys
import time

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_TUN_WITHOUT_HEADER = 0x1001
_LONGEST_PACKET_BYTES = 65536
_LISTENS = "0A"


def device_name(pid: int) -> str:
    """Return what the program with a number calls its device on either side."""
    return f"cosmos{pid}"


def open_tun(own: str, peer: str) -> int:
    """Make a point-to-point device in the present namespace and return its file."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    name = device_name(os.getpid())
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _TUN_WITHOUT_HEADER))
    for command in (["addr", "add", own, "peer", peer, "dev", name], ["link", "set", name, "up"]):
        subprocess.run(["ip", *command], check=True, stdin=subprocess.DEVNULL)
    return device


def carry(near: int, far: int, delay_s: float, loss: float) -> None:
    """Carry packets both ways until the input of this program ends."""
    chance, count = random.Random(1), itertools.count()
    on_their_way: list[tuple[float, int, int, bytes]] = []
    while True:
        wait_s = max(0.0, on_their_way[0][0] - time.monotonic()) if on_their_way else None
        ready, _, _ = select.select([near, far, sys.stdin], [], [], wait_s)
        if sys.stdin in ready:
            return
        for source, sink in ((near, far), (far, near)):
            if source in ready:
                packet = os.read(source, _LONGEST_PACKET_BYTES)
                if chance.random() >= loss:
                    heapq.heappush(on_their_way, (time.monotonic() + delay_s, next(count), sink, packet))
        while on_their_way and on_their_way[0][0] <= time.monotonic():
            _, _, sink, packet = heapq.heappop(on_their_way)
            os.write(sink, packet)


def listens() -> bool:
    """Whether anything listens in the present namespace; there is one server in it."""
    with open("/proc/self/net/tcp", encoding="ascii") as table:  # noqa: PTH123 -- a table of the kernel
        return any(line.split()[3] == _LISTENS for line in table)


def main(near: str, far: str, delay_s: str, loss: str, *server: str) -> None:
    """Make the line, start the server on its far side, and carry packets."""
    program, configuration, log = server
    near_device = open_tun(near, far)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "unshare")
    far_device = open_tun(far, near)
    sshd = subprocess.Popen([program, "-D", "-f", configuration, "-E", log], stdin=subprocess.DEVNULL)
    try:
        while not listens():
            time.sleep(0.02)
        print("ready", flush=True)  # noqa: T201 -- whoever started this program waits for it
        carry(near_device, far_device, float(delay_s), float(loss))
    finally:
        sshd.kill()
        sshd.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
