"""Backend "numba": kernels compiled once and cached, without the GIL, their rows spread over threads.

Every public function has the name, the arguments and the integers of its twin in `reference`.
Loops are written so that LLVM vectorises them: fixed trip counts, one array per inner loop body.
"""

from .bernoulli import bernoulli
from .calibration import anneal, fit_levels, pair_counts
from .cycles import cycle_counts, saturate
from .dendrite import cable, cables
from .elementary import exp, log, log1p, tanh
from .elimination import eliminate
from .firing import spike_streams
from .fresh_weights import fresh_counts
from .joined import mux_streams, or_streams
from .learning import learn
from .neurons import lif, lif_fixed, standard_normals
from .noisy import compare_noisy
from .predictive import predictive
from .products import and_counts, popcount, wired_counts
from .reservoir import reservoir_floats, reservoir_random, reservoir_shared
from .rows import encode_rows, join_rows, outside
from .selection import fill_times, largest
from .sequential import divide, lfsr, moore, shuffle_buffer, square_root
from .series import mackey_glass, narma
from .shared_weights import shared_counts
from .streams import compare, gather, select_numbers
from .table_counts import table_counts
from .windows import window_counts

name = "numba"

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
