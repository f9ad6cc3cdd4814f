"""SCFusionLayer against a MUX in plain NumPy on unpacked bits, its error laws, its options and errors."""

import copy
import pickle
import re

import numpy as np
import pytest
from layer_helpers import (
    DETERMINISTIC,
    ENCODINGS,
    FALSE_ALARM,
    GENERATORS,
    LENGTHS,
    binomial_p_value,
    inputs,
    seeds_of,
    variance_p_value,
)

from sc_neurocore import chunks
from sc_neurocore.encoders import GENERATORS as NAMES
from sc_neurocore.encoders import LFSR, Bernoulli, Encoder, Halton, Sobol, UserSequence, VanDerCorput, make_generator
from sc_neurocore.layers import SCFusionLayer

DIMS = {"audio": 4, "map": 9, "visual": 4, "touch": 4}
WEIGHTS = {"visual": 3, "touch": 2.0, "audio": 5}  # the map has no weight


def build(weights=WEIGHTS, length=256, **options):
    return SCFusionLayer(DIMS, weights, length, **options)


def senses(shape=(), encoding="unipolar", seed=0):
    return {name: inputs((*shape, 4), encoding, seed + i) for i, name in enumerate(("touch", "visual", "audio"))}


def constant(values, rows=None):
    """Every feature of a modality has the modality's one value."""
    return {name: np.full((4,) if rows is None else (rows, 4), value) for name, value in values.items()}


# ------------------------------------------------------------ the circuit, bit by bit


def slow_forward(layer, weights, x, encoding, partner=1):
    """Fused features of ``x[name]`` ``(B, 4)``: the streams of the generators, a multiplexer a cycle at a time."""
    names, length, features = list(weights), layer.length, 4
    values = np.stack([x[name] for name in names], -1).reshape(-1, features * len(names))
    cumulative = np.cumsum(list(weights.values())) / sum(weights.values())
    selects = features if layer.share_select == "feature" else 1
    out = np.empty((len(values), features))
    encoder = Encoder(values.shape[1], length, layer.generator, encoding, seed=seeds_of(layer).of("inputs"))
    encoder.samples = layer.samples
    bits = encoder.encode(values).bits()
    bits = bits.reshape(*bits.shape[:-2], features, len(names), length).astype(int)
    for b, f in np.ndindex(*out.shape):
        source = f if selects > 1 else 0
        if isinstance(layer.generator, Bernoulli):
            comparators = Encoder(
                selects,
                length,
                layer.generator,
                share="independent",
                partner=partner,
                seed=seeds_of(layer).of("select"),
            )
            comparators.samples = layer.samples + b
            below = [comparators.words(np.full(selects, c), np.array(comparators.samples))[source] for c in cumulative]
            below = np.unpackbits(np.array(below).view(np.uint8), axis=-1, bitorder="little", count=length)
        else:
            sequence = layer.generator.decorrelated(2 * source + partner)
            numbers = sequence.sequence(length).astype(int)
            below = numbers < np.floor(cumulative * sequence.modulus + 0.5)[:, None]
        passed = np.array([np.flatnonzero(below[:, t])[0] for t in range(length)])
        ones = bits[..., b, f, :, :][..., passed, np.arange(length)].sum(-1)
        net = ones[0] - ones[1] if encoding == "split" else 2 * ones - length if encoding == "bipolar" else ones
        out[b, f] = net / length
    return out


@pytest.mark.parametrize("share_select", ["layer", "feature"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol", "lfsr"])
@pytest.mark.parametrize("length", LENGTHS)
def test_forward_is_a_multiplexer_on_bits(length, generator, encoding, share_select):
    layer = build(length=length, generator=generator, encoding=encoding, share_select=share_select, seed=3)
    for batch in (0, 1, 5):
        x = senses((batch,), encoding, seed=batch)
        wanted = slow_forward(layer, WEIGHTS, x, encoding)
        out = layer.forward(x)
        assert out.shape == (batch, 4)
        np.testing.assert_array_equal(out, wanted)
    assert layer.samples == 6


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_generator_meets_the_same_circuit(generator):
    layer = build(length=100, generator=generator, seed=4)
    x = senses((3,), seed=4)
    wanted = slow_forward(layer, WEIGHTS, x, "unipolar")
    np.testing.assert_array_equal(layer.forward(x), wanted)


@pytest.mark.parametrize("share_select", ["layer", "feature"])
def test_a_named_select_source_is_taken_as_it_is(share_select):
    rows = np.random.default_rng(5).permuted(np.tile(np.arange(64), (8, 1)), axis=1)
    own = build(length=64, generator="vdc", select_generator=UserSequence(rows, 6), share_select=share_select)
    x = constant({"visual": 1.0, "touch": 0.0, "audio": 0.0})
    sources = 2 * np.arange(4) if share_select == "feature" else np.zeros(4, int)
    np.testing.assert_array_equal(own.forward(x), (rows[sources] < np.floor(0.3 * 64 + 0.5)).sum(-1) / 64)


def test_documented_example():
    """Audio .7 of ones, visual .3 of zeros: each output counts the cycles that audio was given."""
    p_values = []
    for weight in (0.7, 1.2):
        layer = SCFusionLayer(
            {"audio": 4, "visual": 4}, {"audio": weight, "visual": 0.3}, share_select="feature", seed=1
        )
        out = layer.forward({"audio": np.ones(4), "visual": np.zeros(4)})
        assert out.shape == (4,)
        p_values.append(binomial_p_value(round(out.sum() * 1024), 4 * 1024, 0.7))
    assert p_values[0] > FALSE_ALARM > p_values[1]
    layer = SCFusionLayer({"audio": 4, "visual": 4}, {"audio": 0.7, "visual": 0.3})
    assert layer.length == 1024
    assert layer.norm_weights == {"audio": 0.7, "visual": 0.3}


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (0,), (2, 0)])
def test_leading_axes_are_batch_axes(shape, generator):
    layer, flat = (build(length=100, generator=generator, seed=2) for _ in range(2))
    x = senses(shape)
    out = layer.forward(x)
    assert out.shape == layer.expected(x).shape == layer(x).shape == (*shape, 4)
    rows = flat.forward({name: value.reshape(-1, 4) for name, value in x.items()})
    np.testing.assert_array_equal(out.reshape(-1, 4), rows)


@pytest.mark.parametrize("share_select", ["layer", "feature"])
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_the_split_of_a_batch_does_not_matter(generator, share_select, monkeypatch):
    x = senses((7,), "split")
    options = {"length": 130, "generator": generator, "encoding": "split", "share_select": share_select, "seed": 5}
    whole, parts, alone, pieces = (build(**options) for _ in range(4))
    wanted = whole.forward(x)
    halves = [parts.forward({name: value[rows] for name, value in x.items()}) for rows in (slice(3), slice(3, 7))]
    np.testing.assert_array_equal(np.concatenate(halves), wanted)
    np.testing.assert_array_equal(
        [alone.forward({name: value[b] for name, value in x.items()}) for b in range(7)], wanted
    )
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    np.testing.assert_array_equal(pieces.forward(x), wanted)


# ------------------------------------------------------------ the laws


VALUES = {"visual": 0.875, "touch": 0.25, "audio": 0.125}
SIGNED = {"visual": 0.875, "touch": -0.25, "audio": -0.125}
MEAN, SIGNED_MEAN = 0.3 * 0.875 + 0.2 * 0.25 + 0.5 * 0.125, 0.3 * 0.875 - 0.2 * 0.25 - 0.5 * 0.125


def test_expected_is_the_weighted_mean():
    half_step = 2.0**-33
    assert build(bits=32).expected(constant(VALUES)) == pytest.approx(np.full(4, MEAN), abs=3 * half_step)
    for encoding in ("bipolar", "split"):
        layer = build(encoding=encoding, bits=32)
        assert layer.expected(constant(SIGNED)) == pytest.approx(np.full(4, SIGNED_MEAN), abs=4 * half_step)
        x = senses((6,), encoding)
        want = 0.3 * x["visual"] + 0.2 * x["touch"] + 0.5 * x["audio"]
        np.testing.assert_allclose(layer.expected(x), want, rtol=0, atol=6 * half_step)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_fused_stream_is_binomial(encoding):
    """Split: its positive part, since negative features are left out."""
    rows, length = 3000, 128
    values, m = (SIGNED, SIGNED_MEAN) if encoding == "bipolar" else (VALUES, MEAN)
    p_values = []
    for bias in (0, 2**-4):
        layer = build({**WEIGHTS, "visual": 3 * (1 + bias)}, length, encoding=encoding, seed=6)
        p, out = m, layer.forward(constant(values, rows))[:, 0]
        if encoding == "bipolar":
            p, out = (p + 1) / 2, (out + 1) / 2
        p_values.append(binomial_p_value(round(out.sum() * length), rows * length, p))
    assert p_values[0] > FALSE_ALARM > p_values[1]


@pytest.mark.parametrize("share", ["independent", "one"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_variance_of_bernoulli_streams(encoding, share):
    """Whatever the correlation of the inputs, since a cycle passes one; a Sobol select is the twin."""
    rows, length = 6000, 200
    values = VALUES if encoding == "unipolar" else SIGNED
    law = {
        "unipolar": MEAN * (1 - MEAN),
        "bipolar": 1 - SIGNED_MEAN**2,
        "split": MEAN - SIGNED_MEAN**2,  # MEAN is also that of the magnitudes
    }[encoding]
    p_values = []
    for select in (None, "sobol"):
        layer = build(length=length, encoding=encoding, share=share, select_generator=select, seed=7)
        p_values.append(variance_p_value(layer.forward(constant(values, rows))[:, 0], law / length))
    assert p_values[0] > FALSE_ALARM > p_values[1]


def test_variance_with_a_low_discrepancy_select():
    """Each modality gets its share of the cycles exactly: the spread between modalities is gone."""
    rows, length, weights = 6000, 256, {"visual": 0.25, "audio": 0.75}
    law = sum(weights[name] * VALUES[name] * (1 - VALUES[name]) for name in weights)
    p_values = []
    for select in ("sobol", None):
        layer = build(weights, length, select_generator=select, seed=8)
        p_values.append(variance_p_value(layer.forward(constant(VALUES, rows))[:, 0], law / length))
    assert p_values[0] > FALSE_ALARM > p_values[1]


def errors(lengths, **options):
    """Root mean square error over inputs at each length."""
    x = senses((200,), seed=9)
    layers = [build(length=length, seed=9, **options) for length in lengths]
    return np.array([np.sqrt(((layer.forward(x) - layer.expected(x)) ** 2).mean()) for layer in layers])


def test_a_low_discrepancy_select_errs_less_and_falls_faster():
    lengths = [64, 256, 1024, 4096]
    both, features_only, neither = (
        errors(lengths, generator=generator, select_generator=select)
        for generator, select in (("sobol", None), ("sobol", "bernoulli"), ("bernoulli", None))
    )
    slope = [np.polyfit(np.log(lengths), np.log(each), 1)[0] for each in (both, features_only, neither)]
    assert slope[0] < -0.8
    assert slope[1:] == pytest.approx([-0.5, -0.5], abs=0.08)
    assert (both < features_only / 2.5).all()
    assert (features_only < neither).all()


@pytest.mark.parametrize("share_select", ["layer", "feature"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", DETERMINISTIC)
def test_deterministic_streams_converge(generator, encoding, share_select):
    x = senses((20,), encoding)
    distances = []
    for length in (64, 4096):
        layer = build(length=length, generator=generator, encoding=encoding, share_select=share_select)
        distances.append(abs(layer.forward(x) - layer.expected(x)).max())
    assert distances[1] < (0.025 if encoding == "bipolar" else 0.015)
    assert distances[1] < distances[0] / 4


@pytest.mark.parametrize("generator", ["lfsr", "sobol", "vdc", "ramp"])
def test_a_full_period_gives_each_modality_its_cycles(generator):
    for name, weight in {"visual": 3, "touch": 2, "audio": 11}.items():
        layer = build({"visual": 3, "touch": 2, "audio": 11}, generator=generator)
        x = constant({each: float(each == name) for each in WEIGHTS})
        np.testing.assert_array_equal(layer.forward(x), np.full(4, weight / 16))


def test_who_shares_a_select_number_errs_alike():
    x = constant({"visual": 1.0, "touch": 0.0, "audio": 0.0})
    assert len(set(build(seed=1).forward(x))) == 1
    assert len(set(build(seed=1, share_select="feature").forward(x))) > 1
    assert len(set(build(generator="sobol", length=100).forward(x))) == 1
    assert len(set(build(generator=Sobol(7), length=100, share_select="feature").forward(x))) > 1


def test_features_share_errors_with_one_generator():
    x = constant({"visual": 0.5, "touch": 0.5, "audio": 0.5})
    assert len(set(build(seed=1, share="one").forward(x))) == 1
    assert len(set(build(seed=1).forward(x))) > 1


@pytest.mark.parametrize(("generator", "select"), [("sobol", None), (Sobol(3), None), ("bernoulli", Sobol(3))])
def test_quantisation_of_features_and_weights(generator, select):
    bits = 3 if generator == "sobol" else None
    layer = build({"visual": 0.3, "audio": 0.7}, 4096, generator=generator, select_generator=select, bits=bits, seed=2)
    fine = build({"visual": 0.3, "audio": 0.7}, 4096, generator="sobol")
    x = constant({"visual": 0.57, "audio": 0.2})
    values = np.round(np.array([0.57, 0.2]) * (1 << layer.generator.bits)) / (1 << layer.generator.bits)
    law = 2 / 8 * values[0] + 6 / 8 * values[1]
    assert layer.expected(x) == pytest.approx(np.full(4, law))
    share, loud, quiet = (round(number * 4096) / 4096 for number in (0.3, 0.57, 0.2))
    assert fine.expected(x) == pytest.approx(np.full(4, share * loud + (1 - share) * quiet))
    assert abs(layer.forward(x) - law).max() < (0.04 if generator == "bernoulli" else 0.002)
    assert abs(fine.forward(x) - 0.311).max() < 0.002


# ------------------------------------------------------------ modalities


def test_weights_are_normalised():
    assert build().norm_weights == {"visual": 0.3, "touch": 0.2, "audio": 0.5}
    assert build({"touch": np.float32(2.5)}).norm_weights == {"touch": 1.0}
    x = senses((3,))
    np.testing.assert_array_equal(
        build(seed=1).forward(x), build({"visual": 30, "touch": 20, "audio": 50}, seed=1).forward(x)
    )
    assert (build().n_features, build({"map": 1, "touch": 0}).n_features) == (4, 9)


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_a_modality_without_a_weight_is_not_wired(generator):
    x = senses((3,))
    del x["touch"]
    layers = [
        build(weights, generator=generator, seed=1)
        for weights in ({"visual": 1, "audio": 2}, {"visual": 1, "touch": 0, "audio": 2})
    ]
    wanted = layers[0].forward(x)
    np.testing.assert_array_equal(layers[1].forward(x | {"map": np.ones((3, 9)), "touch": np.ones((3, 4))}), wanted)
    assert layers[1].norm_weights == {"visual": 1 / 3, "touch": 0.0, "audio": 2 / 3}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("absent", WEIGHTS)
def test_the_others_take_the_cycles_of_a_missing_modality(absent, encoding):
    x = {name: value for name, value in senses((5,), encoding).items() if name != absent}
    weights = {name: weight for name, weight in WEIGHTS.items() if name != absent}
    layer = build(length=1000, generator="sobol", encoding=encoding, missing="renormalise")
    wanted = build(weights, 1000, generator="sobol", encoding=encoding)
    np.testing.assert_allclose(layer.expected(x), wanted.expected(x), atol=1e-15)
    np.testing.assert_array_equal(layer.forward(x), wanted.forward(x))  # deterministic sources are shared
    assert layer.norm_weights == build().norm_weights
    full = senses((5,), encoding)
    np.testing.assert_array_equal(
        layer.forward(full), build(length=1000, generator="sobol", encoding=encoding).forward(full)
    )


def test_a_missing_modality_leaves_a_binomial_stream():
    rows, length, m = 3000, 100, (0.2 * 0.25 + 0.5 * 0.125) / 0.7
    x = constant({"touch": 0.25, "audio": 0.125}, rows)
    p_values = [
        binomial_p_value(
            round(build(weights, length, missing="renormalise", seed=3).forward(x)[:, 0].sum() * length),
            rows * length,
            m,
        )
        for weights in (WEIGHTS, {**WEIGHTS, "touch": 2.5})
    ]
    assert p_values[0] > FALSE_ALARM > p_values[1]


# ------------------------------------------------------------ every keyword has an effect


@pytest.mark.parametrize(
    "change",
    [
        {"fusion_weights": {**WEIGHTS, "touch": 3}},
        {"input_dims": dict.fromkeys(DIMS, 3)},
        {"length": 101},
        {"generator": "lfsr"},
        {"encoding": "unipolar"},
        {"encoding": "split"},
        {"share_select": "feature"},
        {"select_generator": "ramp"},
        {"share": "shift"},
        {"share": "rotate"},
        {"bits": 3},
        {"generator": "bernoulli", "seed": 4},
    ],
    ids=str,
)
def test_every_keyword_has_an_effect(change):
    base = {"input_dims": DIMS, "fusion_weights": WEIGHTS, "length": 100, "seed": 3}
    base |= {"generator": "sobol", "encoding": "bipolar"}
    outs = []
    for options in (base, base | change):
        layer = SCFusionLayer(**options)
        outs.append(layer.forward({name: value[:, : layer.n_features] for name, value in senses((3,)).items()}))
    assert not np.array_equal(*outs)


def test_independent_lines_have_an_effect():
    """Of an object, since a name has fewer than the 24 lines that this takes."""
    one, independent = (build(length=100, generator=Sobol(7), share=share) for share in ("one", "independent"))
    assert not np.array_equal(one.forward(senses((3,))), independent.forward(senses((3,))))


def test_seeds():
    x = senses((2,))
    for options in ({}, {"generator": "sobol", "select_generator": "bernoulli"}, {"select_generator": "sobol"}):

        def run(seed, options=options):
            return build(seed=seed, **options).forward(x)

        np.testing.assert_array_equal(run(8), run(8))
        np.testing.assert_array_equal(run(8), run(np.random.SeedSequence(8)))
        np.testing.assert_array_equal(run(np.random.default_rng(8)), run(np.random.default_rng(8)))
        assert not np.array_equal(run(8), run(9))
        assert not np.array_equal(run(None), run(None))


def test_global_state_is_neither_read_nor_moved():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    build().forward(senses())
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_reset_rewinds(generator):
    layer, x = build(generator=generator, seed=1), senses((3,))
    first, second = layer.forward(x), layer.forward(x)
    assert np.array_equal(first, second) == (generator == "sobol")
    layer.reset()
    np.testing.assert_array_equal(layer.forward(x), first)


# ------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"input_dims": [4, 4]}, TypeError, "input_dims must be a mapping from names of modalities, got list"),
        ({"input_dims": {}}, ValueError, "input_dims must name at least one modality, got none"),
        ({"input_dims": {1: 4}}, TypeError, "input_dims must have names of modalities as keys, got 1"),
        ({"input_dims": {"a": 0}}, ValueError, "input_dims['a'] must be an integer of at least 1, got 0"),
        ({"input_dims": {"a": 4.0}}, TypeError, "input_dims['a'] must be an integer of at least 1, got 4.0"),
        ({"fusion_weights": 1}, TypeError, "fusion_weights must be a mapping from names of modalities, got int"),
        ({"fusion_weights": {}}, ValueError, "fusion_weights must name at least one modality, got none"),
        (
            {"fusion_weights": {"smell": 1}},
            ValueError,
            "fusion_weights must name modalities of input_dims, got 'smell'",
        ),
        ({"fusion_weights": {"audio": 1, "visual": -0.5}}, ValueError, "fusion_weights must lie in [0, inf], got -0.5"),
        ({"fusion_weights": {"audio": np.nan}}, ValueError, "fusion_weights must be finite, got nan"),
        ({"fusion_weights": {"audio": np.inf}}, ValueError, "fusion_weights must be finite, got inf"),
        (
            {"fusion_weights": {"audio": "a"}},
            TypeError,
            "fusion_weights must be an array of real numbers, got list of <U1",
        ),
        ({"fusion_weights": {"audio": 0}}, ValueError, "fusion_weights must have a positive finite sum, got 0"),
        (
            {"fusion_weights": {"audio": 1e308, "touch": 1e308}},
            ValueError,
            "fusion_weights must have a positive finite sum, got inf",
        ),
        (
            {"fusion_weights": {"audio": 1, "map": 1}},
            ValueError,
            "input_dims of weighted modalities must be equal, got {'audio': 4, 'map': 9}",
        ),
        ({"length": 0}, ValueError, "length must be an integer of at least 1, got 0"),
        ({"generator": 3}, TypeError, "generator must be a name or a Generator, got 3"),
        ({"encoding": "ternary"}, ValueError, "encoding must be one of unipolar, bipolar, split, got 'ternary'"),
        ({"share_select": "all"}, ValueError, "share_select must be one of layer, feature, got 'all'"),
        ({"missing": "zero"}, ValueError, "missing must be one of error, renormalise, got 'zero'"),
        (
            {"select_generator": "mersenne"},
            ValueError,
            f"select_generator must be one of {', '.join(NAMES)}, got 'mersenne'",
        ),
        ({"share": "shift"}, ValueError, "share must be one or independent with a Bernoulli generator, got 'shift'"),
        ({"bits": 0}, ValueError, "bits must be an integer in 1..32, got 0"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        (
            {"generator": UserSequence([0, 1, 2, 3], 2)},
            ValueError,
            "index 1 of a UserSequence needs 2 decorrelated rows here, got 1",
        ),
    ],
    ids=str,
)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        SCFusionLayer(**{"input_dims": DIMS, "fusion_weights": WEIGHTS} | options)


@pytest.mark.parametrize(
    ("generator", "select", "options"),
    [
        ("sobol", "sobol", {}),
        (VanDerCorput(8), Halton(8, 2), {}),  # one sequence under two names
        (VanDerCorput(10), VanDerCorput(6), {}),  # read to another width
        ("lattice", "lattice", {"bits": 12}),
        (make_generator("lattice", 100), make_generator("lattice", 100, 12), {"length": 100}),
        (Sobol(8), Sobol(8, dimension=5), {"share": "independent"}),  # the number of another feature
        (LFSR(8), LFSR(8), {}),
    ],
    ids=str,
)
def test_a_select_source_must_be_another(generator, select, options):
    wanted = re.compile(r"^select_generator must be a different source from that of the features, got .* with .*$")
    with pytest.raises(ValueError, match=wanted):
        build(generator=generator, select_generator=select, **options)


@pytest.mark.parametrize("length", [1, 2, 3, 64])
@pytest.mark.parametrize("select", [None, "sobol", "halton", "ramp", "bernoulli"])
def test_other_select_sources_are_accepted_at_every_length(select, length):
    for generator in ("lfsr", "bernoulli"):
        build(length=length, generator=generator, select_generator=select).forward(senses())
    build(length=length, generator=Sobol(8), share="independent", select_generator=Sobol(8, dimension=4))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"audio": None}, ValueError, "inputs must have every weighted modality, got none for audio"),
        (dict.fromkeys(WEIGHTS), ValueError, "inputs must name at least one modality, got none"),
        ({"smell": np.ones(4)}, ValueError, "inputs must name modalities of input_dims, got 'smell'"),
        ({"audio": np.ones(3)}, ValueError, "inputs['audio'] must have shape (..., 4), got (3,)"),
        ({"audio": 0.5}, ValueError, "inputs['audio'] must have shape (..., 4), got ()"),
        ({"map": np.ones(4)}, ValueError, "inputs['map'] must have shape (..., 9), got (4,)"),
        ({"audio": [0, 0, 0, 1.5]}, ValueError, "inputs['audio'] must lie in [0, 1], got 1.5"),
        ({"audio": [0, 0, 0, -0.5]}, ValueError, "inputs['audio'] must lie in [0, 1], got -0.5"),
        ({"audio": [0, 0, 0, np.nan]}, ValueError, "inputs['audio'] must be finite, got nan"),
        ({"audio": ["a"] * 4}, TypeError, "inputs['audio'] must be an array of real numbers, got list of <U1"),
        (
            {"audio": np.ones((3, 4))},
            ValueError,
            "inputs must have equal batch axes, got {'touch': (), 'visual': (), 'audio': (3,)}",
        ),
    ],
    ids=str,
)
def test_bad_inputs(change, error, message):
    layer = build()
    x = {name: value for name, value in (senses() | change).items() if value is not None}
    for call in (layer.forward, layer.expected):
        with pytest.raises(error, match=f"^{re.escape(message)}$"):
            call(x)
    assert layer.samples == 0


def test_inputs_are_a_mapping_and_have_something_to_fuse():
    layer = build(missing="renormalise")
    with pytest.raises(TypeError, match=r"^inputs must be a mapping from names of modalities, got ndarray$"):
        layer.forward(np.ones(4))
    wanted = r"^inputs must have a weighted modality, got none for visual, touch, audio$"
    with pytest.raises(ValueError, match=wanted):
        layer.forward({"map": np.ones(9)})


# ------------------------------------------------------------ state


STATES = [
    {},
    {"share_select": "feature", "encoding": "split"},
    {"generator": "sobol", "share": "shift", "missing": "renormalise"},
    {"select_generator": "halton"},
]


@pytest.mark.parametrize("options", STATES, ids=str)
def test_a_state_goes_on_with_the_same_streams(options):
    layer = build(seed=1, **options)
    other = build({"visual": 1, "touch": 0, "audio": 1}, seed=2, **options)
    x = senses((3,))
    layer.forward(x)
    state = layer.state_dict()
    other.load_state_dict(state)
    restored = pickle.loads(pickle.dumps(layer))
    wanted = layer.forward(x)
    for each in (other, restored):
        np.testing.assert_array_equal(each.forward(x), wanted)
    layer.load_state_dict(state)
    np.testing.assert_array_equal(layer.forward(x), wanted)
    assert repr(restored) == repr(other) == repr(layer)
    assert restored.samples == layer.samples == 6
    assert other.norm_weights == layer.norm_weights


def test_a_wrong_state_changes_nothing():
    layer, x = build(seed=1), senses((3,))
    layer.forward(x)
    state, twin = build(seed=2).state_dict(), copy.deepcopy(layer)
    for change, message in [
        ({"extra": 1}, r"^state must have the keys of state_dict\(\); missing \[\], unknown \['extra'\]$"),
        ({"samples": -1}, r"^samples must be an integer of at least 0, got -1$"),
        ({"fusion_weights": [1.0, 2.0]}, r"^fusion_weights must have shape \(3\), got \(2,\)$"),
        ({"fusion_weights": [1.0, 2.0, -1.0]}, r"^fusion_weights must lie in \[0, inf\], got -1.0$"),
        ({"fusion_weights": [0.0, 0.0, 0.0]}, r"^fusion_weights must have a positive finite sum, got 0$"),
    ]:
        with pytest.raises(ValueError, match=message):
            layer.load_state_dict(state | change)
    assert layer.norm_weights == twin.norm_weights
    np.testing.assert_array_equal(layer.forward(x), twin.forward(x))


@pytest.mark.parametrize("options", STATES, ids=str)
def test_weights_are_edited_and_assigned(options):
    """The next call is that of a layer made with these weights, also where a modality is wired or cut off."""
    x = senses((3,))
    for weights in ({"visual": 5, "touch": 2, "audio": 0}, {"visual": 0, "touch": 1, "audio": 1}):
        edited, assigned, twin = build(seed=1, **options), build(seed=1, **options), build(weights, seed=1, **options)
        edited.fusion_weights.update(weights)
        assigned.fusion_weights = weights
        wanted = twin.forward(x)
        for layer in (edited, assigned):
            np.testing.assert_array_equal(layer.forward(inputs=x), wanted)
            assert layer.norm_weights == twin.norm_weights
            assert layer.state_dict()["fusion_weights"].tolist() == list(weights.values())
            layer.reset()
            np.testing.assert_array_equal(layer.forward(x), wanted)
            layer.reset(weights=True)
            np.testing.assert_array_equal(layer.forward(x), build(seed=1, **options).forward(x))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"visual": -1.0}, r"^fusion_weights must lie in \[0, inf\], got -1.0$"),
        ({"visual": np.nan}, r"^fusion_weights must be finite, got nan$"),
        ({"smell": 1.0}, r"^fusion_weights must name visual, touch, audio, got visual, touch, audio, smell$"),
        ({"visual": 0, "touch": 0, "audio": 0}, r"^fusion_weights must have a positive finite sum, got 0$"),
    ],
)
def test_wrong_weights_are_refused_before_anything_moves(weights, message):
    layer, x = build(seed=1), senses((3,))
    with pytest.raises(ValueError, match=message):
        layer.fusion_weights = layer.fusion_weights | weights
    layer.fusion_weights.update(weights)
    for call in (layer.forward, layer.expected, layer.streams):
        with pytest.raises(ValueError, match=message):
            call(x)
    assert layer.samples == 0
    for name in ("norm_weights", "input_dims"):
        with pytest.raises(TypeError, match="does not support item assignment"):
            getattr(build(), name)["visual"] = 1


@pytest.mark.parametrize("options", STATES, ids=str)
def test_repr(options):
    layer = build(**options)
    text = repr(layer)
    assert "\n" not in text
    assert text.startswith("SCFusionLayer(0.3 visual + 0.2 touch + 0.5 audio -> 4, length=256, ")
    for part in (
        repr(layer.generator),
        f"encoding={layer.encoding!r}",
        f"per {layer.share_select}",
        f"missing={layer.missing!r}",
        "backend='numba'",
    ):
        assert part in text
    assert f"select={make_generator('halton', 256).decorrelated(0)!r} " in repr(build(select_generator="halton"))
    assert f"select={make_generator('sobol', 256).decorrelated(1)!r} " in repr(build(generator="sobol"))
