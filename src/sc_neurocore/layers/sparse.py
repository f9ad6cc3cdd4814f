"""Sparse matrices of synapses: drawn at random, and restored from a state dict."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from .base import Floats


def random_synapses(
    rng: np.random.Generator, shape: tuple[int, int], connectivity: float, bounds: tuple[float, float]
) -> csr_array:
    """Random sparse weights: a fraction `connectivity` of all synapses, uniform within `bounds`, in CSR.

    Above 10,000 places and a connectivity of .05, NumPy draws the places from a list of all of them: 8 bytes for every
    place, synapse or not, so up to 20 times the bytes of the weights while they are drawn.

    Parameters
    ----------
    rng
        Draws places, then weights.
    shape
        ``(n_neurons, n_inputs)``.
    connectivity
        Fraction in (0, 1]; at least one synapse is made.
    bounds
        Smallest and largest weight.
    """
    n_neurons, n_inputs = shape
    places = n_neurons * n_inputs
    kept = np.sort(rng.choice(places, max(1, round(connectivity * places)), replace=False, shuffle=False))
    rows, columns = np.divmod(kept, n_inputs)
    indptr = np.searchsorted(rows, np.arange(n_neurons + 1))
    return csr_array((rng.uniform(*bounds, kept.size), columns, indptr), shape=shape)


def wired_as_saved(data: Floats, state: Mapping[str, Any], shape: tuple[int, int]) -> csr_array:
    """A matrix of weights `data`, wired by the entries ``indices`` and ``indptr`` of a state dict.

    Raises
    ------
    ValueError
        If these are no CSR wiring of that shape.
    """
    try:
        matrix = csr_array((data, np.array(state["indices"]), np.array(state["indptr"])), shape=shape)
        matrix.check_format()
    except ValueError as error:
        raise ValueError(f"indices and indptr must be a CSR wiring of shape {shape}, got: {error}") from error
    return matrix
