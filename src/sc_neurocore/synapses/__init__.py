"""Weights as hardware holds them."""

from .crossbar import crossbar_transfer
from .memristor import PRESETS, Defects, MemristorModel

__all__ = ["PRESETS", "Defects", "MemristorModel", "crossbar_transfer"]
