"""`streams` of every layer: what the gates of the next `forward` meet, decoded by plain NumPy gates."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from layer_helpers import (
    ACCUMULATES,
    ENCODINGS,
    bits_and_select,
    inputs,
    neuron_output,
    outputs_from_bits,
    rail_bits,
    seeds_of,
)

from sc_neurocore import (
    Bitstream,
    Dendrite,
    Faults,
    HardwareAwareSCLayer,
    Inhibition,
    KWinners,
    MemristiveDenseLayer,
    MemristorModel,
    Network,
    PredictiveCoding,
    RallDendrite,
    SCConv2DLayer,
    SCFusionLayer,
    SCPool2D,
    SpikingDense,
    VectorizedSCLayer,
)
from sc_neurocore.encoders.select import SelectSource

LENGTH = 70
STREAMS = [
    {"generator": "bernoulli"},
    {"generator": "bernoulli", "faults": Faults(input_flips=0.1, weight_flips=0.05, stuck_lines=0.2)},
    {"generator": "sobol"},
    {"generator": "sobol", "faults": Faults(input_flips=0.1, dead_generator="weights")},
]
GENERATED = pytest.mark.parametrize("options", STREAMS, ids=str)
WIRING = pytest.mark.parametrize("wiring", [{}, {"sparse": True, "connectivity": 0.6}, {"biased": True}], ids=str)


def dense(encoding, accumulate, *, biased=False, kind=VectorizedSCLayer, **options):
    bias = inputs(3, encoding, 9) if biased else None
    return kind(5, 3, LENGTH, encoding=encoding, accumulate=accumulate, bias=bias, seed=1, **options)


def checked(layer, x):
    """Streams of `x`, asked for twice: the layer is as it was."""
    before = layer.state_dict()
    found, again = layer.streams(x), layer.streams(x)
    for one, other in zip(found, again, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert isinstance(one, Bitstream)
            np.testing.assert_array_equal(one.words, other.words)
    after = layer.state_dict()
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name])
    return found


# ---------------------------------------------------------------- weighted sums


@WIRING
@GENERATED
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_dense_and_sparse(encoding, accumulate, options, wiring):
    layer = dense(encoding, accumulate, **options, **wiring)
    untouched = copy.deepcopy(layer)
    x = inputs((4, 5), encoding, 2)
    for part in (x[:1], x[1:]):  # the second call meets what the generators make then
        checked(layer, part)
        want = outputs_from_bits(layer, *bits_and_select(layer, part))
        got = layer.forward(part)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-13)
        np.testing.assert_array_equal(untouched.forward(part), got)


@pytest.mark.parametrize("kind", [MemristiveDenseLayer, HardwareAwareSCLayer])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_crossbars(encoding, kind):
    device = MemristorModel(read_noise=0.1, levels=9)
    layer = dense(encoding, "sum", kind=kind, device=device, stuck_rate=0.2, variability=0.1, generator="sobol")
    x = inputs((3, 5), encoding, 2)
    assert checked(layer, x).weights.shape == (3, 3, 5)  # read anew for every sample
    want = outputs_from_bits(layer, *bits_and_select(layer, x))
    np.testing.assert_allclose(layer.forward(x), want, rtol=0, atol=1e-13)


@GENERATED
@WIRING
def test_shapes_of_dense_streams(options, wiring):
    layer = dense("split", "sum", **options, **wiring)
    lines, synapses = (6, (3, 6)) if layer.bias is not None else (5, (3, 5))
    if layer.sparse:
        synapses = (layer.weights_csr.nnz,)
    own = options["generator"] == "bernoulli"
    for batch in ((), (1,), (2, 3), (0,)):
        streams = checked(layer, inputs((*batch, 5), "split"))
        assert streams.inputs.shape == (*batch, lines)
        assert streams.weights.shape == ((*batch, *synapses) if own else synapses)
        assert streams.inputs.encoding == streams.weights.encoding == "split"
        assert streams.inputs.length == LENGTH
    with pytest.raises(ValueError, match=r"^input_values must have shape \(\.\.\., 5\), got \(4,\)$"):
        layer.streams(np.zeros(4))


@GENERATED
@pytest.mark.parametrize(
    "geometry", [{}, {"padding": 1, "bias": [0.5, 0.25]}, {"groups": 2, "stride": (1, 2)}], ids=str
)
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_convolutions(encoding, accumulate, geometry, options):
    layer = SCConv2DLayer(
        2, 2, 2, length=LENGTH, encoding=encoding, accumulate=accumulate, seed=1, **geometry, **options
    )
    x = inputs((3, 2, 3, 4), encoding, 3)
    layer.forward(x[:1])
    streams = checked(layer, x)
    x_bits, w_bits, select = bits_and_select(layer, x)
    edge = layer.padding[0]
    size = (2, 3 + 2 * edge, 4 + 2 * edge)
    assert streams.inputs.shape == (3, np.prod(size) + (layer.bias is not None))
    pixels = x_bits[:, :, : np.prod(size)].reshape(*x_bits.shape[:2], *size, LENGTH)
    w_bits = w_bits.reshape(*w_bits.shape[:2], 2, layer.fan_in, LENGTH)
    like = SimpleNamespace(length=LENGTH, encoding=encoding, accumulate=accumulate, bias=layer.bias)
    like.n_inputs = layer.kernels[0].size
    got = layer.forward(x)
    for s, o, i, j in np.ndindex(got.shape):
        row, column = i * layer.stride[0], j * layer.stride[1]
        planes = slice(None) if layer.groups == 1 else slice(o, o + 1)
        window = pixels[:, s, planes, row : row + 2, column : column + 2].reshape(len(pixels), -1, LENGTH)
        if layer.bias is not None:
            window = np.concatenate([window, x_bits[:, s, -1:]], axis=1)
        w = w_bits[:, s if w_bits.shape[1] > 1 else 0, o]
        want = neuron_output(window, w, None if select is None else select[s], like)
        assert got[s, o, i, j] == pytest.approx(want, rel=0, abs=1e-13)


def test_image_streams_have_the_batch_axes_of_the_images():
    conv = SCConv2DLayer(2, 3, 2, length=LENGTH, seed=1)
    pool = SCPool2D("average", 2, length=LENGTH, seed=1)
    for batch in ((), (2, 3), (0,)):
        x = inputs((*batch, 2, 3, 4))
        assert checked(conv, x).inputs.shape == (*batch, 24)
        assert conv.streams(x).weights.shape == (*batch, 3, 8)
        assert checked(pool, x).inputs.shape == x.shape
        assert pool.streams(x).weights is None


# ---------------------------------------------------------------- multiplexers


@pytest.mark.parametrize("faults", [None, Faults(input_flips=0.1, stuck_lines=0.2)], ids=str)
@pytest.mark.parametrize("generator", ["bernoulli", "halton"])
@pytest.mark.parametrize("kind", ["average", "max"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_pools(encoding, kind, generator, faults):
    layer = SCPool2D(kind, 2, length=LENGTH, generator=generator, encoding=encoding, seed=1, faults=faults)
    x = inputs((3, 2, 4, 4), encoding, 3)
    layer.forward(x[:1])
    bits = rail_bits(checked(layer, x).inputs)
    windows = bits.reshape(len(bits), 3, 2, 2, 2, 2, 2, LENGTH).swapaxes(4, 5).reshape(len(bits), 3, 2, 2, 2, 4, LENGTH)
    if kind == "max":  # the largest is an OR of positive rails, and an AND of negative ones
        joined = np.stack([windows[0].max(4), *(rail.min(4) for rail in windows[1:])])
    else:
        source = SelectSource(layer.generator, 1, LENGTH, seeds_of(layer).key("select"))
        chosen = source(np.arange(layer.samples, layer.samples + 3)).astype(np.int64) * 4 >> 32
        joined = np.take_along_axis(windows, chosen[None, :, None, None, None, None], 5)[..., 0, :]
    shares = joined.mean(-1)
    want = shares[0] - shares[1] if encoding == "split" else 2 * shares[0] - 1 if encoding == "bipolar" else shares[0]
    np.testing.assert_allclose(layer.forward(x), want, rtol=0, atol=1e-13)


@pytest.mark.parametrize("share_select", ["layer", "feature"])
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_fusion(encoding, generator, share_select):
    sizes = {"audio": 3, "visual": 3, "touch": 3}
    options = {"encoding": encoding, "generator": generator, "share_select": share_select, "seed": 1}
    layer = SCFusionLayer(sizes, {"audio": 1, "visual": 2, "touch": 1}, LENGTH, **options)
    x = {name: inputs((2, 4, 3), encoding, seed) for seed, name in enumerate(sizes)}
    layer.forward(x)
    streams = checked(layer, x)
    assert streams.inputs.shape == (2, 4, 3, 3)
    features, selects = rail_bits(streams.inputs), streams.weights.bits()
    assert streams.weights.encoding == "unipolar"
    assert selects[..., -1, :].all()  # in every cycle one of the nested streams is one
    first = np.broadcast_to(selects.argmax(-2).reshape(-1, selects.shape[-3], LENGTH), (8, 3, LENGTH))
    lines = features.reshape(len(features), 8, 3, 3, LENGTH)
    passed = np.take_along_axis(lines, first[None, :, :, None], 3)[..., 0, :].mean(-1)
    want = passed[0] - passed[1] if encoding == "split" else 2 * passed[0] - 1 if encoding == "bipolar" else passed[0]
    np.testing.assert_allclose(layer.forward(x), want.reshape(2, 4, 3), rtol=0, atol=1e-13)


# ---------------------------------------------------------------- primitives of networks


def first_layer(spec, generator, n=8, **options):
    """The layer of streams that a specification becomes, for `n` numbers."""
    return Network.from_layers([spec], input_shape=(n,)).circuit(LENGTH, generator, seed=1, **options).layers[0]


PRIMITIVES = {
    "inhibition": Inhibition(0.6, 2),
    "winners": KWinners(3),
    "currents": Dendrite(4, duration=30.0),
    "conductances": Dendrite(4, duration=30.0, reversal=1.5),
    "surprise": PredictiveCoding(np.random.default_rng(2).random((3, 8))),
    "spiking": SpikingDense(np.random.default_rng(3).uniform(0, 0.1, (3, 8)), np.zeros(3), duration=100.0),
}


def inhibited(layer, streams, spec, numbers):
    return layer.primitive.apply_bitstream(streams.inputs, samples=numbers).value()


def winning(layer, streams, spec, numbers):
    """Counters race until the last is full: the first to `length` ones, so all ties but those of equal counts."""
    ones = streams.inputs.bits().sum(-1)
    last = np.argsort(-ones, axis=-1, kind="stable")[:, spec.k :]
    np.put_along_axis(ones, last, 0, -1)
    return ones / LENGTH


def voltages(layer, streams, spec, numbers):
    bits = streams.inputs.bits()
    values = bits[0].astype(float) - bits[1] if streams.inputs.encoding == "split" else bits.astype(float)
    out = np.empty((len(values), 2))
    for s, unit in np.ndindex(*out.shape):
        dendrite = RallDendrite(4, dt=30.0 / LENGTH, reversal=spec.reversal)
        out[s, unit] = dendrite.run(values[s, 4 * unit : 4 * unit + 4].T)[-1]
    return out


def surprises(layer, streams, spec, numbers):
    return (streams.inputs.bits()[:, None] ^ streams.weights.bits()).mean((-1, -2))


def rates(layer, streams, spec, numbers):
    """Euler's method, a cycle at a time, on the products of a cycle."""
    x, w = (rail_bits(each).astype(int) for each in streams)
    x, w = x[0] - x[1], w[0] - w[1]
    w = w if w.ndim == 4 else w[None]
    currents = layer.unit * (x[:, None] * w).sum(2)
    dt, v, spikes = spec.duration / LENGTH, np.zeros(currents.shape[:2]), np.zeros(currents.shape[:2])
    for current in np.moveaxis(currents, -1, 0):
        v = v + (current - v / spec.tau) * dt
        fired = v >= spec.threshold
        v, spikes = np.where(fired, 0.0, v), spikes + fired
    return spikes * 1000.0 / spec.duration


CIRCUITS = {
    "inhibition": inhibited,
    "winners": winning,
    "currents": voltages,
    "conductances": voltages,
    "surprise": surprises,
    "spiking": rates,
}


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
@pytest.mark.parametrize("faults", [None, Faults(input_flips=0.05)], ids=str)
@pytest.mark.parametrize("name", PRIMITIVES)
def test_primitives_of_networks(name, faults, generator):
    spec = PRIMITIVES[name]
    layer, untouched = (first_layer(spec, generator, faults=faults) for _ in range(2))
    x = np.random.default_rng(4).random((5, 8))
    layer.forward(x[:2]), untouched.forward(x[:2])
    streams = checked(layer, x)
    assert streams.inputs.shape == (5, 8)
    assert (streams.weights is None) == (name not in ("surprise", "spiking"))
    want = CIRCUITS[name](layer, streams, spec, np.arange(layer.samples, layer.samples + 5))
    got = layer.forward(x)
    assert np.ptp(got) > 0
    np.testing.assert_allclose(got, want.reshape(got.shape), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(untouched.forward(x), got)
