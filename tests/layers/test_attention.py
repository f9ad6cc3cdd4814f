"""Stochastic attention: its formulas, and its streams bit for bit."""

import math
import pickle
import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest
from layer_helpers import (
    DETERMINISTIC,
    ENCODINGS,
    FALSE_ALARM,
    LENGTHS,
    WITH_TWO_LINES,
    binomial_p_value,
    inputs,
    variance_p_value,
)
from scipy import special

from sc_neurocore import chunks
from sc_neurocore.backends import compiled, threads
from sc_neurocore.bitstreams import to_probability
from sc_neurocore.encoders import LFSR, Bernoulli, Encoder, Ramp, Sobol, UserSequence, make_generator
from sc_neurocore.encoders.seeds import Seeds
from sc_neurocore.layers import StochasticAttention
from sc_neurocore.layers.attending.circuit import AttentionCircuit

POWERS = 2 ** np.arange(6, 13)


def raises(message, error=ValueError):
    return pytest.raises(error, match=f"^{re.escape(message)}")


def operands(n=3, keys=5, dim_k=4, dim_v=2, batch=(), encoding="unipolar", seed=0):
    q, k = inputs((*batch, n, dim_k), seed=seed), inputs((*batch, keys, dim_k), seed=seed + 1)
    return q, k, inputs((*batch, keys, dim_v), encoding, seed + 2)


# ------------------------------------------------------------ the circuit once more, on unpacked bits


def bits_of(layer, seeds, source, length, name, partner, values, share=None):
    """Bits ``(..., n, L)`` of probabilities ``(..., n)``."""
    if isinstance(source, Bernoulli):
        encoder = Encoder(values.shape[-1], length, source, partner=partner, share=share, seed=seeds.of(name))
        encoder.samples = layer.samples * math.prod(values.shape[1:-1])
        return encoder.encode(values).bits()
    if source.in_runs:
        source = source.decorrelated(1)
    numbers = source.decorrelated(partner).sequence(length)
    return (numbers < np.floor(values * source.modulus + 0.5)[..., None]).astype(np.uint8)


def slow(layer, seed, q, k, v, length, generator, mask=None):
    """What ``layer.forward_bitstream`` should give next; operands with one batch axis."""
    seeds = Seeds(seed, StochasticAttention, (layer.dim_k,))
    source = make_generator(generator, length, layer.bits)
    q_bits = bits_of(layer, seeds, source, length, "queries", 0, q)
    k_bits = bits_of(layer, seeds, source, length, "keys", 1, k)
    v_turned = np.swapaxes(v, 1, 2)
    p = abs(v_turned) if layer.encoding == "split" else to_probability(v_turned, layer.encoding)
    v_bits = bits_of(layer, seeds, source, length, "values", 0, p).astype(int)
    if layer.encoding == "bipolar":
        v_bits = 2 * v_bits - 1
    elif layer.encoding == "split":
        v_bits *= np.where(v_turned < 0, -1, 1)[..., None]
    scores = np.einsum("bnkt,bmkt->bnm", q_bits.astype(int), k_bits.astype(int))
    scores = np.where(True if mask is None else mask, scores, 0)
    running, total = scores.cumsum(-1), scores.sum(-1)
    if isinstance(source, Bernoulli):
        edges = running / np.maximum(total, 1)[..., None]
        below = bits_of(layer, seeds, source, length, "attention weights", 1, edges, "one")
    out = np.zeros((len(q), q.shape[1], v.shape[2]))
    for b, n in np.ndindex(*total.shape):
        for t in range(length):
            if isinstance(source, Bernoulli):
                chosen = np.sum(below[b, n, :, t] == 0)
            else:
                shares = [Fraction(int(c), max(1, int(total[b, n]))) for c in running[b, n]]
                chosen = sum(math.floor(share * length + Fraction(1, 2)) <= t for share in shares)
            if total[b, n]:
                out[b, n] += v_bits[b, :, chosen, t]
    return out / length


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("length", LENGTHS)
def test_bit_true(length, generator, encoding):
    layer = StochasticAttention(4, generator=generator, encoding=encoding, seed=length)
    q, k, v = operands(batch=(2,), encoding=encoding)
    for _ in range(2):  # the second call meets other Bernoulli streams
        wanted = slow(layer, length, q, k, v, length, generator)
        got = layer.forward_bitstream(q, k, v, length)
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-14)
        np.testing.assert_allclose(got * length, np.round(got * length), atol=1e-9)


@pytest.mark.parametrize("generator", [*WITH_TWO_LINES, Sobol(5, 3), LFSR(9), Bernoulli(4), Ramp(6)])
def test_bit_true_with_every_generator(generator):
    layer = StochasticAttention(4, generator=generator, seed=1)
    q, k, v = operands(batch=(2,), n=2, keys=7)
    mask = inputs((2, 2, 7), seed=5) < 0.7
    wanted = slow(layer, 1, q, k, v, 100, generator, mask)
    np.testing.assert_allclose(layer.forward_bitstream(q, k, v, 100, mask=mask), wanted, rtol=0, atol=1e-14)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_outputs_are_the_streams_through_multiplexers(generator, encoding):
    """The streams that a layer shows: counts of AND gates, one value a cycle; nothing moves on."""
    layer = StochasticAttention(4, generator=generator, encoding=encoding, seed=3)
    q, k, v = operands(batch=(2, 3), encoding=encoding)
    mask = inputs((2, 3, 3, 5), seed=5) < 0.7
    mask[0, 0, 0] = False
    layer.forward_bitstream(q, k, v, 50)
    queries, keys, values, weights = layer.streams(q, k, v, 50, mask=mask)
    assert layer.samples == 6
    assert (queries.shape, keys.shape) == ((2, 3, 3, 4), (2, 3, 5, 4))
    assert (values.shape, weights.shape) == ((2, 3, 5, 2), (2, 3, 3, 5))
    scores = np.einsum("...nkt,...mkt->...nm", queries.bits().astype(int), keys.bits().astype(int)) * mask
    chosen, bits = weights.bits().astype(int), values.bits().astype(int)
    np.testing.assert_array_equal(chosen.sum(-2), np.broadcast_to(scores.any(-1)[..., None], (2, 3, 3, 50)))
    signed = bits[0] - bits[1] if encoding == "split" else 2 * bits - 1 if encoding == "bipolar" else bits
    want = np.einsum("...nmt,...mjt->...nj", chosen, signed) / 50
    np.testing.assert_array_equal(layer.forward_bitstream(q, k, v, 50, mask=mask), want)
    alone = layer.streams(q, k, v, 50, seed=3, mask=mask)
    np.testing.assert_array_equal(alone.queries.words, layer.streams(q, k, v, 50, seed=3).queries.words)
    assert (alone.queries.words != queries.words).any() == (generator == "bernoulli")


def test_threads_share_a_layer():
    """Every call reserves its numbers: together they meet the streams of calls one after another."""
    shared, alone = (StochasticAttention(4, seed=3) for _ in range(2))
    given = operands()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: shared.forward_bitstream(*given, 64), range(40)))
    wanted = [alone.forward_bitstream(*given, 64) for _ in range(40)]
    assert sorted(map(np.ndarray.tobytes, found)) == sorted(map(np.ndarray.tobytes, wanted))
    assert shared.samples == 40


def test_backends_agree():
    given = operands(batch=(2,))
    mine, theirs = (StochasticAttention(4, seed=3, backend=backend) for backend in (None, "reference"))
    np.testing.assert_array_equal(mine.forward_bitstream(*given, 64), theirs.forward_bitstream(*given, 64))
    assert (mine.backend, theirs.backend) == ("numba", "reference")


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_gpu_gives_the_same_bits(generator, encoding, gpu):
    given = operands(batch=(3,))
    options = {"generator": generator, "encoding": encoding, "seed": 3}
    on_gpu, cpu = (StochasticAttention(4, backend=backend, **options) for backend in ("cupy", "numba"))
    np.testing.assert_array_equal(on_gpu.forward_bitstream(*given, 100), cpu.forward_bitstream(*given, 100))


def test_ramp_and_van_der_corput_are_one_pair():
    layer, given = StochasticAttention(4, seed=1), operands()
    ramp, vdc = (layer.forward_bitstream(*given, 64, generator=name) for name in ("ramp", "vdc"))
    np.testing.assert_array_equal(ramp, vdc)
    assert abs(vdc - layer.forward(*given)).max() < 0.05


def test_user_sequence():
    rows = [make_generator("sobol", 64).decorrelated(line).sequence(64) for line in (0, 1)]
    layer, given = StochasticAttention(4), operands()
    got = layer.forward_bitstream(*given, 64, generator=UserSequence(rows, 6))
    np.testing.assert_array_equal(got, layer.forward_bitstream(*given, 64, use_sobol=True))
    with raises("index 1 of a UserSequence needs 2 decorrelated rows here, got 1"):
        layer.forward_bitstream(*given, 64, generator=UserSequence(rows[0], 6))


@pytest.mark.parametrize("encoding", ["unipolar", "split"])
def test_identity_as_values_reads_the_weights(encoding):
    layer, (q, k, _) = StochasticAttention(4, encoding=encoding), operands()
    weights = layer.forward_bitstream(q, k, np.eye(5), 100, use_sobol=True)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-14)
    np.testing.assert_allclose(weights, layer.forward(q, k, np.eye(5)), atol=0.03)


# ------------------------------------------------------------ forward, forward_softmax


@pytest.mark.parametrize("batch", [(), (1,), (2, 3), (0,)])
def test_forward_is_its_formula(batch):
    layer, (q, k, v) = StochasticAttention(4), operands(batch=batch)
    scores = np.einsum("...nk,...mk->...nm", q, k)
    wanted = np.einsum("...nm,...mj->...nj", scores / scores.sum(-1, keepdims=True), v)
    got = layer.forward(q, k, v)
    assert got.shape == (*batch, 3, 2)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, wanted, atol=1e-14)
    np.testing.assert_array_equal(layer(q, k, v), got)
    np.testing.assert_allclose(layer.forward(7 * q, 3 * k, -5 * v), -5 * wanted, atol=1e-13)


@pytest.mark.parametrize("temperature", [0.01, 1.0, 2.0, 1e6])
def test_softmax_against_scipy(temperature):
    layer = StochasticAttention(4, temperature)
    q, k, v = (3 * np.random.default_rng(0).normal(size=shape) for shape in ((2, 3, 4), (2, 5, 4), (2, 5, 2)))
    weights = special.softmax(q @ np.swapaxes(k, -1, -2) / temperature, axis=-1)
    np.testing.assert_allclose(layer.forward_softmax(q, k, v), weights @ v, atol=1e-12)


def test_softmax_against_torch():
    torch = pytest.importorskip("torch")
    layer = StochasticAttention(16, temperature=math.sqrt(16))
    q, k, v = (np.random.default_rng(1).normal(size=(2, 4, n, 16)) for n in (6, 9, 9))
    mask = np.random.default_rng(2).random((6, 9)) < 0.7
    for given in (None, mask):
        tensors = [torch.from_numpy(array) for array in (q, k, v)]
        torch_mask = None if given is None else torch.from_numpy(given)
        wanted = torch.nn.functional.scaled_dot_product_attention(*tensors, attn_mask=torch_mask).numpy()
        np.testing.assert_allclose(layer.forward_softmax(q, k, v, mask=given), wanted, atol=1e-12)


def test_root_of_dim_k_is_scaled_attention():
    q, k, v = (np.random.default_rng(3).normal(size=(n, 16)) for n in (6, 9, 9))
    weights = special.softmax(q @ k.T / 4, axis=-1)
    np.testing.assert_allclose(StochasticAttention(16, math.sqrt(16)).forward_softmax(q, k, v), weights @ v, atol=1e-12)


@pytest.mark.parametrize("temperature", [1e-300, 1.0])
@pytest.mark.parametrize("size", [1e3, 1e150])
def test_softmax_of_huge_scores_stays_finite(size, temperature):
    layer = StochasticAttention(1, temperature)
    got = layer.forward_softmax([[size], [-size], [0.0]], [[size], [-size]], [[1.0, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(got, [[1, 0], [0, 1], [0.5, 0.5]])


def test_overflow_is_an_error():
    layer = StochasticAttention(2)
    for q in ([[1e200, 0]], [[1e200, -1e200]]):
        for run in (layer.forward, layer.forward_softmax):
            with raises("scores Q K^T and their row sums must be finite, got an overflow"):
                run(q, [[1e200, 1e200]], [[1.0]])


# ------------------------------------------------------------ rows of zeros, masks, shapes

RUNS = {
    "forward": lambda layer, *given, **options: layer.forward(*given, **options),
    "softmax": lambda layer, *given, **options: layer.forward_softmax(*given, **options),
    "bernoulli": lambda layer, *given, **options: layer.forward_bitstream(*given, 100, **options),
    "sobol": lambda layer, *given, **options: layer.forward_bitstream(*given, 100, True, **options),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("run", ["forward", "bernoulli", "sobol"])
def test_zero_rows_give_zeros(run, encoding):
    layer, (q, k, v) = StochasticAttention(4, encoding=encoding, seed=1), operands(encoding=encoding)
    q[1] = 0
    out = RUNS[run](layer, q, k, v)
    assert (out[1] == 0).all()
    assert (out[[0, 2]] != 0).all()
    assert not RUNS[run](layer, q, np.zeros_like(k), v).any()


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("run", RUNS)
def test_mask(run, encoding):
    layer, (q, k, v) = StochasticAttention(4, encoding=encoding, seed=1), operands(encoding=encoding)
    mask = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]], bool)
    out = RUNS[run](layer, q, k, v, mask=mask)
    assert not out[1].any()
    layer.reset()
    changed = np.where(mask.any(0)[:, None], v, -v if encoding != "unipolar" else 1 - v)  # key 4 is never seen
    np.testing.assert_array_equal(RUNS[run](layer, q, k, changed, mask=mask), out)
    layer.reset()
    open_to_all = RUNS[run](layer, q, k, v)
    assert not np.array_equal(open_to_all, out)
    layer.reset()
    np.testing.assert_array_equal(RUNS[run](layer, q, k, v, mask=True), open_to_all)
    if run in ("forward", "softmax"):
        np.testing.assert_allclose(out[2], v[2], atol=1e-15)
        np.testing.assert_allclose(out[0], RUNS[run](layer, q[0], k[[0, 1, 3]], v[[0, 1, 3]])[0], atol=1e-14)


@pytest.mark.parametrize("run", RUNS)
def test_heads_and_batch_broadcast(run):
    layer = StochasticAttention(4, seed=1)
    q, k, v = operands(batch=(2, 3))
    mask = inputs((3, 1, 5), seed=8) < 0.7
    q, k, v = q[:, :1], k[0], v[1, 2]
    got = RUNS[run](layer, q, k, v, mask=mask)
    layer.reset()
    wide = [np.broadcast_to(array, (2, 3, *array.shape[-2:])) for array in (q, k, v)]
    wanted = RUNS[run](layer, *wide, mask=np.broadcast_to(mask, (2, 3, 3, 5)))
    assert got.shape == (2, 3, 3, 2)
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("run", RUNS)
def test_a_vector_is_one_row(run):
    layer, (q, k, v) = StochasticAttention(4, seed=1), operands()
    out = RUNS[run](layer, q[0], k, v)
    assert out.shape == (1, 2)
    layer.reset()
    np.testing.assert_array_equal(RUNS[run](layer, q[:1], k, v), out)
    assert RUNS[run](layer, q[0], k[0], v[0]).shape == (1, 2)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 2), (2, 3, 0)])
def test_nothing_gives_nothing(shape, run):
    batch, n, dim_v = shape
    out = RUNS[run](StochasticAttention(4), *operands(n, 5, 4, dim_v, (batch,)))
    assert out.shape == shape


# ------------------------------------------------------------ law 3: what a bit depends on


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_split_of_a_batch_does_not_matter(encoding, generator, monkeypatch):
    layer = StochasticAttention(4, generator=generator, encoding=encoding, seed=5)
    q, k, v = operands(batch=(7,), encoding=encoding)
    whole = layer.forward_bitstream(q, k, v, 70)
    assert layer.samples == 7
    layer.reset()
    assert layer.samples == 0
    parts = [layer.forward_bitstream(q[a:b], k[a:b], v[a:b], 70) for a, b in ((0, 3), (3, 4), (4, 7))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    for chunk in (1, 600, 3000):  # single rows, some rows, some samples
        monkeypatch.setattr(chunks, "CHUNK_BYTES", chunk)
        layer.reset()
        np.testing.assert_array_equal(layer.forward_bitstream(q, k, v, 70), whole)


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_the_number_of_threads_does_not_matter(generator):
    layer, given = StochasticAttention(40, seed=6), operands(30, 50, 40, 20, (3,))
    outs = []
    try:
        for count in (1, 2, 3):
            threads.set_threads(count)
            outs.append(layer.forward_bitstream(*given, 640, generator=generator, seed=1))
    finally:
        threads.set_threads(None)
    np.testing.assert_array_equal(outs[0], outs[1])
    np.testing.assert_array_equal(outs[0], outs[2])


def test_bernoulli_streams_run_on_and_reset_rewinds():
    layer, given = StochasticAttention(4, seed=7), operands()
    first, second = layer.forward_bitstream(*given), layer.forward_bitstream(*given)
    assert layer.samples == 2
    assert not np.array_equal(first, second)
    layer.reset()
    np.testing.assert_array_equal(layer.forward_bitstream(*given), first)
    sobol = [layer.forward_bitstream(*given, use_sobol=True) for _ in range(2)]
    np.testing.assert_array_equal(*sobol)


def test_seeds():
    given = operands()

    def run(seed):
        return StochasticAttention(4, seed=seed).forward_bitstream(*given)

    np.testing.assert_array_equal(run(8), run(8))
    np.testing.assert_array_equal(run(8), run(np.random.SeedSequence(8)))
    assert not np.array_equal(run(8), run(9))
    assert not np.array_equal(run(None), run(None))


def test_the_seed_of_a_call_stays_in_the_call():
    layer, given = StochasticAttention(4, seed=8), operands()
    first, second = (StochasticAttention(4, seed=seed).forward_bitstream(*given) for seed in (8, 9))
    np.testing.assert_array_equal(layer.forward_bitstream(*given, seed=9), second)
    assert layer.samples == 0
    np.testing.assert_array_equal(layer.forward_bitstream(*given), first)
    np.testing.assert_array_equal(layer.forward_bitstream(*given, seed=9), second)


def test_every_operand_draws_from_a_source_of_its_own():
    """Equal numbers everywhere: no stream of an operand is one that it meets; values never meet queries."""
    for source in (Bernoulli(), Sobol(9)):
        circuit = AttentionCircuit(source, 512, "unipolar", 3, 3, Seeds(9, StochasticAttention, (3,)))
        half, rows = np.full((2, 3), 0.5), np.arange(2)
        encoders = [circuit.values, circuit.queries, circuit.keys]
        if isinstance(source, Bernoulli):
            encoders.append(circuit.multiplexers.select)
        words = np.concatenate([encoder.words(half, rows).reshape(-1, 8) for encoder in encoders])
        distinct = len(np.unique(words, axis=0))
        assert distinct == (3 * 2 * 3 + 2 if isinstance(source, Bernoulli) else 2)  # the select is shared by a row
        assert not np.array_equal(circuit.queries.words(half, rows), circuit.keys.words(half, rows))


def test_global_state_is_neither_read_nor_moved():
    outs = []
    for global_seed in (0, 1):
        np.random.seed(global_seed)  # noqa: NPY002
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        outs.append(StochasticAttention(4, seed=10).forward_bitstream(*operands()))
        StochasticAttention(4).forward_bitstream(*operands())
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(outs[0], outs[1])


# ------------------------------------------------------------ how large the errors are


def rmse(size, length, generator, trials, run=None):
    """Against `forward`, uniform operands with N = M = dim_k = dim_v = size."""
    squares = []
    for trial in range(trials):
        layer, given = StochasticAttention(size, seed=trial), np.random.default_rng(trial).random((3, size, size))
        out = layer.forward_bitstream(*given, length, generator=generator) if run is None else run(*given, length)
        squares.append(np.mean((out - layer.forward(*given)) ** 2))
    return np.sqrt(np.mean(squares))


def slope(errors):
    return np.polyfit(np.log(POWERS), np.log(errors), 1)[0]


@pytest.mark.parametrize(("size", "trials"), [(8, 8), (16, 4), (64, 2)])
def test_how_errors_fall_with_the_length(size, trials):
    errors = {name: [rmse(size, int(n), name, trials) for n in POWERS] for name in ("sobol", "bernoulli")}
    assert slope(errors["sobol"]) <= -0.8
    assert -0.6 <= slope(errors["bernoulli"]) <= -0.4
    scaled = np.array(errors["sobol"]) * POWERS / np.sqrt(size)
    assert 0.25 < scaled.min() < scaled.max() < 0.7
    # Values on the clock are correlated with the selection: that error stays.
    clocked = []
    for n, bits in zip(POWERS.tolist(), range(6, 13), strict=True):
        rows = [np.arange(n), *(Sobol(bits, dimension).sequence(n) for dimension in (2, 3))]
        clocked.append(rmse(size, n, UserSequence(rows, bits), 1))
    assert slope(clocked) > -0.1


def other_circuit(q, k, v, length, partners, one_hot):
    """Values, queries, keys and attention weights on the Sobol lines of `partners`."""
    value, query, key, weight = (Encoder(len(k), length, "sobol", partner=partner) for partner in partners)
    counts = compiled.and_counts(query.words(q, np.arange(len(q)))[None], key.words(k, np.arange(len(k)))[None])[0]
    shares = counts / counts.sum(-1, keepdims=True)
    words = weight.words(np.minimum(shares.cumsum(-1), 1) if one_hot else shares, np.arange(len(q)))
    if one_hot:
        words[:, 1:] ^= words[:, :-1]
    v_words = value.words(np.ascontiguousarray(v.T), np.arange(v.shape[1]))
    return compiled.and_counts(words[None], v_words[None])[0] / length


def test_why_a_multiplexer():
    def gates(line):
        return rmse(64, 64, None, 4, lambda *given: other_circuit(*given, (0, 0, 1, line), one_hot=False))

    assert gates(2) == pytest.approx(0.126, abs=0.005)
    assert gates(3) == pytest.approx(0.460, abs=0.005)
    assert rmse(64, 64, "sobol", 4) == pytest.approx(0.035, abs=0.002)


def test_why_the_clock():
    def on_sobol(*given):
        return other_circuit(*given, (0, 0, 1, 2), one_hot=True)

    clock = [rmse(64, int(n), "sobol", 4) for n in POWERS]
    sobol = [rmse(64, int(n), None, 4, on_sobol) for n in POWERS]
    assert slope(clock) == pytest.approx(-0.84, abs=0.02)
    assert slope(sobol) == pytest.approx(-0.71, abs=0.02)
    assert sobol[-1] / clock[-1] == pytest.approx(2.45, abs=0.1)


@pytest.mark.parametrize("length", [100, 1000])
def test_every_length_is_as_good_as_a_power_of_two(length):
    assert rmse(16, length, "sobol", 4) * length / 4 < 0.8


# Queries and keys of zeros and ones give weights 3/4 and 1/4 without noise.
SURE_Q, SURE_K = [[1.0, 1.0, 1.0]], [[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]]
SAMPLES, LENGTH = 3000, 100


def sure_outputs(v, encoding="unipolar", k=SURE_K):
    layer = StochasticAttention(3, encoding=encoding, seed=11)
    return layer.forward_bitstream(np.broadcast_to(SURE_Q, (SAMPLES, 1, 3)), k, v, LENGTH)[:, 0, 0]


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar"])
def test_an_output_is_binomial(encoding):
    v = [[0.5], [0.25 if encoding == "unipolar" else -0.25]]
    y = 0.75 * 0.5 + 0.25 * v[1][0]
    p = y if encoding == "unipolar" else (1 + y) / 2

    def p_value(outputs):
        share = outputs if encoding == "unipolar" else (1 + outputs) / 2
        return binomial_p_value(round(share.sum() * LENGTH), SAMPLES * LENGTH, p)

    assert p_value(sure_outputs(v, encoding)) > FALSE_ALARM
    assert p_value(sure_outputs([[0.5 + 2**-5], v[1]], encoding)) < FALSE_ALARM  # biased values
    assert p_value(sure_outputs(v, encoding, [SURE_K[0], [1.0, 0.5, 0.0]])) < FALSE_ALARM  # biased weights


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_variance_of_an_output(encoding):
    v = [[0.5], [0.25 if encoding == "unipolar" else -0.25]]
    y, magnitude = 0.75 * 0.5 + 0.25 * v[1][0], 0.75 * 0.5 + 0.25 * 0.25
    law = {"unipolar": y - y**2, "bipolar": 1 - y**2, "split": magnitude - y**2}[encoding] / LENGTH
    assert variance_p_value(sure_outputs(v, encoding), law) > FALSE_ALARM
    assert variance_p_value(sure_outputs([[0.95], [0.95]], encoding), law) < FALSE_ALARM


def test_variance_that_scores_add():
    """One query and two keys of 1/2, values 1 and 0: 1 / (4 L) from the selection, as much from the scores."""
    length = 400

    def outputs(k):
        layer = StochasticAttention(1, seed=12)
        return layer.forward_bitstream(np.full((4000, 1, 1), 0.5), k, [[1.0], [0.0]], length)[:, 0, 0]

    assert variance_p_value(outputs([[0.5], [0.5]]), 0.5 / length) > FALSE_ALARM
    assert variance_p_value(outputs([[1.0], [1.0]]), 0.5 / length) < FALSE_ALARM  # keys without noise


@pytest.mark.parametrize("generator", WITH_TWO_LINES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_forward_is_the_limit(encoding, generator):
    layer, given = StochasticAttention(4, encoding=encoding, seed=13), operands(encoding=encoding)
    out = layer.forward_bitstream(*given, 2**16, generator=generator)
    np.testing.assert_allclose(out, layer.forward(*given), atol=0.02 if generator in ("bernoulli", "lfsr") else 5e-4)


# ------------------------------------------------------------ keywords, state, errors


def test_every_keyword_has_an_effect():
    given = operands(encoding="unipolar")

    def run(call=None, **options):
        return StochasticAttention(4, **{"seed": 14, **options}).forward_bitstream(*given, **(call or {}))

    base = run()
    assert not np.array_equal(run(seed=15), base)
    assert not np.array_equal(run(encoding="bipolar"), base)
    assert not np.array_equal(run(bits=3), base)
    for generator in DETERMINISTIC:
        assert not np.array_equal(run(generator=generator), base)
        np.testing.assert_array_equal(run({"generator": generator}), run(generator=generator))
    np.testing.assert_array_equal(run({"use_sobol": True}), run(generator="sobol"))
    np.testing.assert_array_equal(run({"use_sobol": True}, generator="lfsr"), run(generator="sobol"))
    assert not np.array_equal(run({"use_sobol": True}, bits=3), run({"use_sobol": True}))
    np.testing.assert_array_equal(run({"generator": make_generator("sobol", 1024)}, bits=3), run(generator="sobol"))
    assert not np.array_equal(run({"length": 512}), base)
    assert not np.array_equal(run({"seed": 1}), base)
    cold, warm = (StochasticAttention(4, t).forward_softmax(*given) for t in (0.1, 10))
    assert not np.allclose(cold, warm)


def test_quantised_operands_are_the_limit_of_few_bits():
    q, k, v = operands()
    layer = StochasticAttention(4, bits=3, seed=16)
    rounded = [np.floor(8 * array + 0.5) / 8 for array in (q, k, v)]
    np.testing.assert_allclose(layer.forward_bitstream(q, k, v, 2**15, True), layer.forward(*rounded), atol=1e-3)


def test_state_and_pickle():
    layer, given = StochasticAttention(4, 2.0, generator="bernoulli", encoding="split", bits=12, seed=17), operands()
    layer.forward_bitstream(*given)
    state, twin = layer.state_dict(), pickle.loads(pickle.dumps(layer))
    wanted = layer.forward_bitstream(*given)
    np.testing.assert_array_equal(twin.forward_bitstream(*given), wanted)
    fresh = StochasticAttention(4, 2.0, encoding="split", bits=12)
    fresh.load_state_dict(state)
    np.testing.assert_array_equal(fresh.forward_bitstream(*given), wanted)
    with pytest.raises(ValueError, match=r"^state must have the keys of state_dict\(\); missing \['samples'\]"):
        fresh.load_state_dict({name: value for name, value in state.items() if name != "samples"})


def test_repr():
    assert repr(StochasticAttention(8, 0.5, generator="lfsr", encoding="split", bits=9)) == (
        "StochasticAttention(dim_k=8, temperature=0.5, generator='lfsr', encoding='split', bits=9, backend='numba')"
    )
    assert repr(StochasticAttention(8, generator=Sobol(7))) == (
        "StochasticAttention(dim_k=8, temperature=1, generator=Sobol(bits=7, dimension=1), encoding='unipolar', "
        "backend='numba')"
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dim_k": 0}, ValueError, "dim_k must be an integer in 1..4294967295, got 0"),
        ({"dim_k": 2.0}, TypeError, "dim_k must be an integer in 1..4294967295, got 2.0"),
        ({"temperature": 0}, ValueError, "temperature must be a finite number above 0, got 0"),
        ({"temperature": np.inf}, ValueError, "temperature must be a finite number above 0, got inf"),
        ({"temperature": -1.0}, ValueError, "temperature must be a finite number above 0, got -1.0"),
        ({"temperature": np.nan}, ValueError, "temperature must be a finite number above 0, got nan"),
        ({"temperature": "1"}, TypeError, "temperature must be a finite number above 0, got '1'"),
        ({"generator": "dice"}, ValueError, "generator must be one of bernoulli, searched, sobol"),
        ({"generator": 3}, TypeError, "generator must be a name or a Generator, got 3"),
        ({"encoding": "gray"}, ValueError, "encoding must be one of unipolar, bipolar, split, got 'gray'"),
        ({"bits": 33}, ValueError, "bits must be an integer in 1..32, got 33"),
        ({"bits": 4, "generator": Sobol(5)}, ValueError, "bits must be None with a generator object of 5 bits, got 4"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
    ],
)
def test_errors_of_the_constructor(options, error, message):
    with raises(message, error):
        StochasticAttention(**{"dim_k": 4, **options})


Q, K, V = operands()


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    ("given", "mask", "error", "message"),
    [
        ((Q[:, :3], K, V), None, ValueError, "Q must have shape (..., 4), got (3, 3)"),
        ((Q, K[:, :3], V), None, ValueError, "K must have shape (..., 4), got (5, 3)"),
        ((0.5, K, V), None, ValueError, "Q must have shape (..., 4), got ()"),
        ((Q, K, 0.5), None, ValueError, "V must have shape (..., 5, dim_v), a row for each of K, got ()"),
        ((Q, K, V[:4]), None, ValueError, "V must have shape (..., 5, dim_v), a row for each of K, got (4, 2)"),
        ((Q, K[:0], V[:0]), None, ValueError, "K must have at least one row, got shape (0, 4)"),
        (
            (np.stack([Q, Q]), np.stack([K] * 3), V),
            None,
            ValueError,
            "leading axes of Q, K and V must broadcast, got ((2,), (3,), ())",
        ),
        ((Q * np.nan, K, V), None, ValueError, "Q must be finite, got nan"),
        ((Q, K, V + np.inf), None, ValueError, "V must be finite, got inf"),
        (("text", K, V), None, TypeError, "Q must be an array of real numbers, got str"),
        ((Q, K, V), np.ones((3, 5)), TypeError, "mask must be an array of booleans, got float64"),
        ((Q, K, V), np.ones((3, 4), bool), ValueError, "mask must have a shape that broadcasts to (3, 5), got (3, 4)"),
        (
            (Q, K, V),
            np.ones((2, 3, 5), bool),
            ValueError,
            "mask must have a shape that broadcasts to (3, 5), got (2, 3, 5)",
        ),
    ],
)
def test_errors_of_the_operands(run, given, mask, error, message):
    layer = StochasticAttention(4)
    with raises(message, error):
        RUNS[run](layer, *given, mask=mask)
    assert layer.samples == 0


@pytest.mark.parametrize(
    ("given", "options", "error", "message"),
    [
        ((Q, K, V), {"length": 0}, ValueError, "length must be an integer of at least 1, got 0"),
        ((Q, K, V), {"length": 10.0}, TypeError, "length must be an integer of at least 1, got 10.0"),
        ((Q, K, V), {"use_sobol": 1}, TypeError, "use_sobol must be True or False, got 1"),
        (
            (Q, K, V),
            {"use_sobol": True, "generator": "lfsr"},
            ValueError,
            "generator must be None with use_sobol=True, got 'lfsr'",
        ),
        ((Q, K, V), {"generator": "dice"}, ValueError, "generator must be one of"),
        ((Q, K, V), {"seed": "a"}, TypeError, "seed must be an int"),
        ((2 * Q, K, V), {}, ValueError, "Q must lie in [0, 1], got "),
        ((Q, -K, V), {}, ValueError, "K must lie in [0, 1], got "),
        ((Q, K, V - 1), {}, ValueError, "V must lie in [0, 1], got "),
    ],
)
def test_errors_of_the_circuit(given, options, error, message):
    layer = StochasticAttention(4)
    with raises(message, error):
        layer.forward_bitstream(*given, **options)
    assert layer.samples == 0


@pytest.mark.parametrize("encoding", ["bipolar", "split"])
def test_signed_values_have_a_range_too(encoding):
    layer = StochasticAttention(4, encoding=encoding)
    assert layer.forward_bitstream(Q, K, V - 1, 64).max() < 0
    with raises("V must lie in [-1, 1], got "):
        layer.forward_bitstream(Q, K, V - 2)


def test_negative_scores_are_no_shares():
    layer = StochasticAttention(1)
    with raises("scores Q K^T must be at least 0 to be shares of a row, got -0.5"):
        layer.forward([[1.0]], [[0.25], [-0.5]], [[1.0], [1.0]])
    masked = layer.forward([[1.0]], [[0.25], [-0.5]], [[1.0], [1.0]], mask=[[True, False]])
    np.testing.assert_array_equal(masked, [[1.0]])
    np.testing.assert_array_equal(layer.forward([[-1.0]], [[-0.5]], [[-3.0]]), [[-3.0]])
