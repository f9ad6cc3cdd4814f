"""Arguments of the commands that search."""


def spans(text: str) -> list[range]:
    """Ranges of lengths, ends included, of ``"2..64"`` or ``"8,16"``.

    >>> spans("2..4,8")
    [range(2, 5), range(8, 9)]
    """
    ends = [part.partition("..")[::2] for part in text.split(",")]
    return [range(int(first), int(last or first) + 1) for first, last in ends]
