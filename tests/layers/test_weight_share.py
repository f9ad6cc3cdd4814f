"""How weights share random sources: which streams they get, and the law of the errors that neurons then share."""

import re
from itertools import product

import numpy as np
import pytest
from layer_helpers import DETERMINISTIC, ENCODINGS, FALSE_ALARM, binomial_p_value, inputs, seeds_of, slow_forward
from scipy import stats
from test_fresh_weights import FAN_IN, NEURONS, inputs_and_weights, plain_counts

from sc_neurocore import (
    Faults,
    MemristiveDenseLayer,
    MemristorModel,
    SCConv2DLayer,
    VectorizedSCLayer,
    backends,
    encoders,
)
from sc_neurocore.backends.threads import set_threads

EQUAL = np.full((3, 4), 0.5)


def make(weights, length=64, **options):
    return VectorizedSCLayer.from_weights(weights, length=length, **{"accumulate": "sum", "seed": 5, **options})


def distinct(layer, x=None):
    """Which of the synapses ``(M, n)`` of equal weights have the same stream: their number, and by line."""
    words = layer.streams(np.full(layer.n_inputs, 0.5) if x is None else x).weights.words
    rows = {words[j, i].tobytes() for j, i in np.ndindex(*words.shape[:2])}
    of_lines = [len({words[j, i].tobytes() for j in range(len(words))}) for i in range(words.shape[1])]
    return len(rows), of_lines


# ---------------------------------------------------------------- streams


@pytest.mark.parametrize("weight_streams", ["fresh", "stored"])
@pytest.mark.parametrize("share", [None, "one", "independent"])
def test_sources_of_bernoulli_weights(weight_streams, share):
    options = {"generator": "bernoulli", "weight_streams": weight_streams, "share": share}
    found = {name: distinct(make(EQUAL, **options, weight_share=name)) for name in ("independent", "neurons", "one")}
    assert found == {"independent": (12, [3] * 4), "neurons": (4, [1] * 4), "one": (1, [1] * 4)}
    layer = make(EQUAL, **options, weight_share="neurons")
    assert (layer.share, layer.weight_share) == (share or "independent", "neurons")
    lines = layer.streams(np.full(4, 0.5)).inputs.words
    assert len(np.unique(lines, axis=0)) == (1 if share == "one" else 4)  # inputs do as `share` says


@pytest.mark.parametrize("generator", DETERMINISTIC)
def test_sources_of_deterministic_weights(generator):
    length = 64
    assert distinct(make(EQUAL, length, generator=generator, weight_share="one"))[0] == 1
    given = np.linspace(0.1, 0.9, 4)
    chosen = encoders.make_generator(generator, length)
    if chosen.n_lines is not None and chosen.n_lines < 8:
        with pytest.raises(ValueError, match=r"^weight_share='neurons' with 4 inputs needs 8 independent lines"):
            make(EQUAL, length, generator=generator, weight_share="neurons")
        return
    for share in ("one", "shift"):
        layer = make(np.tile(given, (2, 1)), length, generator=generator, share=share, weight_share="neurons")
        for i, stream in enumerate(layer.streams(np.full(4, 0.5)).weights.bits()[1]):
            line = chosen.decorrelated(2 * i + 1)
            np.testing.assert_array_equal(stream, line.sequence(length) < np.floor(given[i] * line.modulus + 0.5))


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({"generator": "bernoulli"}, "independent"),
        ({"generator": "bernoulli", "share": "one"}, "one"),
        ({"generator": "sobol"}, "one"),
        ({"generator": "sobol", "share": "shift"}, "one"),
        ({"generator": "sobol", "share": "rotate", "accumulate": "or"}, "one"),
        ({"generator": "sobol", "share": "independent"}, "neurons"),
    ],
)
def test_defaults_are_what_they_were(options, same):
    w, x = inputs((3, 5)), inputs((2, 5), seed=1)
    plain = make(w, **options)
    assert plain.weight_share == same
    given = make(w, **options, weight_share=same)
    np.testing.assert_array_equal(given.forward(x), plain.forward(x))
    for mine, theirs in zip(given.streams(x), plain.streams(x), strict=True):
        np.testing.assert_array_equal(mine.words, theirs.words)


def test_streams_are_those_of_the_numbered_lines():
    """The stream of weight (j, i) of sample s is number s n + i under the key of the weights, read by every backend."""
    w, samples = inputs((3, 4)), 3
    for name in backends.available():
        layer = make(w, 100, generator="bernoulli", weight_share="neurons", bits=9, backend=name)
        found = layer.streams(np.full((samples, 4), 0.5)).weights.words
        again = encoders.Encoder(4, 100, "bernoulli", bits=9, partner=1, seed=seeds_of(layer).of("weights"))
        wanted = again.words(np.broadcast_to(w[:, None], (3, samples, 4)), np.tile(np.arange(samples), (3, 1)))
        np.testing.assert_array_equal(found, wanted.swapaxes(0, 1))


@pytest.mark.parametrize("accumulate", ["mean", "sum", "saturate", "or", "mux"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "options",
    [
        {"generator": "bernoulli", "weight_share": "neurons"},
        {"generator": "bernoulli", "weight_share": "neurons", "weight_streams": "stored", "sparse": True},
        {"generator": "bernoulli", "weight_share": "neurons", "sparse": True, "bias": np.full(4, 0.25)},
        {"generator": "bernoulli", "weight_share": "one", "bias": np.full(4, 0.25)},
        {"generator": "bernoulli", "weight_share": "independent", "share": "one"},
        {"generator": "sobol", "weight_share": "neurons", "bias": np.full(4, 0.25)},
        {"generator": "sobol", "weight_share": "one", "share": "independent", "sparse": True},
    ],
    ids=str,
)
def test_forward_is_the_circuit_on_bits(options, encoding, accumulate):
    layer = VectorizedSCLayer(5, 4, 70, accumulate=accumulate, encoding=encoding, seed=1, **options)
    x = inputs((3, 5), encoding, seed=2)
    for _ in range(2):  # the second call meets other streams, if they are fresh
        wanted = slow_forward(layer, x)
        np.testing.assert_allclose(layer.forward(x), wanted, atol=1e-13)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("backend", backends.available())
@pytest.mark.parametrize("length", [1, 64, 100, 300, 1024])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_sums_are_those_of_the_streams(encoding, length, backend, threads):
    set_threads(threads)
    try:
        x, w = inputs_and_weights(np.random.default_rng(length), encoding)
        layer = make(w, length, generator="bernoulli", encoding=encoding, weight_share="neurons", backend=backend)
        for _ in range(2):
            counts = plain_counts(layer.streams(x), encoding)
            np.testing.assert_array_equal(layer.forward(x), counts / length)
        layer.weights[:, : FAN_IN // 2] = 0.5  # edits are seen
        np.testing.assert_array_equal(layer.forward(x), make(
            layer.weights, length, generator="bernoulli", encoding=encoding, weight_share="neurons"
        ).forward(np.concatenate([x, x, x]))[6:])  # fmt: skip
    finally:
        set_threads(None)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_batch_may_be_cut_anywhere(encoding):
    x, _ = inputs_and_weights(np.random.default_rng(3), encoding, samples=11)
    options = {"generator": "bernoulli", "encoding": encoding, "weight_share": "neurons", "sparse": True}
    whole, parts = (VectorizedSCLayer(FAN_IN, NEURONS, 40, connectivity=0.4, seed=1, **options) for _ in range(2))
    np.testing.assert_array_equal(
        whole.forward(x), np.concatenate([parts.forward(part) for part in np.split(x, [1, 2, 7])])
    )


# ---------------------------------------------------------------- law

X, A, B = np.array([0.3, 0.6, 0.9]), np.array([0.5, 0.25, 0.75]), np.array([0.5, 0.75, 0.25])
SAMPLES = 40_000


def joint(kind):
    """Probabilities of the pairs of sums of two neurons in a cycle ``(4, 4)``, over all inputs and numbers."""
    table = np.zeros((4, 4))
    table[0, 0] = 1.0
    for x, a, b in zip(X, A, B, strict=True):
        both = x * (min(a, b) if kind == "neurons" else a * b)
        step = {(1, 1): both, (1, 0): x * a - both, (0, 1): x * b - both, (0, 0): 1 - x * a - x * b + both}
        moved = np.zeros_like(table)
        for (i, j), p in step.items():
            moved[i:, j:] += p * table[: 4 - i, : 4 - j]
        table = moved
    return table


def found(weight_share, w=(A, B)):
    """Counts of the pairs of sums ``(4, 4)`` of single cycles."""
    layer = make(np.array(w), 1, generator="bernoulli", weight_share=weight_share, seed=11)
    sums = layer.forward(np.tile(X, (SAMPLES, 1))).astype(int)
    return np.histogram2d(sums[:, 0], sums[:, 1], bins=np.arange(5) - 0.5)[0]


def p_value(counts, table):
    """Chi-square test; 0 where something came that cannot."""
    possible = table > 0
    return 0.0 if counts[~possible].any() else stats.chisquare(counts[possible], SAMPLES * table[possible]).pvalue


def test_errors_of_two_neurons():
    """Every pair of sums comes as often as it should; the neurons of the other option are the biased twin."""
    for kind, other in (("neurons", "independent"), ("independent", "neurons")):
        counts = found(kind)
        assert p_value(counts, joint(kind)) > FALSE_ALARM
        assert p_value(counts, joint(other)) < FALSE_ALARM


def test_variance_and_covariance_have_the_closed_forms():
    sums = np.arange(4)
    for kind, covariance in (
        ("neurons", (X * (np.minimum(A, B) - X * A * B)).sum()),
        ("independent", (X * (1 - X) * A * B).sum()),
    ):
        table = joint(kind)
        means = sums @ table.sum(1), sums @ table.sum(0)
        assert means == pytest.approx((X @ A, X @ B))
        for marginal, mean, w in ((table.sum(1), means[0], A), (table.sum(0), means[1], B)):
            assert (sums - mean) ** 2 @ marginal == pytest.approx((X * w * (1 - X * w)).sum())
        assert (sums - means[0]) @ table @ (sums - means[1]) == pytest.approx(covariance)


def test_products_of_a_neuron():
    """All products of a neuron are one: with "neurons" they are independent, with "one" they share a number."""
    wanted = {"neurons": np.prod(X * A), "independent": np.prod(X * A), "one": np.prod(X) * A.min()}
    for kind, p in wanted.items():
        ones = found(kind)[3].sum()
        assert binomial_p_value(ones, SAMPLES, p) > FALSE_ALARM
        assert binomial_p_value(ones, SAMPLES, wanted["one" if kind != "one" else "neurons"]) < FALSE_ALARM
    pairs = [(i, k) for i, k in product(range(3), repeat=2) if i != k]
    more = sum(X[i] * X[k] * (min(A[i], A[k]) - A[i] * A[k]) for i, k in pairs)
    bits = [(x, t) for x in product((0, 1), repeat=3) for t in range(4)]  # the number is in one of four quarters
    sums = np.array([sum(x[i] * (t < 4 * A[i]) for i in range(3)) for x, t in bits])
    shares = np.array([np.prod(np.where(x, X, 1 - X)) / 4 for x, _ in bits])
    assert shares @ (sums - shares @ sums) ** 2 == pytest.approx((X * A * (1 - X * A)).sum() + more)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("shared", [("one", "neurons"), ("one", "independent"), ("independent", "one")])
def test_expected_of_an_or_gate(encoding, shared):
    """Against the mean over a grid of the numbers that are shared."""
    options = dict(zip(("share", "weight_share"), shared, strict=True))
    x, w = inputs((2, 3), encoding, seed=4), inputs((2, 3), encoding, seed=5)
    layer = make(w, generator="bernoulli", accumulate="or", encoding=encoding, bits=30, **options)
    u = (np.arange(4000) + 0.5) / 4000

    def on_rails(values, signs):
        return np.concatenate([np.maximum(sign * values, 0) for sign in signs])

    def union(p, q):  # P(any product is one), one side in front of the grid
        single, apart = (p, q) if shared[0] == "one" else (q, p)
        meets = u[:, None] < single
        ones = np.where(meets, apart, 1 - apart) if encoding == "bipolar" else meets * apart
        return 1 - np.prod(1 - ones, axis=1).mean()

    def value(a, b):
        if encoding == "split":
            parts = [union(on_rails(a, (1, -1)), on_rails(b, signs)) for signs in ((1, -1), (-1, 1))]
            return parts[0] - parts[1]
        return 2 * union((a + 1) / 2, (b + 1) / 2) - 1 if encoding == "bipolar" else union(a, b)

    wanted = [[value(a, b) for b in w] for a in x]
    np.testing.assert_allclose(layer.expected(x), wanted, atol=4e-3)


# ---------------------------------------------------------------- other circuits


def test_filters_share_the_sources_of_a_position():
    for groups, n in ((1, 8), (2, 8)):
        kernels = np.full((4, 2, 2, 2), 0.5)
        options = {"length": 64, "groups": groups, "accumulate": "sum", "seed": 1, "weight_share": "neurons"}
        layer = SCConv2DLayer.from_kernels(kernels, **options)
        x = inputs((2, 2 * groups, 3, 3))
        words = layer.streams(x).weights.words[0].reshape(4, n, -1)
        assert (words == words[0]).all()
        assert len(np.unique(words[0], axis=0)) == n
        plain = [
            SCConv2DLayer.from_kernels(kernels, backend=name, **options).forward(x) for name in ("reference", None)
        ]
        np.testing.assert_array_equal(*plain)
        np.testing.assert_array_equal(layer.forward(x), plain[0])


def test_a_window_is_a_dense_layer():
    """One window: sums of the products of the streams that are shown."""
    kernels, x = inputs((3, 2, 2, 2)), inputs((1, 2, 2, 2), seed=3)
    layer = SCConv2DLayer.from_kernels(kernels, length=100, accumulate="sum", weight_share="neurons", seed=4)
    streams = layer.streams(x)
    pixels, weights = streams.inputs.bits().reshape(1, 8, -1), streams.weights.bits().reshape(3, 8, -1)
    np.testing.assert_array_equal(layer.forward(x).reshape(-1), (pixels & weights).sum((1, 2)) / 100)


@pytest.mark.parametrize("weight_streams", ["fresh", "stored"])
def test_a_dead_generator_stops_all_weights_of_its_line(weight_streams):
    options = {"generator": "bernoulli", "weight_streams": weight_streams, "seed": 3}
    faults = Faults(dead_generator="weights")
    for kind, dead in (("independent", 1), ("neurons", 3), ("one", 12)):
        layer = make(EQUAL, 256, faults=faults, weight_share=kind, **options)
        counts = layer.streams(np.full(4, 0.5)).weights.bits().sum(-1)
        still = (counts == 0) | (counts == 256)
        assert still.sum() == dead
        if kind == "neurons":
            assert sorted(still.sum(0)) == [0, 0, 0, 3]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_comparators_that_read_a_cell(encoding):
    """Read noise of a read-out: equal cells differ, and their streams are nested as those of one source are."""
    device = MemristorModel(read_noise=0.05, read_noise_per="read-out")
    layer = make(EQUAL, 256, generator="bernoulli", encoding=encoding, device=device, weight_share="neurons")
    bits = layer.streams(np.full(4, 0.5)).weights.bits()
    bits = bits[0] if encoding == "split" else bits
    for i in range(4):
        counts = bits[:, i].sum(-1)
        assert len(set(counts)) > 1
        for low, high in zip(*(np.argsort(counts)[part] for part in (slice(0, -1), slice(1, None))), strict=True):
            assert not (bits[low, i] & ~bits[high, i] & 1).any()
    x = inputs((2, 4))
    np.testing.assert_allclose(slow_forward(layer, x), layer.forward(x), atol=1e-13)


def test_memristive_layers_take_the_option():
    layer = MemristiveDenseLayer(4, 3, seed=1, generator="bernoulli", weight_share="neurons")
    assert layer.weight_share == "neurons"
    x = inputs((2, 4))
    np.testing.assert_allclose(slow_forward(layer, x), layer.forward(x), atol=1e-13)


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weight_share": "all"}, "weight_share must be one of independent, neurons, one, got 'all'"),
        (
            {"generator": "sobol", "weight_share": "independent"},
            "weight_share must be 'neurons' or 'one' without a Bernoulli generator, which alone has a source for every "
            "weight, got 'independent' with 'sobol'",
        ),
        *(
            (
                {"weight_share": name, "device": MemristorModel(read_noise=0.1)},
                "weight_share must be 'independent' with a Bernoulli generator and a device that is read anew every "
                f"cycle, whose noise is, got '{name}'",
            )
            for name in ("neurons", "one")
        ),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        VectorizedSCLayer(4, 3, 64, **{"generator": "bernoulli", **options})


def test_a_device_that_is_read_every_cycle_makes_weights_independent():
    device = MemristorModel(read_noise=0.1)
    x, w = inputs((2, 5)), inputs((3, 5))
    for share in ("one", "independent"):
        layer = make(w, generator="bernoulli", share=share, device=device)
        assert layer.weight_share == "independent"
        given = make(w, generator="bernoulli", share=share, device=device, weight_share="independent")
        np.testing.assert_array_equal(given.forward(x), layer.forward(x))


def test_turned_lines_meet_lines_of_their_own():
    """`share="rotate"` counts what "one" counts in a dense layer, unless the weights do not turn with the inputs."""
    w, x = inputs((3, 5)), inputs((2, 5), seed=1)
    with pytest.raises(ValueError, match="share must not be 'rotate'"):
        make(w, generator="sobol", share="rotate", weight_share="one")
    turned, one = (make(w, generator="sobol", share=share, weight_share="neurons") for share in ("rotate", "one"))
    assert (turned.forward(x) != one.forward(x)).any()
