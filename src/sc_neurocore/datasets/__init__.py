"""Labelled samples, loaded without the internet."""

from .dataset import Dataset
from .digits import load_digits
from .mnist5k import load_mnist5k
from .npz import load_npz

__all__ = ["Dataset", "load_digits", "load_mnist5k", "load_npz"]
