"""Shows colours that a file says are not those of an sRGB display, by transforms of OpenColorIO.

Powers, primaries and ICC profiles describe a display, so they become sRGB without a view. Printing density and linear
light describe a scene, so they go through the view of the configuration, as EXR does.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import PyOpenColorIO as OCIO  # noqa: N814 - as its own documents write it
from numpy.typing import NDArray

from cosmos_houdini.media.control_settings import ColorSettings
from cosmos_houdini.media.pictures.color import (
    OCIO_ERRORS,
    PRIMARIES,
    DisplayTransform,
    Picture,
    display_transform,
    finite_light,
)
from cosmos_houdini.media.pictures.display_levels import display_bytes
from cosmos_houdini.model.color_encoding import ColorEncoding, ColorKind

Matrix = NDArray[np.float64]

_BT709 = next(primaries for primaries, names in PRIMARIES if "lin_rec709" in names)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
# Kodak's printing density: code 685 of 1023 is white, 95 is black, a code is 0.002 of density, and film has gamma 0.6.
_WHITE_CODE, _BLACK_CODE, _MOST_CODE, _CODES_A_DECADE = 685, 95, 1023, 300


@dataclass(frozen=True, kw_only=True)
class EncodedDisplay:
    """A transform from encoded colours of a display to sRGB.

    Attributes:
        encoding: the encoding of the files.
        processor: OpenColorIO's transform of numbers from 0 to 1.
    """

    encoding: ColorEncoding
    processor: Any = field(repr=False, compare=False)

    def apply(self, picture: NDArray[Any]) -> Picture:
        """Return height x width x 3 bytes of sRGB; alpha is ignored."""
        numbers = np.ascontiguousarray(finite_light(picture))
        self.processor.applyRGB(numbers)
        return display_bytes(numbers)

    def document(self) -> dict[str, Any]:
        """Return the transform as JSON data."""
        return {"from": self.encoding.words, "to": "sRGB"}


def encoded_transform(encoding: ColorEncoding, choice: ColorSettings) -> EncodedDisplay | DisplayTransform | None:
    """Return the transform that shows an encoding; None for one that can only be told.

    Raises:
        BadInput: as for ``display_transform``, for encodings of a scene.
    """
    if encoding.kind is ColorKind.GAMMA:
        return EncodedDisplay(encoding=encoding, processor=_processor(_to_linear(encoding), *_from_primaries(encoding)))
    if encoding.kind is ColorKind.PROFILE:
        return _of_profile(encoding)
    if encoding.kind is ColorKind.LINEAR or (encoding.kind is ColorKind.DENSITY and choice.input_space):
        return display_transform(choice)
    if encoding.kind is ColorKind.DENSITY:
        return _of_density(encoding, choice)
    return None


def _of_density(encoding: ColorEncoding, choice: ColorSettings) -> DisplayTransform:
    found = display_transform(choice, {"chromaticities": _BT709})
    reason = f"{encoding.words}: Cineon log, with the primaries of BT.709"
    return replace(found, to_light=_density_to_light(), input_reason=reason)


def _density_to_light() -> Any:  # noqa: ANN401 - the binding has no types
    black = 10 ** ((_BLACK_CODE - _WHITE_CODE) / _CODES_A_DECADE)
    log = OCIO.LogAffineTransform(
        logSideSlope=[_CODES_A_DECADE / _MOST_CODE] * 3,
        logSideOffset=[_WHITE_CODE / _MOST_CODE] * 3,
        linSideSlope=[1 - black] * 3,
        linSideOffset=[black] * 3,
        direction=OCIO.TRANSFORM_DIR_INVERSE,
    )
    log.setBase(10)
    return log


def _of_profile(encoding: ColorEncoding) -> EncodedDisplay | None:
    """Return the transform of an ICC profile, which OpenColorIO reads from a file; None if it cannot."""
    with tempfile.TemporaryDirectory(prefix="cosmos-icc-") as folder:
        path = Path(folder, "profile.icc")
        path.write_bytes(encoding.profile)
        # OpenColorIO goes from XYZ to the numbers of the profile. Its XYZ is adapted to the white of BT.709.
        to_xyz = OCIO.FileTransform(src=str(path), direction=OCIO.TRANSFORM_DIR_INVERSE)
        try:
            processor = _processor(to_xyz, _matrix(_xyz_to_bt709()))
        except OCIO_ERRORS:
            return None
    return EncodedDisplay(encoding=encoding, processor=processor)


def _processor(*to_linear: Any) -> Any:  # noqa: ANN401
    steps = [*to_linear, OCIO.RangeTransform(0, 1, 0, 1), _srgb_curve(OCIO.TRANSFORM_DIR_INVERSE)]
    return OCIO.Config.CreateRaw().getProcessor(OCIO.GroupTransform(steps)).getDefaultCPUProcessor()


def _to_linear(encoding: ColorEncoding) -> Any:  # noqa: ANN401
    if not encoding.exponent:
        return _srgb_curve(OCIO.TRANSFORM_DIR_FORWARD)
    return OCIO.ExponentTransform([encoding.exponent] * 3 + [1])


def _srgb_curve(direction: Any) -> Any:  # noqa: ANN401
    return OCIO.ExponentWithLinearTransform(gamma=[2.4] * 3 + [1], offset=[0.055] * 3 + [0], direction=direction)


def _from_primaries(encoding: ColorEncoding) -> list[Any]:
    if not encoding.primaries:
        return []
    adapted = _adaptation(_white(encoding.primaries), _white(_BT709))
    return [_matrix(_xyz_to_bt709() @ adapted @ _to_xyz(encoding.primaries))]


def _matrix(three: Matrix) -> Any:  # noqa: ANN401
    four = np.eye(4)
    four[:3, :3] = three
    return OCIO.MatrixTransform(matrix=four.ravel().tolist())


def _xyz_to_bt709() -> Matrix:
    return np.asarray(np.linalg.inv(_to_xyz(_BT709)))


def _to_xyz(primaries: tuple[float, ...]) -> Matrix:
    """Return the matrix from linear RGB of these primaries to XYZ (SMPTE RP 177)."""
    columns = np.array([_xyz(*primaries[index : index + 2]) for index in (0, 2, 4)]).T
    return np.asarray(columns * np.linalg.solve(columns, _white(primaries)))


def _white(primaries: tuple[float, ...]) -> Matrix:
    return np.asarray(_xyz(*primaries[6:]))


def _xyz(x: float, y: float) -> tuple[float, float, float]:
    return x / y, 1.0, (1 - x - y) / y


def _adaptation(before: Matrix, after: Matrix) -> Matrix:
    """Return the Bradford matrix from one white to another (ICC.1:2022, annex E)."""
    scale = (_BRADFORD @ after) / (_BRADFORD @ before)
    return np.asarray(np.linalg.inv(_BRADFORD) @ np.diag(scale) @ _BRADFORD)


def shown_words(transform: EncodedDisplay | DisplayTransform) -> str:
    """Return in words what a transform does."""
    if isinstance(transform, EncodedDisplay):
        return f"shown by OpenColorIO: {transform.encoding} to sRGB"
    seen = f"{transform.input_space} on {transform.display}, {transform.view}"
    return f"shown by OpenColorIO: {seen}, of {transform.config}"
