"""Crossbars with resistive wires: how the voltage drop along them (IR drop) changes the column currents."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose

Floats = NDArray[np.float64]
IRDrop = Literal["exact", "first_order"]
IR_DROPS: tuple[str, ...] = get_args(IRDrop)


def crossbar_transfer(conductances: ArrayLike, wire_resistance: float, method: IRDrop = "exact") -> Floats:
    """Column currents of a resistive crossbar per volt of each driver, with the resistance of its wires.

    ::

                 column 0          column 1
        V_0 --r--o---------r-------o----------     word line, driven from the left
                  \\                 \\
                 [g_00]            [g_10]          cell: from word line to bit line
                    \\                 \\
                     o                 o
                     |                 |
                     r                 r           r: the wire between two cells
                     |                 |
        V_1 --r--o---|-----r-------o---|------
                  \\  |              \\  |
                 [g_01]            [g_11]
                    \\|                \\|
                     o                 o
                     r                 r
                     |                 |
                    I_0               I_1          bit lines, read at the bottom (0 V)

    Parameters
    ----------
    conductances
        ``(n_columns, n_rows)`` in siemens, >= 0. Column 0 is next to the drivers, the last row next
        to the virtual grounds where the currents are read.
    wire_resistance
        Ohm per segment, between two neighbouring cells and at the ends; both kinds of wire.
    method
        ``"exact"`` solves Kirchhoff's equations; ``"first_order"`` is the closed form below.

    Returns
    -------
    numpy.ndarray
        T ``(n_columns, n_rows)`` in siemens: ``currents = T @ voltages``, for any voltages.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    The circuit is linear, so T says everything. The exact method walks down the rows with the Norton
    equivalent of all rows above, seen from the bit lines: cells of conductance D on a word line of
    resistance R_ab = r min(a, b) (places counted from 1) have the admittance (1 + D R)^-1 D and
    inject its row sums; a segment turns an admittance Y into (1 + r Y)^-1 Y. That is one dense solve
    as wide as the shorter side for each line of the longer; r = 0 and cells of no conductance are no
    special cases. All sums are made in one order, so that the bits of streams that carry such weights are the same on
    every machine, whatever its BLAS.

    To first order in r g the current of a cell only drops by the wire that it shares with the others
    of its row and of its column,

    ``T_ji = g_ji / (1 + r (sum_k min(j, k) g_ki + sum_k min(i, k) g_jk))``

    with j counted from the drivers and i from the grounds. The error is of second order: half the
    resistance, a quarter of the error.

    References
    ----------
    A. Chen, "A comprehensive crossbar array model with solutions for line resistance and nonlinear
    device characteristics", IEEE Trans. Electron Devices 60(4), 2013,
    https://doi.org/10.1109/TED.2013.2246791.

    Examples
    --------
    One cell of 1 kohm between two segments of 500 ohm:

    >>> crossbar_transfer([[1e-3]], 500.0)
    array([[0.0005]])
    """
    g = checks.array("conductances", conductances, low=0.0, shape=(None, None))
    r = checks.real("wire_resistance", wire_resistance, 0.0, 1e9)
    if checks.option("method", method, IR_DROPS) == "first_order":
        return _first_order(g, r)
    if len(g) <= g.shape[1]:
        return _ladder(g, r)
    # Reciprocity: the current at end j per volt at end i is the current at i per volt at j.
    return np.ascontiguousarray(_ladder(g[::-1, ::-1].T, r)[::-1, ::-1].T)


def _ladder(g: Floats, r: float) -> Floats:
    n, rows = g.shape
    solve = choose().eliminate
    places = np.arange(1.0, n + 1)
    eye, line = np.eye(n), r * np.minimum.outer(places, places)
    norton = np.zeros((n, n + rows))
    admittance, currents = norton[:, :n], norton[:, n:]  # views: one solve below moves both
    for i, cells in enumerate(g.T):
        row = solve(eye + cells[:, None] * line, np.diag(cells))
        admittance += row
        currents[:, i] = row.sum(1)
        known = norton[:, : n + i + 1]
        known[:] = solve(eye + r * admittance, known)
    return np.array(currents)


def _shared_wire(g: Floats) -> Floats:
    """Sums ``sum_k min(j, k) g_ki`` along the first axis, places counted from 1: of each segment, all beyond it."""
    beyond = np.cumsum(g[::-1], axis=0)[::-1]
    return np.asarray(np.cumsum(beyond, axis=0))


def _first_order(g: Floats, r: float) -> Floats:
    shared = _shared_wire(g)
    shared += _shared_wire(g.T[::-1])[::-1].T
    shared *= r
    shared += 1
    return np.divide(g, shared, out=shared)
