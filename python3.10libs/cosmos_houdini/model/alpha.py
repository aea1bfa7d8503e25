"""The meanings of alpha in picture files, and what happens to each; importing this module loads no picture library."""

from __future__ import annotations

STRAIGHT = "straight"
"""The alpha by which colours still have to be multiplied."""

WORDS = {
    STRAIGHT: "straight alpha: composed over black",
    "premultiplied": "premultiplied alpha: colours kept, which are over black",
    "unsaid": "a fourth channel that the format gives no meaning: left aside",
}
"""The treatment of pictures, by the meaning of their alpha."""

DATA_WORDS = "alpha left aside"
"""The treatment of the alpha of a data pass, whose numbers must not be mixed with black."""
