"""The definition of every kernel, in plain NumPy on unpacked bits; a file for each kind of circuit, as in `compiled`.

Slow and short on purpose: the other backends are right when they return the same integers.
Shapes: G groups (each with weight streams of its own), B samples, n inputs, M neurons, L cycles,
W = ceil(L / 64) words.
"""

from ..membrane import Floats
from .cycles import cycle_counts, mux_streams, or_streams
from .dendrite import Tree, cable, cables
from .learning import LearningKeys, LearningState, learn
from .neurons import lif, lif_fixed, standard_normals
from .predictive import GATE_BITS, PredictiveRule, predictive
from .products import Counts, Wiring, and_counts, popcount, window_counts, wired_counts
from .reservoir import (
    BIPOLAR,
    SPLIT,
    UNIPOLAR,
    Activation,
    Coding,
    RandomStreams,
    Synapses,
    reservoir_floats,
    reservoir_random,
    reservoir_shared,
)
from .selection import fill_times, largest
from .sequential import divide, lfsr, moore, saturate, shuffle_buffer, square_root
from .series import mackey_glass, narma
from .streams import BLOCK_WORDS, bernoulli, compare, gather

name = "reference"

__all__ = [
    "BIPOLAR",
    "BLOCK_WORDS",
    "GATE_BITS",
    "SPLIT",
    "UNIPOLAR",
    "Activation",
    "Coding",
    "Counts",
    "Floats",
    "LearningKeys",
    "LearningState",
    "PredictiveRule",
    "RandomStreams",
    "Synapses",
    "Tree",
    "Wiring",
    "and_counts",
    "bernoulli",
    "cable",
    "cables",
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
    "mackey_glass",
    "moore",
    "mux_streams",
    "narma",
    "or_streams",
    "popcount",
    "predictive",
    "reservoir_floats",
    "reservoir_random",
    "reservoir_shared",
    "saturate",
    "shuffle_buffer",
    "square_root",
    "standard_normals",
    "window_counts",
    "wired_counts",
]
