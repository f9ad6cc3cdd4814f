"""Names and numbers as text for tables and pictures, whose width is known without a font."""

import unicodedata
from functools import lru_cache

_NARROW = (("ijlIJ'|., ·:;/\\", 0.37), ("ftr-()[]!", 0.44), ('"`_*', 0.53))
_WIDE = (("mwMW@%#+<=>^~→×…", 1.01), ("&OQDGNHU", 0.85))
_DIGITS_AND_SMALL, _OTHER, _BOLD = 0.65, 0.78, 1.14
"""Width of characters of DejaVu Sans, the font of Matplotlib, in units of its size, and of bold ones beside that."""


def printable(text: str) -> str:
    """Text in one line: line ends and other characters that cannot be shown become their escape sequences.

    >>> print(printable("a\\nb"))
    a\\nb
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def width(text: str, size: float, bold: bool = False) -> float:
    """How wide a text is at most in DejaVu Sans, or in Verdana, of a `size`, in its unit."""
    return size * sum(map(_advance, text)) * (_BOLD if bold else 1.0)


@lru_cache(4096)
def _advance(character: str) -> float:
    for characters, wide in (*_NARROW, *_WIDE):
        if character in characters:
            return wide
    if unicodedata.combining(character):
        return 0.0
    if character.isascii():
        return _DIGITS_AND_SMALL if character.islower() or character.isdigit() or character in "$?{}L" else _OTHER
    return 1.05


def shortened(text: str, most: int) -> str:
    """A text of at most so many characters: the middle of a longer one is left out.

    >>> shortened("encoder.self_attn", 9)
    'enco…attn'
    """
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"
