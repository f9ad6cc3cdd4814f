"""Weights of a reservoir: drawn at random, the recurrent ones scaled to a spectral radius; assigned as whole arrays."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_array, csr_array, issparse

from ... import checks
from ...bitstreams.encodings import Encoding
from ...encoders.seeds import Seeds
from ..base import Floats
from ..sparse import random_synapses, wired_as_saved
from .spectral import spectral_radius_of


class LineWeights(NamedTuple):
    """Weights sorted by their input line: inputs first, then states, then the constant 1 of a bias if there is one.

    Synapse k of ``indptr[i]:indptr[i+1]`` joins line i with neuron ``neurons[k]``; without `neurons`, each line feeds
    neurons 0, 1, .. in this order.
    """

    indptr: NDArray[np.int64]
    neurons: NDArray[np.int64]
    values: Floats

    @property
    def lines(self) -> int:
        """Number of lines."""
        return len(self.indptr) - 1

    @property
    def line_of_synapse(self) -> NDArray[np.int64]:
        """Line of each synapse ``(synapses,)``."""
        return np.repeat(np.arange(self.lines), np.diff(self.indptr))


class ReservoirWeights:
    """Input weights, recurrent weights and biases of a reservoir.

    Parameters
    ----------
    n_inputs, n_neurons
        Shape.
    encoding
        Unipolar weights are at least 0.
    input_strength
        Input weights are uniform in [-input_strength, input_strength], unipolar in [0, input_strength].
    spectral_radius
        Largest absolute eigenvalue of the recurrent weights, at least 0; they have it to a relative error of 5e-7.
    connectivity
        Share of the recurrent weights that exist, in (0, 1]: ``max(1, round(connectivity * n_neurons**2))``, at random.
    bias_strength
        Biases are drawn like input weights, with this strength.
    seeds
        Of the layer.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range, or no loop of synapses is left that a spectral radius needs.
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        encoding: Encoding,
        *,
        input_strength: float,
        spectral_radius: float,
        connectivity: float,
        bias_strength: float,
        seeds: Seeds,
    ) -> None:
        self.n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self.n_neurons = n = checks.whole("n_neurons", n_neurons, 1)
        self.input_strength = checks.real("input_strength", input_strength, 0.0, checks.LARGEST)
        self.spectral_radius = checks.real("spectral_radius", spectral_radius, 0.0, checks.LARGEST)
        self.connectivity = checks.positive("connectivity", connectivity)
        checks.real("connectivity", connectivity, 0.0, 1.0)
        self.bias_strength = checks.real("bias_strength", bias_strength, 0.0, checks.LARGEST)
        self.sparse = self.connectivity < 1
        low = 0.0 if encoding == "unipolar" else -1.0
        self._lowest = 0.0 if encoding == "unipolar" else -checks.LARGEST
        rng = seeds.generator("values")
        self.inputs: Floats = _frozen(self.input_strength * rng.uniform(low, 1.0, (n, self.n_inputs)))
        """``(n_neurons, n_inputs)``, read-only as the others."""
        self.bias: Floats = _frozen(self.bias_strength * rng.uniform(low, 1.0, n))
        """``(n_neurons,)``."""
        self.recurrent: Any = _frozen(self._recurrent(seeds.generator("recurrent weights"), low))
        """``(n_neurons, n_neurons)``, an array or a `csr_array`."""

    def _recurrent(self, rng: np.random.Generator, low: float) -> Any:
        n = self.n_neurons
        matrix: Any
        if not self.sparse:
            matrix = rng.uniform(low, 1.0, (n, n))
        else:
            matrix = random_synapses(rng, (n, n), self.connectivity, (low, 1.0))
        if self.spectral_radius == 0:
            matrix *= 0.0
            return matrix
        radius = spectral_radius_of(matrix)
        if radius < 1e-9:
            raise ValueError(
                f"connectivity must leave a loop of synapses for a spectral radius above 0, got {self.connectivity:g}"
            )
        matrix *= self.spectral_radius / radius
        return matrix

    def assign_inputs(self, values: ArrayLike) -> None:
        """Replace the input weights."""
        self.inputs = self._checked("W_in", values, (self.n_neurons, self.n_inputs))

    def assign_bias(self, values: ArrayLike) -> None:
        """Replace the biases."""
        self.bias = self._checked("bias", values, (self.n_neurons,))

    def assign_recurrent(self, values: Any) -> None:
        """Replace the recurrent weights; a sparse array where connectivity is below 1."""
        shape = (self.n_neurons, self.n_neurons)
        if not self.sparse:
            self.recurrent = self._checked("W_rec", values, shape)
            return
        if not issparse(values) or values.shape != shape:
            raise ValueError(f"W_rec must be a sparse array of shape {shape} with connectivity below 1")
        given = csr_array(values)
        data = self._checked("W_rec", given.data, given.data.shape)
        self.recurrent = _frozen(csr_array((data, given.indices, given.indptr), shape=shape))

    def _checked(self, name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
        copy: Floats = _frozen(checks.array(name, values, self._lowest, checks.LARGEST, shape=shape).copy())
        return copy

    def gain(self, feedback_strength: float) -> float:
        """The largest absolute weight, the recurrent ones times `feedback_strength`; 1 if all are 0."""
        recurrent = self.recurrent.data if self.sparse else self.recurrent
        ends = np.array([recurrent.min(initial=0.0), recurrent.max(initial=0.0)])
        parts = self.inputs, self.bias, feedback_strength * ends
        return max(float(np.abs(part).max()) for part in parts) or 1.0

    def by_line(self, feedback_strength: float) -> LineWeights:
        """The weights of each line, divided by `gain`."""
        n, biased = self.n_neurons, bool(self.bias.any())
        lines = self.n_inputs + n + biased
        bias = self.bias if biased else self.bias[:0]
        if self.sparse:
            by_column = csc_array(self.recurrent)
            recurrent, feeds = by_column.data, by_column.indices.astype(np.int64)
            every = np.arange(n)
            neurons = np.concatenate([np.tile(every, self.n_inputs), feeds, every if biased else every[:0]])
            fans = np.concatenate([np.full(self.n_inputs, n), np.diff(by_column.indptr), np.full(int(biased), n)])
        else:
            recurrent, neurons = self.recurrent.T.reshape(-1), np.empty(0, np.int64)
            fans = np.full(lines, n)
        indptr = np.concatenate([[0], np.cumsum(fans)]).astype(np.int64)
        values = np.concatenate([self.inputs.T.reshape(-1), feedback_strength * recurrent, bias])
        return LineWeights(indptr, neurons, values / self.gain(feedback_strength))

    def values(self) -> dict[str, Any]:
        """Weights as arrays for a state dict."""
        state = {"W_in": self.inputs.copy(), "bias": self.bias.copy()}
        if not self.sparse:
            return state | {"W_rec": self.recurrent.copy()}
        parts = self.recurrent
        return state | {"W_rec": parts.data.copy(), "indices": parts.indices.copy(), "indptr": parts.indptr.copy()}

    def checked(self, state: dict[str, Any]) -> tuple[Floats, Floats, Any]:
        """Input weights, biases and recurrent weights of a state dict, or an error."""
        n = self.n_neurons
        inputs, bias = (
            self._checked("W_in", state["W_in"], (n, self.n_inputs)),
            self._checked("bias", state["bias"], (n,)),
        )
        if not self.sparse:
            return inputs, bias, self._checked("W_rec", state["W_rec"], (n, n))
        data = self._checked("W_rec", state["W_rec"], (len(state["indices"]),))
        return inputs, bias, _frozen(wired_as_saved(data, state, (n, n)))

    def load(self, parts: tuple[Floats, Floats, Any]) -> None:
        """Restore the values that `checked` returned."""
        self.inputs, self.bias, self.recurrent = parts


def _frozen(values: Any) -> Any:
    """The array, or the data of the sparse array, read-only: an edit in place would not be seen."""
    (values.data if issparse(values) else values).flags.writeable = False
    return values
