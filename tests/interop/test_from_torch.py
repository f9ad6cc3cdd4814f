"""Networks from PyTorch give PyTorch's numbers, and their circuits converge to them."""

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.interop import from_torch

torch = pytest.importorskip("torch")
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
