"""The address of a server: its form, and what a person should know of it."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from cosmos_houdini.errors import BadInput
from cosmos_houdini.model.request import Site

_READABLE = "pictures, prompts and the API key can be read on the way"
FORM = "http:// or https://, a host, and perhaps a port and a path: http://127.0.0.1:8000"


def find_server(site: Site, engine: str) -> str:
    """Return the URL of the site's server, without a slash at its end.

    Raises:
        BadInput: the configuration names none, or the URL has another form. A password in it is not repeated.
    """
    if not site.server:
        raise BadInput(
            f"the host names no server, and {engine} sends its requests to one that runs already",
            action="set hosts.<name>.server, as the host reaches it: http://127.0.0.1:8000 for one on the host itself",
        )
    url = site.server
    if any(not 0x21 <= ord(letter) <= 0x7E for letter in url):  # noqa: PLR2004 - the visible letters of ASCII
        raise BadInput(f"hosts.<name>.server = {url!r} has letters that no URL has", allowed=FORM)
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError as error:
        raise BadInput(f"hosts.<name>.server is no URL: {error}", allowed=FORM) from None
    if parts.username is not None or parts.password is not None:
        raise BadInput(
            "hosts.<name>.server holds a user name or a password",
            action="leave them out; the API key is the variable COSMOS_SERVER_KEY, named in the host's secrets",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or parts.query or parts.fragment:
        raise BadInput(f"hosts.<name>.server = {url!r}", allowed=FORM)
    return url.rstrip("/")


def address_warnings(url: str) -> tuple[str, ...]:
    """Return sentences about a server that is reached without encryption.

    >>> address_warnings("http://127.0.0.1:8000"), address_warnings("https://render.example/cosmos")
    ((), ())
    """
    parts = urlsplit(url)
    if parts.scheme == "https" or is_loopback(parts):
        return ()
    where = f"{parts.scheme}://{parts.netloc} is another machine, reached without encryption"
    return (f"{where}: {_READABLE}; take https://, or run the job on the server's own machine",)


def is_loopback(parts: SplitResult) -> bool:
    """Return whether a URL names the machine itself."""
    host = parts.hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
