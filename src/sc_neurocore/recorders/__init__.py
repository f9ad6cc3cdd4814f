"""Recorders of the spikes and the membrane voltages of neurons."""

from .membrane import MembraneRecorder
from .spikes import SpikeRecorder, Summary

__all__ = ["MembraneRecorder", "SpikeRecorder", "Summary"]
