"""Multi-head attention in a network: in floating point against torch, as a circuit against its law."""

import math

import numpy as np
import pytest
from scipy import special

from sc_neurocore import Add, Attention, Dense, GlobalPool, LayerNorm, Network
from sc_neurocore.gates import Faults
from sc_neurocore.layers.attending.heads import AttentionHeads
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.networks import FixedPoint
from tests.networks.test_graph import FINE, samples

TOKENS, FEATURES, HEADS = 5, 8, 2
RNG = np.random.default_rng(0)
QKV = RNG.uniform(-1, 1, (6, 3 * TOKENS, FEATURES))


def plain(a, heads):
    """Attention head by head and query by query."""
    queries, keys, values = np.split(a, 3)
    n = a.shape[1] // heads
    out = np.zeros_like(queries)
    for head in range(heads):
        part = slice(head * n, (head + 1) * n)
        for row, query in enumerate(queries):
            shares = special.softmax([query[part] @ key[part] / math.sqrt(n) for key in keys])
            out[row, part] = sum(share * value[part] for share, value in zip(shares, values, strict=True))
    return out


def transformer(calibration=None, heads=HEADS):
    """One block of a transformer for five tokens, with a classifier behind it."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=(FEATURES, FEATURES)) / 2 for _ in range(4)]
    biases = [rng.normal(size=FEATURES) / 10 for _ in range(4)]
    return Network.from_layers(
        {
            "norm": LayerNorm(np.ones(FEATURES), np.zeros(FEATURES)),
            **Attention.projected("mixed", "norm", weights, biases, heads=heads),
            "sum": (Add(), "mixed", "input"),
            "mean": GlobalPool("average"),
            "head": Dense(rng.normal(size=(3, FEATURES)), np.zeros(3), "identity"),
        },
        input_shape=(TOKENS, FEATURES),
        input_range=(-1.0, 1.0),
        calibration=calibration,
    )


def built(generator="sobol", length=256, **options):
    n = FEATURES // HEADS
    options = CircuitOptions(length, generator, **options)
    return AttentionHeads(TOKENS, FEATURES, HEADS, 2.0 / math.sqrt(n), options, options.seed)


@pytest.mark.parametrize("heads", [1, 2, 8])
def test_floating_point(heads):
    np.testing.assert_allclose(Attention(heads).forward(QKV), [plain(a, heads) for a in QKV], rtol=1e-12, atol=1e-14)


def test_against_torch():
    torch = pytest.importorskip("torch")
    attention = torch.nn.MultiheadAttention(FEATURES, HEADS, batch_first=True, dtype=torch.float64)
    torch.nn.init.normal_(attention.in_proj_bias)
    parts = attention.in_proj_weight.detach().numpy().reshape(3, FEATURES, FEATURES)
    biases = attention.in_proj_bias.detach().numpy().reshape(3, FEATURES)
    weights = [*parts, attention.out_proj.weight.detach().numpy()]
    layers = Attention.projected(
        "mixed", "input", weights, [*biases, attention.out_proj.bias.detach().numpy()], heads=HEADS
    )
    net = Network.from_layers(
        {**layers, "mean": GlobalPool("average")}, input_shape=(TOKENS, FEATURES), input_range=(-1, 1)
    )
    x = torch.from_numpy(QKV[:, :TOKENS])
    with torch.no_grad():
        want = attention(x, x, x, need_weights=False)[0].mean(1).numpy()
    np.testing.assert_allclose(net.float_forward(x.numpy().reshape(6, -1)), want, rtol=1e-9, atol=1e-12)


def test_the_expectation_is_the_float_network():
    net = transformer()
    x = samples(net)
    np.testing.assert_allclose(net.circuit(**FINE).expected(x), net.float_forward(x), atol=1e-5)


@pytest.mark.parametrize("generator", ["searched", "sobol", "lfsr", "bernoulli", "ramp"])
def test_long_streams_come_to_the_expectation(generator):
    errors = []
    for length in (64, 1024):
        layer = built(generator, length, seed=1)
        errors.append(np.sqrt(np.mean((layer.forward(QKV) - layer.expected(QKV)) ** 2)))
    assert errors[1] < (0.45 if generator == "bernoulli" else 0.3) * errors[0]
    assert errors[1] < 0.03


def is_a_random_choice(seen, values):
    """Whether outputs ``(n, T, n_values)`` of 64 cycles are means of values that are passed one at a time.

    The mean and the variance of each are within six standard errors, 2e-9 of a normal number.
    """
    mean = values.mean(0)
    variance = (np.abs(values).mean(0) - mean**2) / 64
    apart = np.abs(seen.mean(0) - mean) / np.sqrt(variance / len(seen))
    ratio = np.abs(seen.var(0) / variance - 1) / math.sqrt(2 / len(seen))
    return bool(apart.max() < 6 and ratio.max() < 6)


def test_a_value_is_passed_in_each_cycle():
    """Where queries are 0 all weights are 1 / T: a bit of the outcome is one of a random value."""
    a, values = QKV[:1].copy(), QKV[0, 2 * TOKENS :]
    a[:, :TOKENS] = 0
    assert is_a_random_choice(built("bernoulli", 64, bits=20, seed=5).forward(np.repeat(a, 400, 0)), values)
    others = built("bernoulli", 64, bits=20, seed=5).forward(np.repeat(QKV[:1], 400, 0))
    assert not is_a_random_choice(others, values)  # the twin: other weights
    assert not is_a_random_choice(built("sobol", 64).forward(np.repeat(a, 400, 0)), values)  # and other sequences


def test_samples_may_come_in_any_pieces():
    layer = built("bernoulli", 32, seed=2)
    whole = layer.forward(QKV)
    layer.reset()
    np.testing.assert_array_equal(np.concatenate([layer.forward(QKV[:2]), layer.forward(QKV[2:][None])[0]]), whole)
    assert not np.array_equal(layer.forward(QKV), whole)
    assert layer.forward(QKV[:0]).shape == (0, TOKENS, FEATURES)
    assert layer.forward(QKV[0]).shape == (TOKENS, FEATURES)


def test_streams_are_those_of_the_next_forward():
    layer = built("bernoulli", 4096, seed=3)
    streams = layer.streams(QKV).inputs
    np.testing.assert_allclose(streams.value(), QKV, atol=0.12)
    layer.forward(QKV)
    assert not np.array_equal(layer.streams(QKV).inputs.words, streams.words)


def test_faults():
    clean, broken = built(), built(faults=Faults.flips(0.2), seed=1)
    assert np.abs(broken.forward(QKV) - clean.forward(QKV)).mean() > 0.05
    np.testing.assert_array_equal(built(faults=Faults(stuck_lines=1e-12)).forward(QKV), clean.forward(QKV))
    with pytest.raises(ValueError, match="expected has no closed form for AttentionHeads with faults"):
        broken.expected(QKV)


def test_wrong_inputs():
    for x, message in (
        (QKV[:, :-1], r"x must have shape \(..., 15, 8\), got \(6, 14, 8\)"),
        (2 * QKV, r"x must lie in \[-1, 1\]"),
        (QKV[..., :4], r"x must have shape \(..., 8\)"),
    ):
        with pytest.raises(ValueError, match=message):
            built().forward(x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Attention(0), "heads must be an integer of at least 1, got 0"),
        (lambda: Attention().output_shape((4, 2)), r"queries, keys and values of .* got joined \(4, 2\)"),
        (lambda: Attention(3).output_shape((6, 4)), "a multiple of 3 features, one for each head, got shape"),
        (lambda: Attention.projected("a", "b", [np.eye(2)] * 3), "weights must be 4 matrices, .* got 3"),
        (lambda: Attention.projected("a", "b", [np.eye(2)] * 4, [[0.0]]), "biases must be 4 vectors, .* got 1"),
        (lambda: Attention.projected("a", "b", [np.ones(2)] * 4), r"weights\[0\] must have shape \(any, any\)"),
    ],
)  # fmt: skip
def test_bad_calls(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_ranges_of_queries_keys_and_values():
    """Each has its own, and the outcome that of the values."""
    net = transformer()
    place = net.names.index("mixed.heads")
    scale = net.ranges()[place].scale
    ceilings = [net.layers[net.names.index(f"mixed.{part}")].ceiling for part in ("query", "key", "value")]
    np.testing.assert_array_equal(scale, np.repeat(ceilings, TOKENS)[:, None])
    assert net.layers[place].output_scale(scale, (15, 8)) == ceilings[2]
    assert net.ranges()[place + 1].scale == ceilings[2]


def test_a_transformer_as_a_circuit(tmp_path):
    x = samples(transformer(), 300)
    net = transformer(x[:200])
    want = net.float_forward(x)
    errors = [np.sqrt(np.mean((net.circuit(length).forward(x) - want) ** 2)) for length in (32, 512)]
    assert errors[1] < 0.2 * errors[0]
    net.save(tmp_path / "net.safetensors")
    again = Network.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(again.circuit(64).forward(x[:9]), net.circuit(64).forward(x[:9]))
    wide = transformer()
    np.testing.assert_allclose(FixedPoint(wide, 16).forward(x), wide.float_forward(x), atol=0.01)
    rows = [line.split() for line in net.describe(64).splitlines()]
    assert next(row for row in rows if row[0] == "mixed.heads")[1:7] == [
        "Attention",
        "mixed.query",
        "+",
        "mixed.key",
        "+",
        "mixed.value",
    ]


def test_a_transformer_is_calibrated():
    x = samples(transformer(), 300)
    net = transformer(x[:200])
    found = net.calibrate(np.clip(x, -1, 1), length=8)
    want = net.float_predict(x)
    agree = [(made.predict(x) == want).mean() for made in (net.circuit(8), found.circuit())]
    assert agree[1] >= agree[0]
    assert len(found.calibration.layers) == 6


def test_unipolar_networks_have_no_attention():
    weights = [np.eye(2)] * 4
    net = Network.from_layers(
        {**Attention.projected("a", "input", weights), "m": GlobalPool("max")}, input_shape=(2, 2)
    )
    with pytest.raises(ValueError, match=r"encoding unipolar has no negative scores for Attention in layer 'a\.heads'"):
        net.circuit(16, encoding="unipolar")
    net.circuit(16, encoding="bipolar").forward(np.ones(4))
