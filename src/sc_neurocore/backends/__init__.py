"""The only code that touches bits in bulk."""

from functools import lru_cache
from typing import Any

Kernels = Any


@lru_cache
def choose(backend: str | None = None, use_gpu: bool = False) -> Any:
    """Interim."""
    from . import compiled

    return compiled
