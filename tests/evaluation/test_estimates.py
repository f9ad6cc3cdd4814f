"""Estimates of random circuits: their law against streams and closed forms, their files, what is refused."""

import json
import pickle
from itertools import product

import numpy as np
import pytest
from scipy import stats

from sc_neurocore import Conv2D, Dense, Faults, Inhibition, MemristorModel, Network
from sc_neurocore.datasets import load_digits
from sc_neurocore.evaluation import (
    EstimatedCircuit,
    EstimateTask,
    ResultStore,
    Row,
    Task,
    default_model,
    evaluate,
    paired,
)
from sc_neurocore.evaluation.estimates import DrawnSums

ALARM = 1e-9
LENGTH = 48


# ---------------------------------------------------------------- the law


def covariance(taps, x, w, encoding):
    """Covariances of sums of products in a cycle, product by product.

    `taps` has pairs of an input line and a weight, a list a sum; in a cycle each line and each weight has one bit.
    """

    def square(value):
        return 1.0 if encoding == "bipolar" else abs(value)

    def of_products(a, b):
        both = (square(x[a[0]]) if a[0] == b[0] else x[a[0]] * x[b[0]]) * (
            square(w[a[1]]) if a[1] == b[1] else w[a[1]] * w[b[1]]
        )
        return both - x[a[0]] * w[a[1]] * x[b[0]] * w[b[1]]

    return np.array([[sum(of_products(*pair) for pair in product(one, other)) for other in taps] for one in taps])


def dense_taps(n_inputs, n_neurons):
    return [[(i, j * n_inputs + i) for i in range(n_inputs)] for j in range(n_neurons)]


def conv_taps(spec, shape):
    """By loops over windows and kernels; lines are the pixels of the padded image."""
    (out, per_group, rows, columns), (pad_y, pad_x) = spec.weights.shape, spec.padding
    height, width = shape[1] + 2 * pad_y, shape[2] + 2 * pad_x
    taps = []
    for o in range(out):
        first = o // (out // spec.groups) * per_group
        for y in range(0, height - rows + 1, spec.stride[0]):
            for x in range(0, width - columns + 1, spec.stride[1]):
                places = product(range(per_group), range(rows), range(columns))
                taps.append([
                    (((first + c) * height + y + r) * width + x + k, ((o * per_group + c) * rows + r) * columns + k)
                    for c, r, k in places
                ])  # fmt: skip
    return taps


def pvalue(numbers, mean, cov):
    """Chance of numbers ``(N, K)`` so far from a law, by their mean or by their covariance (chi-square tests)."""
    n, k = numbers.shape
    white = np.linalg.solve(np.linalg.cholesky(cov), (numbers - mean).T)
    of_mean = n * np.sum(white.mean(1) ** 2)
    excess = white @ white.T / n - np.eye(k)
    of_cov = n * (np.sum(np.diag(excess) ** 2) / 2 + np.sum(np.tril(excess, -1) ** 2))
    return 2 * min(stats.chi2.sf(of_mean, k), stats.chi2.sf(of_cov, k * (k + 1) // 2))


RNG = np.random.default_rng(5)


def numbers(low, *shape):
    return RNG.uniform(low, 1, shape)


SPECS = {
    "dense": lambda low: (Dense(numbers(low, 4, 6), np.zeros(4), "identity"), None),
    "bias": lambda low: (Dense(numbers(low, 3, 6), numbers(low, 3), "identity"), None),
    "convolution": lambda low: (Conv2D(numbers(low, 2, 1, 2, 2), np.zeros(2), "identity", padding=(1, 0)), (1, 2, 3)),
    "convolution with bias": lambda low: (Conv2D(numbers(low, 2, 1, 1, 2), numbers(low, 2), "identity"), (1, 2, 3)),
    "groups": lambda low: (
        Conv2D(numbers(low, 4, 1, 2, 1), np.zeros(4), "identity", stride=(1, 2), groups=2),
        (2, 3, 3),
    ),
}


def first_stage(spec, shape, seed=1, **options):
    """The first layer of a circuit of the specification."""
    low = 0 if options["encoding"] == "unipolar" else -1
    layers = [spec]
    if shape is not None:
        n = int(np.prod(spec.output_shape(shape)))
        layers.append(Dense(np.eye(n), np.zeros(n), "identity"))
    network = Network.from_layers(layers, input_shape=shape, input_range=(low, 1), kind="regressor")
    return network.circuit(generator="bernoulli", seed=seed, length=LENGTH, **options).stages[0]


def law(spec, stage, x):
    """Mean and covariance of the sums of inputs ``(S, *sample)`` in units of their ranges, in turn."""
    layer, options = stage.layer, stage.layer.options
    weights = options.rounded(layer.kernels if isinstance(spec, Conv2D) else layer.weights).reshape(-1)
    if isinstance(spec, Conv2D):
        padding = ((0, 0), (0, 0), *((each, each) for each in spec.padding))
        taps, lines = conv_taps(spec, x.shape[1:]), np.pad(x, padding).reshape(len(x), -1)
    else:
        taps, lines = dense_taps(x.shape[1], len(spec.weights)), x
    lines = options.rounded(lines)
    n_lines, n_weights, per_neuron = lines.shape[1], weights.size, len(taps) // len(spec.weights)
    if layer.bias is not None:  # a line of the constant 1, and a weight for each neuron
        weights = np.append(weights, options.rounded(layer.bias))
        lines = np.column_stack([lines, np.ones(len(x))])
        taps = [[*tap, (n_lines, n_weights + k // per_neuron)] for k, tap in enumerate(taps)]
    apart = 0 if options.weight_streams == "stored" else weights.size  # fresh: each sample has weights of its own
    every = [[(s * lines.shape[1] + i, s * apart + k) for i, k in tap] for s in range(len(x)) for tap in taps]
    of_weights = np.tile(weights, len(x))
    terms = layer.fan_in if options.accumulate == "mean" else 1
    cov = covariance(every, lines.reshape(-1), of_weights, options.encoding) / (LENGTH * terms**2)
    return layer.expected(x).reshape(-1), cov


def inputs(stage, low, samples=1):
    return RNG.uniform(low, 1, (samples, *stage.sample))


CASES = [
    *((kind, encoding, "sum", None) for kind in SPECS for encoding in ("unipolar", "bipolar", "split")),
    ("dense", "split", "mean", None),
    ("convolution with bias", "split", "mean", None),
    ("bias", "split", "sum", 3),
    ("bias", "bipolar", "mean", 3),
]


@pytest.mark.parametrize(("kind", "encoding", "accumulate", "bits"), CASES)
def test_mean_and_covariance_of_streams_and_of_draws(kind, encoding, accumulate, bits):
    """Neurons and windows are compared together. Refuted: no covariance; a mean a tenth of sigma off."""
    low = 0 if encoding == "unipolar" else -1
    spec, shape = SPECS[kind](low)
    stage = first_stage(spec, shape, encoding=encoding, accumulate=accumulate, bits=bits)
    x = inputs(stage, low)
    mean, cov = law(spec, stage, x)
    assert np.linalg.eigvalsh(cov)[0] > 1e-9
    same = np.repeat(x, 12_000, axis=0)
    for found in (stage.layer.forward(same), DrawnSums(stage, 3)(same)):
        found = found.reshape(len(same), -1)
        assert pvalue(found, mean, cov) > ALARM
        assert pvalue(found, mean, np.diag(np.diag(cov))) < ALARM
        assert pvalue(found, mean + 0.1 * np.sqrt(np.diag(cov)), cov) < ALARM


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bias", "convolution with bias"])
def test_stored_weight_streams_join_samples(kind):
    """Two samples of one circuit share the streams of weights, of 1500 circuits."""
    spec, shape = SPECS[kind](-1)
    options = {"encoding": "split", "weight_streams": "stored"}
    stage = first_stage(spec, shape, **options)
    x = inputs(stage, -1, samples=2)
    mean, cov = law(spec, stage, x)
    apart = np.kron(np.eye(2), np.ones((len(cov) // 2,) * 2)) * cov
    real, drawn = [], []
    for seed in range(1500):
        stage = first_stage(spec, shape, seed=seed, **options)
        real.append(stage.layer.forward(x).reshape(-1))
        drawn.append(DrawnSums(stage, seed)(x).reshape(-1))
    for found in map(np.array, (real, drawn)):
        assert pvalue(found, mean, cov) > ALARM
        assert pvalue(found, mean, apart) < ALARM


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The default network, and its data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SC_NEUROCORE_CACHE", str(tmp_path_factory.mktemp("cache")))
        data = load_digits()
        return default_model(data), data


@pytest.mark.parametrize("encoding", ["split", "bipolar"])
def test_accuracy_is_that_of_streams(digits, encoding):
    network, data = digits
    options = {"lengths": (4, 16, 64, 256), "generators": "bernoulli", "encoding": encoding, "calibrate": "none"}
    streams = evaluate(network, data, **options, repeats=4)
    estimates = evaluate(network, data, **options, repeats=4, estimate=True)
    assert (streams.estimate, estimates.estimate) == (False, True)
    for real, drawn in zip(streams.points, estimates.points, strict=True):
        low, high = real.interval()
        assert low <= drawn.accuracy <= high
        difference = paired(drawn.wrong, real.wrong, 1 - ALARM)
        assert difference.low <= 0 <= difference.high
    for real, drawn in zip(streams.points[1:3], estimates.points, strict=False):  # four times the length: refuted
        assert drawn.accuracy < real.interval()[0]
        assert paired(drawn.wrong, real.wrong, 1 - ALARM).low > 0


def test_calibrated_circuits_are_estimated_too(digits, tmp_path):
    """The network that was calibrated for streams is taken; its accuracy is that of its streams."""
    network, data = digits
    real = evaluate(network, data, (16,), "bernoulli", repeats=4, out=tmp_path)
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "calibrated").iterdir()}
    drawn = evaluate(network, data, (16,), "bernoulli", repeats=4, out=tmp_path, estimate=True)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "calibrated").iterdir()} == before
    assert drawn.note == real.note
    for one, other in ((real, drawn), (real.uncalibrated, drawn.uncalibrated)):
        low, high = one.points[0].interval()
        assert low <= other.points[0].accuracy <= high
    assert drawn.points[0].accuracy > drawn.uncalibrated.points[0].interval()[1]


# ---------------------------------------------------------------- circuits


NETWORK = Network.from_layers(
    [
        Conv2D(np.random.default_rng(0).normal(size=(2, 1, 2, 2)), np.array([0.1, -0.2]), "relu", padding=1),
        Dense(np.random.default_rng(1).normal(size=(3, 40)), np.zeros(3), "identity"),
    ],
    input_shape=(1, 3, 4),
)
X = np.random.default_rng(2).random((50, 12))


def estimated(seed=0, **options):
    return EstimatedCircuit(NETWORK.circuit(16, "bernoulli", seed=seed, **options))


@pytest.mark.parametrize("weight_streams", ["fresh", "stored"])
def test_draws_do_not_depend_on_batches(weight_streams, monkeypatch):
    circuit = estimated(weight_streams=weight_streams)
    whole = circuit.forward(X)
    assert not np.allclose(circuit.forward(X), whole)  # the next samples
    circuit.reset()
    np.testing.assert_allclose(np.concatenate([circuit.forward(X[:1]), circuit.forward(X[1:])]), whole, rtol=1e-12)
    circuit.reset()
    np.testing.assert_allclose(circuit.forward(X.reshape(5, 10, 12)).reshape(50, 3), whole, rtol=1e-12)
    copy = pickle.loads(pickle.dumps(estimated(weight_streams=weight_streams)))
    np.testing.assert_array_equal(copy.forward(X), whole)
    assert not np.allclose(estimated(seed=1, weight_streams=weight_streams).forward(X), whole)
    monkeypatch.setattr("sc_neurocore.chunks.CHUNK_BYTES", 1 << 15)
    np.testing.assert_allclose(estimated(weight_streams=weight_streams).forward(X), whole, rtol=1e-12)


def test_inputs_are_checked_and_cut_as_those_of_the_circuit():
    with pytest.raises(ValueError, match=r"x must lie in \[0, 1\]|x must be"):
        estimated().forward(X + 1)
    np.testing.assert_array_equal(estimated(clip=True).forward(X + 1), estimated().forward(np.ones_like(X)))
    assert estimated().forward(X[:0]).shape == (0, 3)


def test_layers_that_are_no_sums_run_on_their_streams():
    network = Network.from_layers([Inhibition()], input_shape=(12,), kind="regressor")
    circuit = network.circuit(16, "bernoulli")
    streams = circuit.forward(X)
    drawn = EstimatedCircuit(network.circuit(16, "bernoulli"))
    np.testing.assert_array_equal(drawn.forward(X), streams)
    drawn.reset()
    np.testing.assert_array_equal(drawn.forward(X), streams)


# ---------------------------------------------------------------- rows, files, refusals


@pytest.fixture(scope="module")
def mine(digits):
    """The network without training samples, 40 held-out ones."""
    network, data = digits
    return network, type(data).held_out("few", data.x_test[:40], data.y_test[:40])


def test_files_of_their_own(mine, tmp_path):
    streams = evaluate(*mine, (16,), "bernoulli", out=tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    drawn = evaluate(*mine, (16,), out=tmp_path, estimate=True)
    assert [path.name for path in drawn.written] == ["estimate.csv", "estimate-wrong.bits", "record.json"]
    assert {row.task.generator for row in drawn.rows} == {"bernoulli"}  # the default of estimates
    assert drawn.reused == 0
    for name in ("results.csv", "wrong.bits"):
        assert (tmp_path / name).read_bytes() == before[name]
    (row,), (counted,) = drawn.rows, streams.rows
    assert (row.task.estimate, isinstance(counted.task, EstimateTask)) == ("normal", False)
    assert row.id != counted.id
    header, line = (tmp_path / "estimate.csv").read_text().splitlines()
    assert dict(zip(header.split(","), line.split(","), strict=True))["estimate"] == "normal"
    assert "estimate" not in (tmp_path / "results.csv").read_text()
    assert ResultStore(tmp_path / "estimate.csv", estimates=True).read() == {row.id: row}
    assert ResultStore(tmp_path / "results.csv").read() == {counted.id: counted}
    kept = ResultStore(tmp_path / "estimate.csv", estimates=True).read()[row.id]
    assert kept.wrong == row.wrong
    assert evaluate(*mine, (16,), out=tmp_path, estimate=True).reused == 1
    assert evaluate(*mine, (16,), "bernoulli", out=tmp_path).reused == 1


def test_neither_file_is_read_as_the_other(mine, tmp_path):
    evaluate(*mine, (16,), out=tmp_path, estimate=True)
    evaluate(*mine, (16,), "bernoulli", out=tmp_path)
    row = Row(Task("0.1.0", "ab", "cd", "bernoulli", 16), 1, 1, 1, 1, 1)
    for name, estimates in (("estimate.csv", False), ("results.csv", True)):
        content = (tmp_path / name).read_bytes()
        store = ResultStore(tmp_path / name, estimates=estimates)
        for call in (store.read, lambda store=store: store.append(row)):
            with pytest.raises(ValueError, match=r"its header differs"):
                call()
        assert (tmp_path / name).read_bytes() == content


def test_the_record_says_so(mine, tmp_path):
    evaluate(*mine, (16,), "bernoulli", out=tmp_path)
    drawn = evaluate(*mine, (16,), seed=3, repeats=2, out=tmp_path, estimate=True)
    first, second = json.loads((tmp_path / "record.json").read_text())["runs"]
    assert "estimate" not in first["options"]
    assert second["options"]["estimate"] is True
    assert second["tasks"] == second["computed"] == [row.id for row in drawn.rows]
    options = {name: value for name, value in second["options"].items() if name != "calibration"}
    assert evaluate(*mine, **options, out=tmp_path).reused == 2


def test_the_table_says_so(mine):
    drawn = evaluate(*mine, (16,), estimate=True)
    lines = drawn.table().splitlines()
    assert lines[0].split()[2:4] == ["estimate", "%"]
    assert "an estimate: sums are drawn from a normal law, no streams were run for them" in lines
    assert "estimate" not in evaluate(*mine, (16,), "bernoulli").table()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        *(
            ({"generators": name}, f"generators must be 'bernoulli' with estimate=True (--estimate), whose law is that "
             f"of independent random bits, got {name!r}")
            for name in ("sobol", "searched", "lfsr", "lattice", "halton", "vdc", "ramp", "fixed-point")
        ),
        ({"generators": ("bernoulli", "sobol")}, "got 'sobol'"),
        *(
            ({"accumulate": name}, f"accumulate must be 'sum' or 'mean' with estimate=True (--estimate), got {name!r}")
            for name in ("saturate", "or", "mux")
        ),
        *(
            ({"share": name}, f"share must be None or 'independent' with estimate=True (--estimate), got {name!r}")
            for name in ("one", "shift", "rotate")
        ),
        ({"faults": Faults.flips(0.1)}, "faults must be None with estimate=True (--estimate), got Faults("),
        ({"device": MemristorModel.preset("taox")}, "device must be None with estimate=True (--estimate), got Memris"),
        ({"lengths": 0}, "lengths must be an integer of at least 1, got 0"),
        ({"share": "all"}, "share must be one of one, shift, rotate, independent, got 'all'"),
        *(
            (
                {"weight_share": name},
                f"weight_share must be None or 'independent' with estimate=True (--estimate), got {name!r}",
            )
            for name in ("neurons", "one")
        ),
    ],
)  # fmt: skip
def test_what_has_no_such_law_is_refused(mine, tmp_path, change, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011  its whole text is compared
        evaluate(*mine, **{"lengths": 16, **change}, out=tmp_path / "report", estimate=True)
    assert message in str(error.value)
    assert not list(tmp_path.iterdir())


def test_estimate_is_a_flag(mine, tmp_path):
    with pytest.raises(TypeError, match="estimate must be"):
        evaluate(*mine, (16,), estimate="normal", out=tmp_path / "report")
    assert not list(tmp_path.iterdir())
