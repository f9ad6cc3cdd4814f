"""Weights of a reservoir: drawn at random, the recurrent ones scaled to a spectral radius; edited or assigned."""

from dataclasses import dataclass
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


@dataclass(frozen=True, eq=False)
class SeenWeights:
    """Weights of a reservoir as they were when its circuit was built: checked copies."""

    inputs: Floats
    """``(n_neurons, n_inputs)``."""
    bias: Floats
    """``(n_neurons,)``."""
    recurrent: Any
    """``(n_neurons, n_neurons)``, an array or a `csr_array`."""

    def is_current(self, weights: "ReservoirWeights") -> bool:
        """Whether the weights have not been edited since."""
        pairs = zip(_arrays(self.recurrent), _arrays(weights.recurrent), strict=True)
        return (
            np.array_equal(self.inputs, weights.inputs)
            and np.array_equal(self.bias, weights.bias)
            and all(np.array_equal(seen, present) for seen, present in pairs)
        )

    def gain(self, feedback_strength: float) -> float:
        """The largest absolute weight, the recurrent ones times `feedback_strength`; 1 if all are 0."""
        recurrent = _arrays(self.recurrent)[0]
        ends = np.array([recurrent.min(initial=0.0), recurrent.max(initial=0.0)])
        parts = self.inputs, self.bias, feedback_strength * ends
        return max(float(np.abs(part).max()) for part in parts) or 1.0

    def by_line(self, feedback_strength: float) -> LineWeights:
        """The weights of each line, divided by `gain`."""
        (n, n_inputs), biased = self.inputs.shape, bool(self.bias.any())
        lines = n_inputs + n + biased
        bias = self.bias if biased else self.bias[:0]
        if issparse(self.recurrent):
            by_column = csc_array(self.recurrent)
            recurrent, feeds = by_column.data, by_column.indices.astype(np.int64)
            every = np.arange(n)
            neurons = np.concatenate([np.tile(every, n_inputs), feeds, every if biased else every[:0]])
            fans = np.concatenate([np.full(n_inputs, n), np.diff(by_column.indptr), np.full(int(biased), n)])
        else:
            recurrent, neurons = self.recurrent.T.reshape(-1), np.empty(0, np.int64)
            fans = np.full(lines, n)
        indptr = np.concatenate([[0], np.cumsum(fans)]).astype(np.int64)
        values = np.concatenate([self.inputs.T.reshape(-1), feedback_strength * recurrent, bias])
        return LineWeights(indptr, neurons, values / self.gain(feedback_strength))


class ReservoirWeights:
    """Input weights, recurrent weights and biases of a reservoir, which may be edited.

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
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.input_strength = checks.real("input_strength", input_strength, 0.0, checks.LARGEST)
        self.spectral_radius = checks.real("spectral_radius", spectral_radius, 0.0, checks.LARGEST)
        self.connectivity = checks.positive("connectivity", connectivity)
        connectivity = checks.real("connectivity", connectivity, 0.0, 1.0)
        self.bias_strength = checks.real("bias_strength", bias_strength, 0.0, checks.LARGEST)
        self.sparse = self.connectivity < 1
        self._signed = encoding != "unipolar"
        self.draw(seeds)

    def draw(self, seeds: Seeds) -> None:
        """Take the random weights of a seed."""
        low, n = -1.0 if self._signed else 0.0, self.n_neurons
        rng = seeds.generator("values")
        self.inputs: Floats = self.input_strength * rng.uniform(low, 1.0, (n, self.n_inputs))
        """``(n_neurons, n_inputs)``."""
        self.bias: Floats = self.bias_strength * rng.uniform(low, 1.0, n)
        """``(n_neurons,)``."""
        self.recurrent: Any = _fixed_wiring(self._recurrent(seeds.generator("recurrent weights"), low))
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
                "connectivity must leave a loop of synapses for a spectral radius above 0, "
                f"got {checks.plain(self.connectivity)}"
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
        self.recurrent = self._checked_matrix(csr_array(values))

    def _checked_matrix(self, matrix: csr_array) -> csr_array:
        """A copy of sparse recurrent weights, or an error."""
        data = self._checked("W_rec", matrix.data, matrix.data.shape)
        places = {"indices": matrix.indices, "indptr": matrix.indptr}
        return _fixed_wiring(wired_as_saved(data, places, (self.n_neurons, self.n_neurons)))

    def _checked(self, name: str, values: ArrayLike, shape: tuple[int | None, ...]) -> Floats:
        """A copy of an array of weights, or an error."""
        return checks.array(name, values, -checks.LARGEST if self._signed else 0.0, checks.LARGEST, shape=shape).copy()

    def seen(self) -> SeenWeights:
        """Checked copies of the present weights, or an error that says which were edited in vain."""
        n, recurrent = self.n_neurons, self.recurrent
        return SeenWeights(
            self._checked("W_in", self.inputs, (n, self.n_inputs)),
            self._checked("bias", self.bias, (n,)),
            self._checked_matrix(recurrent) if self.sparse else self._checked("W_rec", recurrent, (n, n)),
        )

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
        data = self._checked("W_rec", state["W_rec"], (None,))
        return inputs, bias, _fixed_wiring(wired_as_saved(data, state, (n, n)))

    def load(self, parts: tuple[Floats, Floats, Any]) -> None:
        """Restore the values that `checked` returned."""
        self.inputs, self.bias, self.recurrent = parts


def _fixed_wiring(matrix: Any) -> Any:
    """The matrix; of a sparse one, the places of its data are read-only from now on."""
    if issparse(matrix):
        matrix.indices.flags.writeable = matrix.indptr.flags.writeable = False
    return matrix


def _arrays(matrix: Any) -> tuple[NDArray[Any], ...]:
    """The arrays that make a matrix: its data, and where they are if it is sparse."""
    return (matrix.data, matrix.indices, matrix.indptr) if issparse(matrix) else (matrix,)
