"""Operators and their options, each against PyTorch: `from_torch` compares all outputs with the model's."""

import re

import numpy as np
import pytest

from sc_neurocore.interop import from_torch

torch = pytest.importorskip("torch")
nn = torch.nn
F = nn.functional

IMAGES, SERIES, VECTOR, TOKENS = (3, 6, 7), (3, 8), (6,), (4, 6)


class Model(nn.Module):
    def __init__(self, compute, modules):
        super().__init__()
        self.parts = nn.ModuleList(modules)
        self.compute = compute

    def forward(self, x):
        return self.compute(x, *self.parts)


def compare(shape, compute, *modules, drawn=0):
    torch.manual_seed(0)
    model = Model(compute, modules).eval()
    for part in model.modules():
        if getattr(part, "running_mean", None) is not None:
            part.running_mean.normal_()
            part.running_var.uniform_(0.5, 2)
    x = np.random.default_rng(drawn).normal(0, 1.5, (12, *shape))
    network = from_torch(model, shape, x)
    with torch.no_grad():
        want = model.double()(torch.tensor(x)).numpy().reshape(12, -1)
    np.testing.assert_allclose(network.float_forward(x.reshape(12, -1)), want, atol=1e-9 * np.abs(want).max())
    assert np.ptp(want) > 0
    return network


FUNCTIONS = [
    F.relu, F.relu6, F.leaky_relu, F.elu, F.celu, F.selu, F.gelu, F.silu, F.mish, F.softplus, F.logsigmoid, F.hardtanh,
    F.hardsigmoid, F.hardswish, F.tanhshrink, torch.sigmoid, torch.tanh, torch.abs, torch.square,
]  # fmt: skip


def test_functions_of_each_number():
    """All at once: each of a copy of the input."""
    compare(VECTOR, lambda x: torch.cat([function(x) for function in FUNCTIONS], 1))
    compare(
        VECTOR,
        lambda x: torch.cat(
            [
                F.gelu(x, approximate="tanh"), F.leaky_relu(x, 0.3), F.elu(x, 0.5), F.celu(x, 2.0), F.softplus(x, 2.0),
                F.hardtanh(x, -0.5, 2.0), x.clamp(min=0.25), x.clamp(max=0.25), x.clamp(0, 6), F.glu(x), x**3,
                F.threshold(x, 0.0, 0.0), F.rrelu(x), -x, 2 - x, x / 4, x - 1, 3 * x + 2, torch.maximum(x, x.flip(1)),
                torch.minimum(x, x.flip(1)), x.neg().relu_(), torch.rsub(x, 1, alpha=2),
                torch.zeros_like(x) - x, torch.sub(x, x.flip(1), alpha=3),
            ],
            1,
        ),
    )  # fmt: skip


CASES = {
    "stride and dilation": (IMAGES, nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2))),
    "same, even kernel": (IMAGES, nn.Conv2d(3, 4, (2, 4), padding="same")),
    "same, even kernel, dilation": (IMAGES, nn.Conv2d(3, 4, (4, 2), padding="same", dilation=(1, 3))),
    "valid": (IMAGES, nn.Conv2d(3, 3, 3, padding="valid", groups=3, bias=False)),
    "circular": (IMAGES, nn.Conv2d(3, 2, 3, padding=1, padding_mode="circular")),
    "reflect": (IMAGES, nn.Conv2d(3, 2, 3, padding=2, padding_mode="reflect")),
    "replicate": (IMAGES, nn.Conv2d(3, 2, 3, padding=1, padding_mode="replicate")),
    "series": (SERIES, nn.Conv1d(3, 4, 3, stride=2, padding=1, dilation=2)),
    "series, same": (SERIES, nn.Conv1d(3, 6, 4, padding="same", groups=3)),
    "margin, large": ((5, 40, 30), nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.AdaptiveAvgPool2d(1))),
    "margin before a convolution": (IMAGES, nn.Sequential(nn.ZeroPad2d(1), nn.Conv2d(3, 2, 3, 2, 1))),
    "uneven margin": (IMAGES, nn.Sequential(nn.ZeroPad2d((2, 0, 0, 1)), nn.Conv2d(3, 2, 3, padding="same"))),
    "uneven margin, stride": (IMAGES, nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(3, 2, 3, 2))),
    "uneven margin of a series": (SERIES, nn.Sequential(nn.ConstantPad1d((2, 0), 0.0), nn.Conv1d(3, 2, 2, dilation=2))),
    "margin": (IMAGES, nn.ZeroPad2d((1, 2, 0, 3))),
    "constant margin": (IMAGES, nn.ConstantPad2d((1, -1, 2, 0), 0.75)),
    "max, padding": (IMAGES, nn.MaxPool2d(3, 2, 1)),
    "max, ceil": (IMAGES, nn.MaxPool2d((2, 3), 2, ceil_mode=True)),
    "max, padding and ceil": (IMAGES, nn.MaxPool2d(3, (2, 3), (1, 0), ceil_mode=True)),
    "max of series": (SERIES, nn.MaxPool1d(3, 2, 1, ceil_mode=True)),
    "average, padding": (IMAGES, nn.AvgPool2d(3, 2, 1)),
    "average, without the margin": (IMAGES, nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
    "average, ceil": (IMAGES, nn.AvgPool2d((2, 3), 2, ceil_mode=True)),
    "average, padding and ceil": (IMAGES, nn.AvgPool2d(3, 2, 1, ceil_mode=True)),
    "average, all": (IMAGES, nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)),
    "average, divisor": (IMAGES, nn.AvgPool2d(2, divisor_override=3)),
    "average of series": (SERIES, nn.AvgPool1d(3, 2, 1)),
    "adaptive": (IMAGES, nn.AdaptiveAvgPool2d((3, 1))),
    "adaptive max": (IMAGES, nn.AdaptiveMaxPool2d((2, 7))),
    "adaptive of series": (SERIES, nn.AdaptiveAvgPool1d(4)),
    "adaptive max of series": (SERIES, nn.AdaptiveMaxPool1d(1)),
    "batch norm of vectors": (VECTOR, nn.BatchNorm1d(6, affine=False)),
    "batch norm of series": (SERIES, nn.BatchNorm1d(3)),
    "batch norm of images": (IMAGES, nn.BatchNorm2d(3, eps=0.1)),
    "layer norm": (TOKENS, nn.LayerNorm(6)),
    "layer norm of images": (IMAGES, nn.LayerNorm((3, 6, 7), elementwise_affine=False)),
    "layer norm of planes": (IMAGES, nn.LayerNorm((6, 7))),
    "group norm": ((4, 3, 3), nn.GroupNorm(2, 4)),
    "instance norm": (SERIES, nn.InstanceNorm1d(3)),
    "instance norm with statistics": (IMAGES, nn.InstanceNorm2d(3, affine=True, track_running_stats=True)),
    "prelu": (IMAGES, nn.PReLU(3)),
    "softmax of channels": (SERIES, nn.Softmax(1)),
    "softmax of tokens": (TOKENS, nn.LogSoftmax(-1)),
    "upsampling": (IMAGES, nn.Upsample(scale_factor=2)),
    "upsampling to a size": (IMAGES, nn.Upsample((9, 5))),
    "pixel shuffle": ((8, 2, 3), nn.PixelShuffle(2)),
    "unflatten": (VECTOR, nn.Unflatten(1, (2, 3))),
    "attention": (TOKENS, nn.TransformerEncoderLayer(6, 3, 8, batch_first=True, norm_first=True)),
    "fold of a recurrent layer": (TOKENS, nn.Sequential(nn.RNN(6, 3, 2, nonlinearity="relu", batch_first=True))),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_modules(name):
    shape, module = CASES[name]

    def compute(x, part):
        found = part(x)
        return found[0] if isinstance(found, tuple) else found

    compare(shape, compute, module)


FORWARDS = {
    "parts": (IMAGES, lambda x: torch.cat([x[:, :1], x[:, [2, 0]], x.narrow(1, 1, 1), x[:, 1:2]], 1)),
    "steps": (IMAGES, lambda x: x[:, :, ::2, 1:-1]),
    "splits": (VECTOR, lambda x: torch.stack([*x.split([1, 2, 3], 1)[2:], *x.chunk(2, 1)], 1)),
    "uneven splits": (VECTOR, lambda x: torch.cat(x.split(4, 1)[::-1], 1)),
    "steps of a series": (TOKENS, lambda x: torch.cat([each * (k + 1) for k, each in enumerate(x.unbind(1))], 1)),
    "orders": (IMAGES, lambda x: x.permute(0, 3, 1, 2).reshape(x.size(0), 7, 2, 9).transpose(2, 3)),
    "many axes": ((2, 4, 6), lambda x: x.view(-1, 2, 2, 2, 3, 2).permute(0, 2, 4, 1, 5, 3).flatten(1)),
    "repeats": (VECTOR, lambda x: x.repeat(1, 2) + x.unsqueeze(1).expand(-1, 2, -1).flatten(1)),
    "turns": (IMAGES, lambda x: x.roll((1, 2), (2, 3)) + x.flip((1, 3))),
    "broadcast": (IMAGES, lambda x: x * x.mean((2, 3), keepdim=True) + x[:, :1] - x[..., :1]),
    "constants": (IMAGES, lambda x: x * torch.arange(3.0).double().view(3, 1, 1) + torch.ones(7).double()),
    "means": (TOKENS, lambda x: torch.cat([x.mean(1), x.mean(2), x.sum((1, 2))[:, None], x.amax(1), x.amin(2)], 1)),
    "maxima": (TOKENS, lambda x: torch.cat([x.max(1)[0], x.max(2, keepdim=True).values[:, :, 0]], 1)),
    "in place": (VECTOR, lambda x: (x.clone().mul_(2).add_(1).relu_(), x)[0]),
    "in place in a part": (TOKENS, lambda x: _changed(x.clone())),
    "constant masks": (TOKENS, lambda x: torch.where(torch.arange(6) > 2, x, -x).masked_fill(torch.arange(6) > 4, 0.5)),
    "constant matrices": (TOKENS, lambda x: torch.ones(3, 4).double() @ (x @ torch.eye(6).double()[:, :5])),
    "einsum": (TOKENS, lambda x: torch.einsum("btd,de->bte", x, torch.ones(6, 2).double())),
    "products": (TOKENS, lambda x: x @ x.transpose(1, 2)),
    "attention": (TOKENS, lambda x: F.scaled_dot_product_attention(x, x.flip(1), 2 * x, scale=0.7)),
    "causal": (TOKENS, lambda x: F.scaled_dot_product_attention(x, x.flip(2), x, is_causal=True)),
    "masked": (TOKENS, lambda x: F.scaled_dot_product_attention(x, x, x, attn_mask=torch.eye(4) > 0)),
    "other queries": (TOKENS, lambda x: F.scaled_dot_product_attention(x[:, :2], x, x)),
    "written attention": (TOKENS, lambda x: ((x @ x.flip(1).mT) / 3).softmax(-1) @ x),
    "written, masked": (TOKENS, lambda x: (x @ x.mT).masked_fill(torch.eye(4) > 0, float("-inf")).softmax(-1) @ x),
    "masked by the lowest number": (
        TOKENS,
        lambda x: (x @ x.mT).masked_fill(torch.eye(4) > 0, torch.finfo(x.dtype).min).softmax(-1) @ x,
    ),
    "a matrix for each head": (TOKENS, lambda x: _heads().mT @ x.view(-1, 2, 3, 4) @ _heads().mT),
    "extremes with a constant": (VECTOR, lambda x: torch.max(x, torch.zeros_like(x)) + torch.min(_line(), x)),
    "ends that are values": (TOKENS, lambda x: x.clamp(x.mean(2, keepdim=True), x.amax(2, keepdim=True) / 2)),
    "an end for each": (VECTOR, lambda x: x.clamp(min=_line())),
    "side by side": (TOKENS, lambda x: torch.hstack([x, x[:, :1] * 2])),
    "masked by a sum": (TOKENS, lambda x: torch.baddbmm(_eye(x).log(), x, x.mT, beta=2, alpha=0.5).softmax(-1)),
    "sums of products": (TOKENS, lambda x: torch.baddbmm(x[:, :, :4], x, x.mT, beta=-2, alpha=0.5)),
    "minima": (TOKENS, lambda x: torch.cat([x.min(1)[0], x.min(2, keepdim=True).values[:, :, 0]], 1)),
    "minima of two": (TOKENS, lambda x: torch.min(x, x.flip(1))),
    "maxima, places unused": (IMAGES, lambda x: F.max_pool2d(x, 2, return_indices=True)[0]),
    "maxima of series, places unused": (SERIES, lambda x: F.max_pool1d(x, 3, return_indices=True)[0]),
    "error function": (VECTOR, lambda x: torch.erf(x) + 0.5 * x * (1 + torch.erf(x / 2**0.5))),
    "numbers in place": (VECTOR, lambda x: _set(x.clone())),
    "from the end": (IMAGES, lambda x: x.narrow(1, -2, 2)),
    "written, of another axis": (TOKENS, lambda x: (x @ x.flip(1).mT).softmax(-2) @ x),
}


def _changed(x):
    x[:, 1].mul_(3)
    x[:, 2:, 1:3] = 0.5
    return x


def _set(x):
    x[:, :2] = 1
    x[:, 2:] += 2
    x[:, [0, 3]] = x[:, [5, 4]] * 3
    x.view(-1, 2, 3)[:, 1] = x[:, :1]
    return x


def _cut(x):
    x[x > 0.5] = 0.5
    return x


def _line():
    return torch.arange(-2.0, 4.0).double() / 4


def _heads():
    return torch.arange(-12.0, 12.0).double().reshape(2, 3, 4)


def _eye(x):
    return torch.ones_like(x[:, :, :4]).tril()


@pytest.mark.parametrize("name", FORWARDS)
def test_functional_calls(name):
    compare(*FORWARDS[name])


def kinds(network):
    return [type(layer).__name__ for layer in network.layers]


def test_attention_is_a_layer_with_streams():
    expected = (("attention", True), ("written attention", True), ("causal", False), ("other queries", False),
                        ("written, of another axis", False))  # fmt: skip
    for name, there in expected:
        assert ("Attention" in kinds(compare(*FORWARDS[name]))) == there, name


def test_a_margin_of_zeros_is_that_of_the_convolution():
    for name, there in (
        ("margin before a convolution", False),
        ("uneven margin", False),
        ("uneven margin, stride", True),
    ):
        shape, module = CASES[name]
        assert ("Concat" in kinds(compare(shape, lambda x, part: part(x), module))) == there, name


def test_attention_over_the_samples_of_a_batch_is_found():
    """A layer of attention that takes the batch as its second axis, as it is by default."""
    with pytest.raises(ValueError, match="model must compute for each sample of a batch what it computes for one"):
        compare(TOKENS, lambda x, part: part(x), nn.TransformerEncoderLayer(6, 3, 8))


def test_products_that_are_too_large_are_refused():
    with pytest.raises(ValueError, match=r"matmul in model \(.*scaled_dot_product_attention, or a product .* 262144"):
        from_torch(Model(lambda x: (x @ x.transpose(1, 2)).mean(1), []), (70, 64))


@pytest.mark.parametrize(
    ("compute", "told"),
    [
        (lambda x: x.long().double(), "_to_copy in model (float32 or float64, not int64, would)"),
        (lambda x: x.int().type_as(x), "not int32, would)"),
        (lambda x: x.bool().to(x), "not bool, would)"),
        (lambda x: x.bfloat16().double(), "not bfloat16, would)"),
        (lambda x: x.sum(1, dtype=torch.int64, keepdim=True) + x, "sum in model (float32 or float64, not int64"),
        (lambda x: x.mean(1, dtype=torch.half, keepdim=True) + x, "mean in model (float32 or float64, not float16"),
        (lambda x: x.max(1).indices[:, None] + x, "getitem in model (float32 or float64, not int64, would)"),
        (lambda x: F.max_pool1d(x, 2, return_indices=True)[1].double(), "getitem in model (float32 or float64, not"),
        (lambda x: _cut(x.clone()), "index_put in model (constant places would)"),
        (lambda x: x.erfinv(), "erfinv in model (no layer does that)"),
        (lambda x: F.softplus(x, 1.0, 4.0), "softplus in model (a threshold of at least 12 would)"),
        (lambda x: F.rrelu(x, 0.1, 0.1 + 1e-9, True), "rrelu in model (training=False, which draws no slopes, would)"),
        (lambda x: x - x.mean(0), "compute for each sample of a batch what it computes for one"),
    ],
)
def test_what_no_sample_of_the_calibration_shows(compute, told):
    """Of one sample, of whole numbers: refused by what the operators are, or by samples that are drawn besides."""
    with pytest.raises(ValueError, match=re.escape(told)):
        from_torch(Model(compute, []), VECTOR, np.arange(6.0)[None])


@pytest.mark.parametrize("beta", [0.5, 3.0])
def test_softplus_far_from_the_calibration(beta):
    x = np.random.default_rng(0).random((20, 6))
    model = Model(lambda x: F.softplus(x, beta, 12.0), [])
    network = from_torch(model, VECTOR, x)
    far = np.linspace(-100, 100, 6000).reshape(-1, 6)
    np.testing.assert_allclose(network.float_forward(far), model(torch.tensor(far)).numpy(), rtol=1e-5, atol=1e-9)


def test_masked_scores_stay_masked_for_large_inputs():
    model = Model(lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True), [])
    network = from_torch(model, TOKENS)
    far = np.random.default_rng(0).normal(0, 1e4, (20, *TOKENS))
    want = model(torch.tensor(far)).numpy().reshape(20, -1)
    np.testing.assert_allclose(network.float_forward(far.reshape(20, -1)), want, atol=1e-9 * np.abs(want).max())


@pytest.mark.parametrize(
    ("compute", "told"),
    [
        (
            lambda x: x[x > 0].sum() + x,
            "gt in model (a condition that does not depend on the input would); index in model",
        ),
        (
            lambda x: x.masked_select(x > 0).mean() * x.sin(),
            "masked_select in model (no layer does that); sin in model",
        ),
        (lambda x: x.nonzero().double().sum() + x, "nonzero in model (a condition that does not depend on the input"),
        (lambda x: torch.unique(x).sum() + x, "_unique2 in model (no layer does that)"),
        (
            lambda x: torch.cat([x[:, :0], x], 1),
            "slice in model (at least one number of a value must be taken, got none)",
        ),
        (lambda x: x.sin()[:, None].expand(-1, 2**14, -1).cos().sum(1), "cos in model (ReLU, Tanh"),
    ],
)
def test_values_of_no_known_shape_or_of_no_numbers(compute, told):
    """What depends on an operator that has no layer may have any shape, or need any memory: it is not computed."""
    with pytest.raises(ValueError, match="model must compute operators that have a layer") as caught:
        from_torch(Model(compute, []), VECTOR)
    assert told in str(caught.value)
    assert "sym_size" not in str(caught.value)
    assert "\n" not in str(caught.value)
