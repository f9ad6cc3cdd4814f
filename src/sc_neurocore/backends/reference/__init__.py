"""The definition of every kernel, in plain NumPy on unpacked bits; a file for each kind of circuit, as in `compiled`.

Slow and short on purpose: the other backends are right when they return the same integers.
What kernels take and return is said in `kernels.Kernels`.
"""

from .calibration import anneal, fit_levels, pair_counts
from .cycles import cycle_counts, mux_streams, or_streams, saturate
from .dendrite import cable, cables
from .elementary import exp, log, log1p, tanh
from .elimination import eliminate
from .learning import learn
from .neurons import lif, lif_fixed, spike_streams, standard_normals
from .predictive import predictive
from .products import and_counts, fresh_counts, popcount, shared_counts, table_counts, window_counts, wired_counts
from .reservoir import reservoir_floats, reservoir_random, reservoir_shared
from .selection import fill_times, largest
from .sequential import divide, lfsr, moore, shuffle_buffer, square_root
from .series import mackey_glass, narma
from .streams import bernoulli, compare, compare_noisy, encode_rows, gather, join_rows, outside, select_numbers

name = "reference"

__all__ = [
    "and_counts",
    "anneal",
    "bernoulli",
    "cable",
    "cables",
    "compare",
    "compare_noisy",
    "cycle_counts",
    "divide",
    "eliminate",
    "encode_rows",
    "exp",
    "fill_times",
    "fit_levels",
    "fresh_counts",
    "gather",
    "join_rows",
    "largest",
    "learn",
    "lfsr",
    "lif",
    "lif_fixed",
    "log",
    "log1p",
    "mackey_glass",
    "moore",
    "mux_streams",
    "name",
    "narma",
    "or_streams",
    "outside",
    "pair_counts",
    "popcount",
    "predictive",
    "reservoir_floats",
    "reservoir_random",
    "reservoir_shared",
    "saturate",
    "select_numbers",
    "shared_counts",
    "shuffle_buffer",
    "spike_streams",
    "square_root",
    "standard_normals",
    "table_counts",
    "tanh",
    "window_counts",
    "wired_counts",
]
