"""`Network.calibrate`: what it gives is the circuit that it says, the same each time; its steps, reports and errors."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from searched_networks import made

from sc_neurocore import Network, VectorizedSCLayer
from sc_neurocore.backends import threads
from sc_neurocore.encoders import Bank, Generator, Searched, make_generator
from sc_neurocore.networks.calibrating import STEPS

NAMES = ("ceilings", "ranges", "sequences", "groups", "thresholds", "offsets")


@pytest.fixture(autouse=True)
def _default_threads():
    yield
    threads.set_threads(None)


def counted(weights, encoded, generator, length):
    """Sums ``(N, M)`` of split products, bit by bit: weights meet the partner, an input the sequence of its group."""
    modulus = generator.modulus

    def thresholds(values):
        return np.floor(np.abs(values) * modulus + 0.5)

    groups = [group.sequence(length) for group in generator.groups]
    partner = generator.decorrelated(1).sequence(length)
    sums = np.zeros((len(encoded), len(weights)))
    for n, x in enumerate(encoded):
        for j, row in enumerate(weights):
            for i, (a, w) in enumerate(zip(x, row, strict=True)):
                ones = (groups[i % len(groups)] < thresholds(a)) & (partner < thresholds(w))
                sums[n, j] += np.sign(a) * np.sign(w) * ones.sum() / length
    return sums


def by_hand(network, x):
    """Outputs of a calibrated network of dense layers, from the numbers of its calibration."""
    values = x
    for place, (spec, mapping) in enumerate(zip(network.layers, network.calibration.layers, strict=True)):
        length = network.calibration.options.of_layer(place, 0).cycles
        generator = mapping.generator
        if not isinstance(generator, Generator):
            generator = make_generator(generator, length, network.calibration.options.bits)
        weights, encoded = mapping.weights, np.clip(values / mapping.ranges, -1.0, 1.0)
        if mapping.bias is not None:  # one more line that is always 1
            weights = np.column_stack([weights, mapping.bias])
            encoded = np.column_stack([encoded, np.ones(len(encoded))])
        sums = counted(weights, encoded, generator, length) * mapping.gains + mapping.offsets
        values = {"relu": lambda s: np.maximum(s, 0), "tanh": np.tanh, "identity": lambda s: s}[spec.activation](sums)
    return values


@pytest.mark.parametrize("name", ["relu", "tanh", "signed", "wide range", "three layers", "one output"])
@pytest.mark.parametrize(("length", "generator"), [(4, "searched"), ((8, 5, 3), "searched"), (8, "sobol"), (7, "lfsr")])
def test_the_circuit_computes_what_the_calibration_says(name, length, generator):
    network, x, held = made(name)
    length = length[: len(network.layers)] if isinstance(length, tuple) else length
    calibrated = network.calibrate(x[:150], length=length, generator=generator)
    np.testing.assert_allclose(calibrated.circuit().forward(held[:20]), by_hand(calibrated, held[:20]), atol=1e-9)
    assert calibrated.ideal.digest() == network.digest()
    np.testing.assert_array_equal(calibrated.float_forward(held), network.float_forward(held))


@pytest.mark.parametrize("generator", ["searched", "sobol"])
@pytest.mark.parametrize("name", ["tanh", "conv"])
def test_expected_is_the_mapping_without_streams(name, generator):
    """Limit of long streams: exact products of the thresholds, through the same gains and offsets."""
    network, x, held = made(name)
    calibrated = network.calibrate(x[:150], length=8, generator=generator)
    values = held[:50].reshape(-1, *network.shapes()[0])
    for spec, mapping in zip(network.layers, calibrated.calibration.layers, strict=True):
        values = values if spec.takes_images else values.reshape(len(values), -1)
        encoded = np.clip(values / mapping.ranges, -1, 1)
        encoded = np.sign(encoded) * np.floor(np.abs(encoded) * 8 + 0.5) / 8
        weights = np.sign(mapping.weights) * np.floor(np.abs(mapping.weights) * 8 + 0.5) / 8
        bias = np.zeros(len(weights)) if mapping.bias is None else np.sign(mapping.bias) * np.floor(
            np.abs(mapping.bias) * 8 + 0.5) / 8  # fmt: skip
        sums = replace(spec, weights=weights, bias=bias, activation="identity").forward(encoded)
        values = spec.decoded(sums * mapping.gains + mapping.offsets)
    np.testing.assert_allclose(calibrated.circuit().expected(held[:50]), values, atol=1e-9)


def test_bernoulli_circuits_tend_to_their_limit():
    network, x, held = made("tanh")
    calibrated = network.calibrate(x[:100], length=1 << 15, generator="bernoulli", without=("ceilings", "ranges"))
    circuit = calibrated.circuit()
    assert np.abs(circuit.forward(held[:20]) - circuit.expected(held[:20])).max() < 0.15


# ---------------------------------------------------------------- the same each time


@pytest.mark.parametrize("name", ["relu", "conv in groups", "spiking", "winners"])
@pytest.mark.parametrize("options", [{"generator": "searched", "length": 8}, {"generator": "bernoulli", "length": 8}])
def test_the_same_for_any_thread_count_and_call(name, options, monkeypatch):
    network, x, _ = made(name)
    first = network.calibrate(x[:100], **options).digest()
    for count in (1, 2, 5):
        monkeypatch.setattr(threads, "MIN_WORK", 0)
        threads.set_threads(count)
        assert network.calibrate(x[:100], **options).digest() == first
    assert network.calibrate(np.asfortranarray(x[:100]), **options).digest() == first
    assert network.calibrate(x[:100].tolist(), **options).digest() == first


@pytest.mark.parametrize("generator", ["searched", "sobol", "bernoulli"])
def test_the_same_on_every_backend(generator):
    rng = np.random.default_rng(3)
    network = Network.from_arrays([rng.normal(size=(2, 2))])
    x = rng.random((8, 2))
    found = {
        network.calibrate(x, length=2, generator=generator, backend=backend).digest()
        for backend in ("reference", "numba", None)
    }
    assert len(found) == 1


def test_the_seed_draws_the_samples():
    network, x, _ = made("tanh")
    digests = {network.calibrate(x, length=4, seed=seed).digest() for seed in (0, 0, 1, 2)}
    assert len(digests) == 3


def test_the_order_of_samples_is_all_that_a_seed_decides():
    network, x, _ = made("relu")
    again = network.calibrate(x[:100], length=4, seed=np.int64(7))
    assert again.digest() == network.calibrate(x[:100], length=4, seed=7).digest()


# ---------------------------------------------------------------- steps


def test_names_of_the_steps():
    assert tuple(sorted(step.name for step in STEPS)) == tuple(sorted(NAMES))


def traces(network, calibrated, length):
    """Names of steps that have left something in the mappings of a network of dense layers."""
    found, options = set(), calibrated.calibration.options
    scale = network.input_scale
    for spec, mapping in zip(network.layers, calibrated.calibration.layers, strict=True):
        if mapping.ranges.ndim or float(mapping.ranges) != scale:
            found.add("ceilings")
        if isinstance(mapping.generator, Searched) and len(mapping.generator.groups) > 1:
            found.add("groups")
        elif not isinstance(mapping.generator, str):
            found.add("sequences")
        weights = spec.scaled_weights(mapping.ranges)
        if mapping.bias is None:  # the bias is added where counts are read
            factors = (mapping.weights / weights).max(1)  # the inverse of what a neuron's weights are divided by
            fitted = np.abs(mapping.weights * length - np.rint(mapping.weights * length)).max() < 1e-9
            if fitted:
                found.add("thresholds")
            elif np.ptp(factors) > 1e-9 * factors.max():
                found.add("ranges")
            if not np.array_equal(mapping.offsets, spec.bias):
                found.add("offsets")
        scale = spec.ceiling
    assert options.length == length
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_step_that_is_left_out_leaves_no_trace(name):
    """Alone it leaves its own at most; without it there is none, and other numbers come out."""
    network, x, _ = made("tanh", 2)
    every = network.calibrate(x[:300], length=4)
    without = network.calibrate(x[:300], length=4, without=(name,))
    assert every.digest() != without.digest()
    assert name not in {gain.step for gain in without.calibration.gains}
    assert name not in traces(network, without, 4)
    alone = network.calibrate(x[:300], length=4, without=set(NAMES) - {name})
    assert {gain.step for gain in alone.calibration.gains} <= {name}
    allowed = {name} if name in ("ceilings", "offsets") else {name, "ranges"}
    assert traces(network, alone, 4) <= allowed


def test_without_all_steps_it_is_the_plain_mapping():
    for name in ("tanh", "conv", "spiking", "winners"):
        network, x, held = made(name)
        plain = network.calibrate(x[:100], length=8, without=NAMES)
        np.testing.assert_array_equal(plain.circuit().forward(held), network.circuit(8).forward(held))
        assert plain.calibration.gains == ()


@pytest.mark.parametrize("name", ["tanh", "regressor", "conv", "inhibition", "three layers"])
def test_reports_are_gains_one_after_the_other(name):
    network, x, _ = made(name)
    gains = network.calibrate(x[:200], length=5).calibration.gains
    assert gains
    assert [gain.layer for gain in gains] == sorted(gain.layer for gain in gains)
    assert {gain.step for gain in gains} <= set(NAMES)
    assert all(gain.after > gain.before for gain in gains)
    for one, other in pairwise(gains):
        if one.layer == other.layer:
            assert other.before == one.after
    assert all(gain.chosen for gain in gains)


def test_sequences_are_of_the_kind_that_was_asked_for():
    network, x, _ = made("tanh", 3)
    for name, kind in (("searched", Searched), ("sobol", Bank), ("lfsr", Bank), ("lattice", Bank)):
        mappings = network.calibrate(x[:300], length=8, generator=name).calibration.layers
        own = [mapping.generator for mapping in mappings if not isinstance(mapping.generator, str)]
        assert all(isinstance(generator, kind) for generator in own)
        assert {generator.name for generator in own if kind is Bank} <= {name}
    searched = network.calibrate(x[:300], length=8).calibration.layers
    assert any(isinstance(mapping.generator, Searched) for mapping in searched)


# ---------------------------------------------------------------- progress, interrupts, errors


def test_progress_counts_to_its_end():
    network, x, _ = made("three layers")
    calls = []
    network.calibrate(x[:60], length=3, progress=lambda *call: calls.append(call))
    done, totals, labels = zip(*calls, strict=True)
    assert len(set(totals)) == 1
    assert list(done) == sorted(set(done))
    assert done[-1] == totals[-1]
    for name in NAMES:
        assert any(f"layer 2, {name}" == label for label in labels)


@pytest.mark.parametrize("at", [1, 5, 12])
def test_an_interrupt_leaves_the_network_as_it_was(at):
    network, x, held = made("relu")
    before, outputs = network.digest(), network.circuit(8).forward(held)
    calls = []

    def progress(*call):
        calls.append(call)
        if len(calls) == at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        network.calibrate(x[:60], length=3, progress=progress)
    assert len(calls) == at
    assert network.digest() == before
    assert network.calibration is None
    np.testing.assert_array_equal(network.circuit(8).forward(held), outputs)
    assert network.calibrate(x[:60], length=3).digest() == made("relu")[0].calibrate(x[:60], length=3).digest()


def never(*call):
    raise AssertionError("work before an error")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"x": np.zeros((1, 6))}, ValueError, "x must have at least 2 samples, got 1"),
        ({"x": np.zeros((4, 5))}, ValueError, r"x must have shape \(any, 6\), got \(4, 5\)"),
        ({"x": np.zeros(6)}, ValueError, r"x must have shape \(any, 6\), got \(6,\)"),
        ({"x": np.full((4, 6), 1.5)}, ValueError, r"x must lie in \[0, 1\], got 1.5"),
        ({"x": np.full((4, 6), np.nan)}, ValueError, "x must be finite, got nan"),
        ({"x": "x"}, TypeError, "x must"),
        ({"length": 0}, ValueError, "length must be an integer of at least 1, got 0"),
        ({"length": 2.5}, TypeError, "length must be an integer of at least 1, got 2.5"),
        ({"length": (4, 4, 4)}, ValueError, "length must be one number, or 2, one for each layer, got 3"),
        ({"length": "long"}, ValueError, "length must be one of auto, got 'long'"),
        ({"length": "auto"}, TypeError, "cycles must be an integer of at least 2, got None"),
        ({"length": "auto", "cycles": 0}, ValueError, "cycles must be an integer of at least"),
        ({"length": "auto", "cycles": 1}, ValueError, "cycles must be an integer of at least 2, got 1"),
        ({"cycles": 8}, ValueError, "cycles must be None without length='auto', got 8"),
        ({"generator": "dice"}, ValueError, "generator must be one of .*, got 'dice'"),
        ({"generator": Bank("sobol", 8)}, TypeError, "generator must be a name, got "),
        ({"encoding": "ternary"}, ValueError, "encoding must be one of .*, got 'ternary'"),
        ({"encoding": "unipolar"}, ValueError, "encoding unipolar needs weights of at least 0, got"),
        ({"accumulate": "max"}, ValueError, "accumulate must be one of .*, got 'max'"),
        ({"share": "rotate"}, ValueError, "share must not be 'rotate' with accumulate='sum'"),
        ({"bits": 0}, ValueError, "bits must be"),
        ({"without": "groups"}, TypeError, "without must be"),
        ({"without": ("nothing",)}, ValueError, "without must be one of .*, got 'nothing'"),
        ({"products": "none"}, ValueError, "products must be one of streams, exact, got 'none'"),
        ({"products": "exact", "encoding": "bipolar"}, ValueError, "encoding must be 'split' with products='exact'"),
        ({"products": "exact", "bits": 3}, ValueError, "bits must be None with products='exact', got 3"),
        ({"seed": -1}, ValueError, "seed must be an integer of at least 0, got -1"),
        ({"seed": None}, TypeError, "seed must be an integer of at least 0, got None"),
        ({"clip": 2}, (TypeError, ValueError), "clip must be"),
        ({"backend": "gpu"}, ValueError, "backend must be one of"),
        ({"length": 1 << 17, "generator": "bernoulli"}, ValueError, r"length of a calibrated network .* 1\.\.65536"),
        ({"nothing": 1}, TypeError, "nothing"),
    ],
)  # fmt: skip
def test_bad_arguments_come_before_the_work(options, error, message):
    network, x, _ = made("relu")
    given = {"x": x[:20], "progress": never, **options}
    with pytest.raises(error, match=message):
        network.calibrate(**given)


def test_a_calibrated_network_is_not_calibrated_again():
    network, x, _ = made("relu")
    calibrated = network.calibrate(x[:20], length=2)
    with pytest.raises(ValueError, match=r"network must not be calibrated already; network\.ideal\.calibrate\(\.\.\)"):
        calibrated.calibrate(x[:20], length=2)
    assert calibrated.ideal.calibrate(x[:20], length=2).digest() == calibrated.digest()


def test_clip_takes_samples_outside_the_range():
    network, x, _ = made("relu")
    outside = x[:50] * 1.5 - 0.2
    found = network.calibrate(outside, length=4, clip=True)
    assert found.digest() == network.calibrate(np.clip(outside, 0, 1), length=4).digest()
    assert not found.calibration.options.clip


def test_the_layers_are_those_of_streams():
    network, x, _ = made("relu")
    assert all(isinstance(layer, VectorizedSCLayer) for layer in network.calibrate(x[:50], length=4).circuit().layers)


def test_a_calibrated_network_says_so():
    network, x, _ = made("relu")
    calibrated = network.calibrate(x[:100], length=4, without=("groups",))
    assert repr(calibrated) == repr(network)[:-1] + ", calibrated for 'searched' of 4 cycles)"
    assert repr(calibrated.ideal) == repr(network)
