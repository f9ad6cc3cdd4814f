"""The layers, each at its documented module path."""

from .attention import StochasticAttention
from .base import SCLayer
from .vectorized_layer import VectorizedSCLayer

__all__ = ["SCLayer", "StochasticAttention", "VectorizedSCLayer"]
