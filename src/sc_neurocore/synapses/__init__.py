"""Synapses: cells that hold a weight, and what they really hold."""

from .crossbar import crossbar_transfer
from .memristor import Defects, MemristorModel
from .presets import PRESETS, Preset

__all__ = ["PRESETS", "Defects", "MemristorModel", "Preset", "crossbar_transfer"]
