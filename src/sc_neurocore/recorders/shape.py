"""Shape of the neurons of a recorder."""

from typing import Any

from .. import checks


def checked_shape(shape: Any) -> tuple[int, ...]:
    """Shape ``(..., n)`` of neurons given by their number or by a shape, or an error.

    >>> checked_shape(3), checked_shape((2, 3))
    ((3,), (2, 3))
    """
    sizes = shape if isinstance(shape, tuple) else (shape,)
    return tuple(checks.count("shape", size, 0) for size in sizes)
