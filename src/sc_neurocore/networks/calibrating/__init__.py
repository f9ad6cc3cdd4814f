"""Calibration: the search for a mapping of a trained network on one circuit, without training.

Layer after layer, each from the outputs of the circuits before it: `node.Node` is a layer with its samples, `steps` are
the choices that are made for it, `search` goes through them.
"""

from .lengths import least_lengths, shared_lengths
from .search import calibrated, plain_mappings
from .steps import STEPS

__all__ = ["STEPS", "calibrated", "least_lengths", "plain_mappings", "shared_lengths"]
