"""Notices about a batch, by e-mail, webhook and every other service that Apprise knows.

Addresses hold passwords and tokens. They are read from a private file and from one variable. No message holds any part
of them. Messages of Apprise might, so they are dropped.
"""

from __future__ import annotations

import os
import shlex
import stat
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cosmos_houdini.config.settings import NotifyConfig
from cosmos_houdini.errors import BadInput
from cosmos_houdini.user_path import expand_user

if TYPE_CHECKING:
    from apprise import Apprise

URLS_VARIABLE = "COSMOS_HOUDINI_NOTIFY_URLS"
PATIENCE_S = 30.0

Occasion = Literal["finish", "failures", "budget", "hold"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message to people.

    Attributes:
        occasion: the event; the configuration says which events send a notice.
        title: one line.
        body: plain text.
    """

    occasion: Occasion
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class _Service:
    """One address, and the name under which messages may mention it."""

    name: str
    client: Apprise


class Notifier:
    """Sends notices in the background, so that a batch never waits for a mail server.

    Args:
        settings: name the file with the addresses, and the occasions.
        environ: may hold addresses too.
        say: takes one sentence for each service that could not be reached.

    Raises:
        BadInput: addresses that cannot be read, that others can read, or that Apprise does not know.
    """

    def __init__(self, settings: NotifyConfig, environ: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._on = settings.on
        self._say = say
        self._services = [service for origin, urls in _urls(settings, environ) for service in _services(origin, urls)]
        self._said: set[str] = set()
        self._failed: list[str] = []
        self._threads: list[threading.Thread] = []

    def send(self, notice: Notice) -> None:
        """Send a notice to all addresses, and return at once."""
        self._report_failures()
        if notice.occasion not in self._on:
            return
        for service in self._services:
            # The thread is a daemon, because a server that never answers must not keep the program from ending.
            thread = threading.Thread(target=self._deliver, args=(service, notice), daemon=True)
            thread.start()
            self._threads.append(thread)

    def close(self) -> None:
        """Wait up to PATIENCE_S for each notice that is being sent."""
        for thread in self._threads:
            thread.join(PATIENCE_S)
        self._report_failures()

    def _deliver(self, service: _Service, notice: Notice) -> None:
        try:
            # Without a format, services read the text as HTML and join its lines.
            delivered = bool(service.client.notify(title=notice.title, body=notice.body, body_format="text"))
        except Exception:  # noqa: BLE001 - services raise anything, and a batch goes on without its notices
            delivered = False
        if not delivered:
            self._failed.append(service.name)

    def _report_failures(self) -> None:
        for name in dict.fromkeys(self._failed):
            if name not in self._said:
                self._said.add(name)
                self._say(f"warning: a notification by {name} could not be delivered; the batch does not need it")


def _urls(settings: NotifyConfig, environ: Mapping[str, str]) -> list[tuple[str, list[str]]]:
    """Return addresses, with the place from which they come."""
    found = [(f"${URLS_VARIABLE}", environ.get(URLS_VARIABLE, "").split())]
    if settings.urls_file:
        path = expand_user(settings.urls_file)
        found.append((str(path), [line for line in map(str.strip, _private_text(path).splitlines()) if line]))
    return [(origin, [url for url in urls if not url.startswith("#")]) for origin, urls in found]


def _private_text(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
            raise BadInput(
                f"notify.urls_file {path} can be read by others (mode {stat.S_IMODE(mode):o})",
                action=f"chmod 600 {shlex.quote(str(path))}",
            )
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"notify.urls_file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"notify.urls_file {path} is no UTF-8") from error


def _services(origin: str, urls: list[str]) -> list[_Service]:
    if not urls:
        return []
    # It takes half a second to load; a batch without addresses does not need it.
    from apprise import Apprise  # noqa: PLC0415 - see above

    services = []
    for number, url in enumerate(urls, start=1):
        with warnings.catch_warnings():
            # Its plugins load libraries that warn of their deprecation.
            warnings.simplefilter("ignore", DeprecationWarning)
            service = Apprise.instantiate(url, suppress_exceptions=True)
        if service is None:
            raise BadInput(
                f"Apprise does not know the kind of address {number} of {origin}",
                allowed="as in mailtos://USER:PASSWORD@HOST?to=ADDRESS or jsons://HOST/PATH",
            )
        services.append(_Service(str(service.service_name), Apprise(service)))
    return services
