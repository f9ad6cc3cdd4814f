"""Spiking neurons: a pure step function and thin classes that keep the state."""

from .fixed_point import FixedPointLIF, QFormat
from .lif import LIFNeurons, LIFParameters, LIFState, lif_step

__all__ = ["FixedPointLIF", "LIFNeurons", "LIFParameters", "LIFState", "QFormat", "lif_step"]
