"""Networks of layers, and the circuits they become."""

from .activations import Activation, activate
from .circuit import Circuit
from .fixed_point import FixedPoint
from .network import Network
from .parts import Conv2D, Dense, Pool2D

__all__ = ["Activation", "Circuit", "Conv2D", "Dense", "FixedPoint", "Network", "Pool2D", "activate"]
