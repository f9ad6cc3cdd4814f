"""Errors of calls that no table of arguments holds: files, networks, plans; and what keeps arrays of its own."""

import numpy as np
import pytest

import sc_neurocore as sc
from sc_neurocore import checks, evaluation, interop, networks
from sc_neurocore.datasets import Dataset, load_npz
from sc_neurocore.encoders import Searched
from sc_neurocore.synapses import MemristorModel

NETWORK = sc.Network.from_arrays([[[0.5, -0.5], [0.25, 0.5]]])
DATA = Dataset.held_out("two", [[0.0, 1.0], [1.0, 0.0]], [0, 1])
HUGE = 10**400


@pytest.mark.parametrize("path", [5, None, [], b"a.npz", HUGE, "a\0b", np.zeros(2)])
@pytest.mark.parametrize("call", [sc.Network.load, NETWORK.save, interop.load_network, load_npz])
def test_paths(call, path):
    with pytest.raises((TypeError, ValueError), match=r"^path must be a path"):
        call(path)


@pytest.mark.parametrize("arrays", [5, None, [np.ones((2, 2))], "weights_0"])
def test_named_arrays(arrays):
    with pytest.raises(TypeError, match=r"^arrays must be a Mapping, got "):
        sc.Network.from_named_arrays(arrays, "here.npz")


@pytest.mark.parametrize("matrix", [[[1j]], "text", None, [[1, 2], [3]], np.ma.array([[1.0]], mask=[[True]])])
def test_entries_of_named_arrays(matrix):
    with pytest.raises(ValueError, match=r"^here.npz must hold a network, it does not: weights_0 must "):
        sc.Network.from_named_arrays({"weights_0": matrix}, "here.npz")


@pytest.mark.parametrize("call", [
    lambda: NETWORK.describe(HUGE, generator="bernoulli"),
    lambda: NETWORK.circuit(16, generator=[0] * 10**6),
    lambda: NETWORK.circuit(16, seed=-HUGE),
    lambda: networks.Dendrite(branch_length=HUGE, n_branches=2),
    lambda: networks.Inhibition(radius=HUGE),
    lambda: networks.Inhibition(strength="much"),
    lambda: networks.Pool2D("max", 2, stride=[1] * 10**6),
    lambda: sc.WinnerTakeAll(3, backend=["numba"] * 10**6),
    lambda: evaluation.evaluate(NETWORK, DATA, (16,), repeats=HUGE),
    lambda: evaluation.evaluate(NETWORK, DATA, (16,), out=5),
    lambda: evaluation.reservoir_study([64], ["sobol"], [20], repeats=10**4 + 1),
])  # fmt: skip
def test_long_values_make_short_errors(call):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    text = str(caught.value)
    assert len(text) < 300
    assert any(word in text for word in (
        "length", "generator", "seed", "radius", "strength", "stride", "backend", "repeats", "out must be a path",
    ))  # fmt: skip


def test_regressors_have_no_classes():
    x = np.array([[0.5, 0.25]])
    regressor = sc.Network.from_arrays([[[0.5, -0.5], [0.25, 0.5]]], kind="regressor")
    circuit = regressor.circuit(16)
    for call in (regressor.float_predict, circuit.predict, networks.FixedPoint(regressor).predict):
        with pytest.raises(
            ValueError, match=r"^kind must be classifier for classes, .*, got regressor, .*float_forward"
        ):
            call(x)
    np.testing.assert_array_equal(circuit.forward(x), regressor.circuit(16).forward(x))  # no sample was used up
    assert NETWORK.float_predict(x).shape == (1,)


def test_data_sets_keep_copies():
    x, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])
    data = Dataset.held_out("two", x, y)
    whole = Dataset("two", x, y, x, y, 2)
    before = data.digest(), whole.digest("train")
    x[:], y[:] = 0.5, 7
    assert (data.digest(), whole.digest("train")) == before
    for array in (data.x_test, data.y_test, whole.x_train):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_rows_of_an_evaluation_are_kept():
    rows = list(evaluation.evaluate(NETWORK, DATA, (16,), generators=("sobol",)).rows)
    kept = evaluation.Evaluation(rows, "two", 2, 2)
    rows.clear()
    assert len(kept.rows) == 1
    assert kept.points


def test_lines_counted_by_small_integers():
    for index in (127, 255):
        with pytest.raises(ValueError, match="index"):
            Searched([1, 2, 0]).line(np.uint8(index))


def test_reading_with_next_to_no_noise():
    weights = np.array([[0.0, 0.5, 1.0]])
    read = MemristorModel().read_probability(weights, "unipolar", np.full((1, 3), 5e-324))
    np.testing.assert_array_equal(read, MemristorModel().read_probability(weights, "unipolar", np.zeros((1, 3))))


def test_numbers_in_errors_keep_their_digits():
    with pytest.raises(ValueError, match=r"got 1\.0000001$"):
        sc.neurons.LIFNeurons(1, {"tau_mem": 1.0}, dt_ms=1.0000001)
    assert checks.plain(1.0000001) == "1.0000001"
