"""Networks from PyTorch give PyTorch's numbers, and their circuits converge to them."""

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
    ("layers", "error"),
    [
        ([nn.Linear(4, 3), nn.GELU()], "model must hold layers that have a circuit .* GELU"),
        ([nn.ReLU(), nn.Linear(4, 3)], "before each activation, got a lone ReLU"),
        ([nn.Conv2d(1, 2, 3, padding="same"), nn.Linear(4, 3)], "model must pad with a number of zeros"),
        ([nn.AvgPool2d(2, ceil_mode=True), nn.Linear(4, 3)], "model must pool without padding"),
        ([nn.BatchNorm2d(2), nn.Linear(4, 3)], "right before a BatchNorm2d"),
        ([nn.Linear(5, 3)], "layer 0: it takes 5 inputs"),
    ],
)
def test_models_without_a_circuit(layers, error):
    with pytest.raises(ValueError, match=error):
        from_torch(nn.Sequential(*layers), (1, 2, 2))
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Sequential, got Linear"):
        from_torch(nn.Linear(2, 2), (2,))


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
    getattr(module, register)(lambda module, *values: None)
    return module


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: Residual(), r"layers that have a circuit .* got model\.1\.0, Residual"),
        (lambda: Doubled(nn.Linear(4, 4)), r"layers that have a circuit .* got model\.1\.0, Doubled"),
        (lambda: Linear(4, 4), r"layers that have a circuit .* got model\.1\.0, Linear"),
        (lambda: with_forward(nn.Identity()), r"the forward of their class, got model\.1\.0, Identity"),
        (
            lambda: with_forward(nn.Sequential(nn.Linear(4, 4))),
            r"the forward of their class, got model\.1\.0, Sequential",
        ),
        (lambda: hooked(nn.Linear(4, 4), "register_forward_hook"), r"without hooks .* got model\.1\.0, Linear"),
        (lambda: hooked(nn.Sequential(), "register_forward_pre_hook"), r"without hooks .* got model\.1\.0, Sequential"),
        (
            lambda: prune.identity(nn.Linear(4, 4), "bias"),
            r"without hooks .* got model\.1\.0, Linear",
        ),
        (lambda: nn.LazyLinear(4), r"got model\.1\.0, LazyLinear"),
        (lambda: nn.Linear(4, 4, dtype=torch.complex64), r"real weights, got torch.complex64 in model\.1\.0"),
        (lambda: nn.Linear(4, 4, device="meta"), "weights that can be copied to the CPU: "),
        (lambda: nn.Linear(3, 4), "layer 1: it takes 3 inputs"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_what_is_not_known_is_refused_by_its_place(make, error):
    with pytest.raises(ValueError, match=f"^(model|layers) must .*{error}"):
        from_torch(nn.Sequential(nn.Linear(4, 4), nn.Sequential(make()), nn.Linear(4, 2)), (4,))


def test_a_class_derived_from_sequential_is_refused():
    with pytest.raises(TypeError, match=r"a torch.nn.Sequential, got Doubled, a class derived from it"):
        from_torch(Doubled(nn.Linear(4, 4)), (4,))


def test_parametrized_weights_are_those_that_act():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3))
    nn.utils.parametrizations.weight_norm(model[0])
    nn.utils.parametrize.register_parametrization(model[2], "bias", nn.Softplus())
    network = from_torch(model, (4,))
    close(network, model, np.random.default_rng(0).random((50, 4)))


@pytest.mark.parametrize("calibration", [None, np.random.default_rng(5).random((40, 4))])
def test_another_computation_is_found_by_its_numbers(calibration, monkeypatch):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 30), nn.ReLU(), nn.Linear(30, 3))
    from_torch(model, (4,), calibration)
    monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: torch.nn.functional.leaky_relu(x, 0.01))
    with pytest.raises(ValueError, match=r"agree with it to 1e-05 of the largest output, got a difference of 0\.\d+$"):
        from_torch(model, (4,), calibration)


def test_the_smallest_difference_that_is_found(monkeypatch):
    model = nn.Sequential(nn.Linear(4, 3))
    plain = nn.Linear.forward
    for factor, found in ((1 + 0.9e-5, False), (1 + 1.1e-5, True)):
        monkeypatch.setattr(nn.Linear, "forward", lambda self, x, factor=factor: factor * plain(self, x))
        if found:
            with pytest.raises(ValueError, match=r"got a difference of 1\.1e-05"):
                from_torch(model, (4,))
        else:
            from_torch(model, (4,))


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
    with pytest.raises(ValueError, match=r"model must keep running statistics .* got model\.1, BatchNorm2d"):
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


@pytest.mark.parametrize("shape", [(1, 2), (1, 1, 2, 2), (0,), (), (-4,)])
def test_the_shape_of_a_sample_is_checked(shape):
    with pytest.raises(ValueError, match=r"^input_shape must be "):
        from_torch(nn.Sequential(nn.Linear(4, 3)), shape)
    assert from_torch(nn.Sequential(nn.Linear(4, 3)), 4).input_shape == (4,)
    with pytest.raises(TypeError, match=r"^input_shape must be an integer"):
        from_torch(nn.Sequential(nn.Linear(4, 3)), "4")
