"""The pass that the pictures of a sequence show, found from the words in file and folder names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cosmos_houdini.model.control import Pass

_BUILT_IN: dict[Pass, str] = {
    Pass.COLOR: "color colour beauty rgb rgba comp c",
    Pass.DEPTH: "depth depthmap zdepth zbuffer hitpz pz z",
    Pass.SEG: (
        "seg segmentation id ids objid objectid matid materialid primid instanceid assetid "
        "crypto cryptomatte cryptoobject cryptoasset cryptomaterial"
    ),
    Pass.EDGE: "edge edges canny outline",
    Pass.VIS: "vis blur blurred",
    Pass.NORMAL: "normal normals normalmap nrm n",
    Pass.MASK: "mask masks matte mattes",
    # Render layers that no control is made from. They are named here so that they are not taken for the colour.
    Pass.UNKNOWN: (
        "albedo basecolor diffuse diffusecolor specular reflection refraction emission sss ao occlusion uv position "
        "velocity motionvector motionvectors"
    ),
}
# A word consists of at most this many pieces of a name: `crypto_object`, `hitPz`.
_MOST_PIECES = 3
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W\d_]+|[0-9]+")

Words = Mapping[str, Pass]


@dataclass(frozen=True, slots=True)
class _Match:
    """A pass word in a text, by its offsets."""

    pass_: Pass
    start: int
    end: int
    word: str

    @property
    def rank(self) -> tuple[bool, int, int]:
        """The rank: whole words above single letters (`cam_c_depth`), later above earlier, longer above shorter."""
        return len(self.word) > 1, self.end, len(self.word)


def words(extra: Mapping[str, Iterable[str]]) -> Words:
    """Return the built-in words and those of a configuration (words of each pass), lower case, without separators."""
    known = {word: kind for kind, line in _BUILT_IN.items() for word in line.split()}
    for kind, more in extra.items():
        known.update({"".join(_WORD.findall(word)).lower(): Pass(kind) for word in more})
    return known


def tell(name: str, folders: Sequence[str], known: Words) -> tuple[Pass | None, str]:
    """Return the pass of a sequence and the name of its shot.

    The file's own name decides first, then the nearest folder, then the folders above it. Within a name the last word
    decides. A single letter decides only if there is no whole word. The shot is the rest of the folders and the name,
    without the words that mean a pass.

    Args:
        name: the file name without frame number and extension.
        folders: the folders down to the file, outermost first.
        known: as ``words`` returns them.

    Returns:
        The pass and the shot. The pass is ``Pass.UNKNOWN`` for a layer that is known to be none of ours, and None if no
        word gives a pass. The shot may be empty.

    >>> tell("sh010_zebra_beauty.", ["renders"], words({}))
    (<Pass.COLOR: 'color'>, 'renders_sh010_zebra')
    """
    parts = [name, *reversed(folders)]
    best = [_best(part, known) for part in parts]
    told = max(
        (match for match in best if match),
        key=lambda match: (match.rank[0], -best.index(match)),
        default=None,
    )
    left: list[str] = []
    for part, match in zip(parts, best, strict=True):
        tells = match and (len(match.word) > 1 or (told and match.pass_ == told.pass_))
        rest = _without(part, match) if match and tells else _tidy(part)
        if rest and not any(text.startswith(rest) for text in left):
            left.append(rest)
    return told.pass_ if told else None, "_".join(reversed(left))


def _best(text: str, known: Words) -> _Match | None:
    pieces = list(_pieces(text))
    spans = (pieces[i:j] for i in range(len(pieces)) for j in range(i + 1, i + 1 + _MOST_PIECES) if j <= len(pieces))
    matches = (
        _Match(known[word], span[0][0], span[-1][1], word)
        for span in spans
        if (word := "".join(text[start:end] for start, end in span).lower()) in known
    )
    return max(matches, key=lambda match: match.rank, default=None)


def _pieces(text: str) -> Iterable[tuple[int, int]]:
    """Yield the offsets of the words of a text, which is split at punctuation, digits and camel case."""
    for found in _WORD.finditer(text):
        cuts = [found.start(), *(found.start() + cut.start() for cut in _CAMEL.finditer(found[0])), found.end()]
        yield from pairwise(cuts)


def _without(text: str, match: _Match) -> str:
    """Return a text without the word of a match and without the number after the word (`crypto00`)."""
    rest = re.sub(r"^[0-9]{1,2}(?![0-9])", "", text[match.end :])
    return "_".join(part for part in (_tidy(text[: match.start]), _tidy(rest)) if part)


def _tidy(text: str) -> str:
    return text.strip(" ._-")
