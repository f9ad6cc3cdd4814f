"""Circuit primitives and spiking neurons as parts: in floating point, and bit for bit against the layers."""

import itertools
import json
import pickle

import numpy as np
import pytest
from safetensors import safe_open
from scipy import stats

from sc_neurocore import (
    Bitstream,
    Dendrite,
    Dense,
    Encoder,
    Inhibition,
    KWinners,
    LateralInhibition,
    Network,
    Pool2D,
    PredictiveCoding,
    PredictiveCodingSCLayer,
    RallDendrite,
    SCDenseLayer,
    SpikingDense,
    WinnerTakeAll,
    chunks,
    gates,
)
from sc_neurocore.gates import Faults
from sc_neurocore.layers.spiking_dense import SpikingDenseLayer
from sc_neurocore.networks import FixedPoint
from sc_neurocore.synapses import MemristorModel

FALSE_ALARM = 1e-9
UNEVEN = (-1, -1, 0, 0)
ROUNDING = 1e-7
"""More than what thresholds of 32 bits change in these networks."""


def rng(seed=0):
    return np.random.default_rng(seed)


def spiking(n_inputs=16, n=5, *, signed=True, **options):
    weights = rng(1).normal(0, 0.05, (n, n_inputs)) if signed else rng(1).uniform(0, 0.03, (n, n_inputs))
    return SpikingDense(weights, np.full(n, 0.05 if signed else 0.01), **{"duration": 200.0, **options})


def surprise(n_inputs=16):
    return PredictiveCoding(rng(2).random((4, n_inputs)))


def network(*parts, shape=(16,), **options):
    return Network.from_layers(parts, input_shape=shape, **options)


NETWORKS = {
    "inhibition": lambda: network(Inhibition(0.6, 2)),
    "inhibition of images": lambda: network(
        Inhibition(0.6, 1, "zero"), Dense(rng().normal(size=(3, 32)), np.zeros(3), "identity"), shape=(2, 4, 4)
    ),
    "winners": lambda: network(KWinners(3)),
    "spiking": lambda: network(spiking(refractory=1.0)),
    "conductances": lambda: network(Dendrite(4, topology=UNEVEN, reversal=(1.0, 2.0, 1.0, -1.0))),
    "currents": lambda: network(Dense(rng().normal(size=(8, 16)), np.zeros(8), "identity"), Dendrite(4)),
    "surprise": lambda: network(surprise()),
}
SMOOTH = [name for name in NETWORKS if name not in ("winners", "spiking")]
EVERY = pytest.mark.parametrize("name", NETWORKS)


def x_for(net, n=12, seed=5):
    return rng(seed).random((n, net.n_inputs))


# ---------------------------------------------------------------- floating point


@pytest.mark.parametrize("boundary", ["wrap", "reflect", "zero"])
def test_inhibition_is_that_of_every_channel(boundary):
    x = rng().random((3, 2, 4, 5))
    part = Inhibition(0.8, 2, boundary)
    each = LateralInhibition(20, 0.8, 2, boundary=boundary, shape=(4, 5))
    for sample, channel in np.ndindex(3, 2):
        np.testing.assert_array_equal(part.forward(x)[sample, channel], each.apply(x[sample, channel]))
    line = LateralInhibition(40, 0.8, 2, boundary=boundary)
    np.testing.assert_array_equal(part.forward(x.reshape(3, 40)), line.apply(x.reshape(3, 40)))


def test_winners_are_of_all_units():
    x = rng().random((3, 2, 4, 5))
    kept = KWinners(4).forward(x)
    assert np.count_nonzero(kept, axis=(1, 2, 3)).tolist() == [4, 4, 4]
    for a, b in zip(x, kept, strict=True):
        assert sorted(b[b > 0]) == sorted(a.ravel())[-4:]
    assert network(KWinners(), Dense(np.eye(40), np.zeros(40), "relu"), shape=(2, 4, 5)).shapes()[1] == (2, 4, 5)


def euler(current, threshold, tau, refractory, duration, steps):
    """Spikes of one neuron, a small step at a time."""
    v, rest, spikes, dt = 0.0, 0, 0, duration / steps
    for _ in range(steps):
        if rest:
            rest -= 1
            continue
        v += (current - v / tau) * dt
        if v >= threshold:
            v, spikes, rest = 0.0, spikes + 1, round(refractory / dt)
    return spikes


@pytest.mark.parametrize("refractory", [0.0, 2.5])
@pytest.mark.parametrize(("threshold", "tau"), [(1.0, 20.0), (0.5, 8.0)])
def test_rates_are_those_of_a_simulated_neuron(threshold, tau, refractory):
    options = {"threshold": threshold, "tau": tau, "refractory": refractory, "duration": 150.0}
    currents = np.array([-0.2, 0.0, threshold / tau, 0.07, 0.0912, 0.13, 0.41])
    part = SpikingDense(currents[:, None], np.zeros(7), **options)
    counts = [euler(current, threshold, tau, refractory, 150.0, 60_000) for current in currents]
    assert (part.forward(np.ones((1, 1)))[0] * 0.15).round(9).tolist() == counts
    assert counts[:3] == [0, 0, 0]
    assert counts[-1] > 10


def test_a_dendrite_is_what_it_is_after_the_window():
    options = {"topology": UNEVEN, "reversal": (1.0, 2.0, 1.0, -1.0)}
    x = rng().random((3, 8))
    part = Dendrite(4, duration=30.0, **options)
    fine = 6000
    for sample, unit in np.ndindex(3, 2):
        drive = np.tile(x[sample, 4 * unit : 4 * unit + 4], (fine, 1))
        at_end = RallDendrite(4, dt=30.0 / fine, **options).run(drive)[-1]
        assert part.forward(x)[sample, unit] == pytest.approx(at_end, rel=1e-5)
    settled = RallDendrite(4, **options).expected(x.reshape(3, 2, 4))
    np.testing.assert_allclose(Dendrite(4, duration=500.0, **options).forward(x), settled, rtol=1e-6)


def test_surprise_is_the_mean_distance():
    part, x = surprise(), rng().random((3, 4, 4))
    want = [[np.mean(np.abs(w - sample.ravel())) for w in part.weights] for sample in x]
    np.testing.assert_allclose(part.forward(x), want, atol=1e-15)


@EVERY
@pytest.mark.parametrize("calibrated", [False, True])
def test_bounds_and_ceilings(name, calibrated):
    net = NETWORKS[name]()
    x = x_for(net, 300)
    if calibrated:
        net = Network.from_layers(net.layers, input_shape=net.input_shape, calibration=x, ceiling_quantile=1.0)
    scale, signed, a = 1.0, False, x.reshape(300, *net.input_shape)
    for part in net.layers:
        a, scale, signed = part.forward(a), part.output_scale(scale, a.shape[1:]), part.gives_signed(signed)
        assert np.abs(a).max() <= scale * (1 + (1e-6 if calibrated else 1e-12))  # measured ones have 7 digits
        assert signed or a.min() >= 0
        if calibrated and part.ceiling is not None:
            assert float(f"{np.abs(a).max():.7g}") == scale


# ---------------------------------------------------------------- circuits and their expectation


@EVERY
@pytest.mark.parametrize("encoding", ["split", "bipolar"])
def test_what_is_expected_is_the_network(name, encoding):
    net = NETWORKS[name]()
    x = x_for(net, 24).reshape(2, 12, -1)
    circuit = net.circuit(64, "bernoulli", encoding=encoding, bits=32)
    np.testing.assert_allclose(circuit.expected(x), net.float_forward(x), rtol=0, atol=ROUNDING)
    assert circuit.forward(x).shape == (2, 12, net.n_outputs)


@pytest.mark.parametrize("generator", ["sobol", "halton", "bernoulli"])
@pytest.mark.parametrize("name", SMOOTH)
def test_streams_converge_to_it(name, generator):
    net = NETWORKS[name]()
    x = x_for(net, 20)
    want = net.float_forward(x)
    short, long = (
        np.sqrt(np.mean((net.circuit(length, generator, seed=3).forward(x) - want) ** 2)) for length in (64, 4096)
    )
    assert long < short / (16 if generator in ("sobol", "halton") else 5)
    assert long < 0.05 * np.abs(want).max()


@pytest.mark.parametrize("name", SMOOTH)
def test_an_lfsr_converges_like_random_bits_or_better(name):
    """A dendrite remembers a part of the period, in which an LFSR is as uneven as random bits.

    Its inputs share that one sequence, so the errors of the four branches add up, to sqrt(4) times those of four
    independent streams at most.
    """
    net = NETWORKS[name]()
    x = x_for(net, 20)
    want = net.float_forward(x)
    lfsr, random = (
        [net.circuit(length, generator, seed=3).forward(x) - want for length in (2048, 4096, 8192)]
        for generator in ("lfsr", "bernoulli")
    )
    assert np.sqrt(np.mean(np.square(lfsr))) < 2 * np.sqrt(np.mean(np.square(random)))
    assert np.sqrt(np.mean(np.square(lfsr))) < 0.05 * np.abs(want).max()


@pytest.mark.parametrize("encoding", ["split", "bipolar", "unipolar"])
@pytest.mark.parametrize("generator", ["sobol", "halton", "bernoulli"])
def test_firing_rates_converge(generator, encoding):
    net = network(spiking(signed=encoding != "unipolar"))
    x = x_for(net, 40)
    want = net.float_forward(x)
    assert want.max() > 100
    short, long = (
        np.abs(net.circuit(length, generator, encoding=encoding, seed=1).forward(x) - want).mean() / 5.0
        for length in (256, 16384)
    )  # in spikes of a window
    assert long < 0.3 * short
    assert long < (1.0 if encoding == "bipolar" else 0.35)


def test_the_right_winners_win_more_often():
    net = network(KWinners(3))
    x = x_for(net, 400)
    want = net.float_forward(x) > 0
    for generator, least in (("sobol", (0.9, 0.97, 0.995)), ("bernoulli", (0.2, 0.5, 0.75))):
        right = [np.mean((net.circuit(n, generator).forward(x) > 0) == want, axis=1) for n in (64, 256, 2048)]
        shares = [np.mean(every == 1) for every in right]
        assert shares == sorted(shares)
        assert np.all(np.array(shares) >= least)


@EVERY
def test_bits_make_a_difference_that_is_expected(name):
    net = NETWORKS[name]()
    x = x_for(net)
    coarse = net.circuit(4096, bits=3).expected(x)
    assert not np.allclose(coarse, net.float_forward(x))
    assert not np.array_equal(net.circuit(64, bits=3).forward(x), net.circuit(64).forward(x))


# ---------------------------------------------------------------- circuits are those of the layers, bit for bit


@pytest.mark.parametrize("length", [64, 100])
@pytest.mark.parametrize("generator", ["sobol", "lfsr", "vdc"])
def test_inhibition_bit_for_bit(generator, length):
    x = rng().random((6, 2, 4, 5))
    net = network(Inhibition(0.8, 2, "zero"), Dense(np.eye(40), np.zeros(40), "relu"), shape=(2, 4, 5))
    streams = Encoder(20, length, generator, share="one").encode(x.reshape(6, 2, 20))
    layer = LateralInhibition(20, 0.8, 2, boundary="zero", shape=(4, 5), generator=generator)
    first = net.circuit(length, generator).layers[0]
    np.testing.assert_array_equal(
        first.forward(x.reshape(6, 40)), layer.apply_bitstream(streams).value().reshape(6, 40)
    )


@pytest.mark.parametrize("length", [64, 100])
@pytest.mark.parametrize("generator", ["sobol", "lfsr", "vdc", "ramp"])
def test_winners_bit_for_bit(generator, length):
    x = rng().random((6, 12))
    streams = Encoder(12, length, generator).encode(x)
    want = WinnerTakeAll(12, 3).apply_bitstream(streams).value()
    np.testing.assert_array_equal(network(KWinners(3), shape=(12,)).circuit(length, generator).forward(x), want)


@pytest.mark.parametrize("length", [100, 256, 1000])
@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
@pytest.mark.parametrize("generator", ["sobol", "lfsr", "halton"])
def test_spikes_are_those_of_the_dense_spiking_layer(generator, encoding, length):
    part = spiking(signed=encoding != "unipolar", refractory=1.3, threshold=0.9)
    x = rng().random((5, 16))
    gain = max(np.abs(part.weights).max(), part.bias.max())
    ends = (0.0, 1.0) if encoding == "unipolar" else (-1.0, 1.0)
    layer = SCDenseLayer(
        5,
        np.column_stack([x, np.ones(5)]),
        np.column_stack([part.weights, part.bias]) / gain,
        *ends,
        *ends,
        length=length,
        y_min=0.0 if encoding == "unipolar" else -17 * gain,
        y_max=17 * gain,
        dt_ms=200.0 / length,
        neuron_params={"v_threshold": 0.9, "noise_std": 0.0, "refractory_period": round(1.3 / (200.0 / length))},
        generator=generator,
        encoding=encoding,
    )
    layer.run(length)
    spiking_layer = SpikingDenseLayer.from_weights(
        part.weights / gain,
        length,
        bias=part.bias / gain,
        neuron=part.neuron,
        unit=gain,
        generator=generator,
        encoding=encoding,
        share="one",
        accumulate="sum",
    )
    trains = spiking_layer.spikes(x)
    np.testing.assert_array_equal(trains, layer.get_spike_trains())
    assert trains.any()
    np.testing.assert_allclose(spiking_layer.forward(x), layer.recorders.rates_hz(), rtol=1e-12)


@pytest.mark.parametrize("generator", ["sobol", "bernoulli"])
def test_trains_are_what_forward_counts(generator):
    circuit, x = network(spiking()).circuit(200, generator, seed=3), rng().random((2, 3, 16))
    for _ in range(2):
        trains = circuit.layers[0].spikes(x)
        assert trains.shape == (2, 3, 5, 200)
        np.testing.assert_array_equal(circuit.forward(x), trains.sum(-1) * 5.0)
    assert circuit.layers[0].spikes(x[:0]).shape == (0, 3, 5, 200)


def test_shifted_inputs_smooth_the_current():
    part, errors = SpikingDense(rng(1).uniform(0, 0.01, (5, 64)), np.full(5, 0.01), duration=200.0), {}
    x = rng().random((100, 64))
    for share in ("one", "shift", None):
        options = {"neuron": part.neuron, "unit": 0.01, "generator": "sobol", "accumulate": "sum", "seed": 1}
        spiking_layer = SpikingDenseLayer.from_weights(
            part.weights / 0.01, 256, bias=part.bias / 0.01, share=share, **options
        )
        errors[share] = np.abs(spiking_layer.forward(x) - part.forward(x)).mean()
    assert errors["shift"] == errors[None] < 0.6 * errors["one"]


@pytest.mark.parametrize("length", [64, 100])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("encoding", ["split", "bipolar"])
def test_voltages_are_those_of_the_dendrite(encoding, signed, length):
    x = rng().uniform(-2.0 if signed else 0.0, 2.0, (3, 8))
    options = {"topology": UNEVEN} | ({} if signed else {"reversal": 1.5})
    net = network(Dendrite(4, duration=40.0, **options), shape=(8,), input_range=(-2.0 if signed else 0.0, 2.0))
    streams = Encoder(8, length, "halton", encoding if signed else "unipolar").encode(x / 2)
    out = net.circuit(length, "halton", encoding=encoding).forward(x)
    numbers = streams.bits().astype(float)
    if signed:
        numbers = 2 * numbers - 1 if encoding == "bipolar" else numbers[0] - numbers[1]
    for sample, unit in np.ndindex(3, 2):
        drive = 2.0 * numbers[sample, 4 * unit : 4 * unit + 4].T
        assert out[sample, unit] == RallDendrite(4, dt=40.0 / length, **options).run(drive)[-1]


@pytest.mark.parametrize("generator", ["sobol", "vdc", "lfsr", "ramp"])
def test_surprise_bit_for_bit_and_exact(generator):
    length, part, x = 256, surprise(), rng().random((5, 16))
    out = network(part).circuit(length, generator).forward(x)
    encoder = Encoder(16, length, generator)
    a, b = encoder.encode(x).words[:, None], encoder.encode(part.weights).words
    counts = gates.distance(Bitstream(a, length), Bitstream(b, length)).counts().sum(-1)
    np.testing.assert_array_equal(out, counts / (16 * length))
    rounded = np.abs(np.floor(part.weights * 256 + 0.5) - np.floor(x[:, None] * 256 + 0.5)).sum(-1)
    np.testing.assert_array_equal(counts, rounded)
    assert np.abs(out - part.forward(x)).max() <= 1 / length


@pytest.mark.parametrize("generator", ["vdc", "sobol", "lfsr", "ramp"])
@pytest.mark.parametrize("length", [64, 100, 257])
def test_surprise_is_that_of_the_layer_that_learns(generator, length):
    """What `PredictiveCodingSCLayer` has learnt goes into a network as it is."""
    layer = PredictiveCodingSCLayer(16, 4, length, 0.05, seed=3, generator=generator)
    layer.run(rng(5).random((50, 16)))
    net = network(PredictiveCoding(layer.weights))
    x = rng(6).random((7, 16))
    wanted = layer.run(x, learn=False)
    np.testing.assert_array_equal(net.circuit(length, generator).forward(x), wanted)


def test_large_weights_and_inputs_share_a_scale():
    x = rng().uniform(0, 4, (6, 3))
    for weights in (rng(1).uniform(0, 3, (2, 3)), rng(1).uniform(3, 9, (2, 3))):
        net = network(PredictiveCoding(weights), shape=(3,), input_range=(0.0, 4.0))
        fine = net.circuit(64, "bernoulli", bits=32)
        np.testing.assert_allclose(fine.expected(x), np.abs(weights - x[:, None]).mean(-1), rtol=0, atol=ROUNDING)
        np.testing.assert_allclose(net.circuit(4096).forward(x), net.float_forward(x), atol=4e-3)


def differing(p, q, length=512, runs=300):
    """Ones that an XOR gate counts in Bernoulli streams of one sequence, of inputs `p` and a weight `q`."""
    net = network(PredictiveCoding(np.array([[q]])), shape=(1,))
    out = net.circuit(length, "bernoulli", seed=9).forward(np.full((runs, 1), p))
    return round(out.sum() * length), length * runs


def test_bernoulli_streams_of_one_sequence_differ_as_often_as_the_numbers_and_a_bias_is_found_out():
    for q, likely in ((0.55, True), (0.56, False)):
        ones, cycles = differing(0.3, q)
        assert (stats.binomtest(ones, cycles, 0.25).pvalue > FALSE_ALARM) == likely
    assert differing(0.3, 0.3)[0] == 0


# ---------------------------------------------------------------- seeds, batches, faults, devices


@EVERY
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_batches_and_seeds(name, generator, monkeypatch):
    net = NETWORKS[name]()
    x = x_for(net, 7)
    circuit = net.circuit(100, generator, seed=4)
    whole, second = circuit.forward(x), circuit.forward(x)
    circuit.reset()
    parts = np.concatenate([circuit.forward(x[:2]), circuit.forward(x[2:3]), circuit.forward(x[3:])])
    np.testing.assert_array_equal(parts, whole)
    twin = pickle.loads(pickle.dumps(circuit))
    np.testing.assert_array_equal(twin.forward(x), second)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    np.testing.assert_array_equal(net.circuit(100, generator, seed=4).forward(x), whole)
    other = net.circuit(100, generator, seed=5).forward(x)
    assert np.array_equal(other, whole) == (generator == "sobol" and name != "spiking")  # whose shifts are random
    assert np.array_equal(second, whole) == (generator == "sobol")
    assert circuit.forward(x[:0]).shape == (0, net.n_outputs)


def test_the_comparators_of_inhibition_are_independent_of_the_encoder():
    """A rate that is encoded, counted and compared anew is spread twice: variance p (1 - p) / L, two times."""
    net = network(Inhibition(0.0, 1), shape=(2,))
    x = np.full((4000, 2), 0.5)
    out = net.circuit(64, "bernoulli", seed=2).forward(x)
    assert np.var(out) == pytest.approx(2 * 0.25 / 64, rel=0.06)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(input_flips=0.2),
        Faults(weight_flips=0.2),
        Faults(product_flips=0.2),
        Faults(stuck_lines=0.5),
        Faults(dead_generator="inputs"),
    ],
    ids=repr,
)
@EVERY
def test_faults(name, faults):
    net = NETWORKS[name]()
    x = x_for(net)
    if name == "surprise" and faults.dead_generator:
        with pytest.raises(ValueError, match="dead_generator must be None where one generator drives inputs and"):
            net.circuit(100, faults=faults)
        return
    circuit = net.circuit(100, faults=faults, seed=1)
    kinds = [type(layer).__name__ for layer in circuit.layers]
    touched = any(kind in ("VectorizedSCLayer", "SpikingDenseLayer", "SurpriseLayer") for kind in kinds)
    same = not touched and (faults.weight_flips > 0 or faults.product_flips > 0)  # there are no such lines
    assert np.array_equal(circuit.forward(x), net.circuit(100, seed=1).forward(x)) == same
    first = circuit.layers[0]
    if not isinstance(net.layers[0], (Dense, SpikingDense)):
        with pytest.raises(ValueError, match=f"expected has no closed form for {type(first).__name__} with faults"):
            circuit.expected(x)


def test_flips_shrink_a_current():
    part = SpikingDense(np.array([[0.2]]), np.zeros(1), duration=1000.0)
    plain, flipped = (
        network(part, shape=(1,)).circuit(20_000, "bernoulli", faults=faults, seed=0).forward([[1.0]])[0, 0]
        for faults in (Faults(), Faults(product_flips=0.2))
    )
    assert plain == part.forward(np.ones((1, 1)))[0, 0]
    assert flipped == pytest.approx(part.forward(np.array([[0.6]]))[0, 0], abs=5)


def test_spiking_weights_may_be_a_crossbar():
    net, x = network(spiking()), rng().random((6, 16))
    on_device = net.circuit(256, device=MemristorModel.preset("taox"), seed=1)
    assert not np.array_equal(on_device.forward(x), net.circuit(256, seed=1).forward(x))
    assert not np.array_equal(on_device.expected(x), net.float_forward(x))


# ---------------------------------------------------------------- files, descriptions, fixed point


@EVERY
def test_files(name, tmp_path):
    net = NETWORKS[name]()
    net.save(tmp_path / "net.safetensors")
    again = Network.load(tmp_path / "net.safetensors")
    assert (again.digest(), repr(again), again.describe()) == (net.digest(), repr(net), net.describe())
    x = x_for(net)
    np.testing.assert_array_equal(again.circuit(64).forward(x), net.circuit(64).forward(x))
    np.testing.assert_array_equal(again.float_forward(x), net.float_forward(x))


def format_of(net, path):
    net.save(path)
    with safe_open(path, "numpy") as opened:
        return json.loads(opened.metadata()["sc_neurocore"])["format"]


def test_a_file_has_the_oldest_format_that_knows_its_parts(tmp_path):
    plain = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]])
    assert plain.digest() == "f1cb7a632ef827c8e1efa50356b0b9afa0aa7ce10ad643a230efc787374de1fe"
    # Format 3 brought the digest. The digest itself still has the format that brought the parts, lest it change.
    assert format_of(plain, tmp_path / "plain.safetensors") == 3
    assert format_of(network(KWinners(3)), tmp_path / "new.safetensors") == 3


def test_every_field_changes_the_digest():
    parts = [
        *(Inhibition(*options) for options in ((0.3, 2), (0.4, 2), (0.3, 3), (0.3, 2, "zero"))),
        *(KWinners(k) for k in (1, 2)),
        *(spiking(**{name: value}) for name, value in (("duration", 99.0), ("threshold", 2.0), ("tau", 9.0))),
        *(spiking(**{name: value}) for name, value in (("refractory", 1.0), ("n", 4), ("signed", False))),
        *(Dendrite(n) for n in (4, 8)),
        *(
            Dendrite(4, **{name: value})
            for name, value in {
                "branch_length": 2,
                "tau": 9.0,
                "coupling": 0.4,
                "duration": 40.0,
                "diameters": (1, 1, 1, 2),
                "topology": (-1, 0, 0, 0),
                "ends": "open",
                "soma_size": 2.0,
                "reversal": 1.0,
            }.items()
        ),
        surprise(),
        PredictiveCoding(np.zeros((4, 16))),
    ]
    nets = [network(part) for part in parts]
    assert len({net.digest() for net in nets}) == len(nets)
    assert len({str(net.circuit(64).forward(x_for(net))) for net in nets}) == len(nets)  # and what it computes


def test_descriptions():
    net = network(Inhibition(), spiking(), KWinners(2))
    assert repr(net) == (
        "Network((16,), Inhibition (16,), SpikingDense (5,), KWinners (5,), inputs in [0, 1], classifier)"
    )
    rows = [line.split() for line in net.describe(100).splitlines()]
    assert rows[1][-4:-1] == [str(3 * 16), str(16), str(200)]
    assert rows[2][:2] == ["1", "SpikingDense"]
    assert rows[2][-6] == "lif"
    assert rows[2][-4:-1] == [str(17 + 2 * 17 * 5), str(2 * 17 * 5), str(100)]
    assert rows[3][-4:-1] == ["5", "5", "300"]
    assert network(surprise()).describe(100).splitlines()[1].split()[-4:-1] == [str(5 * 16), str(4 * 16), "100"]
    circuit = net.circuit(64)
    assert "\n" not in repr(circuit)
    for text in (
        "1 x LateralInhibition(16, ",
        "WinnerTakeAll(5, k=2",
        "SpikingDenseLayer(16 -> 5, threshold=1, tau=20",
    ):
        assert text in repr(circuit)
    assert circuit.generator_descriptions == ["Searched.of_length(64)"] * 3


def test_fixed_point():
    """Words in place of streams: inhibition and winners are exact on words, spikes follow from the sums."""
    parts = [Inhibition(0.5, 1), Pool2D("max", 2), spiking(8, 10), KWinners(2)]
    net = network(*parts, shape=(2, 4, 4))
    x = x_for(net, 200)
    want = net.float_forward(x)
    errors = [np.mean(np.argmax(FixedPoint(net, bits).forward(x), 1) != np.argmax(want, 1)) for bits in (3, 6, 12)]
    assert errors[0] > errors[1] >= errors[2]
    assert errors[2] < 0.01
    assert np.count_nonzero(FixedPoint(net, 8).forward(x), axis=1).max() == 2
    words = np.rint(x[:5] * 127).reshape(5, 2, 4, 4)
    one = network(Inhibition(0.5, 1), Dense(np.eye(32), np.zeros(32), "identity"), shape=(2, 4, 4))
    steps = np.rint(np.clip(parts[0].forward(words) / 127, 0, 1) * 127)
    np.testing.assert_allclose(FixedPoint(one, 8).forward(x[:5]), steps.reshape(5, -1) / 127, atol=1e-12)
    for name in ("conductances", "surprise"):
        with pytest.raises(ValueError, match=r"network must have layers with a fixed-point twin, got \w+ in layer 0"):
            FixedPoint(NETWORKS[name]())


# ---------------------------------------------------------------- what does not fit


@pytest.mark.parametrize("part", [Inhibition(), KWinners(2), surprise(), Dendrite(4, reversal=1.0)])
def test_rates_are_never_negative(part):
    with pytest.raises(ValueError, match=r"layer 0: \w+ takes no negative numbers, may get some"):
        network(part, input_range=(-1.0, 1.0))
    signed = Dense(-np.eye(16), np.zeros(16), "identity")
    with pytest.raises(ValueError, match=r"layer 1: \w+ takes no negative numbers, may get some"):
        network(signed, part)
    for activation in ("relu", "logistic"):
        network(Dense(signed.weights, signed.bias, activation), part)
    network(Dense(np.eye(16), np.zeros(16), "identity"), part)
    network(spiking(n=16), part)


def test_currents_may_be_negative():
    network(Dendrite(4), input_range=(-1.0, 1.0))
    with pytest.raises(ValueError, match="takes no negative numbers"):
        network(Dendrite(1), KWinners(), input_range=(-1.0, 1.0))
    with pytest.raises(ValueError, match="takes no negative numbers"):
        network(Dendrite(1, reversal=-1.0), KWinners())


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (
            lambda: network(Inhibition(radius=16), shape=(1,)),
            "layer 0: n_neurons must be an integer of at least 2, got 1",
        ),
        (lambda: network(Inhibition(), shape=(1, 4, 4)), "layers must end with one that gives a vector"),
        (lambda: Network.from_layers([KWinners()]), "input_shape must be given for a first layer KWinners, got None"),
        (lambda: network(KWinners(17)), r"layer 0: k must be an integer in 1\.\.16, got 17"),
        (lambda: network(spiking(8)), r"layer 0: it takes 8 inputs, got shape \(16,\)"),
        (lambda: network(Dendrite(3)), r"layer 0: it takes a multiple of 3 inputs, got shape \(16,\)"),
        (lambda: network(surprise(8)), r"layer 0: it takes 8 inputs, got shape \(16,\)"),
        (lambda: Inhibition(-1.0), "strength must be a number"),
        (lambda: Inhibition(radius=0), "radius must be an integer in 1..65536, got 0"),
        (lambda: Inhibition(boundary="mirror"), "boundary must be one of wrap, reflect, zero, got 'mirror'"),
        (lambda: KWinners(0), "k must be an integer of at least 1, got 0"),
        (lambda: spiking(tau=0.0), "tau must be a finite number above 0, got 0"),
        (lambda: spiking(duration=-1.0), "duration must be a finite number above 0, got -1"),
        (lambda: spiking(refractory=-1.0), "refractory must be a number in"),
        (lambda: Dendrite(4, duration=0.0), "duration must be a number in .*, got 0"),
        (lambda: Dendrite(4, topology=(0, 0, 0, 0)), "topology must lead every branch to the soma"),
        (lambda: PredictiveCoding(np.array([[-0.1]])), r"weights must lie in \[0, inf\], got -0.1"),
        (lambda: PredictiveCoding(np.ones((0, 3))), "weights must have an input and an output"),
        (lambda: network(spiking()).circuit(9), "length must be at least 10: a cycle lasts tau at most, got 9"),
        (
            lambda: network(spiking()).circuit(64, encoding="unipolar"),
            "encoding unipolar needs weights of at least 0, got .* in layer 0",
        ),
        (lambda: network(spiking()).circuit(64, "ramp"), "generator must spread the ones of a stream over time"),
        (lambda: network(spiking()).circuit(64, "vdc"), "generator must spread the ones of a stream over time"),
        (lambda: network(Dendrite(4)).circuit(64, "ramp"), "generator must spread the ones of a stream over time"),
        (lambda: network(Dendrite(4)).circuit(0), "length must be an integer of at least 1, got 0"),
    ],
)
def test_what_does_not_fit(make, error):
    with pytest.raises(ValueError, match=error):
        make()


def test_parts_cannot_be_edited():
    for part in (spiking(), surprise()):
        with pytest.raises(ValueError, match="read-only"):
            part.weights[0, 0] = 1.0


def test_unused_accumulations_and_every_generator_run():
    for name, accumulate in itertools.product(NETWORKS, ("sum", "mean", "mux")):
        net = NETWORKS[name]()
        x = x_for(net, 3)
        out = net.circuit(128, "bernoulli", accumulate=accumulate, seed=1).forward(x)
        if not any(isinstance(part, Dense) for part in net.layers):
            np.testing.assert_array_equal(out, net.circuit(128, "bernoulli", seed=1).forward(x))
        fine = net.circuit(128, "bernoulli", accumulate=accumulate, bits=32)
        np.testing.assert_allclose(fine.expected(x), net.float_forward(x), rtol=0, atol=ROUNDING)
