"""Connections of neurons: which input stream meets which weight stream at each of their gates."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from ..backends.types import Wiring

WIRE_BYTES = 16
"""Bytes that a `Wiring` takes for a synapse; for a dense neuron."""


class Connections(ABC):
    """Synapses of M neurons, once for each rail of their weights; made as wirings of as many neurons as are asked for.

    Parameters
    ----------
    n_neurons
        M.
    n_synapses
        Weight streams of a rail; those of rail r are numbered from ``r * n_synapses``.
    rails
        1, or 2 for split weights.
    """

    def __init__(self, n_neurons: int, n_synapses: int, rails: int) -> None:
        self.n_neurons, self.n_synapses, self.rails = n_neurons, n_synapses, rails
        self._made: tuple[int, int, Wiring] | None = None

    def wiring(self, first: int, last: int) -> Wiring:
        """Wiring of the neurons `first` to `last` - 1 and of all rails, the first one first. The last is kept.

        It has ``rails * (last - first)`` neurons.
        """
        made = self._made
        if made is None or made[:2] != (first, last):
            made = self._made = first, last, railed(self.one_rail(first, last), self.rails, self.n_synapses)
        return made[2]

    @property
    @abstractmethod
    def fan_in(self) -> NDArray[np.int64]:
        """Synapses of each neuron ``(M,)``."""

    @abstractmethod
    def one_rail(self, first: int, last: int) -> Wiring:
        """Wiring of the neurons `first` to `last` - 1 for the first rail of the weights."""

    @property
    def neuron_bytes(self) -> int:
        """Bytes of the wiring of the neuron with the most synapses."""
        return WIRE_BYTES * self.rails * int(self.fan_in.max(initial=0))


class FullConnections(Connections):
    """Connections of a dense layer: every neuron takes all inputs, each through its own weight stream.

    Parameters
    ----------
    n_inputs, n_neurons, rails
        Of the layer.

    Examples
    --------
    >>> FullConnections(2, 3).wiring(1, 3)
    Wiring(indptr=array([0, 2, 4]), inputs=array([], dtype=int64), weights=array([2, 4]))
    """

    def __init__(self, n_inputs: int, n_neurons: int, rails: int = 1) -> None:
        super().__init__(n_neurons, n_inputs * n_neurons, rails)
        self.n_inputs = n_inputs

    @property
    def fan_in(self) -> NDArray[np.int64]:
        """Synapses of each neuron ``(M,)``."""
        return np.full(self.n_neurons, self.n_inputs)

    def one_rail(self, first: int, last: int) -> Wiring:
        """Wiring of the neurons `first` to `last` - 1 for the first rail of the weights."""
        numbers = np.arange(last - first + 1) * self.n_inputs
        return Wiring(numbers, np.empty(0, np.int64), numbers[:-1] + first * self.n_inputs)

    @property
    def neuron_bytes(self) -> int:
        """Bytes of the wiring of a neuron."""
        return WIRE_BYTES * self.rails


class WiredConnections(Connections):
    """Connections of a sparse layer.

    Parameters
    ----------
    wires
        Wiring of all neurons for one rail.
    n_synapses
        Weight streams of a rail; None: one for each synapse.
    rails
        1, or 2 for split weights.

    Examples
    --------
    >>> wires = Wiring(np.array([0, 1, 3]), np.array([4, 4, 5]), np.arange(3))
    >>> WiredConnections(wires, rails=2).wiring(1, 2)
    Wiring(indptr=array([0, 2, 4]), inputs=array([4, 5, 4, 5]), weights=array([1, 2, 4, 5]))
    """

    def __init__(self, wires: Wiring, n_synapses: int | None = None, rails: int = 1) -> None:
        super().__init__(len(wires.indptr) - 1, wires.inputs.size if n_synapses is None else n_synapses, rails)
        self.wires = wires

    @property
    def fan_in(self) -> NDArray[np.int64]:
        """Synapses of each neuron ``(M,)``."""
        return np.diff(self.wires.indptr)

    def one_rail(self, first: int, last: int) -> Wiring:
        """Wiring of the neurons `first` to `last` - 1 for the first rail of the weights."""
        indptr, inputs, weights = self.wires
        start, stop = indptr[first], indptr[last]
        return Wiring(indptr[first : last + 1] - start, inputs[start:stop], weights[start:stop])


def railed(wiring: Wiring, rails: int, synapses: int) -> Wiring:
    """A wiring repeated for each rail of the weights, with `synapses` weight streams a rail.

    Parameters
    ----------
    wiring
        Synapses of M neurons, for one rail of the weights.
    rails
        1, or 2 for split weights.
    synapses
        Weight streams of a rail; those of rail r are numbered from ``r * synapses``.

    Returns
    -------
    Wiring
        Of ``rails * M`` neurons, the first rail first.
    """
    if rails == 1:
        return wiring
    indptr, inputs, weights = wiring
    steps = np.arange(rails)[:, None]
    return Wiring(
        np.concatenate([indptr[:1], (indptr[1:] + steps * indptr[-1]).reshape(-1)]),
        np.tile(inputs, rails),
        (weights + steps * synapses).reshape(-1),
    )
