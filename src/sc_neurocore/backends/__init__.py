"""The only code that touches bits in bulk."""

from functools import lru_cache
from typing import Any

Kernels = Any


@lru_cache
def choose(backend: str | None = None, use_gpu: bool = False) -> Any:
    """Interim."""
    from . import compiled, reference

    if backend not in (None, "numba", "reference"):
        raise ValueError(f"backend must be one of numba, reference, or None, got {backend!r}")
    return reference if backend == "reference" else compiled
