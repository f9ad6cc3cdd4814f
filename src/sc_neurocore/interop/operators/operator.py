"""What a function is that turns an operator of a foreign graph into layers."""

from collections.abc import Callable
from typing import Any

Operator = Callable[..., Any]
"""Takes the wiring, then the arguments of an ATen operator, tensors as a `Value` or, constant ones, as an array."""


class UnsupportedError(Exception):
    """An operator, or an option of it, has no layer; the text says what would replace it."""
