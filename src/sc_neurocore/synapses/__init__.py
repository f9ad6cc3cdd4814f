"""Synapses: cells that hold a weight, and what they really hold."""

from .crossbar import crossbar_transfer
from .memristor import Defects, MemristorModel
from .presets import PRESETS, Preset
from .stream_synapse import StreamSynapse, dot_product

__all__ = ["PRESETS", "Defects", "MemristorModel", "Preset", "StreamSynapse", "crossbar_transfer", "dot_product"]
