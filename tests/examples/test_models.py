"""The models of the page: what the example does in an hour, done in seconds on few images."""

import numpy as np
import pytest

from sc_neurocore.datasets import Dataset

torch = pytest.importorskip("torch")
models = pytest.importorskip("examples.models")
torch_models = pytest.importorskip("examples.torch_models")


@pytest.fixture(scope="module")
def few():
    """Images of two classes, the upper or the lower half of which is bright."""
    rng = np.random.default_rng(0)
    y = np.arange(96) % 2
    x = 0.3 * rng.random((96, 28, 28))
    x[y == 0, :14] += 0.7
    x[y == 1, 14:] += 0.7
    x = x.reshape(96, 784)
    return Dataset("halves", x[:64], y[:64], x[64:], y[64:], n_classes=10)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("SC_NEUROCORE_CACHE", str(tmp_path))
    return tmp_path / "models"


def test_training_learns_and_is_the_same_twice(few):
    first, again = (torch_models.trained(torch_models.LeNet, few, 6) for _ in range(2))
    with torch.no_grad():
        right = first(torch_models.images(few.x_test)).argmax(1).numpy() == few.y_test
    assert right.all()
    assert not first.training
    for one, other in zip(first.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.slow
def test_numbers_of_a_model(few, cache, monkeypatch):
    for name, value in {"LENGTHS": (4, 64), "SPEED_AT": (64,), "GENERATORS": {"sobol": "Sobol"}, "LONG": 64}.items():
        monkeypatch.setattr(models, name, value)
    monkeypatch.setitem(models.RECIPES, "lenet", models.RECIPES["lenet"]._replace(epochs=6))
    network = models.RECIPES["lenet"].trained_network(few)
    numbers = models.measured("lenet", network, few)
    numbers |= models.measured_parts("lenet", network, few) | models.speeds("lenet", network, few)
    assert numbers["LeNet-5, weights"] == 61706
    assert numbers["LeNet-5, floats, %"] == numbers["LeNet-5, floats on all, %"] == 100
    assert numbers["LeNet-5, sobol, L = 64, as mapped, %"] == 100
    assert numbers["LeNet-5, sobol, L = 4, calibrated, %"] > 90
    rows = [line for line in models.quotes(numbers | others(numbers)) if line.startswith("| LeNet-5")]
    assert len(rows) == 1 + 2 + 3
    assert rows[0].startswith("| LeNet-5 | 7 of 7 | 61,706 | 100.00 | ")

    monkeypatch.setattr(models, "trained", None)  # from here on all is in the cache
    again = models.RECIPES["lenet"].trained_network(few)
    assert again.digest() == network.digest()
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()}
    assert models.measured("lenet", again, few).items() < numbers.items()
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*") if path.is_file()} == before


def others(numbers):
    """The same numbers under the titles of the other models."""
    found = {}
    for recipe in models.RECIPES.values():
        found |= {key.replace("LeNet-5", recipe.title): value for key, value in numbers.items()}
        found |= {f"{recipe.title}, short: {part}, %": 0.0 for part in recipe.parts}
    return found | numbers


@pytest.mark.slow
def test_parts_are_all_layers_with_streams():
    for name, network in models.quick_networks().items():
        places = [place for part in models.RECIPES[name].parts.values() for place in part]
        assert sorted(places) == list(range(len(network.stream_nodes))), name
