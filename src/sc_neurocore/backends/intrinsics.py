"""Old place of `compiled.intrinsics`."""

from .compiled.intrinsics import popcount64

__all__ = ["popcount64"]
