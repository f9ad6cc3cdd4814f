"""Calibration: the search for a mapping of a trained network on one circuit, without training.

Layer after layer, each from the outputs of the circuits before it: `node.Node` is a layer with its samples, `steps` are
the choices that are made for it, `search` goes through them.
"""

from .lengths import shared_lengths
from .search import calibrated
from .steps import STEPS

__all__ = ["STEPS", "calibrated", "shared_lengths"]
