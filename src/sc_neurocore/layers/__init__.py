"""The layers, each at its documented module path."""

from .base import SCLayer
from .circuit_primitives import LateralInhibition, WinnerTakeAll
from .pooling import SCPool2D
from .sc_conv_layer import SCConv2DLayer
from .vectorized_layer import VectorizedSCLayer

__all__ = ["LateralInhibition", "SCConv2DLayer", "SCLayer", "SCPool2D", "VectorizedSCLayer", "WinnerTakeAll"]
