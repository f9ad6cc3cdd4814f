"""Networks from other libraries and files; one foreign format a file."""

from .model_files import load_network
from .pytorch import from_torch
from .scikit_learn import from_sklearn

__all__ = ["from_sklearn", "from_torch", "load_network"]
