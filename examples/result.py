"""What an example gives, and how its numbers are written on a page."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from sc_neurocore import Network


class Result(NamedTuple):
    """Numbers, pictures and models of one run of an example.

    Parameters
    ----------
    numbers
        What was measured, by name.
    pictures
        For each file name a function that writes the picture to a path.
    models
        Networks that can be saved for ``sc-neurocore evaluate --model``, by file name.
    """

    numbers: dict[str, float]
    pictures: Mapping[str, Callable[[Path], object]]
    models: Mapping[str, Network] = {}


def table_row(*cells: object) -> str:
    """A row of a table in Markdown.

    >>> table_row("Sobol", ".5")
    '| Sobol | .5 |'
    """
    return f"| {' | '.join(map(str, cells))} |"


def short(value: float, digits: int) -> str:
    """A number without the zero before its point.

    >>> short(0.0624, 3), short(-0.5, 2), short(1.25, 1)
    ('.062', '-.50', '1.2')
    """
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def shorts(values: Iterable[float], digits: int) -> list[str]:
    """`short` of each."""
    return [short(value, digits) for value in values]
