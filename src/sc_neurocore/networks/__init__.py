"""Networks of layers, and the circuits they become."""

from .activations import Activation, activate
from .circuit import Circuit
from .fixed_point import FixedPoint
from .network import Network
from .parts import Conv2D, Dense, Pool2D
from .primitives import Dendrite, Inhibition, KWinners, PredictiveCoding, SpikingDense

__all__ = [
    "Activation",
    "Circuit",
    "Conv2D",
    "Dendrite",
    "Dense",
    "FixedPoint",
    "Inhibition",
    "KWinners",
    "Network",
    "Pool2D",
    "PredictiveCoding",
    "SpikingDense",
    "activate",
]
