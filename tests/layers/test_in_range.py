"""Large inputs, which all threads look through, meet the same rules as small ones."""

import numpy as np
import pytest

from sc_neurocore import Network, VectorizedSCLayer
from sc_neurocore.backends import choose
from sc_neurocore.layers.in_range import LARGE

N = 64
ROWS = LARGE // 8 // N


def layer(encoding="unipolar"):
    return VectorizedSCLayer.from_weights(np.full((2, N), 0.5), 8, generator="sobol", encoding=encoding)


def circuit():
    return Network.from_arrays([np.full((2, N), 0.5)]).circuit(8, "sobol")


@pytest.mark.parametrize("make", [layer, circuit])
@pytest.mark.parametrize("bad", [1.5, -0.25, np.nan, np.inf])
def test_a_number_out_of_range(make, bad):
    made, x = make(), np.full((ROWS, N), 0.5)
    x[-1, -1] = bad
    errors = []
    for given in (x, x[-1:]):
        with pytest.raises(ValueError, match=r"must (be finite|lie in)") as error:
            made.forward(given)
        errors.append(str(error.value))
    assert errors[0] == errors[1]
    if make is layer:
        assert made.samples == 0


@pytest.mark.parametrize("make", [layer, circuit])
def test_other_shapes_and_types(make):
    made, x = make(), np.full((ROWS, N), 0.5)
    with pytest.raises(ValueError, match="shape"):
        made.forward(x.reshape(ROWS // 2, 2 * N))
    want = made.forward(x)
    for given in (x.astype(np.float32), x.tolist(), np.asfortranarray(x), np.repeat(x, 2, 0)[::2]):
        np.testing.assert_array_equal(made.forward(given), want)


def test_signed_numbers():
    x = np.full((ROWS, N), -0.5)
    np.testing.assert_array_equal(layer("split").forward(x), np.full((ROWS, 2), -0.25))
    with pytest.raises(ValueError, match=r"must lie in"):
        layer().forward(x)


def test_large_inputs_are_looked_through_by_the_kernel(monkeypatch):
    calls, kernel = [], choose().outside
    monkeypatch.setattr(choose(), "outside", lambda *given: calls.append(given[1:]) or kernel(*given))
    layer().forward(np.full((ROWS, N), 0.5))
    layer("split").forward(np.full((ROWS - 1, N), 0.5))
    assert calls == [(0.0, 1.0)]
