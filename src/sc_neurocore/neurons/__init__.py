"""Leaky integrate-and-fire neurons, in floating point and in fixed point."""

from .fixed_point import FixedPointLIF, QFormat
from .lif import LIFNeurons, LIFParameters, LIFState, lif_step

__all__ = ["FixedPointLIF", "LIFNeurons", "LIFParameters", "LIFState", "QFormat", "lif_step"]
