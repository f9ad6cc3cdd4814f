"""Circuit primitives between layers: lateral inhibition and winner-take-all."""

from .lateral_inhibition import Boundary, LateralInhibition
from .winner_take_all import WinnerTakeAll

__all__ = ["Boundary", "LateralInhibition", "WinnerTakeAll"]
