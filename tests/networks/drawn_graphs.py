"""Graphs to draw: random ones, and networks with names that are hard to write."""

import numpy as np
from hypothesis import strategies as st

from sc_neurocore import Add, Concat, Dense, Elementwise, Network

HARD = ("<script>alert(1)</script>", "a$x_1$b", "'\"&amp;", "tab\tnew\nline\x00\x1b", "very.long." * 12, "naïve ø")


@st.composite
def graphs(draw, most=14):
    """For each node the earlier ones that it takes; node 0 takes none, each other is taken but for the last."""
    count = draw(st.integers(2, most))
    taken = (draw(st.lists(st.integers(0, node - 1), min_size=1, max_size=3)) for node in range(1, count))
    sources = [(), *map(tuple, taken)]
    used = {source for taken in sources for source in taken}
    rest = tuple(node for node in range(count) if node not in used)
    return [*sources, rest] if len(rest) > 1 or rest[0] != count - 1 else sources


def network_of(sources, names=None):
    """A network of that graph: sums, functions and dense layers of four values."""
    layers = {}
    called = ["input", *(names or [f"node {k}" for k in range(1, len(sources))])]
    for node, taken in enumerate(sources[1:], 1):
        single = Dense(np.eye(4), np.zeros(4), "relu") if node % 2 else Elementwise("tanh")
        layer = Add(len(taken), "relu") if len(taken) > 1 else single
        layers[called[node]] = (layer, *(called[source] for source in taken))
    return Network.from_layers(layers, input_shape=(4,), kind="regressor")


def hard_names():
    """A network whose layers have the names `HARD`, joined at its end."""
    layers = {name: (Dense(np.eye(2), np.zeros(2), "relu"), "input") for name in HARD}
    return Network.from_layers({**layers, "all": (Concat(), *HARD)}, input_shape=(2,))
