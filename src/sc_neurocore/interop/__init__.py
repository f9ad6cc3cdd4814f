"""Networks from trained models of other libraries and from model files; a module for each format."""

from .jax_function import jax_function
from .model_files import load_network
from .nir import from_nir, to_nir
from .pytorch import from_torch
from .scikit_learn import from_sklearn

__all__ = ["from_nir", "from_sklearn", "from_torch", "jax_function", "load_network", "to_nir"]
