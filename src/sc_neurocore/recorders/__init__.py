"""What came out of neurons: spikes and voltages."""

from .membrane import MembraneRecorder
from .spikes import SpikeRecorder, Summary

__all__ = ["MembraneRecorder", "SpikeRecorder", "Summary"]
