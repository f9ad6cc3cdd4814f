"""Sweeps: many circuits, of many options, networks and data sets, on any number of cores and machines."""

from .axes import AXES, Axis
from .dask_engine import DaskEngine
from .estimate import estimated_seconds
from .folders import load, merge
from .plan import Plan
from .points import grid, listed, sample
from .results import SweepResult, SweepRow
from .run import collect, iter_collect
from .stopping import StopWhen, sequence_interval

__all__ = [
    "AXES",
    "Axis",
    "DaskEngine",
    "Plan",
    "StopWhen",
    "SweepResult",
    "SweepRow",
    "collect",
    "estimated_seconds",
    "grid",
    "iter_collect",
    "listed",
    "load",
    "merge",
    "sample",
    "sequence_interval",
]
