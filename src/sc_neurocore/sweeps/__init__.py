"""Sweeps: many circuits, of many options, networks and data sets, on any number of cores and machines."""

from .axes import AXES, Axis
from .points import grid, listed, sample
from .results import SweepResult, SweepRow
from .run import collect, iter_collect
from .stopping import StopWhen, sequence_interval

__all__ = [
    "AXES",
    "Axis",
    "StopWhen",
    "SweepResult",
    "SweepRow",
    "collect",
    "grid",
    "iter_collect",
    "listed",
    "sample",
    "sequence_interval",
]
