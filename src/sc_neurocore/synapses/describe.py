"""A table of errors: what each mechanism of a chip does to a matrix of weights."""

from collections.abc import Sequence

import numpy as np

from .crossbar import Floats

_HEAD = ("mechanism", "setting", "RMS error", "largest error", "at weight")


def table_of_errors(rows: Sequence[tuple[str, str, Floats]]) -> list[str]:
    """Lines of a table, one for each mechanism, its setting and the errors of the weights that it makes.

    >>> print(*table_of_errors([("levels", "3", np.array([0.0, -0.25]))]), sep="\\n")
    mechanism  setting  RMS error  largest error  at weight
    levels     3           0.1768         0.2500        [1]
    """
    table = [_HEAD, *((name, setting, *_size(error)) for name, setting, error in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEAD))]
    lines = []
    for row in table:
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join(left + right))
    return lines


def _size(error: Floats) -> tuple[str, str, str]:
    worst = np.unravel_index(abs(error).argmax(), error.shape)
    place = ", ".join(map(str, worst))
    return f"{np.sqrt(np.square(error).mean()):.4f}", f"{abs(error[worst]):.4f}", f"[{place}]"
