"""Data sets that need no internet: labelled samples to classify, and time series."""

from .dataset import Dataset
from .digits import load_digits
from .folders import load_data, load_folder
from .idx import read_idx
from .idx_sets import load_fashion, load_mnist
from .mnist5k import load_mnist5k
from .npz import load_npz
from .time_series import TimeSeries, delay_task, mackey_glass, narma10
from .torch_sets import from_torch

__all__ = [
    "Dataset",
    "TimeSeries",
    "delay_task",
    "from_torch",
    "load_data",
    "load_digits",
    "load_fashion",
    "load_folder",
    "load_mnist",
    "load_mnist5k",
    "load_npz",
    "mackey_glass",
    "narma10",
    "read_idx",
]
