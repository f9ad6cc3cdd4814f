"""Operators of a foreign model that have no layer: each is noted, and one error names all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

LONGEST = 80
"""Characters of a name in a file that an error quotes."""


@dataclass(frozen=True)
class Refused:
    """An operator of a model that has no layer."""

    where: str
    """The place in the model that calls it."""
    operator: str
    hint: str
    """What would replace it, or why it does not fit."""
    target: Any = None
    """The operator as the library has it."""
    known: bool = True
    """Whether it has layers with other options or arguments."""

    def __str__(self) -> str:
        return f"{self.operator} in {self.where}{f' ({self.hint})' if self.hint else ''}"


def refusal(reader: str, refused: Iterable[Refused]) -> ValueError:
    """The error of a reader of that name, with every operator once."""
    told = "; ".join(dict.fromkeys(map(str, refused)))
    return ValueError(f"model must compute operators that have a layer (see {reader}), got {told}")


def line(value: object) -> str:
    """The first line of a text."""
    return str(value).strip().partition("\n")[0]


def quoted(name: str) -> str:
    """A name from a file, in one line of at most 80 characters."""
    text = " ".join(name.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 2]}.."
