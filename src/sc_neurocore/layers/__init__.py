"""The layers, each at its documented module path."""

from .attention import StochasticAttention
from .base import SCLayer
from .circuit_primitives import LateralInhibition, WinnerTakeAll
from .fusion import SCFusionLayer
from .hardware_aware import HardwareAwareSCLayer
from .memristive import MemristiveDenseLayer
from .pooling import SCPool2D
from .rall_dendrite import RallDendrite
from .sc_conv_layer import SCConv2DLayer
from .sc_dense_layer import SCDenseLayer
from .sc_learning_layer import SCLearningLayer
from .vectorized_layer import VectorizedSCLayer

__all__ = [
    "HardwareAwareSCLayer",
    "LateralInhibition",
    "MemristiveDenseLayer",
    "RallDendrite",
    "SCConv2DLayer",
    "SCDenseLayer",
    "SCFusionLayer",
    "SCLayer",
    "SCLearningLayer",
    "SCPool2D",
    "StochasticAttention",
    "VectorizedSCLayer",
    "WinnerTakeAll",
]
