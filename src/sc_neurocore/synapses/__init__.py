"""Weights as hardware holds them."""

from .crossbar import crossbar_transfer
from .memristor import PRESETS, Defects, MemristorModel
from .stream_synapse import StreamSynapse, dot_product

__all__ = ["PRESETS", "Defects", "MemristorModel", "StreamSynapse", "crossbar_transfer", "dot_product"]
