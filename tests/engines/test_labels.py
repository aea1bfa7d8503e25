from __future__ import annotations

import io

import numpy as np
from PIL import Image

from cosmos_houdini.engines.labels import Label, label, label_column


def pixels(made: Label) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(made.pgm.encode("ascii"))))


def test_a_label_is_a_picture_of_its_size_that_others_read():
    made = label("depth 0.5", 20)
    assert pixels(made).shape == made.size[::-1]
    assert made.size[1] == 20
    assert pixels(made).max() == 255


def test_lines_stand_below_each_other():
    column = pixels(label_column(("wide words here", "i"), 20))
    assert column.shape[0] == 40
    assert column[:20].any()
    assert column[20:, :10].any()
    assert not column[20:, 40:].any()


def test_other_words_look_different():
    assert label("seed 1", 20).pgm != label("seed 2", 20).pgm
    assert label("seed 1", 20) == label("seed 1", 20)
