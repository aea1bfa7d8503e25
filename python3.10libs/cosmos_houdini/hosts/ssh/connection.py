"""A verified, authenticated SSH connection, through the jump hosts of its route."""

from __future__ import annotations

import contextlib
import logging
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from cosmos_houdini.errors import AuthRefused, HostError, HostUnreachable
from cosmos_houdini.hosts.ssh.algorithms import CIPHERS, MACS, choose
from cosmos_houdini.hosts.ssh.channel import Channel, ParamikoChannel
from cosmos_houdini.hosts.ssh.dial import dial
from cosmos_houdini.hosts.ssh.host_keys import CERTIFICATE, ShownKey, has_authority, known_keys, verify
from cosmos_houdini.hosts.ssh.keys import offers, open_agent
from cosmos_houdini.hosts.ssh.route import Hop

CONNECT_TIMEOUT_S = 15.0
"""Most seconds for each step of a server: to answer, to agree on keys, to accept a login, to open a channel."""

_KEEP_ALIVE_S = 20
_Road: TypeAlias = "socket.socket | paramiko.Channel"

# Without a handler, Python prints paramiko's tracebacks of refused connections on the user's terminal; all of it comes
# back as an exception as well.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class Incompatible(HostError):
    """A server and paramiko have no safe method in common.

    Args:
        where: the server, for messages.
        detail: which kind of method is missing.
    """

    def __init__(self, where: str, detail: str) -> None:
        super().__init__(f"{where} offers no method that is safe enough: {detail}", action="update its SSH server")
        self.detail = detail


class _Transport(paramiko.Transport):
    """One session, which asks for kinds of host keys in an order of ours."""

    host_key_kinds: tuple[str, ...] = ()

    @property
    def preferred_keys(self) -> tuple[str, ...]:
        """The kinds of host key that are asked for, the best first."""
        return self.host_key_kinds or tuple(super().preferred_keys)


class Connection:
    """A chain of SSH sessions, each through the one before; commands run in the last one.

    Args:
        host: the name in the configuration, for messages.
        hops: the route.
        timeout_s: how long a server may take for each step.

    Raises:
        HostUnreachable: a hop does not answer.
        HostKeyError: a hop shows a key that is not known.
        AuthRefused: a hop accepts no key.
    """

    def __init__(self, host: str, hops: tuple[Hop, ...], *, timeout_s: float = CONNECT_TIMEOUT_S) -> None:
        self._host = host
        self._timeout_s = timeout_s
        self._on_close = contextlib.ExitStack()
        self._transports: list[paramiko.Transport] = []
        try:
            for hop in hops:
                self._add(hop)
        except BaseException:
            self.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether every session of the chain is connected, as far as this machine knows."""
        return all(transport.is_active() for transport in self._transports)

    def open_channel(self) -> Channel | None:
        """Return a channel for one command; None if the server opens no further one.

        Paramiko's exceptions of a lost connection come through.
        """
        try:
            return ParamikoChannel(self._transports[-1].open_session(timeout=self._timeout_s))
        except paramiko.ChannelException:
            return None
        except paramiko.SSHException as error:
            # Paramiko gives the reason of a refusal to one thread only.
            if self.alive and "Timeout" not in str(error):
                return None
            raise

    def close(self) -> None:
        """End all sessions."""
        self._on_close.close()

    def _add(self, hop: Hop) -> None:
        timeout_s = hop.settings.number("connecttimeout", 0) or self._timeout_s
        with _reaching(self._host, hop, timeout_s):
            transport = _Transport(self._road_to(hop, timeout_s))
            self._on_close.callback(transport.close)
            _agree(transport, hop)
            transport.banner_timeout = transport.auth_timeout = timeout_s
            transport.start_client(timeout=timeout_s)
            key = transport.get_remote_server_key()
        direct = not self._transports and not hop.proxy_command
        certificate = key.public_blob.key_blob if key.public_blob else None
        shown = ShownKey(kind=key.get_name(), blob=key.asbytes(), certificate=certificate)
        verify(self._host, hop, shown, direct=direct)
        with _reaching(self._host, hop, timeout_s):
            _authenticate(self._host, hop, transport)
        transport.set_keepalive(hop.settings.number("serveraliveinterval", 0) or _KEEP_ALIVE_S)
        self._transports.append(transport)

    def _road_to(self, hop: Hop, timeout_s: float) -> _Road:
        if self._transports:
            before = self._transports[-1]
            return before.open_channel("direct-tcpip", (hop.hostname, hop.port), ("", 0), timeout=timeout_s)
        if hop.proxy_command:
            return self._proxied(hop.proxy_command)
        road = dial(hop, timeout_s)
        self._on_close.callback(road.close)
        return road

    def _proxied(self, command: str) -> socket.socket:
        """Start a ProxyCommand on one end of a pair of sockets, so that its end is seen as the connection's end."""
        shell = shutil.which("sh")
        if not hasattr(socket, "AF_UNIX") or shell is None:
            raise HostError(f"host {self._host!r}: ProxyCommand does not work on this system", action="use ProxyJump")
        ours, theirs = socket.socketpair()
        self._on_close.callback(ours.close)
        with theirs:
            process = subprocess.Popen([shell, "-c", f"exec {command}"], stdin=theirs.fileno(), stdout=theirs.fileno())
        self._on_close.callback(_end(process))
        return ours


@contextmanager
def _reaching(host: str, hop: Hop, timeout_s: float) -> Iterator[None]:
    """Turn an error of connecting into HostUnreachable, in the words of the user's problem."""
    where = f"host {host!r}: {hop.hostname} port {hop.port}"
    try:
        yield
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no name looks so"
        raise HostUnreachable(
            f"host {host!r}: the name {hop.hostname!r} is not known ({reason})",
            action="see whether it is written right and whether the VPN is up",
        ) from error
    except ConnectionRefusedError as error:
        raise HostUnreachable(
            f"{where} refuses the connection", action="see whether its SSH server runs, and on which port"
        ) from error
    except TimeoutError as error:
        raise _silent(where, timeout_s) from error
    except paramiko.ChannelException as error:
        raise HostUnreachable(f"{where} cannot be reached from the jump host: {error.text}") from error
    except IncompatiblePeer as error:
        raise Incompatible(where, str(error)) from error
    except (paramiko.SSHException, EOFError) as error:
        # Paramiko tells of a silent server, and of one that hangs up, by sentences alone; the cause is one of these.
        if isinstance(error.__cause__ or error.__context__, TimeoutError) or "No existing session" in str(error):
            raise _silent(where, timeout_s) from error
        raise HostUnreachable(
            f"{where} ends the connection: {error}", action="see the log of its SSH server", was_cut=True
        ) from error
    except OSError as error:
        if isinstance(error, HostError):
            raise
        raise HostUnreachable(f"{where} cannot be reached: {error.strerror or error}") from error


def _silent(where: str, timeout_s: float) -> HostUnreachable:
    return HostUnreachable(
        f"{where} does not answer as an SSH server within {timeout_s:g} s",
        action="see whether the machine is up, and whether a firewall or VPN blocks the way",
    )


def _agree(transport: _Transport, hop: Hop) -> None:
    """Choose the methods to offer to a server.

    Raises:
        IncompatiblePeer: paramiko has none of what the SSH configuration allows.
    """
    options, wish = transport.get_security_options(), hop.settings.get
    options.ciphers = choose(wish("ciphers"), CIPHERS, options.ciphers)
    options.digests = choose(wish("macs"), MACS, options.digests)
    options.kex = choose(wish("kexalgorithms"), options.kex, options.kex)
    transport.host_key_kinds = _host_key_kinds(hop, transport.preferred_keys)
    transport.use_compression(hop.settings.is_on("compression"))
    if not (options.ciphers and options.digests and options.kex and transport.host_key_kinds):
        raise IncompatiblePeer("the methods of the SSH configuration are none that paramiko has")


def _host_key_kinds(hop: Hop, supported: Sequence[str]) -> tuple[str, ...]:
    """Return the kinds of host key to ask for.

    The known ones come first, or a server with several keys shows one that is not known; certificates come only where
    an authority is known.
    """
    certifies = has_authority(hop)
    kinds = [kind for kind in supported if certifies or CERTIFICATE not in kind]
    known = {key.kind for key in known_keys(hop) if not key.marker}
    if "ssh-rsa" in known:
        known |= {"rsa-sha2-512", "rsa-sha2-256"}
    kinds.sort(key=lambda kind: (CERTIFICATE not in kind, kind not in known))
    return choose(hop.settings.get("hostkeyalgorithms"), kinds, kinds)


def _authenticate(host: str, hop: Hop, transport: paramiko.Transport) -> None:
    agent = open_agent(hop.agent)
    try:
        offered = offers(hop, agent.get_keys() if agent else ())
        refused = []
        for offer in offered.keys:
            if not transport.is_active():
                break
            try:
                further = transport.auth_publickey(hop.user, offer.key)
                if not further:
                    return
                refused.append(f"{offer.source} (accepted, but the server asks for {_listed(further)} too)")
            except paramiko.BadAuthenticationType as error:
                raise _takes_no_key(host, hop, error.allowed_types) from error
            except paramiko.AuthenticationException:
                refused.append(offer.source)
        if not offered.keys and _lets_anybody_in(host, hop, transport):
            return
        # A lost connection comes as the refusal of a key; a server that hangs up over keys has refused several.
        if offered.keys and len(refused) <= 1 and not transport.is_active():
            raise HostUnreachable(
                f"host {host!r}: {hop.hostname} port {hop.port} ends the connection during the login",
                action="try again, or see the log of its SSH server",
                was_cut=True,
            )
    finally:
        if agent:
            agent.close()
    tried = f"refuses {', '.join(refused)}" if refused else "was offered no key, because there is none"
    raise AuthRefused(
        f"host {host!r}: {hop.hostname} port {hop.port} for user {hop.user!r} {tried}",
        action="; ".join([*offered.problems, f"add your public key there (ssh-copy-id), or set hosts.{host}.identity"]),
    )


def _lets_anybody_in(host: str, hop: Hop, transport: paramiko.Transport) -> bool:
    """Ask without a key; a server that takes no keys at all says so, for then no key of the user helps."""
    try:
        transport.auth_none(hop.user)
    except paramiko.BadAuthenticationType as error:
        if "publickey" not in error.allowed_types:
            raise _takes_no_key(host, hop, error.allowed_types) from error
        return False
    except paramiko.AuthenticationException:
        return False
    return True


def _takes_no_key(host: str, hop: Hop, methods: list[str]) -> AuthRefused:
    return AuthRefused(
        f"host {host!r}: {hop.hostname} port {hop.port} lets user {hop.user!r} in by {_listed(methods)}, not by a key",
        action="ask its administrator to allow keys (PubkeyAuthentication), or log in first by a ControlPath of your "
        "SSH configuration",
    )


def _listed(methods: list[str]) -> str:
    return ", ".join(method for method in methods if method) or "no method at all"


def _end(process: subprocess.Popen[bytes]) -> Callable[[], None]:
    def end() -> None:
        process.terminate()
        process.wait()

    return end
