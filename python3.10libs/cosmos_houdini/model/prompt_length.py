"""How many words and tokens a prompt has, for engines that silently cut off what is too long.

Transfer1 and Transfer2.5 read 512 tokens and drop the rest (t5_text_encoder.py, text_encoder.py); about 300 English
words fit. Without the real tokenizer the number is an upper estimate: a token of a byte-level vocabulary is at least
one byte, and an English word of up to six letters is one or two.
"""

from __future__ import annotations

import re
import unicodedata

MOST_WORDS = 300
"""More words than these are not read to their end."""
MOST_TOKENS = 512
_LETTERS_PER_TOKEN = 4

_LETTERS_PER_PIECE = 10
_LONGEST_WORD = 100

_WORD = re.compile(r"[^\W\u2e80-\U0003ffff]+(?:['\u2019-]\w+)*|[\u2e80-\U0003ffff]")
_PIECE = re.compile(r"[A-Za-z]+|[0-9]|\S")


def count_words(text: str) -> int:
    """Return how many words a text counts for: in scripts without spaces every character is one.

    A run of more than 100 letters is no word; a text encoder cuts it into pieces, here one for each ten letters.

    >>> count_words("rain on a street"), count_words("雨の街"), count_words("a" * 4000)
    (4, 3, 400)
    """
    return sum(-(-len(word) // _LETTERS_PER_PIECE) if len(word) > _LONGEST_WORD else 1 for word in _WORD.findall(text))


def estimate_tokens(text: str) -> int:
    """Return at most how many tokens a text has; of characters outside ASCII every byte counts.

    >>> estimate_tokens("rain on a street"), estimate_tokens("雨")
    (5, 3)
    """
    total = 0
    for match in _PIECE.finditer(unicodedata.normalize("NFC", text)):
        piece = match[0]
        total += -(-len(piece) // _LETTERS_PER_TOKEN) if piece.isascii() else len(piece.encode("utf-8", "replace"))
    return total


def fits(text: str) -> bool:
    """Whether the older models read a prompt to its end."""
    return count_words(text) <= MOST_WORDS and estimate_tokens(text) <= MOST_TOKENS
