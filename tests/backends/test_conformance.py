"""Every kernel of every backend present returns what the reference returns, on odd lengths and sizes.

Other files look closer at single kernels; here, none is left out.
"""

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.kernels import kernel_names
from sc_neurocore.backends.packing import pack
from sc_neurocore.backends.types import (
    BIPOLAR,
    SPLIT,
    UNIPOLAR,
    Activation,
    Coding,
    Competition,
    FixedMembrane,
    FreshWeights,
    LearningKeys,
    LearningModel,
    LearningState,
    Membrane,
    Pause,
    Plasticity,
    PredictiveRule,
    RandomStreams,
    SharedWeights,
    Synapses,
    Tree,
    Wiring,
)  # fmt: skip
from sc_neurocore.gates.windows import window_indices

KEY = 0xFEDCBA9876543210
MEMBRANE = Membrane(0.0, -0.1, 0.3, 20.0, 0.5, 1.3, 0.05, 2, False)


def streams(rng, *shape):
    return pack(rng.random(shape) < 0.4)


def draws(rng, *shape, bits=32):
    return rng.integers(0, 2**bits, shape).astype(np.uint32)


def products(rng, length):
    for groups, batch, n, neurons in ((1, 0, 3, 2), (1, 1, 1, 1), (1, 5, 7, 6), (1, 2, 130, 9), (3, 2, 5, 4)):
        yield streams(rng, groups, batch, n, length), streams(rng, groups, neurons, n, length)


def wired(rng, length):
    """A wiring with neurons of no, one, and many synapses, some of which meet the same streams; one without lists."""
    for groups, batch in ((1, 1), (2, 3), (1, 0)):
        indptr = np.cumsum([0, 0, 1, 8, 0, 19, 7])
        wiring = Wiring(indptr, rng.integers(0, 11, indptr[-1]), rng.integers(0, 17, indptr[-1]))
        yield streams(rng, groups, batch, 11, length), streams(rng, groups, 17, length), wiring
    dense = Wiring(np.arange(4) * 140, np.empty(0, np.int64), np.array([0, 150, 290]))
    yield streams(rng, 1, 2, 140, length), streams(rng, 1, 430, length), dense


def gated(rng, length):
    return ((*arguments, length, xnor) for arguments in wired(rng, length) for xnor in (False, True))


def saturating(rng, length):
    """Products of unipolar, bipolar and split numbers, and split products as they are."""
    for x, w, wiring, _, xnor in gated(rng, length):
        yield x, w, wiring, length, xnor, np.array([[1]]), xnor, xnor
    indptr = np.array([0, 3, 3, 10, 17])
    for signs in ([[1, -1]], [[1], [-1]], [[1, -1], [-1, 1]], [[1], [-1], [-1], [1]]):
        wiring = Wiring(indptr, rng.integers(0, 11, 17), rng.integers(0, 17, 17))
        if len(signs[0]) == 2:
            synapses, last = np.concatenate([wiring.weights, 16 - wiring.weights]), np.int64(17)
            wiring = Wiring(np.concatenate([indptr, indptr[1:] + last]), np.tile(wiring.inputs, 2), synapses)
        for two_level in (False, True):
            x = streams(rng, 2, 3 * len(signs), 11, length)
            yield x, streams(rng, 2, 17, length), wiring, length, False, np.array(signs), False, two_level


def firing(rng, length):
    """Neurons of hard and soft reset under the sums of `saturating`."""
    for x, w, wiring, _, xnor, signs, bipolar, soft in saturating(rng, length):
        most = int(np.diff(wiring.indptr).max()) * signs.size
        levels = rng.uniform(-0.3, 0.6, 2 * most + 1)
        membrane = Membrane(0.1, -0.05, 1.0, 20.0, 0.7, 1.3, 0.0, 2, soft)
        yield x, w, wiring, length, xnor, signs, bipolar, levels, -most, membrane


def multiplexed(rng, length):
    for x, w, wiring, _, xnor in gated(rng, length):
        yield x, w, wiring, draws(rng, *x.shape[:2], length), length, xnor


def fresh(rng, length):
    """Dense and sparse neurons, whose weights are made on the way; lines without ones, neurons without synapses."""
    none = np.empty(0, np.int64)
    for samples, rails, n, neurons, bits in ((2, 2, 37, 3, 10), (1, 1, 5, 70, 22), (3, 1, 130, 2, 3), (0, 1, 3, 2, 8)):
        x = streams(rng, samples, rails, n, length) & np.uint64(2**64 - 1) * rng.integers(0, 2, (n, 1), np.uint64)
        size = n * neurons
        sparse = np.sort(np.append(rng.integers(0, size // 2, neurons), [0]))
        for indptr, inputs in (np.arange(0, size + 1, n), none), (sparse, rng.integers(0, n, sparse[-1])):
            codes = rng.integers(-(1 << bits), (1 << bits) + 1, indptr[-1])
            for apart, xnor in ((True, False), (False, False), (True, True)):
                weights = FreshWeights(KEY, np.arange(samples) + 2**33, apart, np.abs(codes) if xnor else codes, bits)
                yield x, indptr, inputs, weights, length, xnor


def looked_up(rng, length):
    """Rows of tables of four words, of a multiple of eight and of others; with and without inverted ones."""
    whole = -(-length // 64)
    for samples, n, neurons, n_words in ((1, 7, 9, 4), (2, 5, 4, 8 * whole), (3, 4, 3, whole), (0, 3, 5, 4)):
        x, table = (streams(rng, rows, n, 64 * n_words) for rows, n in ((samples * n, 1), (6, 1)))
        x, table = x.reshape(samples, n, n_words), table[:, 0]
        rows = rng.integers(0, 6, (neurons, n)).astype(np.int32)
        yield x, table, rows, 0
        yield x, np.concatenate([table, ~table]), rows + 6 * rng.integers(0, 2, rows.shape, np.int32), 6


def shared(rng, length):
    """As `fresh`, with weights whose lines have one source for all neurons."""
    none = np.empty(0, np.int64)
    for samples, rails, n, neurons, bits in ((2, 2, 37, 3, 10), (9, 1, 5, 70, 22), (3, 1, 130, 2, 3), (0, 1, 3, 2, 8)):
        x = streams(rng, samples, rails, n, length) & np.uint64(2**64 - 1) * rng.integers(0, 2, (n, 1), np.uint64)
        size = n * neurons
        sparse = np.sort(np.append(rng.integers(0, size // 2, n), [0]))
        for indptr, fed in (np.arange(0, size + 1, neurons), none), (sparse, rng.integers(0, neurons, sparse[-1])):
            codes = rng.integers(-(1 << bits), (1 << bits) + 1, indptr[-1])
            codes[::7] = 1 << bits
            for xnor in (False, True):
                each = np.abs(codes) if xnor else codes
                weights = SharedWeights(KEY, np.arange(samples) + 2**33, neurons, each, bits)
                yield x, indptr, fed, weights, length, xnor


def windows(rng, length):
    yield streams(rng, 2, 3, 12, length), streams(rng, 2, 2, 5, 4, length), rng.integers(0, 12, (2, 7, 4)), length
    images = window_indices(4, (4, 11), (2, 2), (1, 1), groups=2)  # two parts of 30 windows, of rows of 10
    yield streams(rng, 1, 2, 176, length), streams(rng, 1, 2, 6, 8, length), images, length


def encoded(rng, length):
    """Of each encoding, in one group of lines and in three; signed numbers from the first sample on, and later.

    Lengths that divide a word take ways of their own.
    """
    for cycles in (length, 4, 8, 16, 32) if length == 1 else (length,):
        yield from encoded_at(rng, cycles, 13)
    yield from encoded_at(rng, 4, 99)


def encoded_at(rng, length, modulus):
    for samples, n in ((0, 3), (1, 1), (4, 29)):
        for groups in (1, 3):
            table = streams(rng, groups * (modulus + 1), length)
            first = np.arange(n) % groups * (modulus + 1) if groups > 1 else np.zeros(0, np.int64)
            for encoding, numbers in (
                (UNIPOLAR, rng.random((samples, n))),
                (BIPOLAR, rng.uniform(-1, 1, (samples, n))),
                (SPLIT, rng.random((samples, n))),
                (SPLIT, rng.uniform(-1, 1, (samples, n))),
                (SPLIT, np.abs(rng.uniform(-1, 1, (samples, n))) * np.where(np.arange(samples) == 2, -1, 1)[:, None]),
            ):
                yield numbers, table, first, modulus, encoding, length


def ranged(rng, length):
    """Numbers in a range and beside it, its ends, and what is no number."""
    for extra in ([], [0.25, -0.5], [np.nan, np.inf, -np.inf]):
        yield np.append(rng.uniform(-1, 0.5, 200 * length), extra), -0.5, 0.25


def thresholds(rng, length):
    for n in (1, 3):
        for shared in (False, True):
            sequences = draws(rng, 1 if shared else n, length, bits=8)
            yield sequences, rng.integers(0, 257, (5, n)).astype(np.uint64)


def noisy_numbers(rng, length):
    """Numbers of one sequence or of several, without noise, with little of it, and with so much that it is all."""
    for samples, n, rails, sequences in ((1, 1, 1, 1), (3, 7, 2, 1), (17, 6, 2, 3), (2, 4, 1, 2)):
        levels, rows = (rng.integers(0, 256, (sequences, length)) + 0.5) / 256, rng.integers(0, sequences, n)
        means, sigmas = rng.uniform(-0.7, 1.1, n), rng.choice([0.0, 1e-300, 0.01, 0.2, 9.0], n)
        yield KEY, rng.integers(0, 2**63, samples).astype(np.uint64), levels, rows, means, sigmas, rails


def membranes(rng, length):
    for membrane in (MEMBRANE, MEMBRANE._replace(noise=0.0, soft=True)):
        for rows, sources, step in ((1, 1, 0), (34, 2, 2**36 + 61)):
            v, left = rng.uniform(-0.2, 0.3, rows), rng.integers(0, 3, rows)
            yield KEY, rng.uniform(0, 0.3, (sources, length)), np.empty(0), step, membrane, v, left, True


def integer_membranes(rng, length):
    for soft in (False, True):
        membrane = FixedMembrane(3, -5, 150, 13, 256, 8, 511, 2, soft)
        yield rng.integers(-300, 400, (1, length)), membrane, rng.integers(-50, 50, 7), rng.integers(0, 3, 7)


def learning(rng, length):
    n, rows, samples = 19, 5, 2
    for fresh, modulated, winners in ((True, False, 0), (False, True, 2)):
        rule = Plasticity(0.4, 0.2, 1 / 16, 0.9, 0.95, 0.99, False, modulated, True, False)
        model = LearningModel(
            LearningKeys(KEY, 5, 2**64 - 1), length, 16, 0.5 * np.arange(n + 1) / n, MEMBRANE, rule,
            Competition(0.05, 0.99, winners, 3), Pause(0.3, 0.5, 0.6, 0.7, 0.9, 5),
        )  # fmt: skip
        state = LearningState(
            rng.random((rows, n)), rng.uniform(0, 0.2, rows), rng.uniform(-0.2, 0.3, rows), rng.integers(0, 3, rows),
            rng.random(n), rng.random(rows), rng.uniform(-1, 1, (rows, n)) if modulated else np.empty((0, 0)),
        )  # fmt: skip
        reward = rng.choice([0.0, 0.5, -0.5], (samples, length)) if modulated else np.empty((0, 0))
        midpoints = np.empty(0) if fresh else rng.random(length)
        yield model, streams(rng, samples, n, length), midpoints, reward, 2**33, True, state


def predictions(rng, length):
    bits, n, neurons = 7, 5, 4
    top = 1 << bits
    for fresh, gain in ((False, 0), (True, length)):
        rule = PredictiveRule(2, 1 << 22, 0, bits, 3, True, gain)
        state = rng.integers(0, top, (neurons, n)), rng.integers(0, n * length + 1, neurons), np.zeros(neurons, int)
        sequences, x = draws(rng, 6 if fresh else 1, length, bits=bits), rng.integers(0, top + 1, (6, n))
        yield KEY, 3, sequences, x, rule, True, True, *state


def tree(rng):
    axial = np.concatenate([[0.0], rng.uniform(0.1, 2, 8)])
    return Tree(np.array([0, 0, 1, 1, 0, 4, 5, 5, 2]), rng.uniform(0.1, 2, 9), rng.uniform(0.1, 2, 9), axial)


def one_cable(rng, length):
    source, sites, probes = rng.normal(size=(length, 2)), np.array([3, 8]), np.array([0, 2])
    for conductance in (rng.random((length, 2)), np.empty((0, 2))):
        yield tree(rng), 0.5, rng.normal(size=9), sites, source, conductance, probes


def many_cables(rng, length):
    source, sites, probes = rng.normal(size=(3, length, 2)), np.array([3, 8]), np.array([0, 2])
    for conductance in (rng.random(source.shape), np.empty((3, 0, 2))):
        yield tree(rng), 0.5, 2, sites, source, conductance, probes


def reservoirs(rng, length):
    """Inputs, states, first step, places of synapses, encoding, activation of small reservoirs."""
    n, n_inputs, batch = 6, 2, 2
    for kind in (UNIPOLAR, BIPOLAR, SPLIT):
        low = 0.0 if kind == UNIPOLAR else -1.0
        inputs, state = rng.uniform(low, 1, (batch, 3, n_inputs)), rng.uniform(low, 1, (batch, n))
        activation = Activation(np.tanh(np.arange(-2 * length, 2 * length + 1) / length), -2 * length, 0.6)
        yield inputs, state, 2**32 - 2, np.arange(n_inputs + n + 2) * n, kind, activation


def shared_reservoirs(rng, length):
    for *given, indptr, kind, activation in reservoirs(rng, length):
        signed = kind == SPLIT
        codes = rng.integers(-length if signed else 0, length + 1, indptr[-1]) + (length if signed else 0)
        synapses = Synapses(indptr, np.empty(0, np.int64), codes.astype(np.uint16))
        yield *given, synapses, draws(rng, 1, length, bits=6), Coding(kind, 6, True, KEY, True, 9), activation


def random_reservoirs(rng, length):
    for *given, indptr, kind, activation in reservoirs(rng, length):
        codes = rng.integers(-64 if kind == SPLIT else 0, 65, indptr[-1]).astype(np.int32)
        synapses = Synapses(indptr, np.empty(0, np.int64), codes)
        sources = RandomStreams(KEY, 7, kind != SPLIT, length)
        yield *given, synapses, sources, np.empty(0, np.uint64), Coding(kind, 6, False, 0, False, 0), activation


def float_reservoirs(rng, length):
    for kind, scale, squash in ((UNIPOLAR, 0.0, True), (BIPOLAR, 16.0, False), (SPLIT, 16.0, True)):
        drive, state = rng.random((2, length, 5)), rng.random((2, 5))
        yield drive, state, rng.uniform(-0.3, 0.3, (5, 5)), kind, scale, squash, 0.4


def equations(rng, length):
    for n in (1, 2, 6, 13):
        square = rng.random((n, n))
        scales = 10.0 ** rng.uniform(-6, 6, (n, 1)) * (rng.random((n, 1)) < 0.8)
        yield np.eye(n) + scales * (square @ square.T), rng.random((n, length))


def met_thresholds(rng, length):
    """Thresholds of inputs and weights on so many levels, and groups of the inputs."""
    top = min(length, 16)
    for neurons, samples, n, n_groups in ((1, 1, 1, 1), (3, 5, 9, 2)):
        inputs, weights = (rng.integers(-top, top + 1, (rows, n)) for rows in (samples, neurons))
        yield inputs, rng.integers(0, n_groups, inputs.shape), weights, n_groups, top


def swaps(rng, length):
    for inputs, groups, weights, n_groups, top in met_thresholds(rng, max(length, 2)):
        pairs = reference.pair_counts(inputs, groups, weights, n_groups, top)
        start = rng.permuted(np.tile(np.arange(top), (n_groups, 1)), axis=1)
        yield pairs, weights @ inputs.T, rng.random(len(weights)), start, length, KEY


def fitted_levels(rng, length):
    for neurons, n in ((1, 1), (3, 7)):
        wanted = rng.uniform(0, 8, (neurons, n))
        codes, products = rng.integers(0, 5, (n, length)), np.rint(rng.normal(scale=5, size=(9, 5)))
        yield codes, rng.normal(size=(neurons, length)), np.rint(wanted).astype(np.int64), products, wanted, 3


def around_zero(rng, length):
    return [(rng.normal(size=(2, length)) * 10.0 ** rng.uniform(-9, 3, length),)]


def positive(rng, length):
    return [(10.0 ** rng.uniform(-300, 300, (2, length)),)]


CASES = {
    "and_counts": products,
    "anneal": swaps,
    "bernoulli": lambda rng, length: [
        (KEY, rng.integers(0, 2**63, 5).astype(np.uint64), rng.integers(0, 257, 5).astype(np.uint64), 8, length, first)
        for first in (0, 3)
    ],
    "cable": one_cable,
    "cables": many_cables,
    "compare": thresholds,
    "compare_noisy": noisy_numbers,
    "cycle_counts": gated,
    "divide": lambda rng, length: [(streams(rng, 5, length), streams(rng, 5, length), length)],
    "eliminate": equations,
    "exp": around_zero,
    "fit_levels": fitted_levels,
    "fill_times": lambda rng, length: [(streams(rng, 2, 5, length), length, k) for k in (1, length, length + 2)],
    "encode_rows": encoded,
    "fresh_counts": fresh,
    "gather": lambda rng, length: [(streams(rng, 17, length), rng.integers(0, 17, (3, 4)).astype(np.uint64))],
    "join_rows": lambda rng, length: [(streams(rng, rows, n, length), length) for rows in (0, 5) for n in (1, 21)],
    "largest": lambda rng, length: [(rng.integers(0, 9, (3, length)).astype(float), k) for k in {1, length}],
    "learn": learning,
    "lfsr": lambda rng, length: [(1, 0b10111000, 8, inserted, length) for inserted in (False, True)],
    "lif": membranes,
    "lif_fixed": integer_membranes,
    "log": positive,
    "log1p": positive,
    "mackey_glass": lambda rng, length: [(length, 17, 0.1, 1.2)],
    "moore": lambda rng, length: [(streams(rng, 5, length), length, 8, 4, rng.integers(0, 3, 16).astype(np.uint8))],
    "mux_streams": multiplexed,
    "narma": lambda rng, length: [(rng.uniform(0, 0.5, length), 10, 0.3, 0.05, 1.5, 0.1)],
    "or_streams": gated,
    "outside": ranged,
    "pair_counts": met_thresholds,
    "popcount": lambda rng, length: [(streams(rng, 3, 5, length),), (streams(rng, 0, length),)],
    "predictive": predictions,
    "reservoir_floats": float_reservoirs,
    "reservoir_random": random_reservoirs,
    "reservoir_shared": shared_reservoirs,
    "saturate": saturating,
    "select_numbers": lambda rng, length: [(KEY, np.arange(rows) + 2**33 - 1, length) for rows in (0, 1, 5)],
    "shared_counts": shared,
    "shuffle_buffer": lambda rng, length: [
        (streams(rng, 5, length), length, depth, draws(rng, rows, length)) for depth in (1, 7) for rows in (1, 5)
    ],
    "spike_streams": firing,
    "square_root": lambda rng, length: [
        (streams(rng, 5, length), length, draws(rng, rows, length, bits=4), draws(rng, rows, length, bits=4), 4, 8)
        for rows in (1, 5)
    ],
    "standard_normals": lambda rng, length: [
        (KEY, rows, first, first + length) for rows in (1, 33) for first in (0, 7)
    ],
    "table_counts": looked_up,
    "tanh": around_zero,
    "window_counts": windows,
    "wired_counts": wired,
}
NEAR = {"cable": 1e-9, "cables": 1e-9, "reservoir_floats": 1e-12}
"""Solvers and library functions, which differ in their last digits; all else is equal to the bit."""


def arrays(result):
    """The arrays of a result, one after another."""
    return [array for part in result for array in arrays(part)] if isinstance(result, tuple) else [np.asarray(result)]


def test_no_kernel_is_left_out():
    assert set(CASES) == set(kernel_names())


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("length", [1, 63, 64, 65, 150])
def test_equals_reference(backend, kernel, length, threads, split_over):
    split_over(threads)
    some = False
    for given in CASES[kernel](np.random.default_rng(length), length):
        before = [array.copy() for array in arrays(given)]
        mine, theirs = (arrays(getattr(kernels, kernel)(*given)) for kernels in (backend, reference))
        for a, b in zip(mine, theirs, strict=True):
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            np.testing.assert_allclose(a, b, rtol=NEAR.get(kernel, 0), atol=NEAR.get(kernel, 0), equal_nan=False)
        for a, b in zip(arrays(given), before, strict=True):
            np.testing.assert_array_equal(a, b, err_msg="arguments are not changed")
        some = True
    assert some
