"""The files and layers that the configuration and the user name as passes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cosmos_houdini.config import Config
from cosmos_houdini.errors import BadInput, did_you_mean
from cosmos_houdini.media.controls.pass_sources import PassSettings, fed_passes
from cosmos_houdini.media.sequences.discover import Unverified
from cosmos_houdini.media.sequences.named_files import is_file_pattern
from cosmos_houdini.model.sequence import Evidence, Sequence

OFF = "none"
"""The value that takes a pass from no file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassNames:
    """The names of passes from the configuration and from one call.

    Attributes:
        files: by pass, words in names of files and folders, and patterns of files, as ``find_sequences`` takes them.
        settings: as ``resolve_layers`` takes them.
        asked: what the call itself named.
    """

    files: Mapping[str, tuple[str, ...]]
    settings: PassSettings
    asked: Mapping[str, str]

    def refuse_unfound(self, found: Iterable[Unverified]) -> None:
        """Refuse a pattern of the call that no file matches.

        Raises:
            BadInput: the pattern and the sequences that are there.
        """
        sequences = list(found)
        named = {sequence.pass_ for sequence in sequences if sequence.evidence is Evidence.NAMED}
        for pass_, value in self.asked.items():
            if is_file_pattern(value) and pass_ not in named:
                raise BadInput(
                    f"--pass {pass_}={value} fits no file",
                    allowed=", ".join(sequence.pattern for sequence in sequences),
                )

    def refuse_unfed(self, fed: Iterable[Sequence]) -> None:
        """Refuse a layer of the call that no file has.

        Raises:
            BadInput: the layer, and what the call could have named.
        """
        sequences = list(fed)
        named = {sequence.pass_ for sequence in sequences if sequence.evidence is Evidence.NAMED}
        for pass_, value in self.asked.items():
            if value != OFF and pass_ not in named:
                raise BadInput(
                    f"--pass {pass_}={value} is no layer of an EXR file",
                    allowed=f"a layer or channel, a pattern of files such as '*{value}*', or {OFF}",
                )


def name_passes(config: Config, asked: Mapping[str, str]) -> PassNames:
    """Return what names passes.

    Args:
        config: has words, patterns and layers.
        asked: by pass, a pattern of files, the name of a layer or channel, or ``none``; it goes before ``config``.

    Raises:
        BadInput: a name is that of no pass, or a value is empty.
    """
    known = fed_passes()
    for name, value in asked.items():
        if name not in known:
            suggestion = did_you_mean(name, known)
            raise BadInput(f"--pass names the pass {name!r}", allowed=", ".join(known), action=suggestion)
        if not value:
            raise BadInput(f"--pass {name} names nothing", allowed=f"a pattern of files, a layer, a channel, or {OFF}")
    patterns = {name: (value,) for name, value in asked.items() if is_file_pattern(value)}
    layers = {name: value for name, value in asked.items() if name not in patterns and value != OFF}
    passes = config.settings.passes
    words = {name: () if name in asked else given for name, given in passes.words.items()}
    return PassNames(
        files={**words, **patterns},
        settings=PassSettings(
            words={name: tuple(w for w in given if not is_file_pattern(w)) for name, given in words.items()},
            layers={**{name: layer for name, layer in passes.layers.items() if name not in asked}, **layers},
            off=frozenset(name for name, value in asked.items() if value == OFF),
        ),
        asked=asked,
    )
