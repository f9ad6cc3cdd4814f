"""Products and sums, and the streams they are made of: every backend gives the integers of `reference`."""

import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.packing import pack, tail_mask, words_for
from sc_neurocore.backends.types import Wiring
from sc_neurocore.gates.windows import window_indices

LENGTHS = [1, 7, 63, 64, 65, 100, 256, 1000]
BATCHES = [0, 1, 5]
GATES = pytest.mark.parametrize("xnor", [False, True], ids=["and", "xnor"])
THREADS = pytest.mark.parametrize("threads", [1, 2])


@pytest.fixture
def rng():
    return np.random.default_rng(20240607)


def same(mine, theirs):
    assert mine.dtype == theirs.dtype
    np.testing.assert_array_equal(mine, theirs)


def tail_is_zero(words, length):
    return words.shape[-1] == words_for(length) and not np.any(words[..., -1] & ~tail_mask(length))


def random_words(rng, *shape, p=0.5):
    return pack(rng.random(shape, np.float32) < p)


def dense(neurons, fan_in):
    return Wiring(
        np.arange(0, neurons * fan_in + 1, fan_in), np.tile(np.arange(fan_in), neurons), np.arange(neurons * fan_in)
    )


def irregular(rng, fan_ins, inputs, weights):
    """Neurons of the given fan-ins; inputs and weights are drawn at will, so some meet twice."""
    indptr = np.concatenate([[0], np.cumsum(fan_ins)])
    return Wiring(indptr, rng.integers(0, inputs, indptr[-1]), rng.integers(0, weights, indptr[-1]))


@pytest.mark.many_shapes
@THREADS
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.kernels("and_counts", "wired_counts")
def test_products(backend, length, threads, rng, split_over):
    split_over(threads)
    for fan_in in (1, 3, 784):
        for groups, batch in ((g, b) for g in (1, 2) for b in BATCHES):
            neurons = 6 if fan_in < 784 else 2
            x = random_words(rng, groups, batch, fan_in, length)
            w = random_words(rng, groups, neurons, fan_in, length)
            counts = backend.and_counts(x, w)
            assert counts.shape == (groups, batch, neurons)
            same(counts, reference.and_counts(x, w))
            flat = w.reshape(groups, neurons * fan_in, -1)
            same(backend.wired_counts(x, flat, dense(neurons, fan_in)), counts)


@pytest.mark.parametrize(("batch", "neurons"), [(1, 1), (2, 9), (9, 2), (7, 7), (8, 4), (1, 5), (5, 0), (0, 5)])
@THREADS
@pytest.mark.kernels("and_counts")
def test_every_remainder_of_the_product_tiles(backend, batch, neurons, threads, rng, split_over):
    split_over(threads)
    for fan_in, length in ((3, 100), (130, 300), (0, 70)):  # 130 * 5 words: more than one block
        x, w = random_words(rng, 1, batch, fan_in, length), random_words(rng, 1, neurons, fan_in, length)
        same(backend.and_counts(x, w), reference.and_counts(x, w))


@THREADS
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.kernels("cycle_counts", "or_streams", "mux_streams")
def test_per_cycle_kernels(backend, length, threads, rng, split_over):
    split_over(threads)
    for fan_in in (1, 3, 784):
        shapes = [(g, b) for g in (1, 2) for b in BATCHES]
        if fan_in * length > 100_000:
            shapes = [(2, 0), (1, 2), (2, 1)]  # the plain reference takes its time
        for groups, batch in shapes:
            neurons = 3 if fan_in < 784 else 1
            wiring = dense(neurons, fan_in)
            x = random_words(rng, groups, batch, fan_in, length)
            w = random_words(rng, groups, neurons * fan_in, length)
            select = rng.integers(0, 2**32, (groups, batch, length), dtype=np.uint32)
            for xnor in (False, True):
                counts = reference.cycle_counts(x, w, wiring, length, xnor)
                same(backend.cycle_counts(x, w, wiring, length, xnor), counts)
                ored = backend.or_streams(x, w, wiring, length, xnor)
                same(ored, pack(counts > 0))
                muxed = backend.mux_streams(x, w, wiring, select, length, xnor)
                same(muxed, reference.mux_streams(x, w, wiring, select, length, xnor))
                assert tail_is_zero(ored, length)
                assert tail_is_zero(muxed, length)


@GATES
@THREADS
@pytest.mark.parametrize("length", [1, 65, 100, 300])
@pytest.mark.kernels("wired_counts", "cycle_counts", "or_streams", "mux_streams")
def test_irregular_wiring(backend, length, threads, xnor, rng, split_over):
    split_over(threads)
    wiring = irregular(rng, [0, 1, 7, 8, 9, 0, 16, 31, 70, 0], inputs=13, weights=29)
    x, w = random_words(rng, 2, 3, 13, length), random_words(rng, 2, 29, length)
    select = rng.integers(0, 2**32, (2, 3, length), dtype=np.uint32)
    select[0, 0], select[0, 1] = 0, 2**32 - 1  # the first synapse and the last
    arguments = x, w, wiring, length, xnor
    same(backend.wired_counts(x, w, wiring), reference.wired_counts(x, w, wiring))
    same(backend.cycle_counts(*arguments), reference.cycle_counts(*arguments))
    same(backend.or_streams(*arguments), reference.or_streams(*arguments))
    mux = backend.mux_streams(x, w, wiring, select, length, xnor)
    same(mux, reference.mux_streams(x, w, wiring, select, length, xnor))
    assert not mux[:, :, [0, 5, 9]].any()


@pytest.mark.parametrize("fan_in", [7, 8, 255, 256, 784, 5000])
@pytest.mark.kernels("and_counts", "cycle_counts")
def test_carries_run_through_all_planes(backend, fan_in):
    length = 70
    wiring = dense(1, fan_in)
    ones, zeros = (np.full((1, 1, fan_in, length), bit, np.uint8) for bit in (1, 0))
    x, w = pack(ones), pack(ones)[0]
    assert (backend.cycle_counts(x, w, wiring, length, False) == fan_in).all()
    assert (backend.cycle_counts(x, w, wiring, length, True) == fan_in).all()
    assert (backend.cycle_counts(pack(zeros), w, wiring, length, True) == 0).all()
    assert (backend.cycle_counts(pack(zeros), pack(zeros)[0], wiring, length, True) == fan_in).all()
    assert backend.and_counts(x, w[None]).item() == fan_in * length


@THREADS
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.kernels("compare", "gather", "popcount", "moore")
def test_sources_and_counters(backend, length, threads, rng, split_over):
    split_over(threads)
    for rows in BATCHES:
        thresholds = rng.integers(0, 257, (rows, 3), dtype=np.uint64)
        sequences = rng.integers(0, 256, (3, length), dtype=np.uint32)
        for given in (sequences, sequences[:1]):
            streams = backend.compare(given, thresholds)
            assert streams.shape == (rows, 3, words_for(length))
            assert tail_is_zero(streams, length)
            same(streams, reference.compare(given, thresholds))
        table = backend.compare(sequences[:1], np.arange(257, dtype=np.uint64)[:, None])[:, 0]
        same(backend.gather(table, thresholds), reference.gather(table, thresholds))
        same(backend.gather(table, thresholds), backend.compare(sequences[:1], thresholds))
        same(backend.popcount(streams), reference.popcount(streams))
        flat = streams.reshape(rows * 3, words_for(length))
        for n_states in (2, 5, 8):
            output = rng.integers(0, 3, 2 * n_states, dtype=np.uint8)
            for start in (0, n_states // 2, n_states - 1):
                out = backend.moore(flat, length, n_states, start, output)
                assert tail_is_zero(out, length)
                same(out, reference.moore(flat, length, n_states, start, output))


@pytest.mark.kernels("compare")
def test_compare_ends_of_the_range(backend):
    sequence = np.array([[0, 1, 2**32 - 1]], np.uint32)
    thresholds = np.array([[0], [1], [2**32 - 1], [2**32]], np.uint64)
    assert backend.compare(sequence, thresholds).ravel().tolist() == [0b000, 0b001, 0b011, 0b111]


@pytest.mark.kernels("popcount")
def test_popcount_of_one_stream_and_of_a_view(backend, rng):
    words = rng.integers(0, 2**64, (4, 6, 5), dtype=np.uint64)
    want = [[sum(int(word).bit_count() for word in stream) for stream in row] for row in words]
    assert backend.popcount(words).tolist() == want
    assert backend.popcount(words[::-1, ::2]).tolist() == [row[::2] for row in want[::-1]]
    assert int(backend.popcount(words[0, 0])) == want[0][0]
    assert backend.popcount(words[0, 0]).shape == ()
    for kernels in (backend, reference):
        assert kernels.popcount(np.empty((2, 0), np.uint64)).tolist() == [0, 0]


@THREADS
@pytest.mark.parametrize("length", [1, 64, 65, 300, 449, 512, 1100])
@pytest.mark.kernels("cycle_counts", "saturate", "or_streams", "mux_streams")
def test_tiles_of_per_cycle_kernels(backend, length, threads, rng, split_over):
    """More samples, neurons and inputs than a tile has, few ones and many, wirings that change in a tile."""
    split_over(threads)
    for batch, neurons, fan_in in ((17, 3, 40), (2, 35, 20), (1, 1, 1100 if length < 400 else 130)):
        wiring = dense(neurons, fan_in)
        wiring.inputs[wiring.indptr[neurons // 2] :] = rng.integers(0, fan_in, fan_in * (neurons - neurons // 2))
        for p in (0.02, 0.3, 0.95):
            x = random_words(rng, 1, batch, fan_in, length, p=p)
            x[:, 0] = 0
            w = random_words(rng, 1, neurons * fan_in, length)
            select = rng.integers(0, 2**32, (1, batch, length), dtype=np.uint32)
            for xnor in (False, True):
                arguments = x, w, wiring, length, xnor
                same(backend.cycle_counts(*arguments), reference.cycle_counts(*arguments))
                same(backend.or_streams(*arguments), reference.or_streams(*arguments))
                mux = backend.mux_streams(x, w, wiring, select, length, xnor)
                same(mux, reference.mux_streams(x, w, wiring, select, length, xnor))
                for two_level in (False, True):
                    adders = (*arguments, np.array([[1]]), xnor, two_level)
                    same(backend.saturate(*adders), reference.saturate(*adders))


@GATES
@pytest.mark.parametrize("length", [1, 65, 300, 1030])
@pytest.mark.kernels("saturate")
def test_saturating_adders_of_signed_products(backend, length, xnor, rng):
    for signs in (np.array([[1, -1]]), np.array([[1], [-1]]), np.array([[1, -1], [-1, 1]])):
        rows, weight_rows = signs.shape
        for batch, neurons, fan_in in ((9, 3, 9), (1, 34, 5)):
            x = random_words(rng, 2, batch * rows, fan_in, length, p=0.2)
            x[0, 1::2] = 0  # as of numbers that are positive
            w = random_words(rng, 2, weight_rows * neurons * fan_in, length, p=0.3)
            for two_level in (False, True):
                arguments = x, w, dense(weight_rows * neurons, fan_in), length, xnor, signs, False, two_level
                same(backend.saturate(*arguments), reference.saturate(*arguments))


@pytest.mark.kernels("saturate")
def test_saturating_adder_by_hand(every_backend):
    # Two inputs of two rails and one weight that is 1: steps 2, 0, 0, -2, 0
    x = pack([[[[1, 1, 0, 0, 0], [1, 0, 0, 0, 0]], [[0, 0, 0, 1, 0], [0, 1, 0, 1, 0]]]]).reshape(1, 2, 2, 1)
    w, wiring = pack([[[1, 1, 1, 1, 1]]]), Wiring(np.array([0, 2]), np.array([0, 1]), np.array([0, 0]))
    # accumulator after each step, output: 2>+1 1>+1 0>0 -2>-1 -1>-1
    assert every_backend.saturate(x, w, wiring, 5, False, np.array([[1], [-1]]), False, False).tolist() == [[[0]]]
    # two levels: 2>+1 1>+1 0>+1 -3>-1 -2>-1
    assert every_backend.saturate(x, w, wiring, 5, False, np.array([[1], [-1]]), False, True).tolist() == [[[1]]]
    # one rail, steps 2, 1, 0, 0, 0: 2>1 2>1 1>1 0>0 0>0
    assert every_backend.saturate(x[:, :1], w, wiring, 5, False, np.array([[1]]), False, False).tolist() == [[[3]]]
    # of bipolar numbers, steps 2, 0, -2, -2, -2: 2>+1 1>+1 -1>-1 -2>-1 -3>-1
    assert every_backend.saturate(x[:, :1], w, wiring, 5, True, np.array([[1]]), True, False).tolist() == [[[-1]]]


@pytest.mark.kernels("moore")
def test_moore_by_hand(backend):
    ones_and_zeros = pack([[1, 1, 1, 0, 0, 0]])
    output = np.array([0, 0, 2, 2, 1, 1], np.uint8)  # of states 0, 1, 2
    # states 1 2 2 2 1 0 before each move; the alternating bit is 0 in cycle 0 and in cycle 4
    assert backend.moore(ones_and_zeros, 6, 3, 1, output).tolist() == [[0b001110]]


@THREADS
@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.kernels("window_counts")
def test_window_counts(backend, rng, length, batch, threads, split_over):
    split_over(threads)
    for parts, n_windows, n, neurons in ((1, 1, 1, 1), (2, 9, 3, 5), (3, 40, 8, 2)):
        groups = 2
        x = random_words(rng, groups, batch, 12, length)
        w = random_words(rng, groups, parts, neurons, n, length)
        windows = rng.integers(0, 12, (parts, n_windows, n))
        windows[0, 0] = np.arange(n)  # a run of neighbours
        same(backend.window_counts(x, w, windows, length), reference.window_counts(x, w, windows, length))


@pytest.mark.many_shapes
@pytest.mark.parametrize("columns", [9, 14, 18])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("length", [3, 50, 64, 128, 300, 900])
@pytest.mark.kernels("window_counts")
def test_windows_of_images(backend, rng, columns, stride, length):
    """Rows of 8 windows, of fewer and of more, to the last line there is; streams of few and many words."""
    windows = window_indices(3, (5, columns), (3, 2), (1, stride))
    x = random_words(rng, 1, 3, 3 * 5 * columns, length)
    for neurons in (1, 4, 6):
        w = random_words(rng, 1, 1, neurons, 18, length)
        same(backend.window_counts(x, w, windows, length), reference.window_counts(x, w, windows, length))
