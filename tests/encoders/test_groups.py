"""Searched permutations for groups of input lines: what each line meets, and circuits of such lines."""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
from line_helpers import counts

import sc_neurocore as sc
from sc_neurocore.encoders import Encoder, OfWidth, Searched, encoder
from sc_neurocore.encoders.independence import and_error
from sc_neurocore.encoders.sequences import Repeated


def permutations(groups, length, seed=0):
    rng = np.random.default_rng([groups, length, seed])
    return np.stack([rng.permutation(length) for _ in range(groups)])


def grouped(groups, length, orders=None):
    rng = np.random.default_rng(length)
    order = None if orders is None else np.stack([rng.permutation(length) for _ in range(orders)])
    return Searched(permutations(groups, length), order)


def ones(numbers, generator, lines, length):
    """Streams ``(..., k, length)`` of numbers ``(..., k)`` in [0, 1] on these lines, one comparison at a time."""
    order, period = generator.orders[0], generator.modulus
    bits = np.empty((*numbers.shape, length), int)
    for place, line in enumerate(lines):
        row = generator.permutation[line % len(generator.permutation)]
        for cycle in range(length):
            bits[..., place, cycle] = row[order[cycle % period]] < np.floor(numbers[..., place] * period + 0.5)
    return bits


SIZES = [(2, 8, 4), (3, 8, 7), (4, 5, 10), (8, 21, 30), (5, 70, 3), (3, 130, 11)]
"""Groups, length, lines."""


# ---------------------------------------------------------------- streams


@pytest.mark.parametrize(("groups", "length", "n"), SIZES)
@pytest.mark.parametrize("orders", [None, 1, 2])
@pytest.mark.parametrize("table", [True, False])
def test_line_i_meets_row_i_modulo_groups(groups, length, n, orders, table, monkeypatch):
    if not table:
        monkeypatch.setattr(encoder, "TABLE_BYTES", 0)
    generator, x = grouped(groups, length, orders), np.random.default_rng(1).random((6, n))
    got = Encoder(n, length, generator).encode(x).bits()
    assert (got == ones(x, generator, range(n), length)).all()
    assert not (got == ones(x, generator, [0] * n, length)).all()  # the twin: all lines meet the first row


@pytest.mark.parametrize("encoding", ["bipolar", "split"])
def test_signed_numbers(encoding):
    generator, x = grouped(3, 21, 1), np.random.default_rng(1).uniform(-1, 1, (6, 11))
    got = Encoder(11, 21, generator, encoding).encode(x).bits()
    if encoding == "bipolar":
        assert (got == ones((x + 1) / 2, generator, range(11), 21)).all()
    else:
        magnitudes = ones(abs(x), generator, range(11), 21)
        assert (got == [magnitudes * (x >= 0)[..., None], magnitudes * (x < 0)[..., None]]).all()


@pytest.mark.parametrize("table", [True, False])
def test_columns_name_lines(table, monkeypatch):
    if not table:
        monkeypatch.setattr(encoder, "TABLE_BYTES", 0)
    generator, columns = grouped(4, 13), np.array([9, 0, 5, 5, 2])
    one, x = Encoder(10, 13, generator, "split"), np.random.default_rng(1).random((3, 5))
    want = ones(x, generator, columns, 13)
    assert (sc.Bitstream(one.words(x, np.arange(3), columns), 13).bits() == want).all()
    assert (sc.Bitstream(one.rails(x, np.arange(3), columns, trim=True)[:, 0], 13).bits() == want).all()
    assert (
        sc.Bitstream(one.rails(x, np.arange(3), Repeated(3))[:, 0], 13).bits()
        == ones(x, generator, [0, 1, 2, 0, 1], 13)
    ).all()


def test_blocks_of_lines(monkeypatch):
    generator, x = grouped(3, 21), np.random.default_rng(1).random((40, 50))
    monkeypatch.setattr("sc_neurocore.chunks.CHUNK_BYTES", 1 << 10)
    assert (Encoder(50, 21, generator).encode(x).bits() == ones(x, generator, range(50), 21)).all()


@pytest.mark.parametrize(("start", "stop"), [(0, 50), (64, 200), (128, 129)])
@pytest.mark.parametrize("samples", [1, 300])
def test_windows_run_on(start, stop, samples):
    generator, x = grouped(3, 21, 1), np.random.default_rng(1).random((samples, 5))
    got = Encoder(5, 21, generator).window(x, np.zeros(samples, int), start, stop).bits()
    assert (got == ones(x, generator, range(5), stop)[..., start:]).all()


def test_what_an_encoder_tells():
    generator = grouped(3, 9, 1)
    inputs, weights = (Encoder(7, 9, generator, partner=partner) for partner in (0, 1))
    want = generator.permutation[np.arange(7) % 3][:, generator.orders[0]]
    assert (inputs.sequences == want).all()
    assert (inputs.levels() == (want + 0.5) / 9).all()
    assert inputs.generator_of_line.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert (weights.sequences == generator.orders).all()
    assert weights.generator_of_line.tolist() == [0] * 7


@pytest.mark.parametrize("length", [8, 21])
def test_shifted_and_rotated_lines_start_from_those_of_their_group(length):
    generator, n = grouped(3, length, 1), 7
    order, rows = generator.orders[0], generator.permutation[np.arange(n) % 3]
    rotated = Encoder(n, length, generator, share="rotate")
    for line, row in enumerate(rows):
        assert (rotated.sequences[line] == np.roll(row[order], -(line * length // n))).all()
    shifted = Encoder(n, length, generator, share="shift", seed=1)
    single = Encoder(n, length, Searched(generator.permutation[0], order), share="shift", seed=1).sequences[0]
    first = generator.permutation[0][order]
    words = (
        shifted.sequences ^ rows[:, order] if length == 8 else (shifted.sequences.astype(int) - rows[:, order]) % length
    )
    assert (words == words[:, :1]).all()  # one word a line
    assert len(set(words[:, 0].tolist())) > 1
    assert words[0, 0] == ((single ^ first) if length == 8 else (single.astype(int) - first) % length)[0]
    for each in (rotated, shifted):
        assert each.generator_of_line.tolist() == [0, 1, 2, 0, 1, 2, 0]


def test_lines_of_their_own_have_no_groups():
    with pytest.raises(ValueError, match=r'^share="independent" needs one sequence for all lines, got 3 of Searched'):
        Encoder(2, 21, grouped(3, 21), share="independent")
    weights = Encoder(2, 21, grouped(3, 21), share="independent", partner=1)  # whose lines are single
    assert weights.encode([0.0, 1.0]).value().tolist() == [0.0, 1.0]


def test_comparators_of_another_width():
    generator, x = OfWidth(grouped(3, 21, 1), 4), np.random.default_rng(1).random((6, 7))
    assert [each.bits for each in generator.groups] == [4, 4, 4]
    got = Encoder(7, 21, generator).encode(x).bits()
    for line in range(7):
        row = Searched(generator.source.permutation[line % 3], generator.source.orders)
        assert (got[:, line] == Encoder(1, 21, OfWidth(row, 4)).encode(x[:, line, None]).bits()[:, 0]).all()


# ---------------------------------------------------------------- the generator


def test_a_generator_of_groups_is_a_value():
    rows = permutations(3, 12)
    generator = Searched(rows)
    rows[:] = 0  # a copy was taken
    assert (generator.permutation == permutations(3, 12)).all()
    for copied in (copy.deepcopy(generator), pickle.loads(pickle.dumps(generator)), Searched(generator.permutation)):
        assert copied == generator
        assert hash(copied) == hash(generator)
    assert generator != Searched(generator.permutation[::-1])
    assert generator != Searched(generator.permutation[0])
    assert Searched(generator.permutation[:1]) == Searched(generator.permutation[0])  # one group is none
    assert repr(Searched([[0, 1, 2], [2, 0, 1]], [1, 0, 2])) == "Searched([[0, 1, 2], [2, 0, 1]], [[1, 0, 2]])"
    assert eval(repr(Searched([[0, 1, 2], [2, 0, 1]]))) == Searched([[0, 1, 2], [2, 0, 1]])
    assert "\n" not in repr(grouped(5, 100, 3))
    text = str(Searched(permutations(4, 16)))
    assert text.startswith("counter and 4 look-ups of 16 numbers of 4 bits, dot RMSE ")
    assert "um^2" not in text  # the area of one was measured
    assert generator.modulus == 12
    assert generator.bits == 4


def test_groups_are_generators_with_the_order_of_all():
    generator = grouped(3, 12, 2)
    assert generator.groups == tuple(Searched(row, generator.orders) for row in generator.permutation)
    assert generator.sequence(30).tolist() == generator.groups[0].sequence(30).tolist()
    for partner in range(1, 4):
        assert (
            generator.decorrelated(partner).sequence(12) == generator.groups[0].decorrelated(partner).sequence(12)
        ).all()
        assert len(generator.decorrelated(partner).groups) == 1
    one = Searched.of_length(12)
    assert one.groups == (one,)
    assert not generator.in_runs
    assert Searched([[1, 2, 0], [0, 1, 2]]).in_runs  # lines of the second group


def plain_dot_rmse(rows):
    """Root mean square error of a sum of 784 products, from the tables of counts of each of its lines."""
    length = rows.shape[1]
    grid = np.arange(length + 1) / length
    errors = [counts(row) / length - np.outer(grid, grid) for row in rows]
    of_lines = [errors[line % len(rows)] for line in range(784)]
    return math.sqrt(sum(error.var() for error in of_lines) + sum(error.mean() for error in of_lines) ** 2)


@pytest.mark.parametrize(("groups", "length"), [(2, 3), (3, 8), (5, 21), (8, 16), (1, 9)])
def test_the_figure_is_that_of_a_sum_whose_lines_are_dealt_to_groups(groups, length):
    rows = permutations(groups, length)
    assert Searched(rows).dot_rmse == pytest.approx(plain_dot_rmse(rows), rel=1e-12)


def test_the_bias_of_a_group_makes_up_for_that_of_another():
    """No permutation of three numbers is free of bias; two that lean to either side are together."""
    over, under = [0, 1, 2], [2, 0, 1]
    single = [Searched(row).dot_rmse for row in (over, under)]
    tables = [counts(row) / 3 - np.outer(np.arange(4) / 3, np.arange(4) / 3) for row in (over, under)]
    assert tables[0].mean() > 0 > tables[1].mean()
    assert Searched([over, under]).dot_rmse < min(single)


@pytest.mark.parametrize(("length", "one", "two"), [(2, 21.889, 2.200), (3, 16.452, 1.973), (4, 1.565, 1.565)])
def test_the_best_of_all_permutations_and_of_two_groups(length, one, two):
    """The figures of docs/choosing.md, over all permutations; Bernoulli streams have 7.38, 6.02 and 5.22."""
    every = list(itertools.permutations(range(length)))
    tables = {
        row: counts(row) / length - np.outer(np.arange(length + 1), np.arange(length + 1)) / length**2 for row in every
    }

    def figure(*rows):
        errors = [tables[row] for row in rows]
        return math.sqrt(784 * np.mean([error.var() for error in errors]) + (784 * np.mean(errors)) ** 2)

    assert min(figure(row) for row in every) == pytest.approx(one, abs=5e-4)
    best = min(itertools.combinations(every, 2), key=lambda rows: figure(*rows))
    assert figure(*best) == pytest.approx(two, abs=5e-4)
    assert Searched(best).dot_rmse == pytest.approx(two, abs=5e-4)


def test_further_lines_are_independent_of_all_groups():
    generator = grouped(3, 16)
    assert generator.n_lines > 2
    for row in generator.groups:
        for index in range(2, generator.n_lines):
            assert and_error(row.sequence(16), generator.line(index), 16, None) <= 1.5


# ---------------------------------------------------------------- layers


def sums(x, w, generator, encoding):
    """Sums of products ``(B, M)`` of numbers ``(B, n)`` and weights ``(M, n)`` from tables of counts."""
    length, tables = generator.modulus, [counts(row) for row in np.atleast_2d(generator.permutation)]
    thresholds = (
        (lambda v: np.floor((v + 1) / 2 * length + 0.5))
        if encoding == "bipolar"
        else (lambda v: np.floor(abs(v) * length + 0.5))
    )
    a, b = thresholds(x).astype(int), thresholds(w).astype(int)
    out = np.zeros((len(x), len(w)))
    for line in range(x.shape[1]):
        both = tables[line % len(tables)][a[:, line, None], b[None, :, line]]
        if encoding == "bipolar":
            both = 2 * (length - a[:, line, None] - b[None, :, line] + 2 * both) - length
        else:
            both = both * np.sign(x[:, line, None]) * np.sign(w[None, :, line])
        out += both / length
    return out


def operands(encoding, n, neurons, samples=5):
    rng, low = np.random.default_rng(3), 0.0 if encoding == "unipolar" else -1.0
    return rng.uniform(low, 1, (samples, n)), rng.uniform(low, 1, (neurons, n))


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
@pytest.mark.parametrize(("groups", "length", "n"), SIZES)
@pytest.mark.parametrize("orders", [None, 1])
def test_a_dense_layer_against_tables_of_counts(encoding, groups, length, n, orders):
    x, w = operands(encoding, n, 4)
    generator = grouped(groups, length, orders)
    layer = sc.VectorizedSCLayer.from_weights(
        w, length=length, generator=generator, encoding=encoding, accumulate="sum"
    )
    assert layer.forward(x) == pytest.approx(sums(x, w, generator, encoding), abs=1e-12)
    one = Searched(generator.permutation[0], generator.orders)
    assert layer.forward(x) != pytest.approx(sums(x, w, one, encoding), abs=1e-12)  # the twin
    alike = sc.VectorizedSCLayer.from_weights(w, length=length, generator=one, encoding=encoding, accumulate="sum")
    assert (layer.expected(x) == alike.expected(x)).all()


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
def test_a_bias_is_a_line_behind_the_inputs(encoding):
    x, w = operands(encoding, 7, 4)
    bias, generator = w[:, 0] / 2, grouped(3, 13)
    layer = sc.VectorizedSCLayer.from_weights(
        w, length=13, generator=generator, encoding=encoding, accumulate="sum", bias=bias
    )
    joined = np.column_stack([x, np.ones(len(x))]), np.column_stack([w, bias])
    assert layer.forward(x) == pytest.approx(sums(*joined, generator, encoding), abs=1e-12)


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
def test_a_sparse_layer_against_tables_of_counts(encoding):
    x, _ = operands(encoding, 30, 6)
    generator = grouped(4, 21, 1)
    layer = sc.VectorizedSCLayer(
        30, 6, 21, sparse=True, connectivity=0.4, generator=generator, encoding=encoding, accumulate="sum", seed=1
    )
    matrix = layer.weights_csr.tocoo()
    want = np.zeros((len(x), 6))
    for neuron, line, weight in zip(matrix.row, matrix.col, matrix.data, strict=True):
        row = Searched(generator.permutation[line % 4], generator.orders)
        want[:, neuron] += sums(x[:, line, None], np.array([[weight]]), row, encoding)[:, 0]
    assert layer.forward(x) == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_pixels_are_the_lines_of_a_convolution(encoding, padding, backend):
    """Pixel (c, row, column) of the padded image is line (c rows + row) columns + column, the bias the last one."""
    rng, low = np.random.default_rng(3), 0.0 if encoding == "unipolar" else -1.0
    images, kernels = rng.uniform(low, 1, (2, 2, 4, 5)), rng.uniform(low, 1, (3, 2, 2, 3))
    bias, generator = rng.uniform(low, 1, 3), grouped(5, 11, 1)
    layer = sc.SCConv2DLayer.from_kernels(
        kernels,
        padding=padding,
        length=11,
        generator=generator,
        encoding=encoding,
        accumulate="sum",
        bias=bias,
        backend=backend,
    )
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    _, channels, rows, columns = padded.shape
    lines = np.arange(channels * rows * columns).reshape(channels, rows, columns)
    got = layer.forward(images)
    for row in range(rows - 1):
        for column in range(columns - 2):
            want = np.zeros((2, 3))
            window = (slice(None), slice(row, row + 2), slice(column, column + 3))
            for line, x, w in zip(
                [*lines[window].ravel(), lines.size],
                [*padded[(slice(None), *window)].reshape(2, -1).T, np.ones(2)],
                [*kernels.reshape(3, -1).T, bias],
                strict=True,
            ):
                group = Searched(generator.permutation[line % 5], generator.orders)
                want += sums(x[:, None], w[:, None], group, encoding)
            assert got[:, :, row, column] == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("accumulate", ["or", "saturate", "mux"])
def test_accumulators_of_cycles(accumulate):
    generator = Searched(permutations(3, 24), Searched.of_length(24).orders)
    x, w = operands("unipolar", 8, 3)
    layer = sc.VectorizedSCLayer.from_weights(w, length=24, generator=generator, accumulate=accumulate)
    bits = ones(x, generator, range(8), 24)[:, None] & (generator.orders[0] < np.floor(w * 24 + 0.5)[..., None])
    select = generator.permutation[0][generator.orders[1]]
    want = np.zeros((5, 3))
    for sample, neuron in np.ndindex(5, 3):
        held = 0
        for cycle in range(24):
            products = bits[sample, neuron, :, cycle]
            held += products.sum()
            if accumulate == "saturate":
                want[sample, neuron] += held >= 1
                held -= held >= 1
            else:
                want[sample, neuron] += products.any() if accumulate == "or" else products[select[cycle] * 8 // 24]
    assert layer.forward(x) == pytest.approx(want / 24, abs=1e-12)
    if accumulate == "or":
        with pytest.raises(ValueError, match="no closed form for accumulate='or' with share='one' of 3 sequences"):
            layer.expected(x)
    else:
        one = sc.VectorizedSCLayer.from_weights(w, length=24, generator="searched", accumulate=accumulate)
        assert (layer.expected(x) == one.expected(x)).all()


def test_networks_take_groups():
    w, x = np.random.default_rng(1).uniform(-1, 1, (4, 9)), np.random.default_rng(2).random((6, 9))
    generator = grouped(4, 12)
    network = sc.Network([sc.Dense(w, np.zeros(4), "identity")])
    scale = np.abs(w).max()
    got = network.circuit(length=12, generator=generator).forward(x)
    assert got == pytest.approx(scale * sums(x, w / scale, generator, "split"), abs=1e-12)


def test_a_dead_generator_stops_the_lines_of_one_group():
    faults, x = sc.Faults(dead_generator="inputs"), np.full((1, 11), 0.5)
    seen = set()
    for seed in range(20):
        layer = sc.VectorizedSCLayer(11, 1, 21, generator=grouped(3, 21), faults=faults, seed=seed)
        bits = layer.streams(x).inputs.bits()[0]
        dead = [line for line in range(11) if len(set(bits[line].tolist())) == 1]
        assert len({line % 3 for line in dead}) == 1
        assert dead == list(range(dead[0], 11, 3))
        seen.add(dead[0])
    assert seen == {0, 1, 2}


@pytest.mark.parametrize(
    ("circuit", "name"),
    [
        (lambda g: sc.SCPool2D("max", 2, length=21, generator=g), "kind='max'"),
        (lambda g: sc.LateralInhibition(5, generator=g), "lateral inhibition"),
        (lambda g: sc.PredictiveCodingSCLayer(3, 2, 21, generator=g), "predictive coding"),
    ],
)
def test_circuits_of_correlated_streams_have_no_groups(circuit, name):
    with pytest.raises(ValueError, match=f"^{name} needs one sequence for all lines, got 3 of "):
        circuit(grouped(3, 21))
    circuit(Searched.of_length(21))


CIRCUITS = {
    "pool": lambda g, x: sc.SCPool2D("average", 2, length=16, generator=g).forward(x.reshape(1, 4, 6)),
    "fusion": lambda g, x: sc.SCFusionLayer({"a": 12, "b": 12}, {"a": 0.7, "b": 0.3}, 16, generator=g).forward(
        {"a": x[:12], "b": x[12:]}
    ),
    "attention": lambda g, x: sc.StochasticAttention(4).forward_bitstream(*x.reshape(3, 2, 4), 16, generator=g),
    "reservoir": lambda g, x: sc.SCRecurrentLayer(4, 10, length=16, generator=g, seed=1).run(x.reshape(6, 4)),
    "learning": lambda g, x: sc.SCLearningLayer(
        24, 4, length=16, base_seed=1, generator=g, w_min=0.0, neuron_params={"noise_std": 0.0, "v_threshold": 0.5}
    ).run_epoch(x),
    "neurons": lambda g, x: spikes(
        sc.SCDenseLayer(3, x, x[::-1], 0, 1, 0, 1, 16, y_max=1.0, generator=g, neuron_params={"noise_std": 0.0})
    ),
}


def spikes(layer):
    layer.run(200)
    return layer.get_spike_trains()


@pytest.mark.parametrize("name", CIRCUITS)
def test_other_circuits(name):
    """Equal rows are one sequence; other rows make other streams."""
    x, order = np.random.default_rng(1).random(24), Searched.of_length(16).orders
    rows = permutations(5, 16)
    run = CIRCUITS[name]
    one = run(Searched(rows[0], order), x)
    assert (run(Searched(rows[[0, 0, 0]], order), x) == one).all()
    assert (run(Searched(rows, order), x) != one).any()
