"""Networks from PyTorch give PyTorch's numbers, and their circuits converge to them."""

import re

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.interop import from_torch

torch = pytest.importorskip("torch")
prune = pytest.importorskip("torch.nn.utils.prune")
nn = torch.nn


def lenet(pool=nn.AvgPool2d, activation=nn.ReLU):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), activation(), pool(2)),
        nn.Conv2d(3, 6, 3, stride=(2, 1), groups=3, bias=False),
        activation(),
        nn.Dropout(),
        nn.Flatten(),
        nn.Linear(6 * 2 * 4, 5),
    ).eval()


def test_numbers_are_those_of_torch():
    x = np.random.default_rng(1).random((300, 1, 12, 12))
    for pool in (nn.AvgPool2d, nn.MaxPool2d):
        for activation in (nn.ReLU, nn.Tanh, nn.Sigmoid):
            model = lenet(pool, activation)
            model[0][1].running_mean += torch.tensor([0.1, -0.2, 0.3])
            model[0][1].running_var *= 1.7
            network = from_torch(model, (1, 12, 12), calibration=x)
            want = model.double()(torch.tensor(x)).detach().numpy()
            np.testing.assert_allclose(network.float_forward(x.reshape(300, -1)), want, atol=1e-12)


def test_the_circuit_converges_to_it(tmp_path):
    x = np.random.default_rng(2).random((20, 144))
    network = from_torch(lenet(), (1, 12, 12), calibration=x, ceiling_quantile=1.0)
    network.save(tmp_path / "net.safetensors")
    again = Network.load(tmp_path / "net.safetensors")
    assert again.digest() == network.digest()
    want = network.float_forward(x)
    errors = [np.sqrt(np.mean((again.circuit(length).forward(x) - want) ** 2)) for length in (64, 1024)]
    assert errors[1] < errors[0] / 3
    assert errors[1] < 0.03 * np.abs(want).max()


@pytest.mark.parametrize(
    "layers",
    [
        [nn.Flatten(), nn.Linear(4, 3), nn.GELU()],
        [nn.ReLU(), nn.Flatten(), nn.Linear(4, 3)],
        [nn.Conv2d(1, 2, 3, padding="same"), nn.Flatten(), nn.Linear(8, 3)],
        [nn.Conv2d(1, 2, 2, padding="same"), nn.Flatten(), nn.Linear(8, 3)],
        [nn.AvgPool2d(2, ceil_mode=True), nn.Flatten(), nn.Linear(1, 3)],
        [nn.BatchNorm2d(1), nn.Flatten(), nn.Linear(4, 3)],
    ],
)
def test_models_that_were_refused_once(layers):
    torch.manual_seed(0)
    model = nn.Sequential(*layers)
    close(from_torch(model, (1, 2, 2)), model, np.random.default_rng(0).random((20, 1, 2, 2)))


def test_what_is_no_model():
    with pytest.raises(TypeError, match=r"model must be a Module, got 3"):
        from_torch(3, (2,))
    with pytest.raises(ValueError, match=r"model must take samples of shape \(1, 2, 2\): mat1 and mat2 shapes"):
        from_torch(nn.Sequential(nn.Linear(5, 3)), (1, 2, 2))


# ---------------------------------------------------------------- what a model computes beside its layers


def close(network, model, x):
    want = model.double().eval()(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(network.float_forward(x.reshape(len(x), -1)), want, rtol=1e-9, atol=1e-12)


def test_a_module_used_twice_is_there_twice():
    torch.manual_seed(0)
    relu, linear = nn.ReLU(), nn.Linear(6, 6)
    model = nn.Sequential(linear, relu, nn.Sequential(linear, relu), linear, relu, nn.Linear(6, 3))
    network = from_torch(model, (6,))
    assert [layer.activation for layer in network.layers] == ["relu", "relu", "relu", "identity"]
    close(network, model, np.random.default_rng(0).random((50, 6)))


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        return torch.relu(self.inner(x)) + x


class Doubled(nn.Sequential):
    def forward(self, x):
        return 2 * super().forward(x)


class Linear(nn.Linear):
    """Named as the class that it changes."""

    def forward(self, x):
        return super().forward(x) ** 2


def with_forward(module):
    module.forward = torch.relu
    return module


def hooked(module, register):
    getattr(module, register)(lambda module, *values: 2 * values[-1] if len(values) == 2 else (2 * values[0][0],))
    return module


@pytest.mark.parametrize(
    "make",
    [
        lambda: Residual(),
        lambda: Doubled(nn.Linear(4, 4)),
        lambda: Linear(4, 4),
        lambda: with_forward(nn.Identity()),
        lambda: with_forward(nn.Sequential(nn.Linear(4, 4))),
        lambda: hooked(nn.Linear(4, 4), "register_forward_hook"),
        lambda: hooked(nn.Sequential(), "register_forward_pre_hook"),
        lambda: prune.random_unstructured(nn.Linear(4, 4), "weight", 0.5),
    ],
)
def test_what_a_model_does_beside_its_layers_is_done(make):
    """Forwards of its own, hooks, and weights that are computed before each call."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Sequential(make()), nn.Linear(4, 2))
    close(from_torch(model, (4,)), model, np.random.default_rng(0).normal(size=(50, 4)))


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: nn.LazyLinear(4), "weights that can be copied to the CPU: "),
        (lambda: nn.Linear(4, 4, dtype=torch.complex64), "take samples of shape"),
        (lambda: nn.Linear(4, 4, device="meta"), "weights that can be copied to the CPU: "),
        (lambda: nn.Linear(3, 4), "take samples of shape"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_what_cannot_be_computed_is_refused(make, error):
    with pytest.raises(ValueError, match=f"^model must .*{error}") as told:
        from_torch(nn.Sequential(nn.Linear(4, 4), nn.Sequential(make()), nn.Linear(4, 2)), (4,))
    assert "\n" not in str(told.value)


def test_parametrized_weights_are_those_that_act():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    nn.utils.parametrizations.weight_norm(model[0])
    nn.utils.parametrize.register_parametrization(model[2], "bias", nn.Softplus())
    network = from_torch(model, (4,))
    close(network, model, np.random.default_rng(0).random((50, 4)))


def computing(forward, *modules):
    """A model of that forward, which takes a sample and the modules."""

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleList(modules)

        def forward(self, x):
            return forward(x, *self.parts)

    return Model()


@pytest.mark.parametrize("calibration", [None, np.random.default_rng(5).random((40, 4))])
def test_samples_that_act_on_each_other_are_found_by_the_numbers(calibration):
    """The graph is that of one sample; a batch is compared."""
    torch.manual_seed(0)
    model = computing(lambda x, linear: linear(x) - linear(x).mean(0), nn.Linear(4, 3))
    with pytest.raises(ValueError, match=r"agree with it to 1e-05 of the largest output, got a difference of \d"):
        from_torch(model, (4,), calibration)


def test_the_smallest_difference_that_is_found():
    for factor, found in ((1 + 0.9e-5, False), (1 + 1.1e-5, True)):
        model = computing(lambda x, linear, f=factor: linear(x) * (f if len(x) > 2 else 1.0), nn.Linear(4, 3))
        if found:
            with pytest.raises(ValueError, match=r"got a difference of 1\.1e-05"):
                from_torch(model, (4,))
        else:
            from_torch(model, (4,))


@pytest.mark.parametrize(
    "forward",
    [
        lambda x, linear: linear(x) if x.sum() > 0 else x,
        lambda x, linear: linear(x)[:, : int(x.argmax()) + 1],
        lambda x, linear: torch.stack([linear(x) for _ in range(int(x.abs().sum()) + 1)]).sum(0) + x,
    ],
)
def test_numbers_that_decide_what_is_computed(forward, capfd):
    with pytest.raises(ValueError, match="model must compute the same operators for every sample") as error:
        from_torch(computing(forward, nn.Linear(4, 4)), (4,))
    assert "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


def test_all_operators_without_a_layer_are_named_in_one_error():
    model = nn.Sequential(
        nn.ConvTranspose2d(1, 2, 2), nn.Softsign(), nn.MaxPool2d(2, dilation=2), nn.Flatten(), nn.Linear(2, 3)
    )
    with pytest.raises(ValueError, match="model must compute operators that have a layer") as error:
        from_torch(model, (1, 2, 2))
    told = str(error.value)
    assert "conv_transpose2d in model.0 (Upsample and Conv2d would)" in told
    assert "div in model.1 (a division by a constant would)" in told
    assert "\n" not in told
    with pytest.raises(ValueError, match=r"got rms_norm in model\.0 \(LayerNorm would\)$"):
        from_torch(nn.Sequential(nn.RMSNorm(4)), (4,))
    with pytest.raises(ValueError, match=r"got argmax in model \(the scores before it would\)$"):
        from_torch(computing(lambda x, linear: linear(x).argmax(1), nn.Linear(4, 4)), (4,))
    model[0], model[1] = nn.Conv2d(1, 2, 1), nn.ReLU()
    with pytest.raises(ValueError, match=r"got max_pool2d in model\.2 \(dilation 1 would\)$"):
        from_torch(model, (1, 3, 3))


@pytest.mark.parametrize(
    ("forward", "error"),
    [
        (lambda x, linear: (linear(x), x), "model must give one tensor that depends on its input, got 2"),
        (lambda x, linear: linear.weight, "model must give one tensor that depends on its input, got none"),
        (lambda x, linear: linear(x) + torch.rand(4), "got rand in model (it draws random numbers)"),
        (lambda x, linear: nn.functional.dropout(linear(x)), "model must compute operators that have a layer"),
        (lambda x, linear: linear(x) * float("nan"), "got mul in model (a constant must be finite, got nan)"),
        (
            lambda x, linear: torch.cond(x.sum() > 0, linear, lambda y: 2 * y, (x,)),
            "have a layer (see from_torch), got ",
        ),
        (lambda x, linear: x.mul_(2) + linear(x), "same outputs for a sample at every call, got one that changes its"),
        (lambda x, linear: linear(x.view(1, 4)), "model must take samples of shape (4,): shape '[1, 4]' is invalid"),
        (lambda x, linear: linear(x) / x, "got div in model (a division by a constant would)"),
        (lambda x, linear: linear.bias.add_(1) + x, "same outputs for a sample at every call, got one that changes"),
    ],
)
def test_models_that_no_network_computes(forward, error):
    with pytest.raises(ValueError, match=re.escape(error)):
        from_torch(computing(forward, nn.Linear(4, 4)), (4,))


def test_a_model_that_asks_for_single_precision():
    model = computing(lambda x, linear: linear(x.float() / 255), nn.Linear(4, 4))
    x = np.random.default_rng(0).random((20, 4))
    want = model(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(from_torch(model, (4,)).float_forward(x), want, atol=1e-6)


def test_outputs_of_any_shape_are_flattened():
    model = nn.Sequential(nn.Conv2d(1, 2, 2))
    x = np.random.default_rng(0).random((20, 1, 4, 4))
    network = from_torch(model, (1, 4, 4), kind="regressor")
    want = model.double()(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(network.float_forward(x.reshape(20, -1)), want.reshape(20, -1), rtol=1e-9, atol=1e-12)
    named = computing(lambda x, linear: {"scores": (linear(x),)}, nn.Linear(4, 3))
    assert from_torch(named, (4,)).n_outputs == 3
    scalar = computing(lambda x, linear: linear(x).squeeze(-1), nn.Linear(4, 1))
    assert from_torch(scalar, (4,)).n_outputs == 1


def test_several_labels():
    torch.manual_seed(0)
    x = np.random.default_rng(0).normal(size=(50, 4))
    for last in ([], [nn.Sigmoid()], [nn.Sigmoid(), nn.Unflatten(1, (3, 1))]):
        model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3), *last).double()
        network = from_torch(model, (4,), x, kind="multilabel", classes=["sun", "rain", "wind"])
        want = model(torch.tensor(x)).detach().numpy().reshape(50, 3) > (0.5 if last else 0)
        np.testing.assert_array_equal(network.float_predict(x), want)
        assert 0 < want.mean() < 1


def test_outputs_that_are_no_vector_of_the_network():
    with pytest.raises(ValueError, match=r"model must take samples of shape \(1, 2, 2\): "):
        from_torch(nn.Sequential(nn.Linear(4, 3)), (1, 2, 2))
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(8, 2))
    model[1].end_dim = 2
    with pytest.raises(ValueError, match=r"model must take samples of shape \(1, 2, 2\): "):
        from_torch(model, (1, 2, 2))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_every_width_are_taken_as_they_are(dtype):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.Tanh(), nn.Flatten(), nn.Linear(12, 4)).to(dtype)
    network = from_torch(model, (1, 3, 3))
    assert network.layers[1].weights.tolist() == model[4].weight.double().tolist()
    close(network, model, np.random.default_rng(0).random((20, 1, 3, 3)))


def test_the_model_and_the_random_state_are_left_alone():
    model = nn.Sequential(
        nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(12, 4)
    )
    model.train()
    model[1].eval()
    before = {name: (tensor.dtype, tensor.clone()) for name, tensor in model.state_dict().items()}
    torch.manual_seed(7)
    state = torch.get_rng_state()
    from_torch(model, (1, 3, 3), np.random.default_rng(0).random((30, 9)))
    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in model.modules()] == [True, True, False, True, True, True, True]
    for name, tensor in model.state_dict().items():
        assert tensor.dtype == before[name][0]
        assert torch.equal(tensor, before[name][1])
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


def test_statistics_of_a_batch_are_refused():
    model = nn.Sequential(
        nn.Conv2d(1, 3, 2), nn.BatchNorm2d(3, track_running_stats=False), nn.Flatten(), nn.Linear(12, 4)
    )
    with pytest.raises(ValueError, match=r"in model\.1 \(running statistics of a normalisation would\)"):
        from_torch(model, (1, 3, 3))


@pytest.mark.parametrize(
    ("calibration", "error", "message"),
    [
        (np.zeros((0, 4)), ValueError, "calibration must hold at least one sample, got none"),
        (np.zeros((0, 1, 2, 2)), ValueError, "calibration must hold at least one sample, got none"),
        (np.zeros((3, 5)), ValueError, r"calibration must have shape \(any, 4\) or \(any, \(1, 2, 2\)\), got \(3, 5\)"),
        (np.zeros((4, 2, 2)), ValueError, r"calibration must have shape .* got \(4, 2, 2\)"),
        (0.5, ValueError, r"calibration must have shape .* got \(\)"),
        (np.full((2, 4), np.nan), ValueError, "calibration must be finite, got nan"),
        (np.ma.masked_less([[0.5, 0.2, 0.1, 0.0]], 0.15), ValueError, "calibration must have no masked entry"),
        (np.full((2, 4), 0.5j), TypeError, "calibration must be an array of real numbers, got ndarray of complex128"),
        (
            np.array([["0.5"] * 4], object),
            TypeError,
            "calibration must be an array of real numbers, got ndarray with '0.5'",
        ),
    ],
)
def test_calibration_is_checked(calibration, error, message):
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    with pytest.raises(error, match=message):
        from_torch(model, (1, 2, 2), calibration)


@pytest.mark.parametrize("shape", [(1, 1, 2, 2), (0,), (), (-4,)])
def test_the_shape_of_a_sample_is_checked(shape):
    with pytest.raises(ValueError, match=r"^input_shape must be "):
        from_torch(nn.Sequential(nn.Linear(4, 3)), shape)
    assert from_torch(nn.Sequential(nn.Linear(4, 3)), 4).input_shape == (4,)
    with pytest.raises(TypeError, match=r"^input_shape must be an integer"):
        from_torch(nn.Sequential(nn.Linear(4, 3)), "4")
