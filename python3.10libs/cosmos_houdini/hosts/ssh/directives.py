"""The directives of an SSH configuration, and how one line is read (ssh_config(5))."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass

from cosmos_houdini.errors import BadInput

_SPACE = " \t\r\n\f"
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LAST_PORT = 65535
_NUMBER = re.compile(r"[0-9]{1,9}")

_LINES = frozenset({"proxycommand", "localcommand", "remotecommand", "knownhostscommand"})
_LISTS = frozenset({"userknownhostsfile", "globalknownhostsfile", "canonicaldomains", "canonicalizepermittedcnames"})
_ADDED = frozenset({"identityfile", "certificatefile", "sendenv", "setenv", "localforward", "remoteforward"})
_FLAGS = frozenset(
    {
        "canonicalizefallbacklocal",
        "compression",
        "gssapiauthentication",
        "hostbasedauthentication",
        "identitiesonly",
        "nohostauthenticationforlocalhost",
        "permitlocalcommand",
        "proxyusefdpass",
        "tcpkeepalive",
    }
)
_NUMBERS = frozenset({"canonicalizemaxdots", "connectionattempts", "serveralivecountmax"})
_TIMES = frozenset({"connecttimeout", "serveraliveinterval"})
_TEXTS = frozenset(
    {
        "addressfamily",
        "bindaddress",
        "bindinterface",
        "canonicalizehostname",
        "ciphers",
        "controlpath",
        "hostkeyalgorithms",
        "hostkeyalias",
        "hostname",
        "identityagent",
        "kexalgorithms",
        "macs",
        "pkcs11provider",
        "revokedhostkeys",
        "stricthostkeychecking",
        "tag",
        "user",
        "verifyhostkeydns",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a configuration.

    Attributes:
        keyword: the directive in lower case.
        text: the rest of the line.
        where: file and number, for messages.
    """

    keyword: str
    text: str
    where: str

    def words(self) -> list[str]:
        r"""Return the words of the line; quotes keep spaces, ``\`` keeps a quote, ``#`` begins a comment.

        >>> Line(keyword="", text=r'a "b c" \"d # e', where="").words()
        ['a', 'b c', '"d']

        Raises:
            BadInput: a quote without an end.
        """
        words: list[str] = []
        rest = self.text.lstrip(_SPACE)
        while rest and not rest.startswith("#"):
            word, rest = self._word(rest)
            words.append(word)
            rest = rest.lstrip(_SPACE)
        return words

    def _word(self, text: str) -> tuple[str, str]:
        word, quote, index = "", "", 0
        while index < len(text):
            char, after = text[index], text[index + 1 : index + 2]
            if char == "\\" and after and (after in "\"'\\" or (after == " " and not quote)):
                word += after
                index += 1
            elif not quote and char in " \t":
                break
            elif not quote and char in "\"'":
                quote = char
            elif quote and char == quote:
                quote = ""
            else:
                word += char
            index += 1
        if quote:
            raise self.refused("a quote without an end")
        return word, text[index:]

    def refused(self, problem: str, allowed: str = "") -> BadInput:
        """Return the error of this line."""
        return BadInput(f"the SSH configuration {self.where} has {problem}", allowed=allowed)


def parse_line(text: str, where: str) -> Line | None:
    """Return a line; None for an empty one and a comment.

    >>> parse_line("  Port = 22 # usual", "config line 1")
    Line(keyword='port', text='22 # usual', where='config line 1')
    """
    text = text.strip(_SPACE)
    if not text or text.startswith("#"):
        return None
    keyword, rest = re.fullmatch(r'"?([^\s="]*)"?[ \t\f]*=?[ \t\f]*(.*)', text, re.DOTALL).groups()  # type: ignore[union-attr]
    return Line(keyword=keyword.lower(), text=rest, where=where)


def is_added(keyword: str) -> bool:
    """Whether each line of a directive adds to those before; of others the first one counts."""
    return keyword in _ADDED


def values_of(line: Line) -> tuple[str, ...]:
    """Return the values of a line, checked and in one spelling: seconds, port numbers, ``yes`` and ``no``.

    Raises:
        BadInput: OpenSSH would refuse it.
    """
    if line.keyword in _LINES or not _is_checked(line.keyword):
        # A later OpenSSH may know directives, and read them in a way, that nobody knows today.
        if not line.text and line.keyword in _LINES:
            raise line.refused(f"no value for {line.keyword}")
        return (line.text,)
    words = line.words()
    if not words:
        raise line.refused(f"no value for {line.keyword}")
    if line.keyword == "proxyjump":
        return ("".join(words),)
    if line.keyword in _LISTS | _ADDED:
        return tuple(words)
    if len(words) > 1:
        raise line.refused(f"more than one value for {line.keyword}")
    return (_checked(line, words[0]),)


def _is_checked(keyword: str) -> bool:
    return keyword in _LISTS | _ADDED | _FLAGS | _NUMBERS | _TIMES | _TEXTS | {"port", "proxyjump"}


def _checked(line: Line, word: str) -> str:
    if line.keyword == "port":
        return str(_port(line, word))
    if line.keyword in _TIMES:
        return _seconds(line, word)
    if line.keyword in _NUMBERS and not _NUMBER.fullmatch(word):
        raise line.refused(f"{line.keyword} {word!r}", "a number")
    if line.keyword in _FLAGS:
        value = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}.get(word)
        if value is None:
            raise line.refused(f"{line.keyword} {word!r}", "yes, no")
        return value
    return word


def _port(line: Line, word: str) -> int:
    try:
        port = int(word) if _NUMBER.fullmatch(word) else socket.getservbyname(word, "tcp")
    except (OSError, UnicodeError):
        port = 0
    if not 0 < port <= _LAST_PORT:
        raise line.refused(f"port {word!r}", "1 to 65535, or the name of a service that this machine knows")
    return port


def _seconds(line: Line, word: str) -> str:
    if word == "none":
        return word
    parts = re.findall(r"([0-9]{1,9})([smhdwSMHDW]?)", word)
    if "".join(number + unit for number, unit in parts) != word:
        raise line.refused(f"{line.keyword} {word!r}", "seconds, or a time as 1m30s")
    return str(sum(int(number) * _UNITS_S[unit.lower()] for number, unit in parts))
