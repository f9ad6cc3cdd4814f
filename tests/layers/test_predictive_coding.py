"""Predictive coding: against gates on real streams, against its laws, and what it learns."""

import pickle
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest
from layer_helpers import FALSE_ALARM, SIGMAS, WITH_TWO_LINES, binomial_p_value, variance_p_value, z_score

from sc_neurocore import Encoder, PredictiveCodingSCLayer, Ramp, UserSequence, chunks
from sc_neurocore.backends import reference
from sc_neurocore.backends.packing import unpack
from sc_neurocore.backends.types import GATE_BITS
from sc_neurocore.encoders.seeds import Seeds
from sc_neurocore.gates import distance, saturating_subtract


def uniform(*shape, seed=0):
    return np.random.default_rng(seed).random(shape)


def same(a, b):
    assert type(a) is type(b)
    for name, value in a.items():
        np.testing.assert_array_equal(value, b[name])


# ---------------------------------------------------------------- the circuit, gate by gate


def gates_of(layer, seed, sample):
    """The bits of every neuron's gate in the window of a sample."""
    neurons = np.arange(layer.n_neurons, dtype=np.uint64)
    key = Seeds(seed, PredictiveCodingSCLayer, (layer.n_neurons, layer.n_inputs)).key("plasticity")
    gate = np.full(layer.n_neurons, layer.learning.rule.gate, np.uint64)
    words = reference.bernoulli(key, neurons + np.uint64(sample * layer.n_neurons), gate, GATE_BITS, layer.length)
    return unpack(words, layer.length).astype(bool)


@pytest.mark.parametrize(("length", "bits"), [(64, None), (100, None), (33, 9), (256, 4), (1, None), (128, 13)])
@pytest.mark.parametrize("generator", ["vdc", "lfsr", "sobol", "halton", "ramp"])
def test_a_window_is_the_circuit_on_streams(generator, length, bits):
    n, neurons, lr = 5, 4, 0.3
    layer = PredictiveCodingSCLayer(
        n, neurons, length, lr, 3, k=2, compete="surprise", generator=generator, bits=bits
    )  # fmt: skip
    bits, step = layer.generator.bits, layer.learning.rule.step
    encoder = Encoder(n, length, layer.generator, share="one")
    assert lr * 2**bits / length <= 2**step
    assert step == 0 or lr * 2**bits / length > 2 ** (step - 1)
    for sample, x in enumerate(uniform(6, n, seed=length)):
        before = layer.counters
        out = layer.forward(x)
        w_stream, x_stream = encoder.encode(before / 2**bits), encoder.encode(x)
        errors = distance(w_stream, x_stream)
        np.testing.assert_array_equal(out["predictions"], w_stream.value())
        np.testing.assert_array_equal(out["surprises"], errors.counts().sum(-1) / (length * n))
        assert out["prediction_error"] == out["surprises"].mean()
        gates = gates_of(layer, 3, sample)[:, None]
        up, down = saturating_subtract(x_stream, w_stream), saturating_subtract(w_stream, x_stream)
        moves = (up.bits() & gates).sum(-1, dtype=int) - (down.bits() & gates).sum(-1, dtype=int)
        learns = np.isin(np.arange(neurons), np.argsort(out["surprises"], kind="stable")[:2])
        after = np.clip(before + (moves * learns[:, None] << step), 0, 2**bits)
        np.testing.assert_array_equal(layer.counters, after)
    assert layer.samples == 6


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar"])
@pytest.mark.parametrize("generator", ["vdc", "bernoulli"])
def test_streams_are_those_of_the_next_window(generator, encoding):
    """Through an XOR gate they give the surprises; all share one sequence, and nothing moves on."""
    layer = PredictiveCodingSCLayer(5, 4, 64, 0.3, 3, generator=generator, encoding=encoding, bits=8)
    layer.run(uniform(2, 5))
    x = uniform(2, 3, 5, seed=1)
    inputs, predictions = layer.streams(x)
    assert layer.samples == 2
    assert inputs.shape == (2, 3, 5)
    assert predictions.shape == ((2, 3, 4, 5) if generator == "bernoulli" else (4, 5))
    errors = inputs.bits()[..., None, :, :] ^ predictions.bits()
    out = layer.forward(x, learn=False)
    np.testing.assert_array_equal(out["surprises"], errors.sum((-1, -2)) / (64 * 5))
    np.testing.assert_array_equal(out["predictions"], np.broadcast_to(predictions.value(), (2, 3, 4, 5)))
    # Overlapping fully, every pair differs in as many cycles as their counts do.
    apart = np.abs(inputs.counts()[..., None, :] - predictions.counts())
    np.testing.assert_array_equal(errors.sum(-1), apart)


def test_backends_agree():
    x = uniform(20, 7)
    mine, theirs = (make(k=2, gain=0.3, generator="bernoulli", backend=backend) for backend in (None, "reference"))
    same(mine.forward(x), theirs.forward(x))
    np.testing.assert_equal(mine.state_dict(), theirs.state_dict())
    assert (mine.backend, theirs.backend) == ("numba", "reference")


def plain(values):
    return [value.view(np.ndarray) if isinstance(value, Traced) else value for value in values]


class Traced(np.ndarray):
    """An array that writes down which operations are done, on how many elements; so does all that is made of it."""

    log: ClassVar = Counter()

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        assert "out" not in options
        result = np.asarray(getattr(ufunc, method)(*plain(inputs), **options))
        Traced.log[ufunc.__name__] += max(map(np.size, plain(inputs))) if method == "reduce" else result.size
        return result.view(Traced)

    def __array_function__(self, function, types, arguments, options):
        assert function in (np.where, np.sort, np.argsort, np.clip, np.zeros_like), function  # these move or limit
        if function is np.clip:
            return np.ndarray.clip(*arguments)
        return function(*plain(arguments), **options).view(Traced)


@pytest.mark.parametrize("k", [None, 2])
@pytest.mark.parametrize("gain", [None, 0.2])
@pytest.mark.parametrize("compete", ["surprise", "excess"])
def test_no_operation_of_the_circuit_multiplies(compete, gain, k):
    """The definition, on arrays that count: comparators, XOR, AND, shifts and sums, as many as `circuit` says."""
    n, neurons, length = 6, 5, 32
    layer = PredictiveCodingSCLayer(n, neurons, length, 0.2, 0, k=k, compete=compete, gain=gain)
    x = Encoder(n, length, layer.generator).thresholds(uniform(1, n)).astype(np.int64)
    Traced.log.clear()
    state, key, sequences = (
        layer.state_dict(),
        Seeds(0, PredictiveCodingSCLayer, (neurons, n)).key("plasticity"),
        layer.generator.sequence(length)[None],
    )
    arrays = [a.view(Traced) for a in (x, state["counters"], state["running"], state["credit"])]
    out = reference.predictive(key, 0, sequences, arrays[0], layer.learning.rule, True, True, *arrays[1:])
    assert isinstance(out[2], Traced)  # nothing escaped
    done, parts, before = dict(Traced.log), layer.circuit(), layer.counters
    layer.forward(uniform(n))
    np.testing.assert_array_equal(layer.counters, out[2].view(np.ndarray))
    assert (layer.counters != before).any()
    streams, accumulators = {"greater"}, {"greater_equal"}  # where there are comparators
    assert done.keys() <= {
        "bitwise_xor", "bitwise_and", "add", "subtract", "left_shift", "right_shift", "clip", "minimum",
    }.union(streams, accumulators), done  # fmt: skip
    assert done["greater"] == parts["comparator"] * length
    assert done["bitwise_xor"] == parts["XOR gate"] * length
    learning = neurons if k is None else k
    gated = done["bitwise_and"] - (length * learning if gain else 0)
    assert gated == parts["AND gate"] * length * learning // neurons  # of the others nothing is written back
    assert not any(word in name for name in parts for word in ("mult", "divi"))
    assert parts["up/down counter"] == parts["register"] == n * neurons
    assert ("selector of the k smallest" in parts) == (k is not None)
    assert ("accumulator (add, compare, subtract)" in parts) == (gain is not None)


# ---------------------------------------------------------------- the error


@pytest.mark.parametrize("length", [16, 256, 1024])
@pytest.mark.parametrize("generator", ["vdc", "sobol", "lfsr", "ramp"])
def test_over_a_full_period_the_error_is_the_distance(generator, length):
    layer = PredictiveCodingSCLayer(7, 5, length, seed=1, generator=generator)
    x = np.random.default_rng(2).integers(0, length + 1, (40, 7)) / length
    same(layer.forward(x, learn=False), layer.expected(x))
    want = np.abs(layer.weights - x[:, None]).mean(-1)
    np.testing.assert_allclose(layer.run(x, learn=False), want, atol=1e-15)


@pytest.mark.parametrize(("generator", "discrepancy"), [("vdc", 1), ("sobol", 3), ("halton", 1)])
def test_the_error_is_the_distance_to_order_one_over_the_length(generator, discrepancy):
    for length in (100, 317, 1000, 4000):
        layer = PredictiveCodingSCLayer(7, 5, length, seed=1, generator=generator, bits=20)
        x = uniform(200, 7)
        error = layer.run(x, learn=False) - layer.expected(x)["surprises"]
        assert np.abs(error).max() < discrepancy * np.log2(length) / length
        assert np.abs(error).max() > 0


def test_equal_streams_have_no_error():
    for generator in WITH_TWO_LINES:
        layer = PredictiveCodingSCLayer(50, 3, 77, seed=0, generator=generator, weights=np.tile(uniform(50), (3, 1)))
        assert layer.forward(layer.weights[0], learn=False)["prediction_error"] == 0


LAW_SAMPLES, LAW_LENGTH = 400, 256


@pytest.mark.parametrize(("w", "x"), [(0.5, 0.5), (0.25, 0.375), (0.75, 0.25), (0.0, 0.8125)])
def test_bernoulli_numbers_give_the_binomial_law_and_independent_streams_fail_it(w, x):
    d = abs(w - x)
    layer = PredictiveCodingSCLayer(1, 1, LAW_LENGTH, seed=5, weights=[[w]], generator="bernoulli")
    surprises = layer.run(np.full((LAW_SAMPLES, 1), x), learn=False)[:, 0]
    ones, cycles = round(surprises.sum() * LAW_LENGTH), LAW_SAMPLES * LAW_LENGTH
    assert binomial_p_value(ones, cycles, d) > FALSE_ALARM
    if d:
        assert variance_p_value(surprises, d * (1 - d) / LAW_LENGTH) > FALSE_ALARM
    # Two sequences: w + x - 2 w x instead.
    pairs = np.tile([w, x], (LAW_SAMPLES, 1))
    bits = Encoder(2, LAW_LENGTH, "bernoulli", seed=6).encode(pairs).bits()
    ones = int((bits[:, 0] ^ bits[:, 1]).sum())
    assert binomial_p_value(ones, cycles, w + x - 2 * w * x) > FALSE_ALARM
    if 0 < w < 1:
        assert binomial_p_value(ones, cycles, d) < FALSE_ALARM


def test_bipolar():
    x, w = 2 * uniform(9, 6) - 1, 2 * uniform(4, 6, seed=1) - 1
    layer = PredictiveCodingSCLayer(6, 4, 64, 0.2, 3, k=1, weights=w, encoding="bipolar")
    twin = PredictiveCodingSCLayer(6, 4, 64, 0.2, 3, k=1, weights=(w + 1) / 2)
    out, other = layer.forward(x), twin.forward((x + 1) / 2)
    np.testing.assert_array_equal(out["surprises"], other["surprises"])
    np.testing.assert_allclose(out["predictions"], 2 * other["predictions"] - 1)
    np.testing.assert_array_equal(layer.counters, twin.counters)
    np.testing.assert_allclose(layer.weights, 2 * twin.weights - 1)
    assert layer.weights.min() < -0.5
    met = np.floor((x + 1) / 2 * 64 + 0.5) / 64 * 2 - 1  # as the thresholds of 6 bits have them
    np.testing.assert_allclose(layer.expected(x)["surprises"], np.abs(layer.weights - met[:, None]).mean(-1) / 2)


# ---------------------------------------------------------------- learning


NEURONS = 3000


def moves_of_one_window(lr, w=(0.25,), x=(0.75,), **options):
    """A layer of equal neurons, and how far its counters go in one window, in steps of the counter."""
    options = {"length": 256, "seed": 12, "memory": 0, **options}
    layer = PredictiveCodingSCLayer(len(w), NEURONS, lr=lr, weights=np.tile(w, (NEURONS, 1)), **options)
    before = layer.counters
    layer.forward(x)
    return layer, (layer.counters - before) >> layer.learning.rule.step


def error_bits(layer, w, x):
    encoder = Encoder(len(w), layer.length, layer.generator, share="one")
    return distance(encoder.encode(w), encoder.encode(x)).bits()


@pytest.mark.parametrize(
    ("lr", "options"),
    [(0.01, {}), (0.3, {"length": 100}), (0.05, {"bits": 5}), (0.02, {"bits": 16}), (0.1, {"generator": "sobol"})],
)
@pytest.mark.parametrize(("w", "x"), [(0.25, 0.75), (0.875, 0.5)])
def test_moves_are_binomial_with_mean_lr_and_another_rate_is_found_out(w, x, lr, options):
    layer, moves = moves_of_one_window(lr, [w], [x], **options)
    bits, step, errors = layer.generator.bits, layer.learning.rule.step, int(error_bits(layer, [w], [x]).sum())
    q = lr * 2**bits / (layer.length * 2**step)
    assert (moves * np.sign(x - w) >= 0).all()
    assert binomial_p_value(abs(moves).sum(), NEURONS * errors, q) > FALSE_ALARM
    assert variance_p_value(moves[:, 0], errors * q * (1 - q)) > FALSE_ALARM
    law = lr * errors / layer.length * np.sign(x - w)  # E[dw]
    assert z_score(moves[:, 0] * 2.0 ** (step - bits), law) < SIGMAS
    assert abs(law - lr * (x - w)) <= lr / layer.length
    _, biased = moves_of_one_window(1.2 * lr, [w], [x], **options)
    assert binomial_p_value(abs(biased).sum(), NEURONS * errors, q) < FALSE_ALARM


def test_a_neuron_shares_its_gate_and_neurons_do_not():
    w, x, q = [0.25, 0.5, 0.5], [0.75, 0.875, 0.125], 0.1
    layer, moves = moves_of_one_window(q, w, x)
    errors = error_bits(layer, w, x).astype(int)
    overlap, signs = errors @ errors.T, np.sign(np.subtract(x, w))
    centred = moves - signs * errors.sum(-1) * q
    for i, j in ((0, 1), (0, 2), (1, 2)):
        law = signs[i] * signs[j] * overlap[i, j] * q * (1 - q)
        assert z_score(centred[:, i] * centred[:, j], law) < SIGMAS
    assert overlap[0, 1] > 0 < overlap[0, 2]
    assert overlap[1, 2] == 0
    # Another neuron, another window: independent.
    assert z_score(centred[1:, 0] * centred[:-1, 0], 0.0) < SIGMAS
    layer.weights = np.tile(w, (NEURONS, 1))
    before = layer.counters
    layer.forward(x)
    later = (layer.counters - before) - signs * errors.sum(-1) * q
    assert z_score(centred[:, 0] * later[:, 0], 0.0) < SIGMAS
    assert z_score(centred[:, 0] * centred[:, 1], 0.0) > SIGMAS  # what dependence would look like


def test_a_constant_input_is_approached_as_a_power():
    """Each cycle of error is still one after t windows with probability (1 - lr)**t: a binomial law."""
    lr, windows = 0.05, (1, 10, 30, 60)
    layer = PredictiveCodingSCLayer(1, NEURONS, 256, lr, 3, weights=np.full((NEURONS, 1), 0.125))
    ones = np.rint(layer.run(np.full((100, 1), 0.75)) * 256).sum(-1).astype(int)
    for t in windows:
        assert binomial_p_value(ones[t], NEURONS * 160, (1 - lr) ** t) > FALSE_ALARM
        assert binomial_p_value(ones[t], NEURONS * 160, (1 - 1.2 * lr) ** t) < FALSE_ALARM


@pytest.mark.parametrize("m", [1, 3, 6])
def test_with_m_more_bits_learning_at_two_to_the_minus_m_has_no_noise(m):
    lr, length = 2.0**-m, 256
    layer = PredictiveCodingSCLayer(6, 2, length, lr, 0, bits=8 + m)
    assert (layer.learning.rule.gate, layer.learning.rule.step) == (1 << GATE_BITS, 0)
    x, w = np.full(6, 0.75), layer.weights
    for _ in range(40):
        layer.forward(x)
        w = w + lr * (np.round(length * x) - np.round(length * w)) / length  # halves to even: no drift
        np.testing.assert_array_equal(layer.weights, w)
    assert np.abs(w - x).max() < (1 - lr) ** 40 + 1 / length


def test_at_rate_zero_nothing_is_learnt():
    layer = PredictiveCodingSCLayer(3, 2, lr=0.0, seed=0)
    before = layer.counters
    layer.run(uniform(20, 3))
    np.testing.assert_array_equal(layer.counters, before)


def test_the_largest_rate_lands_on_the_input():
    layer = PredictiveCodingSCLayer(9, 3, 64, lr=1.0, seed=0)
    x = np.random.default_rng(0).integers(0, 65, 9) / 64
    layer.forward(x)
    np.testing.assert_array_equal(layer.weights, np.tile(x, (3, 1)))


def mixture(patterns, samples, seed):
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.05, (samples, patterns.shape[1]))
    return np.clip(patterns[rng.integers(len(patterns), size=samples)] + noise, 0, 1)


@pytest.mark.parametrize("generator", ["vdc", "lfsr", "bernoulli"])
def test_seen_patterns_surprise_less_than_unseen_ones(generator):
    seen, unseen = uniform(5, 64, seed=1), uniform(5, 64, seed=2)
    layer = PredictiveCodingSCLayer(64, 12, 256, 0.05, 0, k=1, generator=generator)
    layer.run(mixture(seen, 3000, 3))
    old, new = layer.run(seen, learn=False), layer.run(unseen, learn=False)
    assert old.min(-1).max() < 0.05 < 0.2 < new.min(-1).min()
    assert len(set(old.argmin(-1))) == 5  # every pattern has a neuron of its own
    # Without competition all neurons learn the mean, and a pattern is as far from it as any other.
    all_learn = PredictiveCodingSCLayer(64, 12, 256, 0.05, 0, generator=generator)
    all_learn.run(mixture(seen, 3000, 3))
    assert all_learn.run(seen, learn=False).min() > 0.1
    assert np.ptp(all_learn.weights, axis=0).mean() < 0.15


def test_by_surprise_alone_a_neuron_in_the_middle_wins_all():
    seen, start = uniform(5, 64, seed=1), uniform(12, 64)
    start[7] = seen.mean(0)
    for compete, learning in (("surprise", 1), ("excess", 5)):
        layer = PredictiveCodingSCLayer(64, 12, 256, 0.05, 0, k=1, compete=compete, weights=start)
        layer.run(mixture(seen, 3000, 3))
        winners = layer.run(seen, learn=False).argmin(-1)
        assert len(set(winners)) == learning
        assert learning > 1 or winners[0] == 7


def test_only_k_neurons_learn_and_at_first_they_are_those_of_the_smallest_surprise():
    for k in (1, 3, 8):
        for compete in ("surprise", "excess"):
            layer = PredictiveCodingSCLayer(40, 8, 256, 0.5, 2, k=k, compete=compete)
            before = layer.counters
            surprises = layer.forward(uniform(40))["surprises"]
            learnt = np.flatnonzero((layer.counters != before).any(1))
            assert sorted(learnt) == sorted(np.argsort(surprises)[:k])


# ---------------------------------------------------------------- precision


@pytest.mark.parametrize("memory", [0, 3, 9])
def test_running_surprise(memory):
    layer = PredictiveCodingSCLayer(6, 4, 100, 0.1, 1, memory=memory)
    assert layer.running_surprise.tolist() == [1] * 4
    surprises = layer.run(uniform(50, 6))
    sums = [600 << memory] * 4
    for row in np.rint(surprises * 600).astype(int).tolist():
        sums = [total + ones - (total >> memory) for total, ones in zip(sums, row, strict=True)]
    np.testing.assert_array_equal(layer.running_surprise, np.array(sums) / (600 * 2.0**memory))
    np.testing.assert_array_equal(layer.precision, 1 / layer.running_surprise)
    average = np.ones(4)
    for row in surprises:
        average += (row - average) / 2**memory
    np.testing.assert_allclose(layer.running_surprise, average, atol=1 / 600)


def test_precision_of_a_perfect_prediction():
    layer = PredictiveCodingSCLayer(3, 1, 64, seed=0, weights=[[0.5, 0.25, 1]], memory=0)
    layer.forward([0.5, 0.25, 1])
    assert layer.precision.tolist() == [np.inf]


def test_gain_scales_the_rate_by_the_precision():
    """A memory of 2**20 samples holds the running surprise at 1, so that the rate is lr gain."""
    _, full = moves_of_one_window(0.3, memory=20)
    _, same_rate = moves_of_one_window(0.3, memory=20, gain=1.0)
    np.testing.assert_array_equal(full, same_rate)
    for gain, bias in ((0.5, 1.05), (0.1, 1.1)):
        layer, _ = moves_of_one_window(0.3, memory=20, gain=gain)
        for _ in range(20):  # the accumulators forget that they started empty
            layer.forward([0.25])
        layer.weights = np.full((NEURONS, 1), 0.25)
        before = layer.counters
        layer.forward([0.75])
        moves = layer.counters - before
        assert z_score(moves[:, 0], 0.3 * gain * 128) < SIGMAS
        assert z_score(moves[:, 0], 0.3 * gain * 128 * bias) > SIGMAS
    # A neuron that predicts well learns at the full rate.
    layer = PredictiveCodingSCLayer(1, 1, 256, 0.5, 0, weights=[[0.5]], memory=0, gain=0.1)
    twin = PredictiveCodingSCLayer(1, 1, 256, 0.5, 0, weights=[[0.5]], memory=0)
    for part in (layer, twin):
        part.forward([0.5625])
    assert layer.counters.tolist() == twin.counters.tolist()


# ---------------------------------------------------------------- batches, seeds, state

LAYERS = {
    "plain": {},
    "competing": {"k": 2, "gain": 0.3, "memory": 2},
    "bernoulli": {"generator": "bernoulli", "k": 3},
}
KINDS = pytest.mark.parametrize("options", LAYERS.values(), ids=LAYERS)


def make(seed=0, n=7, **options):
    return PredictiveCodingSCLayer(n, 5, 100, 0.3, seed, **options)


@KINDS
def test_a_sequence_is_its_samples_one_after_another(options, monkeypatch):
    x = uniform(2, 3, 7)
    whole, one, runs, small = (make(**options) for _ in range(4))
    out = whole.forward(x)
    assert out["prediction_error"].shape == (2, 3)
    assert out["surprises"].shape == (2, 3, 5)
    assert out["predictions"].shape == (2, 3, 5, 7)
    for place in np.ndindex(2, 3):
        single = one.forward(x[place])
        assert type(single["prediction_error"]) is float
        for name, value in single.items():
            np.testing.assert_array_equal(out[name][place], value)
    np.testing.assert_array_equal(runs.run(x), out["surprises"])
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2 * 64 * 100)  # chunks of two samples
    same(small(x), out)
    for other in (one, runs, small):
        np.testing.assert_equal(other.state_dict(), whole.state_dict())
    assert whole.samples == 6
    empty = whole.forward(x[:, :0])
    for nothing in (empty, whole.expected(x[:, :0])):
        assert [nothing[name].shape for name in out] == [(2, 0), (2, 0, 5), (2, 0, 5, 7)]
    assert whole.samples == 6
    np.testing.assert_array_equal(x, uniform(2, 3, 7))


@KINDS
def test_without_learning_only_a_random_generator_moves_on(options):
    layer, x = make(**options), uniform(4, 7)
    before = layer.state_dict()
    first, second = layer.forward(x, learn=False), layer.forward(x, learn=False)
    after = layer.state_dict()
    assert after.pop("samples") == before.pop("samples") + 8
    np.testing.assert_equal(after, before)
    differs = not np.array_equal(first["surprises"], second["surprises"])
    assert differs == (options.get("generator") == "bernoulli")
    if differs:
        assert (first["predictions"] != second["predictions"]).any()
    layer.reset()
    same(layer.forward(x, learn=False), first)


@KINDS
def test_a_seed_fixes_everything(options):
    x = uniform(20, 7)
    for seed in (0, 7, np.random.SeedSequence(5), np.random.SeedSequence(5, spawn_key=(3,))):
        first, second = make(seed, **options), make(seed, **options)
        same(first.forward(x), second.forward(x))
        np.testing.assert_array_equal(first.counters, second.counters)
    a, b = (make(np.random.default_rng(3), **options) for _ in range(2))
    np.testing.assert_array_equal(a.run(x), b.run(x))
    for s, t in ((0, 1), (None, None)):
        assert (make(s, **options).counters != make(t, **options).counters).any()
    equal = uniform(5, 7, seed=9)
    a, b = (make(s, weights=equal, **options) for s in (0, 1))
    a.run(x), b.run(x)
    assert (a.counters != b.counters).any()  # the gates, too


def test_no_global_random_state():
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make(None, k=1).run(uniform(5, 7))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@KINDS
def test_state_and_pickle(options):
    layer, x = make(**options), uniform(9, 7)
    layer.run(x)
    state, copy = layer.state_dict(), pickle.loads(pickle.dumps(layer))
    other = make(1, **options)
    other.load_state_dict(state)
    want = layer.forward(x)
    same(copy.forward(x), want)
    same(other.forward(x), want)
    np.testing.assert_equal(other.state_dict(), layer.state_dict())
    assert repr(copy) == repr(layer)


@pytest.mark.parametrize("weights", [None, uniform(5, 7, seed=9)])
def test_reset_rewinds_and_keeps_what_is_learnt(weights):
    layer, fresh, x = (*(make(k=1, gain=0.5, weights=weights) for _ in range(2)), uniform(9, 7))
    first = layer.run(x)
    learnt = layer.state_dict()["counters"]
    layer.reset()
    np.testing.assert_equal(layer.state_dict(), fresh.state_dict() | {"counters": learnt})
    assert (layer.run(x) != first).any()
    layer.reset(weights=True)
    np.testing.assert_equal(layer.state_dict(), fresh.state_dict())
    np.testing.assert_array_equal(layer.run(x), first)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"counters": np.zeros((5, 6))}, r"counters must have shape \(5, 7\)"),
        ({"counters": np.full((5, 7), 129)}, r"counters must lie in \[0, 128\], got 129"),
        ({"counters": np.full((5, 7), 0.5)}, "counters must be integers, got 0.5"),
        ({"running": np.full(5, -1)}, r"running must lie in \[0, 9007199254740992.0\], got -1.0"),
        ({"credit": np.zeros(4)}, r"credit must have shape \(5\)"),
        ({"samples": -1}, "samples must be an integer of at least 0, got -1"),
        ({"more": 1}, r"unknown \['more'\]"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(change, error):
    layer = make()
    layer.run(uniform(3, 7))
    before = layer.state_dict()
    with pytest.raises(ValueError, match=error):
        layer.load_state_dict(make(1).state_dict() | change)
    np.testing.assert_equal(layer.state_dict(), before)


def test_weights_are_edited_and_assigned():
    layer = PredictiveCodingSCLayer(2, 1, 256, seed=0)
    held = layer.weights
    held[0] = 0.5, 0.25
    assert layer.forward(inputs=[0.5, 0.25], learn=False)["prediction_error"] == 0
    assert layer.counters.tolist() == [[128, 64]]
    held[0, 1] = 0.3
    assert layer.expected([0.5, 77 / 256])["prediction_error"] == 0
    assert held.tolist() == [[0.5, 77 / 256]]  # rounded by that call
    with pytest.raises(ValueError, match="read-only"):
        layer.counters[0, 0] = 1
    learnt = PredictiveCodingSCLayer(2, 1, 256, 0.5, 0, weights=[[0.5, 0.5]])
    held = learnt.weights
    learnt.run([[1.0, 0.0]] * 50)
    assert held.tolist() == [[0.5, 0.5]]  # as it was
    with pytest.raises(ValueError, match="read-only"):
        held[0, 0] = 0.25
    assert learnt.weights.tolist() == [[1.0, 0.0]]
    before = learnt.state_dict()
    learnt.weights[0, 0] = np.nan
    with pytest.raises(ValueError, match=r"^weights must be finite, got nan$"):
        learnt.run([[1.0, 0.0]])
    assert learnt.samples == before["samples"]
    learnt.weights = [[1.0, 0.0]]
    np.testing.assert_equal(learnt.state_dict(), before)
    layer.weights = [[0.5, 0.3]]
    assert layer.counters.tolist() == [[128, 77]]
    assert layer.weights.tolist() == [[0.5, 77 / 256]]
    assert layer.forward([0.5, 77 / 256])["prediction_error"] == 0
    for values, error in (([[0.5, 1.5]], r"\[0, 1\], got 1.5"), ([0.5, 0.5], r"shape \(1, 2\), got \(2,\)")):
        with pytest.raises(ValueError, match="weights must .*" + error):
            layer.weights = values
    assert layer.counters.tolist() == [[128, 77]]


@pytest.mark.parametrize(
    "change",
    [
        {"length": 200}, {"lr": 0.1}, {"seed": 1}, {"k": 3}, {"compete": "surprise"}, {"memory": 1}, {"gain": 0.1},
        {"weights": np.full((5, 7), 0.5)}, {"generator": "lfsr"}, {"encoding": "bipolar"}, {"bits": 9},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_every_keyword_has_an_effect(change):
    options = {"length": 100, "lr": 0.3, "seed": 0, "k": 1, "memory": 2}
    first, second = (PredictiveCodingSCLayer(7, 5, **options | more) for more in ({}, change))
    x = uniform(30, 7)
    assert (first.run(x) != second.run(x)).any()


def test_rate_and_competition_can_be_set():
    """The same samples under another rate, or another number of learners, as by a layer made with it."""
    x = uniform(20, 7)
    for change in ({"lr": 0.5}, {"k": 1}, {"k": None}):
        layer, twin = (PredictiveCodingSCLayer(7, 5, 100, **{"lr": 0.3, "k": 3, **more}) for more in ({}, change))
        layer.run(x)
        twin.load_state_dict(layer.state_dict())
        for name, value in change.items():
            setattr(layer, name, value)
        np.testing.assert_array_equal(layer.run(x), twin.run(x))
        assert repr(layer) == repr(twin)
    before = repr(layer)
    for name, value in (("lr", 1.5), ("k", 6), ("k", 0)):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            setattr(layer, name, value)
    assert repr(layer) == before


def test_repr():
    layer = PredictiveCodingSCLayer(64, 32, k=1, seed=0)
    assert repr(layer) == (
        "PredictiveCodingSCLayer(64 -> 32, length=256, lr=0.01, k=1, compete='excess', memory=6, "
        "Bank('vdc', 256), encoding='unipolar', backend='numba')"
    )
    assert "gain=0.5, " in repr(make(gain=0.5))
    assert "Ramp(bits=5)" in repr(make(generator=Ramp(5)))


def test_a_sequence_of_ones_own():
    layer = PredictiveCodingSCLayer(1, 1, 4, seed=0, weights=[[0.5]], generator=UserSequence([0, 0, 3, 1], 2))
    assert layer.forward([1.0], learn=False)["surprises"].tolist() == [0.25]  # of 0, 0, 3, 1 one is not below 2


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_inputs": 0}, "n_inputs must be an integer of at least 1, got 0"),
        ({"n_neurons": 0}, "n_neurons must be an integer of at least 1, got 0"),
        ({"length": 0}, "length must be an integer of at least 1, got 0"),
        ({"lr": 1.5}, r"lr must be a number in \[0, 1\], got 1.5"),
        ({"lr": float("nan")}, r"lr must be a number in \[0, 1\], got nan"),
        ({"lr": 1e-8}, "lr must be 0 or above 2.98e-08, where a gate of 24 bits opens, got 1e-08"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"k": 0}, r"k must be an integer in 1\.\.2, got 0"),
        ({"k": 3}, r"k must be an integer in 1\.\.2, got 3"),
        ({"compete": "best"}, "compete must be one of surprise, excess, got 'best'"),
        ({"memory": 21}, r"memory must be an integer in 0\.\.20, got 21"),
        (
            {"length": 2**40, "memory": 20, "generator": "bernoulli"},
            r"n_inputs \* length \* 2\*\*memory must be at most",
        ),
        ({"gain": 0.0}, "gain must be above 0, got 0"),
        ({"gain": 1.1}, r"gain must be a number in \[0, 1\], got 1.1"),
        ({"weights": [[0.1, 0.2, 0.3]]}, r"weights must have shape \(2, 3\), got \(1, 3\)"),
        ({"weights": np.full((2, 3), -0.1)}, r"weights must lie in \[0, 1\], got -0.1"),
        ({"generator": "random"}, "generator must be one of bernoulli"),
        ({"encoding": "split"}, "encoding must be one of unipolar, bipolar, got 'split'"),
        ({"bits": 33}, "bits must be an integer in"),
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(ValueError, match=error):
        PredictiveCodingSCLayer(**{"n_inputs": 3, "n_neurons": 2, **arguments})


@pytest.mark.parametrize("arguments", [{"n_inputs": 2.5}, {"lr": "fast"}, {"seed": "x"}, {"k": 1.0}, {"gain": True}])
def test_bad_types(arguments):
    with pytest.raises(TypeError, match=f"{next(iter(arguments))} must be"):
        PredictiveCodingSCLayer(**{"n_inputs": 3, "n_neurons": 2, **arguments})


@pytest.mark.parametrize("method", ["forward", "run", "expected"])
def test_bad_inputs_change_nothing(method):
    layer = make()
    before, call = layer.state_dict(), getattr(layer, method)
    with pytest.raises(ValueError, match=r"^inputs must have shape \(\.\.\., 7\), got \(6,\)$"):
        call(np.zeros(6))
    with pytest.raises(ValueError, match=r"^inputs must be finite, got nan$"):
        call([np.nan] * 7)
    with pytest.raises(ValueError, match=r"^inputs must lie in \[0, 1\], got 1.5$"):
        call([1.5] * 7)
    with pytest.raises(TypeError, match=r"^inputs must be an array of real numbers, got str of <U3$"):
        call("abc")
    if method != "expected":
        with pytest.raises(TypeError, match=r"^learn must be True or False, got 1$"):
            call(np.zeros(7), learn=1)
    np.testing.assert_equal(layer.state_dict(), before)
