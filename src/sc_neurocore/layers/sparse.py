"""Sparse matrices of synapses: drawn at random, and restored from a state dict."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from .. import checks
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
    ValueError, TypeError
        If these are no CSR wiring of that shape with every synapse once.
    """
    neurons, inputs = shape
    indices = checks.integers("indices", state["indices"], 0, inputs - 1, data.shape)
    indptr = checks.integers("indptr", state["indptr"], 0, data.size, (neurons + 1,))
    per_neuron = np.diff(indptr)
    if indptr[0] != 0 or indptr[-1] != data.size or per_neuron.min() < 0:
        raise ValueError(f"indptr must ascend from 0 to the {data.size} synapses, got {checks.shown(indptr.tolist())}")
    places = np.sort(np.repeat(np.arange(neurons), per_neuron) * inputs + indices)
    twice = np.flatnonzero(places[1:] == places[:-1])
    if twice.size:
        neuron, at = divmod(int(places[twice[0]]), inputs)
        raise ValueError(f"indices must have every synapse once, got input {at} of neuron {neuron} twice")
    return csr_array((data, indices.copy(), indptr.copy()), shape=shape)
