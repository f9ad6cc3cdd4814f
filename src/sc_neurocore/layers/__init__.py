"""The layers, each at its documented module path."""

from .base import SCLayer
from .pooling import SCPool2D
from .rall_dendrite import RallDendrite
from .sc_conv_layer import SCConv2DLayer
from .vectorized_layer import VectorizedSCLayer

__all__ = ["RallDendrite", "SCConv2DLayer", "SCLayer", "SCPool2D", "VectorizedSCLayer"]
