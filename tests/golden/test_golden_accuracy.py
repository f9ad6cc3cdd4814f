"""The study of networks: its means and intervals are those of the circuits, and a missed target is an error."""

from dataclasses import replace

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import WrongImages, paired
from verification import accuracy


@pytest.fixture
def networks():
    rng = np.random.default_rng(0)
    return [Network.from_arrays([rng.normal(size=(6, 4)), rng.normal(size=(3, 6))]) for _ in range(3)]


@pytest.fixture
def data(networks):
    x = np.random.default_rng(1).random((150, 4))
    return replace(Dataset.held_out("fashion", x, networks[0].float_predict(x)), x_train=x, y_train=np.zeros(150))


def test_a_line_is_the_mean_of_the_networks(networks, data):
    found = accuracy.study(data, networks, [8, 16], ["sobol", "lfsr"])
    assert [(line.generator, line.length) for line in found.lines] == [
        ("sobol", 8), ("sobol", 16), ("lfsr", 8), ("lfsr", 16),
    ]  # fmt: skip
    floats = [net.float_predict(data.x_test) != data.y_test for net in networks]
    assert found.floats == pytest.approx([100 * np.mean(~wrong) for wrong in floats])
    seed = np.random.SeedSequence(0, spawn_key=(0,))
    for line in found.lines:
        wrong = [
            net.circuit(line.length, line.generator, seed=seed).predict(data.x_test) != data.y_test for net in networks
        ]
        assert line.accuracy == pytest.approx(100 - 100 * np.mean(wrong))
        packed = [[WrongImages.of("d", each) for each in masks] for masks in (wrong, floats)]
        assert line.below == paired(*packed)


def test_ceilings_are_quantiles_of_the_training_samples(networks, data):
    network = networks[1]
    hidden = np.maximum(data.x_train @ network.layers[0].weights.T, 0)
    for quantile in (0.5, 0.99):
        other = accuracy.with_ceilings(network, data, quantile)
        assert other.layers[0].ceiling == pytest.approx(np.quantile(hidden, quantile))
        np.testing.assert_array_equal(other.float_predict(data.x_test), network.float_predict(data.x_test))


@pytest.mark.parametrize(("target", "status", "mark"), [(100.0, 0, "pass"), (-100.0, 1, "FAIL")])
def test_a_missed_target_fails(networks, data, monkeypatch, capsys, target, status, mark):
    monkeypatch.setattr(accuracy, "LOADERS", {"fashion": lambda: data})
    monkeypatch.setattr(accuracy, "default_model", lambda data, notice, *, seed, folder: networks[seed])
    monkeypatch.setattr(accuracy, "TARGETS", {("fashion", "searched", 16): target})
    assert accuracy.main(["--generators", "searched", "--lengths", "8", "16", "--nets", "2"]) == status
    out = capsys.readouterr().out
    assert mark in out
    assert "below float" in out
    floats = [100 * np.mean(net.float_predict(data.x_test) == data.y_test) for net in networks[:2]]
    assert f"{floats[0]:.2f}, {floats[1]:.2f} % in float" in out


def test_missing_data_are_skipped_in_one_line(monkeypatch, capsys):
    def missing():
        raise FileNotFoundError("the files of Fashion-MNIST must be there")

    monkeypatch.setattr(accuracy, "LOADERS", {"fashion": missing})
    assert accuracy.main([]) == 0
    assert capsys.readouterr().out == "fashion: skipped, the files of Fashion-MNIST must be there\n"


def test_an_unknown_generator_is_refused(capsys):
    with pytest.raises(SystemExit):
        accuracy.main(["--generators", "dice"])
    assert "invalid choice: 'dice'" in capsys.readouterr().err
