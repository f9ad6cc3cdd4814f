"""Networks from trained models of other libraries and from model files; a module for each format."""

from .jax_function import jax_function
from .model_files import load_network
from .nir import from_nir, to_nir
from .onnx import from_onnx
from .pytorch import from_torch
from .recognising import format_of
from .scikit_learn import from_sklearn

__all__ = [
    "format_of",
    "from_nir",
    "from_onnx",
    "from_sklearn",
    "from_torch",
    "jax_function",
    "load_network",
    "to_nir",
]
