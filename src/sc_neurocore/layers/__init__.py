"""The layers, each at its documented module path."""

from .base import SCLayer
from .fusion import SCFusionLayer
from .vectorized_layer import VectorizedSCLayer

__all__ = ["SCFusionLayer", "SCLayer", "VectorizedSCLayer"]
