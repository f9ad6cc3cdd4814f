"""Noise of every read-out: one weight for all cycles of a sample, by its law, whatever else is computed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from layer_helpers import ENCODINGS, FALSE_ALARM, inputs, slow_forward
from scipy import stats
from sklearn.neural_network import MLPClassifier

from sc_neurocore import (
    HardwareAwareSCLayer,
    MemristiveDenseLayer,
    MemristorModel,
    SCConv2DLayer,
    VectorizedSCLayer,
    chunks,
)
from sc_neurocore.datasets import load_digits
from sc_neurocore.encoders import Encoder
from sc_neurocore.interop import from_sklearn

PCM = MemristorModel.preset("pcm")
NOISY = MemristorModel(read_noise=0.1, read_noise_per="read-out")
NOISES = {"cycle": replace(NOISY, read_noise_per="cycle"), "read-out": NOISY, "pcm": PCM}


def squares(normal):
    law, total = stats.chi2(normal.size), np.square(normal).sum()
    return 2 * min(law.cdf(total), law.sf(total))


def readings(device, length=1024):
    """Weights of .5 that 40 samples read ``(40, 500)``, from all cycles and from the first half of them."""
    layer = VectorizedSCLayer.from_weights(np.full((1, 500), 0.5), length, generator="sobol", device=device, seed=3)
    bits = layer.streams(np.zeros((40, 500))).weights.bits()[:, 0]
    return layer, bits.mean(-1), bits[..., : length // 2].mean(-1)


def test_noise_of_a_read_out_does_not_average_away_within_it():
    device = replace(PCM, variability=0.0, drift_exponent=0.049)
    left = 500**-0.049
    sigma = 0.5 * left * 0.0088 / 0.5**0.65 * np.sqrt(np.log((1e4 + 250e-9) / 500e-9))
    _, weights, half = readings(device)
    cells = device.program(np.full((1, 500), 0.5), device.defects((1, 500), 3))
    np.testing.assert_allclose(cells, 0.5 * left, rtol=1e-12)
    np.testing.assert_allclose(half, weights, atol=4 / 1024)  # all cycles see one weight
    assert squares((weights - 0.5 * left) / sigma) > FALSE_ALARM
    strong = replace(device, read_noise=replace(device.read_noise, scale=0.0097))
    assert squares((readings(strong)[1] - 0.5 * left) / sigma) < FALSE_ALARM
    white = readings(replace(device, read_noise_per="cycle"))[1]
    assert squares((white - 0.5 * left) / sigma) < FALSE_ALARM
    assert white.std() < sigma / 5


def test_read_outs_and_cells_err_independently():
    _, weights, _ = readings(NOISY)
    normal = (weights - 0.5) / 0.1
    for first, second in ((normal[1:], normal[:-1]), (normal[:, 1:], normal[:, :-1])):
        assert abs(np.mean(first * second)) * np.sqrt(first.size) < 6.1
    assert abs(np.mean(normal * normal)) * np.sqrt(normal.size) > 6.1


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("generator", ["bernoulli", "sobol", "halton"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_noise_does_not_depend_on_what_else_is_computed(encoding, generator, noise, monkeypatch):
    """Batch split, block size, order and threads."""
    layer = VectorizedSCLayer.from_weights(
        inputs((9, 70), encoding, 1), 200, encoding=encoding, generator=generator, device=NOISES[noise], seed=7
    )
    x = inputs((6, 70), encoding, 2)
    whole = layer.forward(x)
    assert len({row.tobytes() for row in layer.forward(np.tile(x[:1], (6, 1)))}) > 1
    for limit, parts in ((chunks.CHUNK_BYTES, (1, 5)), (1, (6,)), (200_000, (2, 2, 2)), (3_000_000, (4, 2))):
        monkeypatch.setattr(chunks, "CHUNK_BYTES", limit)
        layer.reset()
        starts = np.cumsum((0, *parts))
        split = [layer.forward(x[a:b]) for a, b in pairwise(starts)]
        np.testing.assert_array_equal(np.concatenate(split), whole)
    layer.reset()
    same = np.tile(x[:1], (8, 1))
    alone = layer.forward(same)
    layer.reset()
    with ThreadPoolExecutor(4) as pool:
        threaded = np.array(list(pool.map(layer.forward, same)))
    assert sorted(map(bytes, threaded)) == sorted(map(bytes, alone))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_convolution_reads_its_kernels_once_an_image(encoding, monkeypatch):
    conv = SCConv2DLayer(1, 2, 3, length=1024, encoding=encoding, generator="sobol", device=NOISY, seed=2)
    images = np.full((3, 1, 5, 5), 0.7)
    maps = conv.forward(images)
    assert (np.ptp(maps, axis=(2, 3)) == 0).all()  # all windows of an image see the same kernels
    assert (np.ptp(maps, axis=0) > 0).all()
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    conv.reset()
    np.testing.assert_array_equal(conv.forward(images), maps)


@pytest.mark.parametrize("accumulate", ["mean", "saturate", "or", "mux"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_forward_is_that_of_the_streams(encoding, accumulate):
    layer = MemristiveDenseLayer(
        6, 4, 100, stuck_rate=0.1, variability=None, encoding=encoding, accumulate=accumulate, generator="sobol",
        device=PCM, seed=1,
    )  # fmt: skip
    x = inputs((3, 6), encoding, 2)
    want = slow_forward(layer, x)
    np.testing.assert_array_equal(layer.forward(x), want)


def test_stored_bernoulli_streams_keep_their_numbers():
    """Comparators that start anew with every sample turn the same weight into the same bits."""
    bits = {}
    for kept in ("fresh", "stored"):
        layer = VectorizedSCLayer.from_weights(
            np.full((1, 200), 0.5), 256, weight_streams=kept, device=replace(NOISY, read_noise=1e-6), seed=1
        )
        bits[kept] = layer.streams(np.zeros((2, 200))).weights.bits()[:, 0]
    assert (bits["stored"][0] == bits["stored"][1]).mean() > 0.999
    assert (bits["fresh"][0] == bits["fresh"][1]).mean() < 0.6


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_expected_is_the_mean_over_read_outs(encoding):
    """Weights at an end of the range: noise moves their mean."""
    w = np.array([[0.9, 0.02, 0.5, 1.0] * 25])
    device = replace(NOISY, read_noise=0.2)
    layer = VectorizedSCLayer.from_weights(w, 256, encoding=encoding, generator="sobol", device=device, seed=4)
    x = np.tile(np.linspace(0.2, 1.0, 100), (500, 1))
    found, want = layer.forward(x).mean(), float(layer.expected(x[0])[0])
    quiet = VectorizedSCLayer.from_weights(w, encoding=encoding, accumulate="mean").expected(x[0])[0]
    assert found == pytest.approx(want, abs=0.004)
    assert abs(quiet - want) > 0.006


def test_expected_of_what_is_not_linear():
    x = inputs(6)
    for accumulate, share in (("saturate", "independent"), ("or", "one")):
        layer = VectorizedSCLayer(6, 2, accumulate=accumulate, share=share, generator="halton", device=NOISY, seed=1)
        with pytest.raises(ValueError, match=f"accumulate='{accumulate}' with read noise per read-out"):
            layer.expected(x)
    layer = VectorizedSCLayer(6, 2, 1024, accumulate="or", device=NOISY, seed=1)
    found = layer.forward(np.tile(x, (400, 1))).mean(0)
    np.testing.assert_allclose(found, layer.expected(x), atol=0.01)


# ------------------------------------------------------------ phase change, end to end


@pytest.mark.parametrize("kind", [MemristiveDenseLayer, HardwareAwareSCLayer])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_layers_of_phase_change_cells(kind, encoding):
    chip = {"stuck_rate": None, "variability": None, "device": PCM}
    layer = kind(40, 5, 1024, **chip, encoding=encoding, accumulate="sum", seed=1)
    assert layer.device == PCM
    x = np.tile(inputs(40, encoding, 3), (300, 1))
    np.testing.assert_allclose(layer.forward(x).mean(0), layer.expected(x[0]), atol=0.15)
    assert not np.allclose(layer.expected(x[0]), layer.ideal_weights @ x[0], atol=0.3)


def test_a_network_of_phase_change_cells():
    """Digits: noise that stays for a read-out costs little beside streams; one seed is one chip and one noise."""
    data = load_digits()
    model = MLPClassifier((16,), max_iter=300, tol=1e-2, n_iter_no_change=3, random_state=0).fit(
        data.x_train, data.y_train
    )
    network = from_sklearn(model, data.x_train)
    right = {}
    for name, device in (("none", None), ("pcm", PCM)):
        circuit = network.circuit(256, generator="sobol", device=device, seed=2)
        found = circuit.predict(data.x_test)
        np.testing.assert_array_equal(
            network.circuit(256, generator="sobol", device=device, seed=2).predict(data.x_test), found
        )
        right[name] = np.mean(found == data.y_test)
    assert right["none"] - 0.1 < right["pcm"]
    assert right["pcm"] != right["none"]


# ------------------------------------------------------------ noise of every cycle


def ones_by_definition(w, sigma, encoding, levels, samples):
    """Ones of each rail and cycle, of weights that are read with a normal number of NumPy's in every cycle."""
    rng = np.random.default_rng(11)
    read = w + sigma * rng.standard_normal((samples, levels.size))
    u = rng.random(read.shape) if np.isnan(levels).any() else levels
    rails = [(read + 1) / 2] if encoding == "bipolar" else [read, -read][: 2 if encoding == "split" else 1]
    return np.array([(u < rail).sum(0) for rail in rails])


def ones_of_a_layer(w, sigma, encoding, generator, samples):
    pairs = 1 if encoding == "unipolar" else np.sqrt(2)
    layer = VectorizedSCLayer.from_weights(
        np.array([[w]]), 32, generator=generator, encoding=encoding, seed=6,
        device=MemristorModel(read_noise=sigma / pairs),
    )  # fmt: skip
    bits = layer.streams(np.zeros((samples, 1))).weights.bits()
    rails = bits if encoding == "split" else bits[None]
    random = generator == "bernoulli"
    levels = np.full(32, np.nan) if random else Encoder(1, 32, generator, encoding, partner=1).levels()[0]
    return rails.reshape(-1, samples, 32).sum(1, dtype=int), levels


@pytest.mark.parametrize(("encoding", "w"), [("unipolar", 0.3), ("unipolar", 0.0), ("bipolar", -0.9), ("split", -0.1)])
@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_noise_of_every_cycle_has_the_law_of_its_comparators(encoding, w, generator):
    """Two samples of the counts of each cycle: of the layer, and of comparators that meet NumPy's normals."""
    samples = 6000

    def p_value(sigma):
        found, levels = ones_of_a_layer(w, sigma, encoding, generator, samples)
        wanted = ones_by_definition(w, 0.15, encoding, levels, samples)
        some = np.minimum(found + wanted, 2 * samples - found - wanted) > 40
        assert np.abs(found - wanted)[~some].max(initial=0) < 60
        pooled = (found + wanted)[some] / (2 * samples)
        square = np.square((found - wanted)[some]) / (2 * samples * pooled * (1 - pooled))
        return stats.chi2(int(some.sum())).sf(square.sum())

    assert p_value(0.15) > FALSE_ALARM
    assert p_value(0.25) < FALSE_ALARM
