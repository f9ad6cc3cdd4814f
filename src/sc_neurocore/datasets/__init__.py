"""Labelled samples and time series, without the internet."""

from .dataset import Dataset
from .digits import load_digits
from .mnist5k import load_mnist5k
from .npz import load_npz
from .time_series import TimeSeries, mackey_glass, memory_capacity, narma10

__all__ = [
    "Dataset",
    "TimeSeries",
    "load_digits",
    "load_mnist5k",
    "load_npz",
    "mackey_glass",
    "memory_capacity",
    "narma10",
]
