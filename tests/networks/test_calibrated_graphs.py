"""Networks that are no chains, calibrated for one circuit: every layer with streams is searched for."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from sc_neurocore import Add, Concat, Conv2D, Dense, Flatten, Network, Pool2D
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import evaluate, fault_study
from sc_neurocore.networks import FixedPoint
from tests.networks.test_graph import NETWORKS, samples

LENGTH, CHANNELS = 8, 4
DIGITS, LABELS = load_digits(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(len(DIGITS))
TRAIN, TEST = ORDER[:600], ORDER[600:1200]
PIXELS = DIGITS / 16


def conv(n_inputs, activation, seed):
    rng = np.random.default_rng(seed)
    kernels = rng.normal(size=(CHANNELS, n_inputs, 3, 3)) / np.sqrt(9 * n_inputs)
    return Conv2D(kernels, 0.1 * rng.normal(size=CHANNELS), activation, padding=1)


@pytest.fixture(scope="module")
def digits():
    """A small residual network of digits: random kernels, a trained last layer."""
    layers = {
        "stem": conv(1, "relu", 1),
        "first": conv(CHANNELS, "relu", 2),
        "second": conv(CHANNELS, "identity", 3),
        "sum": (Add(2, "relu"), "second", "stem"),
        "pool": Pool2D("average", 2),
        "flat": Flatten(),
    }
    options = {"input_shape": (1, 8, 8), "calibration": PIXELS[TRAIN], "input_range": (0.0, 1.0)}
    features = Network.from_layers(layers, **options).float_forward(PIXELS[TRAIN])
    model = LogisticRegression(max_iter=2000).fit(features, LABELS[TRAIN])
    head = Dense(model.coef_, model.intercept_, "identity")
    return Network.from_layers({**layers, "head": head}, **options)


@pytest.fixture(scope="module")
def calibrated(digits):
    return digits.calibrate(PIXELS[TRAIN], length=LENGTH)


def accuracy(circuit):
    return float((circuit.predict(PIXELS[TEST]) == LABELS[TEST]).mean())


def test_a_residual_network_keeps_its_accuracy_in_eight_cycles(digits, calibrated):
    plain, found = accuracy(digits.circuit(LENGTH)), accuracy(calibrated.circuit())
    right = float((digits.float_predict(PIXELS[TEST]) == LABELS[TEST]).mean())
    assert right > 0.85
    assert found > plain + 0.1, (plain, found, right)
    assert len(calibrated.calibration.layers) == 5


def test_the_float_network_stays(digits, calibrated):
    assert calibrated.ideal.digest() == digits.digest()
    np.testing.assert_array_equal(calibrated.float_forward(PIXELS[:9]), digits.float_forward(PIXELS[:9]))


def test_files(calibrated, tmp_path):
    path = tmp_path / "net.safetensors"
    calibrated.save(path)
    again = Network.load(path)
    assert again.digest() == calibrated.digest()
    x = PIXELS[TEST[:40]]
    np.testing.assert_array_equal(again.circuit().forward(x), calibrated.circuit().forward(x))


def test_a_calibration_is_of_its_graph(digits, calibrated):
    """The same layers in another graph are another network."""
    swapped = (*digits.sources[:3], (0, 2), *digits.sources[4:])
    with pytest.raises(ValueError, match="calibration must be that of these layers"):
        Network(digits.layers, digits.input_range, input_shape=digits.input_shape, sources=swapped,
                calibration=calibrated.calibration)  # fmt: skip


def test_steps_are_told_by_name(digits):
    told = []
    digits.calibrate(PIXELS[TRAIN[:40]], length=2, without=("sequences", "groups", "thresholds"),
                     progress=lambda done, total, label: told.append((done, total, label)))  # fmt: skip
    assert told[0][2] == "layer 'stem', ranges"
    assert {label.split("'")[1] for *_, label in told[:-1]} == {"stem", "first", "second", "pool", "head"}
    assert told[-1][:2] == (told[-1][1], told[-1][1])


def test_lengths_are_shared_out_among_layers_with_streams(digits):
    found = digits.calibrate(
        PIXELS[TRAIN[:200]], length="auto", cycles=24, without=("sequences", "groups", "thresholds")
    )
    lengths = found.calibration.options.length
    assert len(lengths) == 5
    assert sum(lengths) <= 24
    assert [layer.length for layer in found.circuit().layers] == list(lengths)
    with pytest.raises(ValueError, match="cycles must be an integer of at least 5, got 4"):
        digits.calibrate(PIXELS[TRAIN], length="auto", cycles=4)


def test_fixed_point(digits):
    exact = digits.calibrate(PIXELS[TRAIN[:200]], length=LENGTH, products="exact")
    plain = FixedPoint(digits, levels=LENGTH)
    assert accuracy(FixedPoint(exact)) > accuracy(plain) - 0.02
    with pytest.raises(ValueError, match="levels must be one number, or 5, one for each layer, got 7"):
        FixedPoint(digits, levels=(8,) * 7)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_graph(name):
    """On the samples that the search sees, the circuit decides as often as the float network does, or more often."""
    net = NETWORKS[name]()
    x = samples(net, 300)
    found = net.calibrate(x, length=4)
    want = net.float_forward(x)
    errors = [((made.forward(x) - want) ** 2).mean() for made in (net.circuit(4), found.circuit())]
    agree = [
        (net.classes_of(made.forward(x)) == net.classes_of(want)).mean() for made in (net.circuit(4), found.circuit())
    ]
    assert agree[1] >= agree[0] - 0.01
    assert agree[1] > 0.6 or errors[1] < errors[0]


def test_ranges_of_joined_lines_are_searched():
    """Lines whose ranges differ a hundredfold keep them in the search, and after it."""
    rng = np.random.default_rng(3)
    net = Network.from_layers(
        {
            "small": Dense(rng.normal(size=(4, 6)) / 100, np.zeros(4), "relu"),
            "large": (Dense(rng.normal(size=(4, 6)), np.zeros(4), "relu"), "input"),
            "both": (Concat(), "small", "large"),
            "head": Dense(rng.normal(size=(3, 8)) * np.repeat([100.0, 1.0], 4), np.zeros(3), "identity"),
        },
        calibration=rng.random((200, 6)),
        input_range=(0.0, 1.0),
    )
    assert net.ranges()[3].scale.shape == (8,)
    x = rng.random((400, 6))
    found = net.calibrate(x, length=8)
    ranges = found.calibration.layers[2].ranges
    assert ranges.shape == (8,)
    assert ranges[4:].min() > 10 * ranges[:4].max()
    same = [(each.predict(x) == net.float_predict(x)).mean() for each in (net.circuit(8), found.circuit())]
    assert same[1] >= same[0]


def test_evaluations_and_fault_studies(digits, tmp_path):
    data = Dataset("digits", PIXELS[TRAIN[:60]], LABELS[TRAIN[:60]], PIXELS[TEST[:60]], LABELS[TEST[:60]], 10)
    found = evaluate(digits, data, lengths=(4, 256), generators=("sobol", "bernoulli"), calibrate="none")
    assert all(row.float_correct == found.rows[0].float_correct for row in found.rows)
    assert min(row.agree for row in found.rows if row.task.length == 256) > 40
    study = fault_study(digits, data, "bit-flips", (0.0, 0.3), 64, "sobol", calibrate="none", out=tmp_path)
    for generator in ("sobol", "fixed-point"):
        right = [sum(row.correct for row in each.rows if row.task.generator == generator) for each in study.evaluations]
        assert right[0] > right[1]


def test_the_table_tells_the_graph(digits, calibrated):
    lines = digits.describe(64).splitlines()
    assert lines[0].split() == [
        "layer",
        "kind",
        "from",
        "shape",
        "range",
        "activation",
        "gain",
        "streams",
        "gates",
        "cycles",
        "KiB",
    ]
    rows = {line.split()[0]: line for line in lines[1:9]}
    assert list(rows) == [*digits.names, "all"]
    assert "second + stem" in rows["sum"]
    assert rows["sum"].split()[-1] == "relu"
    assert rows["stem"].split()[:6] == ["stem", "Conv2D", "input", "1x8x8", "->", "4x8x8"]
    assert f"0..{digits.ranges()[1].scale:.3g}" in rows["first"]
    assert int(rows["all"].split()[3]) == 5 * 64
    assert lines[9] == f"longest way: {5 * 64} cycles"
    one, two = (Dense(np.eye(2), np.zeros(2), "relu") for _ in range(2))
    short = Network.from_layers({"a": one, "s": (Add(), "a", "input"), "b": (two, "input"), "t": (Add(), "s", "b")})
    assert "all" in short.describe((8, 32))
    assert "longest way: 32 cycles" in short.describe((8, 32))
    assert "layer 'head': " in calibrated.describe()
