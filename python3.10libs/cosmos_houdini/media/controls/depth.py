"""Converts depth to the form that the models know: disparity, near bright, one range over the whole shot, sky black.

The models were trained on the output of monocular depth networks. This is inverse depth, scaled once per video to
``floor(255 * (d - min) / (max - min))``. A linear depth, a range per frame or a colour transform each give pictures
that look plausible but mean something else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cosmos_houdini.errors import BadInput
from cosmos_houdini.media.control_settings import FAR, DepthKind, Lens
from cosmos_houdini.media.controls import sky

SCHEMA = "cosmos-houdini/depth-range/1"
RAY_WORDS = ("dist", "ray", "length")
# These layers of Mantra and Karma hold camera-space Z by definition, even where a small scene keeps all values below 1.
CAMERA_Z_LAYERS = ("pz", "hitpz")
# Polarity is unclear where the means of a picture's upper and lower third differ by less than this.
CLEAR_DIFFERENCE = 0.05

Values = NDArray[Any]
Disparity = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthGuess:
    """The probable meaning of a depth pass's numbers, and the reason in words."""

    kind: DepthKind
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthRange:
    """The disparities that become black and white in all frames of a shot.

    Attributes:
        kind: what the numbers of the pass mean.
        far: disparity that becomes 0; one divided by scene units, or a share of the picture's own range.
        near: disparity that becomes 255.
        percentiles: shares of the shot's pixels that are below ``far`` and ``near``, 0 to 100.
        frames: number of frames that were examined.
    """

    kind: DepthKind
    far: float
    near: float
    percentiles: tuple[float, float]
    frames: int

    def document(self) -> dict[str, Any]:
        """Return the range as JSON data that later jobs of the shot can reuse."""
        return {
            "schema": SCHEMA,
            "kind": str(self.kind),
            "far": self.far,
            "near": self.near,
            "percentiles": list(self.percentiles),
            "frames": self.frames,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> DepthRange:
        """Return the range that ``document`` wrote.

        Raises:
            BadInput: the document has another schema, or lacks a value.
        """
        try:
            if document["schema"] != SCHEMA:
                raise BadInput(f"a depth range has schema {document['schema']!r}", allowed=SCHEMA)
            low, high = document["percentiles"]
            return cls(
                kind=DepthKind(document["kind"]),
                far=float(document["far"]),
                near=float(document["near"]),
                percentiles=(float(low), float(high)),
                frames=int(document["frames"]),
            )
        except (KeyError, TypeError) as error:
            raise BadInput(f"a depth range cannot be read: {error!r}", action="convert the shot again") from error


class RangeSurvey:
    """Finds the range of a shot frame by frame, in 16 MB of memory for a shot of any length.

    The survey counts disparities by the upper 21 bits of their float32 pattern, which grows with the value. The
    relative error of a percentile is therefore at most 2**-13. The least and the greatest value are exact.
    """

    _SHIFT = 10
    _BINS = 0x7F800000 >> _SHIFT

    def __init__(self) -> None:
        self._counts = np.zeros(self._BINS, np.int64)
        self._low = np.inf
        self._lowest = 0
        self._high = 0.0
        self._frames = 0
        self._pixels = 0

    def add(self, disparity: Disparity) -> None:
        """Count the pixels of one frame that are not sky."""
        self._frames += 1
        self._pixels += disparity.size
        valid = disparity[disparity > 0]
        if valid.size:
            low = float(valid.min())
            if low < self._low:
                self._low, self._lowest = low, 0
            if low == self._low:
                self._lowest += int(np.count_nonzero(valid == np.float32(low)))
            self._high = max(self._high, float(valid.max()))
            self._counts += np.bincount(valid.view(np.uint32) >> self._SHIFT, minlength=self._BINS)

    @property
    def frames(self) -> int:
        """The number of frames that were examined."""
        return self._frames

    def range(self, kind: DepthKind, *, low_percent: float = 0.0, high_percent: float = 99.9) -> DepthRange:
        """Return the range over all frames.

        With the default percentiles, one pixel that touches the camera does not darken the shot. The far end needs no
        such margin, because disparity cannot fall below 0. A number that stands for sky is beyond the range, so that
        sky is black.

        Raises:
            BadInput: the percentiles are not in order, or every frame shows nothing but sky.
        """
        if not 0 <= low_percent < high_percent <= 100:  # noqa: PLR2004 - per cent
            raise BadInput(f"depth percentiles {low_percent:g} and {high_percent:g}", allowed="0 <= low < high <= 100")
        if not self._high:
            raise BadInput(
                f"the depth pass shows nothing but sky in all {self._frames} frames",
                action="choose another depth layer, or say what its numbers mean",
            )
        far, near = self._percentile(low_percent), self._percentile(high_percent)
        if self.sky_distance is not None and near < far * (1 + 2.0**-12):
            # All objects are in one bin, which says nothing about their order.
            near = far
        return DepthRange(
            kind=kind,
            far=far,
            near=near,
            percentiles=(low_percent, high_percent),
            frames=self._frames,
        )

    @property
    def sky_distance(self) -> float | None:
        """The number that stands for sky in the whole shot, in scene units; None if no number does.

        It is the farthest one: many pixels have exactly this number, and everything else is much nearer.
        """
        total = int(self._counts.sum())
        between = int(self._counts[: self._edge()].sum()) - self._lowest if total else 0
        return 1 / self._low if sky.is_farthest(lowest=self._lowest, between=between, total=total) else None

    @property
    def sky_share(self) -> float:
        """The share of all pixels that are sky, 0 to 1."""
        valid = int(self._counts.sum()) - (self._lowest if self.sky_distance is not None else 0)
        return 1 - valid / self._pixels if self._pixels else 0.0

    def _edge(self) -> int:
        """Return the first bin of disparities that are too near for sky."""
        return int(np.array([self._low * sky.FACTOR], np.float32).view(np.uint32)[0] >> self._SHIFT)

    def _percentile(self, percent: float) -> float:
        counts = self._counts
        if self.sky_distance is not None:
            counts = counts.copy()
            counts[: self._edge()] = 0
        elif percent == 0:
            return self._low
        if percent == 100:  # noqa: PLR2004 - per cent
            return self._high
        total = np.cumsum(counts)
        rank = percent / 100 * (int(total[-1]) - 1)
        index = int(np.searchsorted(total, rank, side="right"))
        edges = (np.array([index, index + 1], np.uint32) << self._SHIFT).view(np.float32).astype(np.float64)
        inside = (rank - int(total[index]) + int(self._counts[index])) / int(self._counts[index])
        return float(np.clip(edges[0] + inside * (edges[1] - edges[0]), self._low, self._high))


def disparity(
    values: Values, kind: DepthKind, *, lens: Lens | None = None, far: float = FAR, zero_is_sky: bool = False
) -> Disparity:
    """Return the disparity, which grows with nearness and is 0 for sky.

    Args:
        values: height x width, or with a third axis, of which only the first channel is used. Camera Z and ray distance
            are in scene units. Normalised depth fills the range of its integer type, or 0 to 1 as float.
        kind: what the numbers mean. Camera Z may be negative, as in a camera that looks down its own -Z. The sign that
            most objects have is the valid one. Pixels of the other sign are sky; so are 0, NaN, infinity,
            ``sky.NO_DISTANCES`` and everything from ``far`` on.
        lens: lens of the camera; needed for ray distance.
        far: distance in scene units from which everything is sky.
        zero_is_sky: whether 0 is sky in near-dark depth, where it else is the nearest.

    Raises:
        BadInput: the kind is ray distance, and there is no lens.
    """
    plane = sky.first_channel(values)
    if kind in {DepthKind.NEAR_BRIGHT, DepthKind.NEAR_DARK}:
        return _normalised(plane, near_dark=kind is DepthKind.NEAR_DARK, zero_is_sky=zero_is_sky)
    z = plane.astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        if sky.is_negative(z, far=far):
            z = -z
        valid = sky.is_object(z, far=far)
        if kind is DepthKind.RAY_DISTANCE:
            z = z * _cosine(z.shape, lens)
        return np.where(valid, 1 / z, np.float32(0)).astype(np.float32, copy=False)


def find_sky(frames: Iterable[Values], *, far: float = FAR) -> float | None:
    """Return the number that stands for sky in some frames of camera Z or ray distance, beside those always known."""
    survey = RangeSurvey()
    for frame in frames:
        survey.add(disparity(frame, DepthKind.CAMERA_Z, far=far))
    return survey.sky_distance


def to_8bit(disparity: Disparity, depth_range: DepthRange) -> NDArray[np.uint8]:
    """Return height x width bytes: 255 at ``near`` and nearer; 0 at ``far``, beyond it, and for sky.

    The byte is the exact value rounded down, as in the formula of the models' own depth.
    If ``near`` is not above ``far``, every object becomes white, so that it still differs from sky.
    """
    near, far = np.float32(depth_range.near), np.float32(depth_range.far)
    if near <= far:
        return np.where((disparity > 0) & (disparity >= far), np.uint8(255), np.uint8(0))
    # Divide, instead of multiplying by the inverse: `near` itself must give 255, not 254.99998.
    levels = (disparity - far) / (near - far) * np.float32(255)
    return levels.clip(0, 255).astype(np.uint8)


def guess_kind(frames: Iterable[Values], layer_name: str = "") -> DepthGuess:
    """Return the probable meaning of a depth pass's numbers, with the evidence.

    Args:
        frames: a few frames of the shot.
        layer_name: a name that contains a word for rays or distance means ray distance; Pz and hitPz mean camera Z.

    Raises:
        BadInput: the depth is normalised, and its polarity is unclear.
    """
    if layer_name.lower() in CAMERA_Z_LAYERS:
        return DepthGuess(kind=DepthKind.CAMERA_Z, evidence=f"the layer is called {layer_name!r}")
    samples = list(map(sky.first_channel, frames))
    largest = max(map(_largest, samples), default=0.0)
    if samples and samples[0].dtype.kind == "f" and largest > 1:
        if any(word in layer_name.lower() for word in RAY_WORDS):
            return DepthGuess(
                kind=DepthKind.RAY_DISTANCE, evidence=f"values reach {largest:g} and the layer is called {layer_name!r}"
            )
        return DepthGuess(kind=DepthKind.CAMERA_Z, evidence=f"values reach {largest:g}, so they are scene units")
    return _guess_polarity(samples)


def _guess_polarity(samples: list[Values]) -> DepthGuess:
    """Compare the lower third with the upper: ground is near and at the bottom, what is far is at the top.

    Sky takes no part, because any number may stand for it.
    """
    thirds = np.array([found for sample in samples if (found := _thirds(sample)) is not None])
    upper, lower = (float(mean) for mean in thirds.mean(axis=0)) if thirds.size else (0.0, 0.0)
    if abs(lower - upper) < CLEAR_DIFFERENCE:
        raise BadInput(
            f"it does not show whether near is bright: lower third {lower:.2f}, upper third {upper:.2f} on average",
            allowed=", ".join(map(str, DepthKind)),
            action="say what the depth pass means",
        )
    kind, word = (DepthKind.NEAR_BRIGHT, "brighter") if lower > upper else (DepthKind.NEAR_DARK, "darker")
    return DepthGuess(kind=kind, evidence=f"the lower third ({lower:.2f}) is {word} than the upper third ({upper:.2f})")


def _thirds(plane: Values) -> tuple[float, float] | None:
    """Return the means of the upper and the lower third of the rows that show objects; None if none do."""
    # Zero is sky, or the nearest of all: the others show which.
    is_object = sky.is_share(plane) & (plane != 0)
    rows = is_object.any(axis=1)
    if not rows.any():
        return None
    shares = np.where(is_object, _share(plane), np.float32(0))[rows].sum(axis=1) / is_object[rows].sum(axis=1)
    third = max(1, len(shares) // 3)
    return float(shares[:third].mean()), float(shares[-third:].mean())


def _largest(plane: Values) -> float:
    """Return the largest distance of an object, or of sky where no object is far: only scene units go so far."""
    finite = np.abs(plane[np.isfinite(plane)].astype(np.float32, copy=False))
    objects = finite[sky.is_object(finite)]
    largest = float(objects.max(initial=0))
    return largest if largest > 1 else float(finite.max(initial=0))


def _share(plane: Values) -> Disparity:
    """Return normalised depth as 0 to 1; NaN and infinity are sky and become 0."""
    scale = np.iinfo(plane.dtype).max if plane.dtype.kind in "ui" else 1
    share: Disparity = np.nan_to_num(plane.astype(np.float32) / np.float32(scale), nan=0, posinf=0, neginf=0)
    return share


def _normalised(plane: Values, *, near_dark: bool, zero_is_sky: bool) -> Disparity:
    share: Disparity = _share(plane).clip(0, 1)
    if near_dark:
        share = 1 - share
        if zero_is_sky:
            share[plane == 0] = 0
    share[~sky.is_share(plane)] = 0
    return share


def _cosine(shape: tuple[int, ...], lens: Lens | None) -> Disparity:
    """Return, for each pixel, depth divided by the length of its ray."""
    if lens is None:
        raise BadInput(
            "ray distance needs the camera's focal length and aperture", action="name the scene, or render camera Z"
        )
    height, width = shape
    half_width = lens.aperture_mm / lens.focal_mm / 2
    half_height = half_width * height / (width * lens.pixel_aspect)
    x = ((np.arange(width) + 0.5) / width * 2 - 1) * half_width
    y = ((np.arange(height) + 0.5) / height * 2 - 1) * half_height
    cosine: Disparity = (1 / np.sqrt(1 + x[None, :] ** 2 + y[:, None] ** 2)).astype(np.float32)
    return cosine
