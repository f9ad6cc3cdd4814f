"""Small circuits between layers: neighbours inhibit each other, and the largest win."""

from .lateral_inhibition import Boundary, LateralInhibition
from .winner_take_all import WinnerTakeAll

__all__ = ["Boundary", "LateralInhibition", "WinnerTakeAll"]
