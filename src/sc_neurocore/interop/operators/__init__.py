"""Layers for the operators of tensor libraries, as graphs of PyTorch and ONNX have them, by their names in ATen."""

from .attending import ATTENDING
from .computing import COMPUTING
from .moving import MOVING
from .operator import Operator, UnsupportedError
from .weighted import WEIGHTED

OPERATORS: dict[str, Operator] = {**MOVING, **COMPUTING, **WEIGHTED, **ATTENDING}
"""The function that puts the layers of an operator into a `Wiring`, by its name in ATen."""

__all__ = ["OPERATORS", "Operator", "UnsupportedError"]
