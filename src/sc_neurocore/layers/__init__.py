"""The layers, each at its documented module path."""

from .attention import StochasticAttention
from .base import SCLayer
from .circuit_primitives import LateralInhibition, WinnerTakeAll
from .fusion import SCFusionLayer
from .hardware_aware import HardwareAwareSCLayer
from .jax_dense_layer import JaxSCDenseLayer
from .memristive import MemristiveDenseLayer
from .options import CircuitOptions
from .pooling import SCPool2D
from .predictive_coding import PredictiveCodingSCLayer
from .rall_dendrite import RallDendrite
from .recurrent import SCRecurrentLayer
from .sc_conv_layer import SCConv2DLayer
from .sc_dense_layer import SCDenseLayer
from .sc_learning_layer import SCLearningLayer
from .vectorized_layer import VectorizedSCLayer

__all__ = [
    "CircuitOptions",
    "HardwareAwareSCLayer",
    "JaxSCDenseLayer",
    "LateralInhibition",
    "MemristiveDenseLayer",
    "PredictiveCodingSCLayer",
    "RallDendrite",
    "SCConv2DLayer",
    "SCDenseLayer",
    "SCFusionLayer",
    "SCLayer",
    "SCLearningLayer",
    "SCPool2D",
    "SCRecurrentLayer",
    "StochasticAttention",
    "VectorizedSCLayer",
    "WinnerTakeAll",
]
