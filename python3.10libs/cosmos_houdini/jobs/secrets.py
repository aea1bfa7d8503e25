"""Read a job's secret values from this machine's environment, and mask them in everything that is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

MASK = "***"
# Masking a shorter value would hide ordinary words of a log and protect nothing.
LEAST_LENGTH = 4


def secrets_from(names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the named variables that are set and not empty."""
    return {name: environ[name] for name in names if environ.get(name)}


def redacted_end(text: str, secrets: Mapping[str, str]) -> str:
    """Return the end of a longer text with every secret masked, even one whose beginning was cut off.

    >>> redacted_end("abcdef failed", {"HF_TOKEN": "hf_abcdef"})
    '*** failed'
    """
    for value in secrets.values():
        rests = (value[start:] for start in range(1, len(value) - LEAST_LENGTH + 1))
        rest = next((rest for rest in rests if text.startswith(rest)), "")
        if rest:
            text = MASK + text.removeprefix(rest)
    return redacted(text, secrets)


def redacted(text: str, secrets: Mapping[str, str]) -> str:
    """Return ``text`` with every secret value masked.

    >>> redacted("login with hf_abcdef failed", {"HF_TOKEN": "hf_abcdef"})
    'login with *** failed'
    """
    # The longest first: one value may be the beginning of another.
    for value in sorted(secrets.values(), key=len, reverse=True):
        if len(value) >= LEAST_LENGTH:
            text = text.replace(value, MASK)
    return text
