"""Convolution: the circuit on unpacked bits, a window at a time; shapes, options, statistics."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from layer_helpers import (
    ACCUMULATES,
    ENCODINGS,
    FALSE_ALARM,
    LENGTHS,
    binomial_p_value,
    bits_and_select,
    inputs,
    neuron_output,
    on_grid,
)
from scipy import signal

from sc_neurocore import chunks
from sc_neurocore.encoders import Halton
from sc_neurocore.gates import Faults
from sc_neurocore.layers import SCConv2DLayer, VectorizedSCLayer, sc_conv_layer

GEOMETRIES = [
    {},
    {"padding": 1},
    {"stride": (2, 1), "padding": (0, 2)},
    {"dilation": (2, 1), "padding": "same"},
    {"groups": 2, "bias": True},
    {"groups": 4, "kernel_size": (1, 2), "stride": 3, "bias": True},
]


def build(
    encoding="unipolar", accumulate="mean", *, channels=4, out=4, bias=False, kernel_size=(3, 2), seed=1, **options
):
    options = {"length": 70, "encoding": encoding, "accumulate": accumulate, "seed": seed, **options}
    if bias:
        options["bias"] = inputs(out, encoding, 9)
    return SCConv2DLayer(channels, out, kernel_size, **options)


def with_weights_on_grid(layer):
    """The layer, with weights that its thresholds hold exactly."""
    layer.kernels = on_grid(layer.kernels)
    if layer.bias is not None:
        layer.bias = on_grid(layer.bias)
    return layer


def edges(layer):
    """Padding (above, below), (left, right), worked out anew."""
    if layer.padding == "same":
        totals = [d * (k - 1) for d, k in zip(layer.dilation, layer.kernel_size, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    return [(p, p) for p in layer.padding]


def windows(layer, padded):
    """Row, column, channel offset and the window of every output pixel of ``(.., C, H, W, L)``."""
    (kh, kw), (sh, sw), (dh, dw) = layer.kernel_size, layer.stride, layer.dilation
    height, width = padded.shape[-3:-1]
    for row in range((height - dh * (kh - 1) - 1) // sh + 1):
        for column in range((width - dw * (kw - 1) - 1) // sw + 1):
            rows = slice(row * sh, row * sh + dh * (kh - 1) + 1, dh)
            columns = slice(column * sw, column * sw + dw * (kw - 1) + 1, dw)
            yield row, column, padded[..., rows, columns, :]


def slow_forward(layer, x):
    """What the next ``layer.forward(x)`` should give: plain NumPy on bits, a window at a time."""
    x_bits, w_bits, select = bits_and_select(layer, x)
    (top, bottom), (left, right) = edges(layer)
    size = (layer.in_channels, x.shape[2] + top + bottom, x.shape[3] + left + right)
    pixels = x_bits[:, :, : np.prod(size)].reshape(*x_bits.shape[:2], *size, layer.length)
    w_bits = w_bits.reshape(*w_bits.shape[:2], layer.out_channels, -1, layer.length)
    per_group, outs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    out = np.empty((len(x), *layer.output_shape(*x.shape[2:])))
    names = ("length", "encoding", "accumulate", "bias")
    like = SimpleNamespace(**{name: getattr(layer, name) for name in names})
    like.n_inputs = layer.kernels[0].size
    for s, o in np.ndindex(out.shape[:2]):
        channels = slice(o // outs * per_group, (o // outs + 1) * per_group)
        w = w_bits[:, s if w_bits.shape[1] > 1 else 0, o]
        for row, column, window in windows(layer, pixels[:, s, channels]):
            lines = window.reshape(len(window), -1, layer.length)
            if layer.bias is not None:
                lines = np.concatenate([lines, x_bits[:, s, -1:]], axis=1)
            out[s, o, row, column] = neuron_output(lines, w, None if select is None else select[s], like)
    return out


def float_convolution(layer, x):
    """Sums of products in floating point, by SciPy on dilated kernels."""
    (kh, kw), (dh, dw) = layer.kernel_size, layer.dilation
    spread = np.zeros((*layer.kernels.shape[:2], dh * (kh - 1) + 1, dw * (kw - 1) + 1))
    spread[..., ::dh, ::dw] = layer.kernels
    padded = np.pad(x, ((0, 0), (0, 0), *edges(layer)))
    out = np.zeros((len(x), *layer.output_shape(*x.shape[2:])))
    per_group, outs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    for s, o, c in np.ndindex(len(x), layer.out_channels, per_group):
        plane = signal.correlate(padded[s, o // outs * per_group + c], spread[o, c], "valid", method="direct")
        out[s, o] += plane[:: layer.stride[0], :: layer.stride[1]]
    return out if layer.bias is None else out + layer.bias[:, None, None]


def test_documented_example():
    conv = SCConv2DLayer(in_channels=1, out_channels=2, kernel_size=3, padding=1)
    rates = conv.forward(np.random.default_rng(0).random((1, 8, 8)))
    assert rates.shape == (2, 8, 8)
    assert conv.length == 256
    assert (rates >= 0).all()
    assert (rates <= 1).all()


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("accumulate", ACCUMULATES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_forward_is_the_circuit_on_bits(encoding, accumulate, geometry):
    for generator in ("bernoulli", "sobol"):
        layer = build(encoding, accumulate, generator=generator, **geometry)
        x = inputs((2, 4, 5, 6), encoding, 3)
        want = slow_forward(layer, x)
        np.testing.assert_array_equal(layer.forward(x), want)


@pytest.mark.parametrize(
    "options", [{"weight_streams": "stored"}, {"faults": Faults.flips(0.1)}, {"share": "one"}, {"share": "independent"}]
)
@pytest.mark.parametrize("accumulate", ACCUMULATES)
def test_options_meet_the_same_circuit(accumulate, options):
    for generator in ("bernoulli", Halton(7)):  # an object has as many lines as are asked for
        if "weight_streams" in options and generator != "bernoulli":
            continue
        layer = build("split", accumulate, generator=generator, padding=1, **options)
        x = inputs((2, 4, 3, 3), "split", 3)
        want = slow_forward(layer, x)
        np.testing.assert_array_equal(layer.forward(x), want)


@pytest.mark.parametrize("batch", [0, 1, 5])
@pytest.mark.parametrize("length", LENGTHS)
def test_lengths(length, batch):
    layer = build("bipolar", "sum", length=length, channels=2, out=2, padding=1, generator="sobol")
    x = inputs((batch, 2, 3, 4), "bipolar", 3)
    want = slow_forward(layer, x)
    np.testing.assert_array_equal(layer.forward(x), want)


def test_one_window_is_a_dense_layer():
    kernels = inputs((3, 2, 4, 5), "split", 1)
    options = {"length": 256, "encoding": "split", "accumulate": "sum", "generator": "sobol"}
    conv = SCConv2DLayer.from_kernels(kernels, **options)
    dense = VectorizedSCLayer.from_weights(kernels.reshape(3, -1), **options)
    x = inputs((4, 2, 4, 5), "split", 2)
    np.testing.assert_array_equal(conv.forward(x)[:, :, 0, 0], dense.forward(x.reshape(4, -1)))
    np.testing.assert_array_equal(conv.packed_kernels.reshape(2, 3, 40, 4), dense.packed_weights)


def test_every_pixel_is_encoded_once():
    layer = build(generator="bernoulli", padding=1, kernel_size=3, length=4096)
    streams = layer.streams(inputs((4, 6, 5)))
    assert streams.inputs.shape == (4 * 8 * 7,)
    assert streams.weights.shape == (4, 4 * 9)
    rows = np.concatenate([streams.inputs.words, streams.weights.words.reshape(4 * 36, -1)])
    assert len(np.unique(rows[rows.any(axis=1)], axis=0)) == 4 * 6 * 5 + 4 * 36  # the padding is zero


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
def test_leading_axes_are_batch_axes(shape, accumulate):
    layer = build("split", accumulate, groups=2)
    x = inputs((*shape, 4, 5, 5), "split")
    whole = layer.forward(x)
    assert whole.shape == (*shape, 4, 3, 4) == layer.expected(x).shape if accumulate != "or" else True
    layer.reset()
    flat = x.reshape(int(np.prod(shape)), 4, 5, 5)
    np.testing.assert_array_equal(layer.forward(flat).reshape(whole.shape), whole)


@pytest.mark.parametrize("options", [{}, {"faults": Faults.flips(0.1)}, {"generator": "sobol"}])
@pytest.mark.parametrize("accumulate", ACCUMULATES)
def test_the_split_of_a_batch_does_not_matter(accumulate, options, monkeypatch):
    layer = build("bipolar", accumulate, padding=1, **options)
    x = inputs((5, 4, 4, 4), "bipolar")
    whole = layer.forward(x)
    layer.reset()
    np.testing.assert_array_equal(np.concatenate([layer.forward(x[:2]), layer.forward(x[2:])]), whole)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
    layer.reset()
    np.testing.assert_array_equal(layer.forward(x), whole)


def test_images_may_change_size():
    layer = build(generator="sobol", padding=1)
    for size in ((4, 5), (7, 3), (4, 5)):
        x = inputs((1, 4, *size))
        want = slow_forward(layer, x)
        np.testing.assert_array_equal(layer.forward(x), want)


@pytest.mark.parametrize("geometry", GEOMETRIES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_expected_is_the_convolution(encoding, geometry):
    x = on_grid(inputs((2, 4, 7, 6), encoding, 3))

    def make(accumulate):
        return with_weights_on_grid(build(encoding, accumulate, **geometry))

    layer = make("sum")
    sums = float_convolution(layer, x)
    n = layer.kernels[0].size + (layer.bias is not None)
    low = 0.0 if encoding == "unipolar" else -1.0
    for accumulate, want in (("sum", sums), ("mean", sums / n), ("mux", sums / n), ("saturate", np.clip(sums, low, 1))):
        got = make(accumulate).expected(x)
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


def test_expected_of_an_or_tree():
    layer = with_weights_on_grid(build(accumulate="or", padding=1))
    x = on_grid(inputs((2, 4, 3, 3), seed=3))
    got = layer.expected(x)
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))[..., None]
    for row, column, window in windows(layer, padded):
        lines = window[..., 0]
        want = 1 - np.prod(1 - lines[:, None] * layer.kernels, axis=(2, 3, 4))
        np.testing.assert_allclose(got[:, :, row, column], want, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_expected_matches_torch():
    torch = pytest.importorskip("torch")
    for geometry in GEOMETRIES:
        layer = with_weights_on_grid(build("split", "sum", **geometry))
        x = on_grid(inputs((2, 4, 7, 6), "split", 3))
        padding = geometry.get("padding", 0)
        want = torch.nn.functional.conv2d(
            torch.tensor(x),
            torch.tensor(layer.kernels),
            None if layer.bias is None else torch.tensor(layer.bias),
            stride=layer.stride,
            padding=padding,
            dilation=layer.dilation,
            groups=layer.groups,
        )
        np.testing.assert_allclose(layer.expected(x), want.numpy(), atol=1e-12)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "dilation", "want"),
    [  # computed by hand from floor((size + 2 p - d (k - 1) - 1) / s) + 1
        ((32, 32), 3, 1, 0, 1, (30, 30)),
        ((32, 32), 3, 1, 1, 1, (32, 32)),
        ((32, 30), 5, 2, 2, 1, (16, 15)),
        ((28, 28), 5, 1, 2, 1, (28, 28)),
        ((7, 9), (3, 2), (2, 3), (0, 1), (2, 1), (2, 4)),
        ((9, 9), 4, 1, "same", 2, (9, 9)),
    ],
)
def test_output_shape(size, kernel, stride, padding, dilation, want):
    layer = SCConv2DLayer(1, 2, kernel, stride, padding, dilation=dilation)
    assert layer.output_shape(*size) == (2, *want)
    assert layer.forward(np.zeros((1, *size))).shape == (2, *want)


def share_of_ones(x_value):
    """Ones and bits of single-weight convolutions whose products should be 1 with probability 0.25."""
    layer = SCConv2DLayer.from_kernels([[[[0.5]]]], length=1000, seed=3)
    ones = layer.forward(np.full((400, 1, 1, 1), x_value)).sum() * 1000
    return round(ones), 400_000


def test_products_are_binomial_and_a_biased_input_is_found_out():
    assert binomial_p_value(*share_of_ones(0.5), 0.25) > FALSE_ALARM
    assert binomial_p_value(*share_of_ones(0.52), 0.25) < FALSE_ALARM


def test_sobol_converges_to_the_expectation():
    x = inputs((1, 4, 6, 6), "split")
    errors = []
    for length in (64, 1024):
        layer = build("split", "sum", length=length, generator="sobol", padding=1)
        errors.append(np.sqrt(np.mean((layer.forward(x) - layer.expected(x)) ** 2)))
    assert errors[1] < errors[0] / 6


def test_options_have_an_effect():
    x = inputs((4, 6, 6))
    plain = build().forward(np.stack([x, x]))[1]
    for options in (
        {"stride": 2},
        {"padding": 1},
        {"dilation": 2},
        {"seed": 2},
        {"length": 71},
        {"generator": "sobol"},
        {"accumulate": "or"},
        {"share": "one"},
        {"bias": True},
        {"faults": Faults.flips(0.1)},
        {"weight_streams": "stored"},
    ):
        other = (
            build(**options).forward(np.stack([x, x]))[1]
            if "weight_streams" in options
            else build(**options).forward(x)
        )
        assert other.shape != plain.shape or not np.array_equal(other, plain), options
    assert build(groups=2).kernels.shape == (4, 2, 3, 2)
    coarse = build(generator="sobol", bits=2)
    assert coarse.generator.bits == 2
    assert build(use_gpu=False).backend == "numba"


def test_kernels_may_be_edited():
    layer = build("bipolar", generator="sobol")
    x = inputs((4, 5, 5), "bipolar")
    before = layer.forward(x)
    layer.kernels[1, 2, 0, 1] = -layer.kernels[1, 2, 0, 1]
    after = layer.forward(x)
    np.testing.assert_array_equal(after[[0, 2, 3]], before[[0, 2, 3]])
    assert not np.array_equal(after[1], before[1])
    layer.kernels[0, 0, 0, 0] = 3
    with pytest.raises(ValueError, match=r"^kernels must lie in \[-1, 1\], got 3"):
        layer.forward(x)


def test_state():
    layer, other = build("split", bias=True, groups=2), build("split", bias=True, groups=2, seed=5)
    x = inputs((3, 4, 5, 5), "split")
    layer.forward(x)
    other.load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(other.kernels, layer.kernels)
    twin = pickle.loads(pickle.dumps(layer))
    want = layer.forward(x)
    np.testing.assert_array_equal(other.forward(x), want)
    np.testing.assert_array_equal(twin.forward(x), want)
    with pytest.raises(ValueError, match=r"weights must have shape \(4, 2, 3, 2\)"):
        layer.load_state_dict({**layer.state_dict(), "weights": np.zeros((4, 4, 3, 2))})


def test_repr():
    assert repr(build(stride=2, groups=2, use_gpu=False, generator="ramp")) == (
        "SCConv2DLayer(4 -> 4, 3 x 2, stride=(2, 2), groups=2, length=70, Bank('ramp', 70), "
        "encoding='unipolar', accumulate='mean', backend='numba')"
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"in_channels": 0}, "in_channels must be an integer of at least 1, got 0"),
        ({"out_channels": 0}, "out_channels must be an integer of at least 1, got 0"),
        ({"kernel_size": 0}, "kernel_size must be an integer of at least 1, got 0"),
        ({"kernel_size": (1, 2, 3)}, r"kernel_size must be an integer or a pair of them, got \(1, 2, 3\)"),
        ({"stride": (1, 0)}, "stride must be an integer of at least 1, got 0"),
        ({"padding": -1}, "padding must be an integer of at least 0, got -1"),
        ({"padding": "valid"}, "padding must be one of same, got 'valid'"),
        ({"padding": "same", "stride": 2}, r"stride must be 1 with padding='same', got \(2, 2\)"),
        ({"dilation": 0}, "dilation must be an integer of at least 1, got 0"),
        ({"groups": 3}, "in_channels must be a multiple of groups=3, got 4"),
        ({"groups": 2, "out_channels": 3}, "out_channels must be a multiple of groups=2, got 3"),
        ({"bias": [0.5]}, r"bias must have shape \(4\), got \(1,\)"),
        ({"bits": 0}, r"bits must be an integer in 1\.\.32, got 0"),
        ({"backend": "fpga"}, "backend must be one of numba, cupy, jax, reference, or None, got 'fpga'"),
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(ValueError, match=error):
        SCConv2DLayer(**{"in_channels": 4, "out_channels": 4, "kernel_size": 3, **arguments})


def test_bad_input_changes_nothing():
    layer = build(padding=0)
    for x, error in (
        (np.zeros((3, 5, 5)), r"input_image must have shape \(\.\.\., 4, height, width\), got \(3, 5, 5\)"),
        (np.zeros((5, 5)), "input_image must have shape"),
        (np.zeros((4, 2, 5)), "input_image must be an image that a window fits into"),
        (np.full((4, 5, 5), np.nan), "input_image must be finite, got nan"),
        (np.full((4, 5, 5), -0.5), r"input_image must lie in \[0, 1\], got -0.5"),
    ):
        with pytest.raises(ValueError, match=error):
            layer.forward(x)
    with pytest.raises(TypeError, match="kernel_size must be an integer"):
        SCConv2DLayer(1, 1, 2.5)
    with pytest.raises(TypeError, match="faults must be a Faults or None, got int"):
        SCConv2DLayer(1, 1, 2, faults=2)
    with pytest.raises(ValueError, match=r"kernels must have shape \(any, any, any, any\)"):
        SCConv2DLayer.from_kernels(np.zeros((2, 3)))
    assert layer.samples == 0


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_use_gpu_takes_the_kernels_of_the_device(encoding, gpu_calls):
    gpu, cpu = build(encoding, groups=2), build(encoding, groups=2, use_gpu=False)
    x = inputs((2, 4, 5, 5), encoding)
    want = cpu.forward(x)
    assert not gpu_calls
    np.testing.assert_array_equal(gpu.forward(x), want)
    assert gpu.backend == "cupy"
    assert set(gpu_calls) == {"bernoulli", "window_counts"} | ({"popcount"} if encoding == "bipolar" else set())


def test_module_path():
    assert SCConv2DLayer is sc_conv_layer.SCConv2DLayer
