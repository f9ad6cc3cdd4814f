"""Currents through wires with resistance, against Kirchhoff's laws node by node."""

import itertools

import numpy as np
import pytest

from sc_neurocore.synapses import crossbar_transfer


def cells(columns, rows, seed=0):
    return np.random.default_rng(seed).uniform(1e-6, 1e-4, (columns, rows))


def kirchhoff(g, r):
    """The circuit as a list of resistors; potentials of all nodes by a dense solve, a driver at a time."""
    columns, rows = g.shape
    word = {(i, j): i * columns + j for i in range(rows) for j in range(columns)}
    bit = {place: rows * columns + node for place, node in word.items()}
    n = 2 * rows * columns
    laplacian = np.zeros((n, n))

    def resistor(a, b, conductance):
        for node in (a, b):
            if node is not None:
                laplacian[node, node] += conductance
        if a is not None and b is not None:
            laplacian[a, b] -= conductance
            laplacian[b, a] -= conductance

    for i in range(rows):
        for j in range(columns):
            resistor(word[i, j], bit[i, j], g[j, i])
            resistor(word[i, j - 1] if j else None, word[i, j], 1 / r)
            resistor(bit[i, j], bit[i + 1, j] if i + 1 < rows else None, 1 / r)
    transfer = np.empty_like(g)
    for i in range(rows):
        injected = np.zeros(n)
        injected[word[i, 0]] = 1 / r
        potential = np.linalg.solve(laplacian, injected)
        transfer[:, i] = [potential[bit[rows - 1, j]] / r for j in range(columns)]
    return transfer


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 1), (1, 9), (9, 1), (3, 5), (5, 3), (6, 6), (11, 8)])
@pytest.mark.parametrize("r", [0.1, 10.0, 1e4])
def test_exact_is_kirchhoff(shape, r):
    g = cells(*shape)
    np.testing.assert_allclose(crossbar_transfer(g, r), kirchhoff(g, r), rtol=1e-9)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4)])
def test_missing_cells(shape):
    g = cells(*shape)
    g[1], g[2, 3], g[:, 0] = 0, 0, 0
    transfer = crossbar_transfer(g, 100.0)
    np.testing.assert_allclose(transfer, kirchhoff(g, 100.0), rtol=1e-9, atol=1e-18)
    assert (transfer[1] == 0).all()
    assert (transfer[:, 0] == 0).all()


@pytest.mark.parametrize("method", ["exact", "first_order"])
def test_ideal_wires_change_nothing(method):
    g = cells(4, 7)
    np.testing.assert_allclose(crossbar_transfer(g, 0.0, method), g, rtol=1e-14)


@pytest.mark.parametrize("method", ["exact", "first_order"])
def test_one_cell_by_hand(method):
    np.testing.assert_allclose(crossbar_transfer([[1e-3]], 250.0, method), [[1 / 1500]], rtol=1e-14)


def test_two_rows_by_hand():
    """Both cells meet at the lower node, from where one segment leads to ground."""
    r, g0, g1 = 300.0, 1e-3, 5e-4
    upper, lower = 1 / (r + 1 / g0 + r), 1 / (r + 1 / g1)
    by_hand = np.array([[upper, lower]]) / (1 + r * (upper + lower))
    np.testing.assert_allclose(crossbar_transfer([[g0, g1]], r), by_hand, rtol=1e-14)


def test_two_columns_by_hand():
    """Both ways to ground start at the nearer node, to which one segment leads from the driver."""
    r, g0, g1 = 300.0, 1e-3, 5e-4
    near, far = 1 / (1 / g0 + r), 1 / (r + 1 / g1 + r)
    by_hand = np.array([[near], [far]]) / (1 + r * (near + far))
    np.testing.assert_allclose(crossbar_transfer([[g0], [g1]], r), by_hand, rtol=1e-14)


@pytest.mark.parametrize("shape", [(12, 9), (5, 20)])
def test_first_order_errs_by_second_order(shape):
    g = cells(*shape)
    missed, dropped = [], []
    for r in (0.4, 0.2, 0.1):
        exact = crossbar_transfer(g, r)
        missed.append(abs(crossbar_transfer(g, r, "first_order") - exact).max())
        dropped.append(abs(g - exact).max())
    for coarse, fine in itertools.pairwise(missed):
        assert coarse / fine == pytest.approx(4, abs=0.1)
    for coarse, fine in itertools.pairwise(dropped):  # without the correction: first order
        assert coarse / fine == pytest.approx(2, abs=0.1)


def test_far_cells_lose_most():
    transfer = crossbar_transfer(np.full((6, 8), 1e-4), 50.0)
    assert (np.diff(transfer, axis=0) < 0).all()  # away from the drivers
    assert (np.diff(transfer, axis=1) > 0).all()  # towards the grounds


def test_nothing_is_gained():
    """Passive wires: a driver gives no more current than its cells would take."""
    g = cells(7, 5)
    transfer = crossbar_transfer(g, 1e3)
    assert (transfer >= 0).all()
    assert (transfer.sum(0) < g.sum(0)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1e-3], 1.0), r"conductances must have shape \(any, any\), got \(1,\)"),
        (([[-1e-3]], 1.0), "conductances must lie in"),
        (([[np.nan]], 1.0), "conductances must be finite, got nan"),
        (([[1e-3]], -1.0), "wire_resistance must be a number in"),
        (([[1e-3]], 1.0, "spice"), "method must be one of exact, first_order, got 'spice'"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        crossbar_transfer(*arguments)
