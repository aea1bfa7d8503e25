"""Short names of hosts, completed by the domains of the SSH configuration (ssh_config(5), CanonicalizeHostname)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from cosmos_houdini.errors import HostUnreachable
from cosmos_houdini.hosts.ssh.patterns import is_in_list


def is_address(host: str) -> bool:
    """Whether a host is named by its IP address."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """The settings by which a name is completed.

    Attributes:
        is_wanted: whether names are completed at all.
        is_left_to_proxy: whether a jump host or proxy looks the name up, so that it stays.
        domains: tried one after another.
        most_dots: a name with more of them is complete.
        falls_back: whether a name in none of the domains stays as it is.
        aliases: pairs of patterns: a name that fits the first may be an alias of one that fits the second.
    """

    is_wanted: bool
    is_left_to_proxy: bool
    domains: tuple[str, ...]
    most_dots: int
    falls_back: bool
    aliases: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, values: Mapping[str, tuple[str, ...]]) -> Canonical:
        """Return the settings of the directives."""

        def first(keyword: str, default: str) -> str:
            return next(iter(values.get(keyword, ())), default)

        wish = first("canonicalizehostname", "no").lower()
        proxied = any(first(keyword, "none").lower() != "none" for keyword in ("proxyjump", "proxycommand"))
        pairs = [rule.partition(":") for rule in values.get("canonicalizepermittedcnames", ())]
        return cls(
            is_wanted=wish in {"yes", "true", "always"},
            is_left_to_proxy=proxied and wish != "always",
            domains=tuple(domain for domain in values.get("canonicaldomains", ()) if domain != "none"),
            most_dots=int(first("canonicalizemaxdots", "1")),
            falls_back=first("canonicalizefallbacklocal", "yes") == "yes",
            aliases=tuple((source, target) for source, colon, target in pairs if colon),
        )

    def resolve(self, host: str) -> str:
        """Return the complete name of a host.

        Raises:
            HostUnreachable: it is in none of the domains, and must be in one.
        """
        if self.is_left_to_proxy or is_address(host):
            return host
        if host.endswith("."):
            return self._followed(host.rstrip("."))
        if not self.domains or host.count(".") > self.most_dots:
            return host
        for domain in self.domains:
            name = f"{host}.{domain.strip('.')}".lower()
            if found := self._followed(name):
                return found
        if self.falls_back:
            return host
        raise HostUnreachable(
            f"the name {host!r} is in none of the CanonicalDomains of the SSH configuration",
            action="see whether it is written right and whether the VPN is up",
        )

    def _followed(self, name: str) -> str:
        """Return the real name behind an alias, if the settings allow to follow it; nothing for an unknown name."""
        try:
            found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
        except (OSError, UnicodeError):
            return ""
        real = found[0][3].rstrip(".").lower()
        if any(is_in_list(source, name) and is_in_list(target, real) for source, target in self.aliases):
            return real
        return name
