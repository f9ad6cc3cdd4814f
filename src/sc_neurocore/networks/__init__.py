"""Networks of layers, and the circuits they become."""

from .activations import Activation, activate
from .circuit import Circuit
from .definition import NetworkDefinition
from .fixed_point import FixedPoint
from .network import Network
from .pool_spec import Pool2D
from .primitive_specs import Dendrite, Inhibition, KWinners, PredictiveCoding
from .spiking_spec import SpikingDense
from .weighted_specs import Conv2D, Dense

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
    "NetworkDefinition",
    "Pool2D",
    "PredictiveCoding",
    "SpikingDense",
    "activate",
]
