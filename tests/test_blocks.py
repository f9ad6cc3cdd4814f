"""What is computed in blocks is the same, however small the blocks are: for every layer, accumulation and gate."""

from importlib.util import find_spec

import numpy as np
import pytest

import sc_neurocore as sc
from sc_neurocore import bitstreams, chunks, encoders, gates
from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.gates.faults import Faults
from sc_neurocore.layers.dendrites.bank import DendriteBank
from sc_neurocore.networks import FixedPoint
from sc_neurocore.synapses.conductance_laws import FlickerNoise

ACCUMULATES = ("mean", "sum", "saturate", "or", "mux")
ENCODINGS = ("unipolar", "bipolar", "split")
BLOCKS = (1, 700, 5000)
"""Sizes of a block in bytes: one number, a few, some of the streams below."""


def rng():
    return np.random.default_rng(0)


def values(encoding, *shape):
    return rng().uniform(0 if encoding == "unipolar" else -1, 1, shape)


def streams(encoding, length, *shape):
    rails = (2,) if encoding == "split" else ()
    return Bitstream.from_bits(rng().random((*rails, *shape, length)) < rng().random((*shape, 1)), encoding)


def same_in_blocks(monkeypatch, make, x, calls=("forward", "expected")):
    """Outputs of new layers ``make()`` are the same with small blocks as without; expectations but for their sums."""
    whole = {call: getattr(make(), call)(x) for call in calls}
    for size in BLOCKS:
        with monkeypatch.context() as patch:
            patch.setattr(chunks, "CHUNK_BYTES", size)
            for call in calls:
                found = getattr(make(), call)(x)
                if call == "expected":  # products of matrices, whose sums are in another order
                    np.testing.assert_allclose(found, whole[call], rtol=1e-13, atol=1e-15)
                else:
                    np.testing.assert_array_equal(found, whole[call])


OPTIONS = pytest.mark.parametrize(
    "options",
    [
        {"generator": "sobol"},
        {"generator": "bernoulli"},
        {"generator": "bernoulli", "weight_streams": "stored"},
        {"generator": "sobol", "share": "rotate"},
        {"generator": "sobol", "share": "shift"},
        {"generator": encoders.Sobol(7), "share": "independent"},
    ],
    ids=lambda options: " ".join(map(str, options.values())),
)
EVERY = [(accumulate, encoding) for accumulate in ACCUMULATES for encoding in ENCODINGS]


def skip_in_vain(options, accumulate):
    """A total does not change where inputs and weights turn together: that is an error."""
    if options.get("share") == "rotate" and accumulate in ("sum", "mean"):
        pytest.skip("rotated sequences change no total")


def calls_of(options, accumulate):
    """`expected` has a closed form for the OR of independent streams, and of those of one sequence."""
    closed = accumulate != "or" or options.get("share", "one") in ("one", "independent")
    return ("forward", "expected") if closed else ("forward",)


@OPTIONS
@pytest.mark.parametrize(("accumulate", "encoding"), EVERY)
@pytest.mark.parametrize("sparse", [False, True])
def test_dense_layers(accumulate, encoding, options, sparse, monkeypatch):
    skip_in_vain(options, accumulate)
    wires = {"sparse": True, "connectivity": 0.5} if sparse else {}
    bias = values(encoding, 7)

    def make():
        return sc.VectorizedSCLayer(
            9, 7, 100, accumulate=accumulate, encoding=encoding, bias=bias, seed=1, **options, **wires
        )

    same_in_blocks(monkeypatch, make, values(encoding, 5, 9), calls_of(options, accumulate))


@OPTIONS
@pytest.mark.parametrize(("accumulate", "encoding"), EVERY)
def test_convolutions(accumulate, encoding, options, monkeypatch):
    def make():
        return sc.SCConv2DLayer(
            2, 4, 2, padding=1, length=70, groups=2, accumulate=accumulate, encoding=encoding,
            bias=values(encoding, 4), seed=1, **options,
        )  # fmt: skip

    same_in_blocks(monkeypatch, make, values(encoding, 3, 2, 4, 3), calls_of(options, accumulate))


@pytest.mark.parametrize(("accumulate", "encoding"), EVERY)
def test_product_flips(accumulate, encoding, monkeypatch):
    options = {"accumulate": accumulate, "encoding": encoding, "faults": Faults(product_flips=0.1), "seed": 1}
    for generator in ("sobol", "bernoulli"):

        def dense(generator=generator):
            return sc.VectorizedSCLayer(9, 7, 100, sparse=True, connectivity=0.6, generator=generator, **options)

        def convolution(generator=generator):
            return sc.SCConv2DLayer(2, 4, 2, length=70, groups=2, generator=generator, **options)

        same_in_blocks(monkeypatch, dense, values(encoding, 5, 9), ("forward",))
        same_in_blocks(monkeypatch, convolution, values(encoding, 3, 2, 4, 3), ("forward",))


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", ["average", "max"])
def test_pools(kind, encoding, monkeypatch):
    def make():
        return sc.SCPool2D(kind, 3, 2, length=70, encoding=encoding, seed=1)

    same_in_blocks(monkeypatch, make, values(encoding, 3, 2, 6, 5))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_fusion(encoding, monkeypatch):
    def make():
        return sc.SCFusionLayer({"a": 9, "b": 9}, {"a": 1, "b": 2}, 100, encoding=encoding, seed=1)

    x = values(encoding, 2, 6, 9)
    same_in_blocks(monkeypatch, make, {"a": x[0], "b": x[1]})


def test_attention(monkeypatch):
    q, k, v = (rng().random(shape) for shape in ((2, 5, 3), (2, 6, 3), (2, 6, 4)))
    mask = rng().random((2, 5, 6)) < 0.7

    def results():
        attention = sc.StochasticAttention(3, seed=1)
        names = ("forward", "forward_softmax", "expected", "forward_bitstream")
        return [getattr(attention, name)(q, k, v, mask=mask) for name in names]

    whole = results()
    for size in BLOCKS:
        monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
        for found, wanted in zip(results(), whole, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)


def test_networks_in_floating_point(monkeypatch):
    conv = sc.Conv2D(rng().normal(size=(4, 1, 3, 3)), np.ones(4), "relu", groups=2, padding=1, stride=2)
    net = sc.Network.from_layers(
        [conv, sc.Pool2D("average", 3, 1), sc.Dense(np.ones((2, 36)), np.zeros(2), "relu")], input_shape=(2, 9, 9)
    )
    x = rng().random((3, 162))
    whole = net.float_forward(x)
    for size in BLOCKS:
        monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
        np.testing.assert_allclose(net.float_forward(x), whole, rtol=1e-13)


# ---------------------------------------------------------------- streams and gates


def of_streams():
    """Results of functions of streams: of correlations and gates, and of encoders."""
    for length in (1, 65, 200):
        a, b = streams("unipolar", length, 4, 3), streams("unipolar", length, 5, 1, 3)
        yield bitstreams.scc(a, b)
        yield bitstreams.stability(a, 0.01)
        yield from (bitstreams.autocorrelation(a, lag) for lag in {1, min(64, length), length // 2 or 1, length})
    for encoding in ENCODINGS:
        many = streams(encoding, 100, 3, 2, 5)
        select = rng().integers(0, 2**32, (4, 1, 2, 100), np.uint32)
        yield gates.saturating_sum(many)
        yield gates.mux(many, select).words
        yield gates.mux(many, select[0, 0, 0]).words
        yield gates.weighted_mux(many, streams("unipolar", 100, 2, 5)).words
        if encoding != "bipolar":
            yield gates.or_gate(many).words
        image = streams(encoding, 70, 2, 3, 5, 6)
        yield gates.max_pool(image, 3, stride=2).words
        yield gates.average_pool(image, 2, rng().integers(0, 2**32, (2, 1, 70), np.uint32)[:, 0]).words
        for generator, share in (
            ("bernoulli", None),
            ("sobol", "one"),
            ("sobol", "shift"),
            (encoders.Sobol(7), "independent"),
        ):
            encoder = encoders.Encoder(7, 100, generator, encoding, share=share, seed=1)
            yield encoder.encode(values(encoding, 3, 2, 7)).words
            yield encoder.window(values(encoding, 3, 7), np.arange(3), 64, 200).words
    x = rng().uniform(-1, 1, (3, 2))
    yield gates.sexp_expected(x, 8, 2)
    yield gates.square_root_expected(np.abs(x), 6)


def test_functions_of_streams(monkeypatch):
    whole = list(of_streams())
    assert len(whole) > 40
    for size in BLOCKS:
        monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
        for found, wanted in zip(of_streams(), whole, strict=True):
            np.testing.assert_array_equal(found, wanted)


# ---------------------------------------------------------------- layers with a state, memristors, records


def of_states():
    """Results of what keeps a state from step to step, of memristors, records and networks in fixed point."""
    x, wave = rng().random((3, 150, 4)), streams("unipolar", 150, 3, 4)
    for reversal in (None, 1.0):
        tree = sc.RallDendrite(4, reversal=reversal)
        yield tree.run(x, soma_current=x[..., 0])
        yield tree.run(wave)
        yield np.asarray(tree.step(wave))
        yield tree.branch_voltages
        yield tree.response(x, hold=2)
        yield tree.response(wave)
        yield DendriteBank(2, 50.0, n_branches=2, reversal=reversal).apply_bitstream(wave)
    yield sc.RallDendrite(4).run(streams("split", 150, 3, 4))
    for rule in ("pair", "reward"):
        layer = sc.SCLearningLayer(4, 3, length=70, rule=rule, seed=0)
        reward = {} if rule == "pair" else {"reward": rng().random((2, 5, 70))}
        yield layer.run_epoch(x[:2, :5], **reward)
        yield layer.run_epoch(rng().random((5, 70, 4)) < 0.5, spikes=True)
        yield layer.weights
    layer = sc.SCDenseLayer(3, rng().random((2, 4)), rng().random((3, 4)), 0, 1, 0, 1, seed=0)
    layer.run(700)
    yield layer.get_spike_trains()
    yield from layer.recorders.raster()
    yield layer.recorders.intervals_ms()
    if find_spec("jax"):
        yield sc.JaxSCDenseLayer(4, 2, neuron_params={"noise_std": 0.1}, seed=0).run(x)
    cells = sc.MemristorModel(
        levels=16, variability=0.1, distribution="lognormal", stuck_low_rate=0.1, drift_exponent=0.05, drift_time=100.0,
        read_noise=FlickerNoise(scale=0.01, power=0.5, ceiling=0.03, read_time=1.0, first_time=1.0),
    )  # fmt: skip
    w = values("split", 9, 8)
    defects = cells.defects(w.shape, seed=0, pairs=True)
    yield cells.program(w, defects)
    yield cells.read_sigma(w, defects)
    yield cells.read_probability(w, "split")
    yield cells.read_probability(w, "bipolar", sigma=np.abs(w))
    convolution = sc.Conv2D(rng().normal(size=(4, 1, 3, 3)), np.ones(4), "relu", groups=2, padding=1)
    network = sc.Network.from_layers(
        [convolution, sc.Dense(np.ones((2, 324)), np.zeros(2), "relu")], input_shape=(2, 9, 9)
    )
    for bits in (6, 8):
        for faults in (None, Faults(product_flips=0.1, weight_flips=0.1, input_flips=0.1)):
            yield FixedPoint(network, bits, faults).forward(rng().random((3, 162)))
    attention = sc.StochasticAttention(3, seed=1)
    yield attention.forward_bitstream(rng().random((4, 2, 5, 3)), rng().random((2, 6, 3)), rng().random((6, 4)))


def test_what_has_a_state(monkeypatch):
    whole = list(of_states())
    assert len(whole) > 30
    for size in BLOCKS:
        monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
        for found, wanted in zip(of_states(), whole, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_blocks_are_as_small_as_it_is_said(monkeypatch):
    """The comparison above compares something: with small blocks, kernels are called for a neuron, for a window."""
    from sc_neurocore.backends import choose

    kernels, shapes = choose(), []
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    saturated = kernels.saturate

    def saturate(*arguments):
        out = saturated(*arguments)
        shapes.append(out.shape)
        return out

    monkeypatch.setattr(kernels, "saturate", saturate)
    sc.VectorizedSCLayer(4, 3, 64, accumulate="saturate", seed=0).forward(rng().random((2, 4)))
    sc.SCConv2DLayer(1, 2, 2, length=64, accumulate="saturate", seed=0).forward(rng().random((1, 3, 3)))
    assert shapes == [(1, 1, 1)] * (2 * 3 + 4 * 2)
