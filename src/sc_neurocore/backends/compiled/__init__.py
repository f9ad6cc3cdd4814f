"""The kernels of `reference` in Numba: compiled once, cached, GIL released, rows spread over threads.

Every public function has the name, the arguments and the integers of its twin in `reference`.
Loops are written so that LLVM vectorises them: fixed trip counts, one array per inner loop body.
"""

from .cycles import cycle_counts, mux_streams, or_streams
from .dendrite import cable
from .learning import learn
from .neurons import lif, lif_fixed
from .products import and_counts, popcount, window_counts, wired_counts
from .selection import fill_times, largest
from .sequential import divide, lfsr, moore, saturate, shuffle_buffer, square_root
from .streams import bernoulli, compare, gather

__all__ = [
    "and_counts",
    "bernoulli",
    "cable",
    "compare",
    "cycle_counts",
    "divide",
    "fill_times",
    "gather",
    "largest",
    "learn",
    "lfsr",
    "lif",
    "lif_fixed",
    "moore",
    "mux_streams",
    "or_streams",
    "popcount",
    "saturate",
    "shuffle_buffer",
    "square_root",
    "window_counts",
    "wired_counts",
]
