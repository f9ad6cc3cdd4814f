"""Gates: small circuits that take bitstreams and give bitstreams (or, where they count, numbers)."""

from .accumulate import mean, mux, or_gate, or_gate_expected, saturating_sum, total, weighted_mux
from .correlated import (
    distance,
    distance_expected,
    maximum,
    maximum_expected,
    minimum,
    minimum_expected,
    overlap,
    saturating_subtract,
    saturating_subtract_expected,
)
from .decorrelate import delay, regenerate, shuffle_buffer
from .divide import divide, divide_expected, square_root, square_root_expected
from .faults import Faults
from .fsm import relu, relu_expected, sexp, sexp_expected, stanh, stanh_expected
from .multiply import multiply
from .pool import average_pool, max_pool

__all__ = [
    "Faults",
    "average_pool",
    "delay",
    "distance",
    "distance_expected",
    "divide",
    "divide_expected",
    "max_pool",
    "maximum",
    "maximum_expected",
    "mean",
    "minimum",
    "minimum_expected",
    "multiply",
    "mux",
    "or_gate",
    "or_gate_expected",
    "overlap",
    "regenerate",
    "relu",
    "relu_expected",
    "saturating_subtract",
    "saturating_subtract_expected",
    "saturating_sum",
    "sexp",
    "sexp_expected",
    "shuffle_buffer",
    "square_root",
    "square_root_expected",
    "stanh",
    "stanh_expected",
    "total",
    "weighted_mux",
]
