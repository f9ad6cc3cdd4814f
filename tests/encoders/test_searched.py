"""The searched permutations: what they are, their figures, and circuits that use them."""

import copy
import itertools
import math
import pickle

import numpy as np
import pytest
from line_helpers import counts

import sc_neurocore as sc
from sc_neurocore.backends import choose
from sc_neurocore.encoders import Encoder, Ramp, Searched, make_generator
from sc_neurocore.encoders.bank import Bank
from verification import annealing, sequences

LENGTHS = range(2, 257)
ANNEALED = {
    8: 1.03, 12: 0.776, 16: 0.598, 24: 0.479, 32: 0.359, 48: 0.264, 64: 0.184, 65: 0.194, 100: 0.133,
    128: 0.101, 129: 0.102, 200: 0.070, 256: 0.057,
}  # fmt: skip
"""Dot RMSE that annealing is known to reach."""


def dot_rmse(table):
    length = len(table) - 1
    grid = np.arange(length + 1) / length
    error = table / length - np.outer(grid, grid)
    return math.sqrt(784 * error.var() + (784 * error.mean()) ** 2)


@pytest.fixture(scope="module")
def figures():
    with np.load(sequences.FILE) as stored:
        return dict(zip(stored["lengths"].tolist(), stored["rmse"].tolist(), strict=True))


def test_every_length_has_a_permutation(figures):
    assert list(figures) == list(LENGTHS)
    assert sequences.FILE.stat().st_size < 300_000
    for length in LENGTHS:
        assert sorted(Searched.of_length(length).permutation.tolist()) == list(range(length))


def test_figures_are_those_of_the_table_of_counts(figures):
    for length in LENGTHS:
        generator = Searched.of_length(length)
        measured = dot_rmse(counts(generator.permutation))
        assert figures[length] == pytest.approx(measured, rel=1e-9)
        assert generator.dot_rmse == pytest.approx(measured, rel=1e-9)
        assert annealing.dot_rmse(generator.permutation) == pytest.approx(measured, rel=1e-9)


def test_streams_have_these_counts_at_every_length():
    for length in LENGTHS:
        grid = np.arange(length + 1)[:, None] / length
        x, w = (Encoder(1, length, "searched", partner=partner).encode(grid).words for partner in (0, 1))
        assert (choose().and_counts(x[None], w[None])[0] == counts(Searched.of_length(length).permutation)).all()


def test_figures_reach_what_annealing_is_known_to_reach(figures):
    for length in range(8, 257):
        known = math.exp(np.interp(math.log(length), np.log(list(ANNEALED)), np.log(list(ANNEALED.values()))))
        assert figures[length] <= 1.05 * known, length


def test_figures_are_below_those_of_independent_streams(figures):
    for length in range(4, 257):
        assert figures[length] < math.sqrt(784 * 5 / 36 / length) / 2, length


def test_no_permutation_of_two_or_three_is_free_of_bias():
    for length in (2, 3):
        every = itertools.permutations(range(length))
        least = min(dot_rmse(counts(permutation)) for permutation in every)
        assert Searched.of_length(length).dot_rmse == pytest.approx(least)
        assert least > math.sqrt(784 * 5 / 36 / length)


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
@pytest.mark.parametrize("partner", [0, 1])
def test_the_ends_are_exact_and_others_are_rounded_to_multiples(encoding, partner):
    low = 0.0 if encoding == "unipolar" else -1.0
    for length in (2, 3, 12, 65, 100, 256):
        encoder = Encoder(1, length, "searched", encoding, partner=partner)
        assert encoder.encode([[low], [0.0], [1.0]]).value()[[0, 2], 0].tolist() == [low, 1.0]
    numbers = np.linspace(0, 1, 1001)
    ones = Encoder(1, 100, "searched", partner=partner).encode(numbers[:, None]).bits().sum(-1)[:, 0]
    assert (ones == np.floor(numbers * 100 + 0.5)).all()
    quantised = Encoder(1, 100, "searched", partner=partner).quantised(numbers)
    assert (quantised == ones / 100).all()


def test_counts_do_not_depend_on_the_order_of_cycles():
    permutation = Searched.of_length(24).permutation
    grid = np.arange(25)
    order = np.random.default_rng(0).permutation(24)
    x, w = permutation[order] < grid[:, None], order < grid[:, None]
    assert ((x[:, None] & w).sum(-1) == counts(permutation)).all()


def test_the_counter_wraps_at_the_length():
    generator = Searched(Searched.of_length(12).permutation)
    counter = generator.decorrelated(1)
    assert isinstance(counter, Ramp)  # its ones come in one run
    assert counter.sequence(26).tolist() == [*range(12), *range(12), 0, 1]
    assert counter.modulus == 12
    assert counter.bits == 4
    assert counter.decorrelated(1) == generator
    assert counter.decorrelated(0) is counter
    window = Encoder(1, 100, generator).window(np.array([0.3]), np.array(0), 64, 256).bits()[0]
    assert (window == (np.resize(generator.permutation, 256) < 4)[64:]).all()


def plain_products(x, w, length):
    """Sums of products of split numbers as NumPy counts them, ``(B, M)``."""
    numbers = Searched.of_length(length).permutation
    inputs = np.sign(x)[..., None] * (numbers < np.floor(np.abs(x) * length + 0.5)[..., None])
    weights = np.sign(w)[..., None] * (np.arange(length) < np.floor(np.abs(w) * length + 0.5)[..., None])
    return np.einsum("bil,jil->bj", inputs, weights) / length


@pytest.mark.parametrize("length", [8, 12, 16, 64, 100])
def test_a_layer_against_numpy(length):
    rng = np.random.default_rng(length)
    x, w = rng.uniform(-1, 1, (7, 30)), rng.uniform(-1, 1, (5, 30))
    layer = sc.VectorizedSCLayer.from_weights(
        w, length=length, generator="searched", encoding="split", accumulate="sum"
    )
    assert layer.forward(x) == pytest.approx(plain_products(x, w, length), abs=1e-12)


@pytest.mark.parametrize("length", [8, 12, 16, 64, 100])
def test_a_network_against_numpy(length):
    rng = np.random.default_rng(length)
    w, x = rng.uniform(-1, 1, (4, 20)), rng.uniform(0, 1, (6, 20))
    network = sc.Network([sc.Dense(w, np.zeros(4), "identity")])
    got = network.circuit(length=length, generator="searched").forward(x)
    scale = np.abs(w).max()
    assert got == pytest.approx(scale * plain_products(x, w / scale, length), abs=1e-12)


@pytest.mark.parametrize("backend", ["reference", "numba"])
def test_backends_agree(backend):
    x, w = np.linspace(0, 1, 20), np.linspace(1, 0, 60).reshape(3, 20)
    options = {"length": 100, "generator": "searched", "accumulate": "or"}
    expected = sc.VectorizedSCLayer.from_weights(w, **options).forward(x)
    assert (sc.VectorizedSCLayer.from_weights(w, **options, backend=backend).forward(x) == expected).all()


def test_short_sums_are_nearer_than_those_of_sobol_and_bernoulli():
    rng = np.random.default_rng(1)
    x, w = rng.uniform(0, 1, (200, 784)), rng.uniform(0, 1, (10, 784))
    for length in (8, 12, 16, 32, 100):
        error = {}
        for name in ("searched", "sobol", "bernoulli"):
            layer = sc.VectorizedSCLayer.from_weights(w, length=length, generator=name, accumulate="sum", seed=0)
            error[name] = np.sqrt(np.mean((layer.forward(x) - x @ w.T) ** 2))
        assert error["searched"] < min(error["sobol"], error["bernoulli"]), length


@pytest.mark.parametrize(
    ("permutation", "error", "message"),
    [
        ([0, 1, 1], ValueError, "permutation must have each of 0 .. 2 once"),
        ([1, 2, 3], ValueError, "permutation must have each of 0 .. 2 once"),
        ([0, -1], ValueError, "permutation must have each of 0 .. 1 once"),
        ([], ValueError, r"permutation must have shape \(L,\) or \(G >= 1, L\), got \(0,\)"),
        ([[[0, 1], [1, 0]]], ValueError, r"permutation must have shape \(L,\) or \(G >= 1, L\), got \(1, 2, 2\)"),
        ([[0, 1], [1, 1]], ValueError, r"permutation must have each of 0 .. 1 once, got \[1 1\]"),
        ([0.0, 1.0], TypeError, "permutation must be integers, got float64"),
    ],
)
def test_wrong_permutations(permutation, error, message):
    with pytest.raises(error, match=message):
        Searched(permutation)


def test_a_permutation_of_ones_own():
    given = np.random.default_rng(0).permutation(300)
    generator = Searched(given)
    given[:] = 0  # a copy was taken
    grid = np.arange(301)[:, None] / 300
    x, w = (Encoder(1, 300, generator, partner=partner).encode(grid).words for partner in (0, 1))
    assert (choose().and_counts(x[None], w[None])[0] == counts(generator.permutation)).all()
    assert repr(generator).startswith("Searched([")
    assert repr(Searched([1, 0, 2])) == "Searched([1, 0, 2])"
    for copied in (copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))):
        assert copied == generator
        assert hash(copied) == hash(generator)
        assert copied.decorrelated(1) == generator.decorrelated(1)
    shipped = Searched.of_length(9)
    assert Searched(shipped.permutation, shipped.orders) == make_generator("searched", 9)
    assert Searched(shipped.permutation) != shipped
    assert Searched([0, 1, 2]) != Searched([1, 0, 2])


@pytest.mark.parametrize("length", [257, 300, 512, 1024, 3000])
def test_longer_streams_take_lattices_in_another_order(length):
    """They are as good as any pair of Sobol dimensions, and the same counts as those of ``"lattice"``."""
    generator, lattice = make_generator("searched", length), Bank("lattice", length)
    assert generator == Bank("searched", length)
    assert generator.dot_rmse == pytest.approx(lattice.dot_rmse)
    assert generator.dot_rmse < Bank("sobol", length).dot_rmse
    lines = np.stack([[bank.decorrelated(k).sequence(length) for k in range(4)] for bank in (generator, lattice)])
    assert sorted(map(tuple, lines[0].T.tolist())) == sorted(map(tuple, lines[1].T.tolist()))
    # Ones of either line, and of products, come evenly: in no prefix of the stream are they far from their share.
    assert not generator.in_runs
    cycles = np.arange(1, length + 1)
    for bound in (0.25, 0.5, 0.75):
        ones = lines[0, :2] < bound * length
        assert abs(ones.cumsum(1) - bound * cycles).max() < 4
        assert abs((ones[0] & ones[1]).cumsum() - bound**2 * cycles).max() < 0.02 * length + 3


def test_no_permutation_above_256():
    with pytest.raises(ValueError, match=r"length must lie in 1\.\.256 with generator 'searched', got 257"):
        Searched.of_length(257)


def test_shifted_inputs_keep_their_number_of_ones():
    """Numbers of 100 values are shifted modulo 100, not by an XOR, which would lead out of the range."""
    encoder = Encoder(5, 100, "searched", share="shift", seed=1)
    ones = encoder.encode(np.full(5, 0.37)).counts()
    assert ones.tolist() == [37] * 5
    assert len({tuple(row) for row in encoder.sequences.tolist()}) == 5


@pytest.mark.parametrize("length", [64, 100])
def test_circuits_with_counters_of_whole_bits(length):
    reservoir = sc.SCRecurrentLayer(1, 4, length=length, generator="searched", seed=0)
    assert reservoir.run(np.full((5, 1), 0.5)).shape == (5, 4)
    predictor = sc.PredictiveCodingSCLayer(2, 1, length, generator="searched", weights=[[0.25, 0.5]])
    assert predictor.forward([0.75, 0.5])["surprises"] == pytest.approx([0.25], abs=1 / length)
    with pytest.raises(ValueError, match=r"restart='shift' needs a generator with 2\*\*bits values, got .*100"):
        sc.SCRecurrentLayer(1, 4, length=100, generator="searched", restart="shift")


@pytest.mark.parametrize("length", [4, 8, 21, 48])
def test_annealing_keeps_its_books(length):
    """From the sorted permutation, the worst, to a good one; the same for one seed."""
    start = np.arange(length)
    found = annealing.anneal(start, 20_000, 1.0, 1e-4, seed=3)
    assert sorted(found.tolist()) == start.tolist()
    assert start.tolist() == list(range(length))
    assert (found == annealing.anneal(start, 20_000, 1.0, 1e-4, seed=3)).all()
    assert annealing.dot_rmse(found) <= annealing.dot_rmse(start) / 10


@pytest.mark.parametrize("length", [2, 8, 64])
def test_digital_nets_have_a_number_in_every_interval(length):
    numbers = sequences.digital_net(length, np.random.default_rng(5))
    cycles, m = np.arange(length), length.bit_length() - 1
    for k in range(m + 1):
        assert len(set(zip((cycles >> k).tolist(), (numbers >> m - k).tolist(), strict=True))) == length


@pytest.mark.parametrize("length", [5, 7, 9])
def test_a_search_finds_a_permutation_as_good_as_that_of_the_package(length, figures):
    assert annealing.dot_rmse(sequences.search(length)) == pytest.approx(figures[length])
