"""NIR, the Neuromorphic Intermediate Representation: networks from its graphs and files, and back."""

from .reading import from_nir
from .writing import to_nir

__all__ = ["from_nir", "to_nir"]
