"""Networks of layers, and the circuits they become."""

from .activations import Activation, activate
from .attention_spec import Attention
from .binary_specs import Add, Elementwise, Multiply
from .calibration import Calibration, StepGain
from .circuit import Circuit
from .definition import NetworkDefinition
from .fixed_point import FixedPoint
from .mapping import LayerMapping
from .network import Network
from .pool_spec import Pool2D
from .primitive_specs import Dendrite, Inhibition, KWinners, PredictiveCoding
from .quantizing_spec import Quantize
from .scaling_specs import LayerNorm, Scale, Softmax
from .spiking_spec import SpikingDense
from .weighted_specs import Conv2D, Dense
from .wiring_specs import Concat, Flatten, GlobalPool, Reshape, Select, Transpose

__all__ = [
    "Activation",
    "Add",
    "Attention",
    "Calibration",
    "Circuit",
    "Concat",
    "Conv2D",
    "Dendrite",
    "Dense",
    "Elementwise",
    "FixedPoint",
    "Flatten",
    "GlobalPool",
    "Inhibition",
    "KWinners",
    "LayerMapping",
    "LayerNorm",
    "Multiply",
    "Network",
    "NetworkDefinition",
    "Pool2D",
    "PredictiveCoding",
    "Quantize",
    "Reshape",
    "Scale",
    "Select",
    "Softmax",
    "SpikingDense",
    "StepGain",
    "Transpose",
    "activate",
]
