"""Operators of a foreign model that have no layer: each is noted, and one error names all of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

SHOWN = 4
"""Places of an operator that an error names."""
LONGEST = 80
"""Characters of a name in a file that an error quotes."""

UNKNOWN = "no layer does that"
"""Hint for an operator of which nothing is known."""


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


def refusal(reader: str, refused: Iterable[Refused]) -> ValueError:
    """The error of a reader of that name, with every operator and what would replace it once."""
    places: dict[tuple[str, str], list[str]] = {}
    for each in refused:
        places.setdefault((each.operator, each.hint), []).append(each.where)
    told = "; ".join(_told(*key, list(dict.fromkeys(where))) for key, where in places.items())
    return ValueError(f"model must compute operators that have a layer (see {reader}), got {told}")


def _told(operator: str, hint: str, where: list[str]) -> str:
    more = f" and {len(where) - SHOWN} more" if len(where) > SHOWN else ""
    return f"{operator} in {', '.join(where[:SHOWN])}{more}{f' ({hint})' if hint else ''}"


def line(value: object) -> str:
    """The first line of a text."""
    return str(value).strip().partition("\n")[0]


def quoted(text: str, longest: int = LONGEST) -> str:
    """A text from a file, such as a name, in one line of at most so many characters."""
    words = " ".join(text.split())
    return words if len(words) <= longest else f"{words[: longest - 2]}.."
