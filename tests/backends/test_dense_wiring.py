"""Dense neurons have no list of wires: every kernel returns what it returns for a list of all of them."""

import numpy as np
import pytest

from sc_neurocore.backends.packing import tail_mask
from sc_neurocore.backends.types import Membrane, Wiring
from sc_neurocore.gates.connections import FullConnections

MEMBRANE = Membrane(0.0, 0.0, 1.0, 20.0, 0.5, 1.0, 0.0, 2, False)
LENGTHS = (1, 40, 64, 128, 256, 300, 512, 700, 1000, 1024, 1100, 2048)
"""One word, words that fill vectors of eight and such that do not, several vectors."""


def streams(rng, *shape, length):
    """Words of streams whose ones are rare enough that no gate is full at once."""
    words = rng.integers(0, 2**64, (*shape, -(-length // 64)), np.uint64)
    words &= rng.integers(0, 2**64, words.shape, np.uint64) & rng.integers(0, 2**64, words.shape, np.uint64)
    words[..., -1] &= tail_mask(length)
    return words


@pytest.mark.many_shapes
@pytest.mark.parametrize("rows", [1, 3, 20])
@pytest.mark.parametrize("fan_in", [1, 37, 200])
def test_kernels(backend, rows, fan_in, split_over):
    rng, neurons = np.random.default_rng(rows * fan_in), 9
    split_over(1 + rows % 2)
    for length in LENGTHS:
        x = streams(rng, 2, rows, fan_in, length=length)
        w = streams(rng, 2, 2 * fan_in * neurons, length=length)
        select = rng.integers(0, 2**32, (2, rows, length), np.uint32)
        for first, last, rails in ((0, neurons, 1), (2, 7, 2)):
            wiring = FullConnections(fan_in, neurons, rails).wiring(first, last)
            listed = wiring.spelled_out()
            assert wiring.inputs.size == 0
            assert listed.inputs.size == listed.weights.size == wiring.indptr[-1]
            for xnor in (False, True):
                signs, levels = np.array([[1, -1][:rails]]), np.linspace(0.0, 1.0, 4 * fan_in + 1)
                several = length, xnor, signs, xnor and rails == 1
                for kernel, arguments in (
                    ("or_streams", (length, xnor)),
                    ("mux_streams", (select, length, xnor)),
                    ("cycle_counts", (length, xnor)),
                    ("saturate", (*several, xnor)),
                    ("spike_streams", (*several, levels, -2 * fan_in, MEMBRANE)),
                    ("wired_counts", ()),
                ):
                    run = getattr(backend, kernel)
                    made = run(x, w, wiring, *arguments)
                    np.testing.assert_array_equal(made, run(x, w, listed, *arguments), err_msg=f"{kernel} {length}")


def test_spelled_out():
    """The numbers of a wiring, written down; one that has them is returned as it is."""
    wiring = FullConnections(3, 4, 2).wiring(1, 3)
    indptr, inputs, weights = wiring.spelled_out()
    assert indptr.tolist() == [0, 3, 6, 9, 12]
    assert inputs.tolist() == [0, 1, 2] * 4
    assert weights.tolist() == [3, 4, 5, 6, 7, 8, 15, 16, 17, 18, 19, 20]
    listed = Wiring(indptr, inputs, weights)
    assert listed.spelled_out() is listed
    nothing = np.empty(0, np.int64)
    assert Wiring(np.zeros(3, np.int64), nothing, nothing).spelled_out().weights.size == 0
