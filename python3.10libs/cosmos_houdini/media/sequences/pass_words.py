"""The words that mark a pass in the names of files, folders and EXR layers.

The words are those of Mantra, Karma, Arnold, V-Ray, Redshift, RenderMan, Octane, Cycles and Nuke, and those that
studios add. They are in lower case and without separators: ``zdepth`` stands for ``Z-Depth`` and ``z_depth`` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from cosmos_houdini.model.control import Pass

# In order of preference: of two layers that show the same pass, the one with the earlier word is taken.
PASS_WORDS: dict[Pass, str] = {
    Pass.COLOR: "rgba c beauty rgb color colour rgbcolor combined beautypass beautyaux bty comp",
    Pass.DEPTH: (
        "pz z depth hitpz zdepth depthz cameradepth distance hitdist depthmap depthpass zpass zbuffer zfiltered "
        "lineardepth depthlinear rawdepth depthraw camz distancetocamera"
    ),
    Pass.SEG: (
        "cryptoobject cryptoasset cryptomaterial crypto cryptomatte cryptoobj cryptomat cryptoinstance "
        "seg segmentation semantic semantics segmap objectid objid opid id ids instanceid renderid nodeid primid "
        "assetid materialid matid mtlid shaderid objectindex materialindex indexob indexma idmask idpass"
    ),
    Pass.EDGE: "edge edges canny outline outlines contour contours",
    Pass.VIS: "vis blur blurred",
    Pass.NORMAL: (
        "n normal normals normalmap nrm nrml hitn nn worldnormal worldnormals normalworld normalsworld cameranormal "
        "normalcamera bumpnormal bumpnormals shadingnormal smoothnormal geometricnormal geonormal ncamera nworld"
    ),
    Pass.MASK: "mask masks matte mattes holdout",
    # No control is made from these. They are named here so that they are not taken for the colour.
    Pass.UNKNOWN: (
        "albedo basecolor diffuse diffusecolor diffusefilter diffusedirect diffuseindirect diffuselighting "
        "directdiffuse indirectdiffuse diffdir diffind diffcol specular specularlighting speculardirect "
        "specularindirect directspecular indirectspecular reflectionfilter refraction refractions "
        "refractionfilter glossdir glossind glosscol transdir transind transcol sss subsurface subsurfacescatter "
        "selfillumination globalillumination ao ambientocclusion occlusion matteshadow shadowcatcher volumedir "
        "volumeind volumelighting uv uvs pworld worldposition positionworld pref motionvector motionvectors "
        "motionvec puzzlematte multimatte denoisingalbedo denoisingnormal denoisingdepth noisyimage zback "
        "samplecount freestyle wirecolor drbucket extratex samplerate p"
    ),
}

# These words are common in names of shots. They tell a pass only where another file of the same shot lacks them.
_ORDINARY: dict[Pass, str] = {
    Pass.COLOR: "image img plate render main final",
    Pass.UNKNOWN: (
        "shadow shadows light lighting totallight lightmix volume atmosphere environment env background emit emission "
        "emissive vector vectors motion mv velocity vel position pos st gi caustics caustic coat sheen transmission "
        "translucency reflection reflections reflect refract glossy toon direct indirect coverage fog alpha opacity "
        "mist curvature variance"
    ),
}
# EXR layers have these names too, and files do not.
_OF_LAYERS: dict[Pass, str] = {Pass.COLOR: "ci cf main image primary"}
# Words of departments and trades which hold a pass word and mean none.
_OF_TRADES = "previs postvis techvis visdev pitchvis mattepainting mattepaint depthoffield colorgrade colourgrade"

# A word consists of at most this many pieces of a name: `crypto_object`, `hitPz`, `DistanceToCamera`.
_MOST_PIECES = 4
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_RUN = re.compile(r"[^\W\d_]+|[0-9]+")
_VRAY = "vray"

# Between a pass word and the frame number may stand: versions, sizes, views, colour spaces, kinds of file.
_QUALIFIER = re.compile(
    r"(?:v|ver|version|r|t|take)?[0-9]{1,3}|v[0-9]+|[0-9]{3,5}x[0-9]{3,5}|[0-9]{1,2}k|[0-9]{3,4}p|(?:8|10|12|16|32)bit|"
    r"left|right|lft|rgt|l|r|main|mono|hero|pass|aov|layer|element|channel|map|raw|lin|linear|log|srgb|sdr|hdr|"
    r"aces|acescg|rec709|rec2020|filtered|unfiltered|denoised|denoise|noisy|graded|full|half|float|uhd|hd|proxy|hires|"
    r"lores|lowres|exr|png|jpg|jpeg|tif|tiff|dpx",
    re.IGNORECASE,
)
_LONE_NUMBER = re.compile(r"[0-9]{3}")


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of a word.

    Attributes:
        pass_: the pass; None for a word that holds a pass word and means none.
        ordinary: whether the word tells a pass only beside a file of the same shot.
        configured: whether the configuration or the user named the word.
        preference: of two words of a pass, the one with the lower number is preferred.
    """

    pass_: Pass | None
    ordinary: bool = False
    configured: bool = False
    preference: int = 0


Words = Mapping[str, Meaning]


@dataclass(frozen=True, slots=True)
class PassWord:
    """A pass word in a text, by its offsets."""

    start: int
    end: int
    word: str
    meaning: Meaning


def file_words(extra: Mapping[str, Iterable[str]]) -> Words:
    """Return the words of file and folder names: the built-in ones and those of a configuration, by pass."""
    known = _meanings(PASS_WORDS) | _meanings(_ORDINARY, ordinary=True) | {w: Meaning(None) for w in _OF_TRADES.split()}
    return known | _configured(extra)


def layer_words(extra: Mapping[str, Iterable[str]]) -> Words:
    """Return the words of EXR layers; the argument is that of ``file_words``."""
    return _meanings(_ORDINARY) | _meanings(_OF_LAYERS) | _meanings(PASS_WORDS) | _configured(extra)


def bare(text: str) -> str:
    """Return a text in lower case, with its letters and digits alone."""
    return "".join(_RUN.findall(text)).lower()


def find_words(text: str, known: Words) -> list[PassWord]:
    """Return the pass words of a text from left to right, the longest at each place, none over another."""
    pieces = list(_pieces(text))
    found: list[PassWord] = []
    at = 0
    while at < len(pieces):
        word = _element_of_vray(text, pieces, at, known) or _longest(text, pieces, at, known)
        if word is None:
            at += 1
            continue
        if word.meaning.pass_ is not None:
            found.append(word)
        at = next((i for i in range(at, len(pieces)) if pieces[i][0] >= word.end), len(pieces))
    return found


def ends_name(text: str, word: PassWord) -> bool:
    """Return whether nothing but versions, sizes, views and the like follow a word.

    >>> known = file_words({})
    >>> [ends_name(text, find_words(text, known)[-1]) for text in ("sh010_depth_v2", "edge_of_town", "edge_010")]
    [True, False, False]
    """
    rest = text[word.end :]
    parts = [part for part in re.split(r"[\W_]+", rest) if part]
    if not all(_QUALIFIER.fullmatch(part) for part in parts):
        return False
    # `edge_010` is a shot, `edge_01` the first edge pass; a letter before a number is a shot as well: `N_01`.
    numbers = [part for part in parts if part.isdigit()]
    if len(word.word) == 1:
        return not numbers
    return not any(_LONE_NUMBER.fullmatch(part) for part in numbers)


def without(text: str, word: PassWord) -> str:
    """Return a text without a word and without the number after it (`crypto00`)."""
    rest = re.sub(r"^[0-9]{1,2}(?![0-9])", "", text[word.end :])
    return "_".join(part for part in (tidy(text[: word.start]), tidy(rest)) if part)


def tidy(text: str) -> str:
    """Return a text without the separators at its ends."""
    return text.strip(" ._-#")


def is_qualifier(text: str) -> bool:
    """Return whether a text has nothing but versions, sizes, views and numbers."""
    return all(_QUALIFIER.fullmatch(part) or part.isdigit() for part in re.split(r"[\W_]+", text) if part)


def _meanings(table: Mapping[Pass, str], *, ordinary: bool = False) -> dict[str, Meaning]:
    return {
        word: Meaning(pass_, ordinary=ordinary, preference=place)
        for pass_, line in table.items()
        for place, word in enumerate(line.split())
    }


def _configured(extra: Mapping[str, Iterable[str]]) -> dict[str, Meaning]:
    return {
        key: Meaning(Pass(kind), configured=True)
        for kind, more in extra.items()
        for word in more
        if (key := bare(word))
    }


def _pieces(text: str) -> Iterable[tuple[int, int]]:
    """Yield the offsets of the words of a text, which is split at punctuation, digits and camel case."""
    for found in _RUN.finditer(text):
        cuts = [found.start(), *(found.start() + cut.start() for cut in _CAMEL.finditer(found[0])), found.end()]
        yield from pairwise(cuts)


def _longest(text: str, pieces: list[tuple[int, int]], at: int, known: Words) -> PassWord | None:
    for last in range(min(at + _MOST_PIECES, len(pieces)) - 1, at - 1, -1):
        start, end = pieces[at][0], pieces[last][1]
        word = "".join(text[a:b] for a, b in pieces[at : last + 1]).lower()
        if word in known and (len(word) > 1 or _stands_alone(text, start, end)):
            return PassWord(start, end, word, known[word])
    return None


def _element_of_vray(text: str, pieces: list[tuple[int, int]], at: int, known: Words) -> PassWord | None:
    """Return a render element as V-Ray names it, such as ``VRayZDepth``; one without a known word is no control."""
    start = pieces[at][0]
    run = re.match(r"[^\W_]+", text[start:])
    if run is None or not run[0].lower().startswith(_VRAY) or len(run[0]) == len(_VRAY):
        return None
    if start and text[start - 1].isalnum():
        return None
    word = run[0].lower()
    meaning = known.get(word) or known.get(word.removeprefix(_VRAY)) or Meaning(Pass.UNKNOWN)
    return PassWord(start, start + run.end(), word, Meaning(meaning.pass_, preference=meaning.preference))


def _stands_alone(text: str, start: int, end: int) -> bool:
    return not (start and text[start - 1].isalnum()) and not (end < len(text) and text[end].isalnum())
