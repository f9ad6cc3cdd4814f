"""Networks of layers, and the circuits they become."""

from .activations import Activation, activate
from .calibration import Calibration, StepGain
from .circuit import Circuit
from .definition import NetworkDefinition
from .fixed_point import FixedPoint
from .mapping import LayerMapping
from .network import Network
from .pool_spec import Pool2D
from .primitive_specs import Dendrite, Inhibition, KWinners, PredictiveCoding
from .spiking_spec import SpikingDense
from .weighted_specs import Conv2D, Dense

__all__ = [
    "Activation",
    "Calibration",
    "Circuit",
    "Conv2D",
    "Dendrite",
    "Dense",
    "FixedPoint",
    "Inhibition",
    "KWinners",
    "LayerMapping",
    "Network",
    "NetworkDefinition",
    "Pool2D",
    "PredictiveCoding",
    "SpikingDense",
    "StepGain",
    "activate",
]
