"""Currents that are counts of products, against gates on unpacked bits; the layer's tests cover its laws."""

import numpy as np
import pytest

from sc_neurocore.sources import BitstreamCurrentSource

X, W = [0.5, 0.25, 0.75], np.array([[0.5, 1.0, 0.0], [0.25, 0.5, 1.0]])
ENCODINGS = ["unipolar", "bipolar", "split"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("generator", ["bernoulli", "lfsr", "sobol", "halton", "vdc", "ramp"])
def test_windows_may_be_asked_in_any_order(generator, encoding):
    options = {"generator": generator, "encoding": encoding, "length": 100, "seed": 2}
    whole = BitstreamCurrentSource(X, W, **options).currents(0, 5000)
    source = BitstreamCurrentSource(X, W, **options)
    for start, stop in ((4990, 5000), (0, 1), (1, 2), (63, 65), (130, 130), (70, 4321)):
        np.testing.assert_array_equal(source.currents(start, stop), whole[:, start:stop])


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_levels_are_all_currents_there_can_be(encoding):
    source = BitstreamCurrentSource(X, W, y_min=-1.0, y_max=2.0, encoding=encoding, seed=1)
    assert set(source.currents(0, 2000).ravel()) <= set(source.levels)
    assert (source.levels[0], source.levels[-1]) == (-1.0, 2.0)
    assert len(source.levels) == (7 if encoding == "split" else 4)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_ends_of_the_maps(encoding):
    """Products of the largest values give y_max; of bipolar and split, those of opposite ends y_min."""
    ends = {"x_min": -1.0, "x_max": 3.0, "w_min": 2.0, "w_max": 5.0, "y_min": -0.5, "y_max": 0.5}
    top = BitstreamCurrentSource([3.0, 3.0], [5.0, 5.0], **ends, encoding=encoding, seed=0)
    bottom = BitstreamCurrentSource([-1.0, -1.0], [5.0, 5.0], **ends, encoding=encoding, seed=0)
    assert set(top.currents(0, 200).ravel()) == {0.5}
    assert set(bottom.currents(0, 200).ravel()) == {-0.5}
    assert (top.expected(), bottom.expected()) == (0.5, -0.5)


def test_expected_sees_the_width_of_the_thresholds():
    source = BitstreamCurrentSource([0.3], [1.0], y_max=1.0, bits=2)
    assert source.expected().tolist() == [0.25]


def test_batch_axes():
    x = np.random.default_rng(0).random((2, 4, 3))
    source = BitstreamCurrentSource(x, W, seed=0)
    assert (source.batch, source.shape) == ((2, 4), (2, 4, 2))
    assert source.currents(10, 20).shape == (2, 4, 2, 10)
    assert source.expected().shape == (2, 4, 2)
    shared = BitstreamCurrentSource(x, W[0], seed=0)
    assert shared.currents(10, 20).shape == (2, 4, 1, 10)


def test_arrays_are_copies_that_can_be_assigned_and_edited():
    weights = W.copy()
    source = BitstreamCurrentSource(X, weights)
    weights[:] = 0
    np.testing.assert_array_equal(source.weight_values, W)
    x, w = np.roll(X, 1), 0.5 * np.roll(W, 1, axis=-1)
    for generator in ("bernoulli", "sobol"):
        source = BitstreamCurrentSource(X, W, seed=3, generator=generator)
        before = source.currents(0, 200)
        source.x_inputs[:], source.weight_values = x, w
        wanted = BitstreamCurrentSource(x, w, seed=3, generator=generator)
        np.testing.assert_array_equal(source.currents(0, 200), wanted.currents(0, 200))
        np.testing.assert_array_equal(source.expected(), wanted.expected())
        source.x_inputs, source.weight_values[:] = X, W
        np.testing.assert_array_equal(source.currents(0, 200), before)
        assert not np.array_equal(before, wanted.currents(0, 200))


def test_edits_are_checked_before_they_are_used():
    source = BitstreamCurrentSource(X, W, seed=3)
    before = source.currents(0, 100)
    for name, message in (("x_inputs", "x_inputs must lie in"), ("weight_values", "weight_values must be finite")):
        array = getattr(source, name)
        held, array.flat[0] = array.flat[0], 2.0 if name == "x_inputs" else np.nan
        for call in (lambda: source.counts(0, 100), lambda: source.streams(0, 100), source.expected):
            with pytest.raises(ValueError, match=message):
                call()
        array.flat[0] = held
        np.testing.assert_array_equal(source.currents(0, 100), before)
        with pytest.raises(ValueError, match=f"{name} must have shape"):
            setattr(source, name, [0.5])


@pytest.mark.parametrize(("arguments", "error", "message"), [
    (([0.5], [[[0.5]]]), ValueError, r"weight_values must have shape \(n_inputs,\) or \(n_neurons, n_inputs\)"),
    (([], []), ValueError, "weight_values must have shape"),
    ((["a"], [0.5]), TypeError, "x_inputs must be an array of real numbers"),
])  # fmt: skip
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        BitstreamCurrentSource(*arguments)


def test_bad_cycles():
    source = BitstreamCurrentSource([0.5], [0.5])
    with pytest.raises(ValueError, match="start must be an integer of at least 0, got -1"):
        source.currents(-1, 5)
    with pytest.raises(ValueError, match="stop must be an integer of at least 5, got 4"):
        source.currents(5, 4)
    assert repr(source).startswith("BitstreamCurrentSource(1 inputs, shape=(1,), length=2048, Bernoulli(")
