"""The layers, each at its documented module path."""

from .base import SCLayer
from .vectorized_layer import VectorizedSCLayer

__all__ = ["SCLayer", "VectorizedSCLayer"]
