"""The default networks: those that come with the package, and those that are trained and cached."""

import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from sklearn.neural_network import MLPClassifier

from sc_neurocore import Network
from sc_neurocore.datasets import Dataset, load_digits, load_fashion, load_mnist, load_mnist5k
from sc_neurocore.evaluation import cache_folder, default_model
from sc_neurocore.evaluation.default_model import RECIPES, perceptron, trained
from verification import default_networks
from verification.default_networks import FOLDER, error_of, in_single_precision


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SC_NEUROCORE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_digits_come_with_the_package(cache):
    data, sentences = load_digits(), []
    network = default_model(data, sentences.append)
    assert sentences == []
    assert not cache.exists()
    assert np.mean(network.float_predict(data.x_test) == data.y_test) == 528 / 540
    recorded = in_single_precision(Network.load(Path(__file__).parent / "files" / "digits.safetensors"))
    layers = [replace(layer, ceiling=float(f"{layer.ceiling:.7g}")) for layer in recorded.layers]
    assert network.digest() == replace(recorded, layers=tuple(layers)).digest()  # that of `test_recorded_counts`


def test_digits_are_what_the_recipe_trains(cache):
    """Up to single precision, and what other versions of scikit-learn and BLAS make of the last digits."""
    data = load_digits()
    own = trained(data, 0, lambda sentence: None)
    for layer, shipped in zip(own.layers, default_model(data).layers, strict=True):
        for name in ("weights", "bias", "ceiling"):
            np.testing.assert_allclose(getattr(shipped, name), getattr(layer, name), rtol=0, atol=1e-4)


@pytest.mark.parametrize("load", [load_mnist5k, load_fashion, load_mnist])
def test_other_sets_come_with_the_package(cache, load):
    try:
        data = load()
    except (ImportError, FileNotFoundError) as error:
        pytest.skip(f"no data: {error}")
    sentences = []
    network = default_model(data, sentences.append)
    assert sentences == []
    assert not cache.exists()
    error = {"mnist5k": 6.4, "fashion": 13.39, "mnist": 2.58}[data.name]
    assert error_of(network, data) == pytest.approx(error, abs=0.05)


def test_one_file_of_the_package_for_each_recipe():
    files = sorted(file.name.split("-")[0] for file in FOLDER.iterdir())
    assert files == sorted(RECIPES)
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 1_300_000


def test_the_file_of_the_package_is_remade(tmp_path, monkeypatch):
    def missing():
        raise FileNotFoundError("the files of Fashion-MNIST must be there")

    before = default_model(load_digits())
    monkeypatch.setattr(default_networks, "FOLDER", tmp_path / "trained")
    monkeypatch.setattr(default_networks, "LOADERS", (load_digits, missing))
    assert default_networks.main() == default_networks.main() == 0
    (file,) = (tmp_path / "trained").iterdir()
    (shipped,) = FOLDER.glob("digits-*")
    assert file.name == shipped.name
    assert file.stat().st_size == shipped.stat().st_size < 11_000  # in single precision
    x = load_digits().x_test
    np.testing.assert_array_equal(Network.load(file).float_predict(x), before.float_predict(x))


def test_trained_once_then_cached(cache):
    data, sentences = load_digits(), []
    first = default_model(data, sentences.append, seed=1)
    (file,) = cache.iterdir()
    assert file.name.startswith("digits-64-32-10-")
    assert file.suffix == ".safetensors"
    assert sentences == ["training a network on 1257 samples of digits"]
    second = default_model(data, sentences.append, seed=1)
    assert len(sentences) == 1
    assert second.digest() == first.digest()
    x = data.x_test
    np.testing.assert_array_equal(first.float_forward(x), second.float_forward(x))
    assert 0.965 < np.mean(first.float_predict(x) == data.y_test) < 0.99


TRAINING = """
import functools, sys
from sc_neurocore import evaluation
from sc_neurocore.cli import main

evaluation.default_model = functools.partial(evaluation.default_model, seed=1)  # seed 0 is not trained
main(["evaluate", "--lengths", "8", "--generators", "sobol", "--out", sys.argv[1]])
"""


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15, 0.3])
def test_an_interrupt_during_training_keeps_nothing(cache, tmp_path, delay):
    """scikit-learn's `fit` answers SIGINT with a warning, and a network of 18 to 91 % accuracy."""
    command = [sys.executable, "-c", TRAINING, str(tmp_path / "report")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        for line in process.stderr:
            if line.startswith("training a network"):
                break
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert "interrupted" in rest
    assert process.returncode == 130
    assert not cache.exists() or not list(cache.iterdir())


def test_other_warnings_of_training_are_warnings(monkeypatch):
    def fit(self, x, y):
        warnings.warn("something else", UserWarning, stacklevel=1)

    monkeypatch.setattr(MLPClassifier, "fit", fit)
    with pytest.warns(UserWarning, match="something else"):
        perceptron([[0.0]], [0], 0, {})


@pytest.mark.parametrize("changed", ["x_train", "y_train"])
def test_other_training_data_have_another_network(cache, monkeypatch, changed):
    """They have the shape, the name and the held-out part of the first: its network must not be taken for theirs."""
    monkeypatch.setitem(RECIPES, "digits", {**RECIPES["digits"], "hidden_layer_sizes": [2], "max_iter": 1})
    data = load_digits()
    other = replace(data, **{changed: getattr(data, changed)[::-1]})
    assert other.digest() == data.digest()
    sentences = []
    networks = [default_model(each, sentences.append) for each in (data, other, data, other)]
    assert len(sentences) == len(list(cache.iterdir())) == 2
    assert networks[0].digest() == networks[2].digest() != networks[1].digest() == networks[3].digest()


def test_seed_and_folder(cache, tmp_path, monkeypatch):
    monkeypatch.setitem(RECIPES, "digits", {**RECIPES["digits"], "hidden_layer_sizes": [2], "max_iter": 1})
    data = load_digits()
    networks = [default_model(data, seed=seed, folder=tmp_path / "own") for seed in (0, 1, 0)]
    assert not cache.exists()
    assert len(list((tmp_path / "own").iterdir())) == 2
    assert networks[0].digest() == networks[2].digest() != networks[1].digest()
    assert default_model(data).digest() == networks[0].digest()
    with pytest.raises(ValueError, match="seed must be an integer of at least 0, got -1"):
        default_model(data, seed=-1)


@pytest.mark.parametrize("content", [b"", b"not a network", None])
def test_broken_cache_is_trained_anew(cache, content):
    data, sentences = load_digits(), []
    first = default_model(data, seed=1)
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes()[:-100] if content is None else content)
    assert default_model(data, sentences.append, seed=1).digest() == first.digest()
    assert "is broken" in sentences[0]
    assert "training anew" in sentences[0]
    assert default_model(data, sentences.append, seed=1).digest() == first.digest()
    assert len(sentences) == 2


def flipped(content):
    """One bit of the last weight."""
    return content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]


def of_brackets(content):
    return save({"a": np.zeros(1)}, {"sc_neurocore": "[" * 100_000 + "]" * 100_000})


def of_a_type_that_numpy_has_not(content):
    header = b'{"weights_0":{"dtype":"BF16","shape":[1,64],"data_offsets":[0,128]}}'
    return len(header).to_bytes(8, "little") + header + bytes(128)


def of_ten_times_the_outputs(content):
    return save({"weights_0": np.ones((100, 64))})


@pytest.mark.parametrize("damage", [flipped, of_brackets, of_a_type_that_numpy_has_not, of_ten_times_the_outputs])
def test_whatever_is_broken_is_trained_anew(cache, monkeypatch, damage):
    monkeypatch.setitem(RECIPES, "digits", {**RECIPES["digits"], "hidden_layer_sizes": [2], "max_iter": 1})
    data, sentences = load_digits(), []
    first = default_model(data)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert default_model(data, sentences.append).digest() == first.digest()
    assert "training anew" in sentences[0]
    assert file.read_bytes() == whole


def test_no_regular_file_in_the_cache(cache, monkeypatch):
    monkeypatch.setitem(RECIPES, "digits", {**RECIPES["digits"], "hidden_layer_sizes": [2], "max_iter": 1})
    data, sentences = load_digits(), []
    first = default_model(data)
    (file,) = cache.iterdir()
    file.unlink()
    os.mkfifo(file)  # to open it would wait for a writer
    assert default_model(data, sentences.append).digest() == first.digest()
    assert "must be a regular file, it is a pipe" in sentences[0]
    assert file.is_file()
    file.unlink()
    file.mkdir()
    assert default_model(data, sentences.append).digest() == first.digest()
    assert "the trained network is not kept" in sentences[-1]


def test_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("SC_NEUROCORE_CACHE", str(tmp_path / "file"))
    sentences = []
    assert default_model(load_digits(), sentences.append, seed=1).n_inputs == 64
    assert "the trained network is not kept" in sentences[-1]


def test_large_sets_announce_their_time(cache, monkeypatch):
    monkeypatch.setitem(RECIPES, "fashion", {**RECIPES["fashion"], "hidden_layer_sizes": [1], "max_iter": 1})
    y = np.arange(20_010) % 10
    x = (y[:, None] == np.arange(10)) / 2
    sentences = []
    network = default_model(Dataset("fashion", x, y, x[:10], y[:10], 10), sentences.append)
    assert (network.n_inputs, network.n_outputs) == (10, 10)
    assert sentences == ["training a network on 20010 samples of fashion, for about a minute"]


def test_no_recipe():
    with pytest.raises(ValueError, match="data must be one of digits, mnist5k, fashion, mnist, got 'mine'"):
        default_model(Dataset.held_out("mine", [[0.0]], [0]))


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"SC_NEUROCORE_CACHE": "own", "XDG_CACHE_HOME": "xdg"}, Path("own")),
        ("linux", {"XDG_CACHE_HOME": "xdg"}, Path("xdg/sc-neurocore")),
        ("linux", {}, Path.home() / ".cache/sc-neurocore"),
        ("darwin", {}, Path.home() / "Library/Caches/sc-neurocore"),
        ("win32", {"LOCALAPPDATA": "local"}, Path("local/sc-neurocore")),
    ],
)
def test_cache_folder(monkeypatch, platform, variables, expected):
    monkeypatch.setattr(sys, "platform", platform)
    for name in ("SC_NEUROCORE_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache_folder() == expected.absolute()
