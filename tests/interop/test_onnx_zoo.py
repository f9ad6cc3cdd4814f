"""Architectures as people write them in PyTorch come in by way of ONNX and compute PyTorch's numbers."""

import numpy as np
import pytest

from sc_neurocore import load_network

pytest.importorskip("onnx")
torch = pytest.importorskip("torch")
zoo = pytest.importorskip("tests.interop.zoo")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", zoo.ZOO)
def test_the_zoo_by_way_of_onnx(name, tmp_path):
    model, shape = zoo.made(name)
    torch.onnx.export(
        model, (torch.zeros((1, *shape)),), str(tmp_path / "net.onnx"), dynamo=False, opset_version=18,
        input_names=["x"], dynamic_axes={"x": {0: "n"}},
    )  # fmt: skip
    x = np.random.default_rng(1).random((24, *shape))
    network = load_network(tmp_path / "net.onnx", x)
    with torch.no_grad():
        want = model(torch.tensor(x, dtype=torch.float32)).double().numpy().reshape(24, -1)
    np.testing.assert_allclose(network.float_forward(x.reshape(24, -1)), want, rtol=0, atol=1e-5 * np.abs(want).max())
