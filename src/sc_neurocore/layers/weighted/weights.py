"""Weights of a layer: an array that its user may edit, a bias, and the wiring of weights to inputs."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from ... import checks
from ...backends.types import Wiring
from ...bitstreams.encodings import Encoding, value_range
from ...encoders.sequences import Inputs, Repeated
from ...gates.connections import Connections, FullConnections, WiredConnections
from ...read_only import derived, fixed, immutable, is_immutable
from ..base import Floats
from ..sparse import wired_as_saved


def given_weights(name: str, values: ArrayLike, encoding: Encoding, *axes: str) -> Floats:
    """Weights that a layer is to be made of, checked: an array with `axes` of these names, each of at least 1.

    Parameters
    ----------
    name
        Of the array in error messages.
    values
        In the range of `encoding`.
    """
    array = checks.array(name, values, *value_range(encoding), shape=(None,) * len(axes))
    if not array.size:
        raise ValueError(f"{name} must have shape ({', '.join(axes)}), all at least 1, got {array.shape}")
    return array


class Weights(ABC):
    """Weights and bias of neurons, in the range of an encoding; both may be edited in place.

    A bias is one more synapse of every neuron, behind the others, whose input line is the constant 1.

    Parameters
    ----------
    encoding
        Its range is that of weights and biases.
    n_neurons
        M.
    bias
        ``(M,)``, or None.
    """

    def __init__(self, encoding: Encoding, n_neurons: int, bias: ArrayLike | None) -> None:
        self.bounds = value_range(encoding)
        self.n_neurons = n_neurons
        self.bias = None if bias is None else self.checked_bias(bias)
        self._first_bias = None if self.bias is None else self.bias.copy()
        self._given: Any = None
        """Weights of construction; None: they are drawn, anew whenever they are needed."""

    name = "weights"
    """Name in errors of the array that is edited."""
    values: Floats
    """The weights, which may be edited: ``(M, ...)``, or the data of a sparse matrix ``(synapses,)``."""

    def checked_bias(self, bias: ArrayLike) -> Floats:
        """Check a bias ``(M,)``: a float64 copy, or an error."""
        return checks.array("bias", bias, *self.bounds, shape=(self.n_neurons,)).copy()

    def set_bias(self, bias: ArrayLike) -> None:
        """Replace the biases ``(M,)``; an AttributeError if there are none."""
        if self.bias is None:
            raise AttributeError("bias must be given to the constructor, got it for a layer without one")
        self.bias = self.checked_bias(bias)

    def fix(self) -> None:
        """Make weights and bias read-only until others are assigned: nobody needs to look for edits."""
        self._keep(immutable(self.values))
        self.bias = None if self.bias is None else immutable(self.bias)

    @property
    def fixed(self) -> bool:
        """Whether weights and bias cannot be edited."""
        return is_immutable(self.values) and (self.bias is None or is_immutable(self.bias))

    @abstractmethod
    def _keep(self, values: Floats) -> None:
        """Take an array of weights itself."""

    def start_from(self, given: Any) -> None:
        """Make a copy of these the weights of construction, in place of those that were drawn."""
        self._given = given.copy()
        self._replace(given)

    def restore(self, draw: Callable[[], Any]) -> None:
        """Go back to the bias and the weights of construction: the given ones, else those that `draw` returns."""
        self._replace(draw() if self._given is None else self._given)
        self.bias = None if self._first_bias is None else self._first_bias.copy()

    def _replace(self, values: Any) -> None:
        """Take a copy of weights of construction."""
        self.assign(values)

    def check(self) -> None:
        """Raise a ValueError if an edit left the encoding's range or is not finite."""
        checks.array(self.name, self.values, *self.bounds)
        if self.bias is not None:
            self.checked_bias(self.bias)

    def state(self) -> dict[str, Any]:
        """Copies of weights and bias for a state dict."""
        return {"weights": self.values.copy()} | ({} if self.bias is None else {"bias": self.bias.copy()})

    @property
    @abstractmethod
    def fan_in(self) -> int:
        """Number of input lines of a neuron, the constant of a bias included."""

    @property
    @abstractmethod
    def n_synapses(self) -> int:
        """Synapses of all neurons, those of the bias included."""

    @abstractmethod
    def lines(self) -> Inputs:
        """Input line of each synapse, ``(synapses,)``."""

    @abstractmethod
    def joined(self) -> Floats:
        """Weights with the bias, ``(M, fan_in)``, sparse ``(synapses,)``."""

    @abstractmethod
    def without_bias(self, joined: NDArray[Any]) -> NDArray[Any]:
        """Values of all synapses but those of the bias, of the shape of the weights."""

    @abstractmethod
    def connections(self, rails: int) -> Connections:
        """Synapses of the neurons of a group, once for each of the `rails` of their weights."""

    @abstractmethod
    def matrix(self, joined: Floats) -> Any:
        """Values of all synapses as a matrix ``(M, fan_in)``, dense or CSR."""

    @abstractmethod
    def dense(self, joined: NDArray[Any]) -> NDArray[Any]:
        """Values of all synapses as a new array ``(M, n_inputs)``, without those of the bias."""

    @abstractmethod
    def assign(self, values: ArrayLike, name: str = "weights") -> None:
        """Replace the weights by others of the same shape, in the encoding's range; errors call them `name`."""

    @property
    @abstractmethod
    def array(self) -> Floats:
        """The weights as an array; a read-only copy where they are stored otherwise."""

    @abstractmethod
    def load(self, state: dict[str, Any]) -> None:
        """Check and restore a `state`."""


class DenseWeights(Weights):
    """Weights of neurons that all have the same inputs: ``(M, n_inputs)``, or kernels ``(M, C, kH, kW)``.

    Parameters
    ----------
    name
        Of the array that is edited, in error messages.
    groups
        Number of groups of neurons with inputs of their own, as in a grouped convolution.
    """

    def __init__(
        self,
        values: ArrayLike,
        encoding: Encoding,
        bias: ArrayLike | None = None,
        *,
        name: str = "weights",
        groups: int = 1,
    ) -> None:
        self.values = np.asarray(values, np.float64)
        super().__init__(encoding, len(self.values), bias)
        self.name, self.groups = name, groups

    def checked(self, name: str, values: ArrayLike) -> Floats:
        """Check new weights of this shape: a float64 copy, or an error."""
        return checks.array(name, values, *self.bounds, shape=self.values.shape).copy()

    def assign(self, values: ArrayLike, name: str = "weights") -> None:
        """Replace the weights by others of the same shape, in the encoding's range; errors call them `name`."""
        self.values = self.checked(name, values)

    def _keep(self, values: Floats) -> None:
        self.values = values

    @property
    def array(self) -> Floats:
        """The array itself, which may be edited unless it is fixed."""
        array: Floats = fixed(self.values, self.name) if is_immutable(self.values) else self.values
        return array

    @property
    def fan_in(self) -> int:
        """Number of input lines of a neuron, the constant of a bias included."""
        return int(self.values[0].size) + (self.bias is not None)

    @property
    def n_synapses(self) -> int:
        """Synapses of all neurons, those of the bias included."""
        return self.n_neurons * self.fan_in

    def lines(self) -> Repeated:
        """Input line of each synapse: all lines of its group, again for every neuron."""
        return Repeated(self.fan_in)

    def without_bias(self, joined: NDArray[Any]) -> NDArray[Any]:
        """Values of all synapses but those of the bias, of the shape of the weights."""
        return joined.reshape(self.n_neurons, -1)[:, : self.values[0].size].reshape(self.values.shape)

    def joined(self) -> Floats:
        """Weights with the bias, ``(M, fan_in)``."""
        matrix = self.values.reshape(self.n_neurons, -1)
        return matrix if self.bias is None else np.column_stack([matrix, self.bias])

    def connections(self, rails: int) -> FullConnections:
        """Every neuron of a group takes all lines."""
        return FullConnections(self.fan_in, self.n_neurons // self.groups, rails)

    def matrix(self, joined: Floats) -> Floats:
        """The values themselves, which are a matrix already."""
        return joined

    def dense(self, joined: NDArray[Any]) -> NDArray[Any]:
        """A copy ``(M, n_inputs)`` without the bias."""
        return joined[:, : self.values[0].size].copy()

    def load(self, state: dict[str, Any]) -> None:
        """Check and restore a `state`."""
        bias = self.checked_bias(state["bias"]) if self.bias is not None else None
        self.values = self.checked("weights", state["weights"])
        self.bias = bias


class SparseWeights(Weights):
    """Weights of the synapses that exist, in a SciPy CSR matrix ``(M, n_inputs)``.

    Parameters
    ----------
    csr
        The matrix; its `data` may be edited.
    """

    def __init__(self, csr: csr_array, encoding: Encoding, bias: ArrayLike | None = None) -> None:
        self.wire(csr)
        super().__init__(encoding, csr.shape[0], bias)

    def wire(self, csr: csr_array) -> None:
        """Take a matrix with its synapses: they cannot be edited, its `data` can."""
        self.csr = csr
        for wires in (csr.indices, csr.indptr):
            wires.flags.writeable = False

    def _replace(self, values: csr_array) -> None:
        """Take a copy of weights of construction, and their synapses."""
        self.wire(values.copy())

    @property
    def values(self) -> Floats:  # type: ignore[override]
        """The data of the matrix."""
        data: Floats = self.csr.data
        return data

    @property
    def rows(self) -> NDArray[np.int64]:
        """Neuron of each weight."""
        return np.repeat(np.arange(self.n_neurons), np.diff(self.csr.indptr))

    def assign(self, values: ArrayLike, name: str = "weights") -> None:
        """Replace the weights by those of a matrix ``(M, n_inputs)``, zero wherever there is no synapse."""
        matrix = checks.array(name, values, *self.bounds, shape=self.csr.shape).copy()
        places = self.rows, self.csr.indices
        kept = matrix[places]
        matrix[places] = 0
        if matrix.any():
            bad = checks.plain(matrix[matrix != 0][0])
            raise ValueError(f"{name} must be zero where there is no synapse, got {bad}")
        if is_immutable(self.values):
            self._keep(kept)
        else:
            self.csr.data[:] = kept

    def _keep(self, values: Floats) -> None:
        self.csr.data = values

    @property
    def array(self) -> Floats:
        """A read-only copy ``(M, n_inputs)``; edit the data of the matrix."""
        dense: Floats = derived(self.csr.toarray(), "weights_csr.data")
        return dense

    @property
    def fan_in(self) -> int:
        """Number of input lines of the layer, the constant of a bias included."""
        return int(self.csr.shape[1]) + (self.bias is not None)

    @property
    def n_synapses(self) -> int:
        """Synapses of all neurons, those of the bias included."""
        return int(self.csr.data.size) + (0 if self.bias is None else self.n_neurons)

    def lines(self) -> NDArray[np.int64]:
        """Input line of each synapse, ``(synapses,)``."""
        return self.wiring().inputs

    def without_bias(self, joined: NDArray[Any]) -> NDArray[Any]:
        """Values of all synapses but those of the bias, of the shape of the weights."""
        return joined if self.bias is None else joined[self.wiring().inputs < self.csr.shape[1]]

    def joined(self) -> Floats:
        """Weights with the bias ``(synapses,)``, each bias behind the weights of its neuron."""
        if self.bias is None:
            return self.values
        return np.insert(self.values, self.csr.indptr[1:], self.bias)

    def connections(self, rails: int) -> WiredConnections:
        """The synapses that exist, and those of the bias."""
        return WiredConnections(self.wiring(), rails=rails)

    def wiring(self) -> Wiring:
        """Wiring of the synapses that exist, and of the bias, for one rail."""
        indptr, inputs = self.csr.indptr.astype(np.int64), self.csr.indices.astype(np.int64)
        if self.bias is not None:
            inputs = np.insert(inputs, indptr[1:], self.csr.shape[1])
            indptr = indptr + np.arange(self.n_neurons + 1)
        return Wiring(indptr, inputs, np.arange(inputs.size))

    def matrix(self, joined: Floats) -> csr_array:
        """The values as a SciPy CSR matrix ``(M, fan_in)``."""
        wiring = self.wiring()
        return csr_array((joined, wiring.inputs, wiring.indptr), shape=(self.n_neurons, self.fan_in))

    def dense(self, joined: NDArray[Any]) -> NDArray[Any]:
        """A new array ``(M, n_inputs)`` without the bias, zero where there is no synapse."""
        out = np.zeros(self.csr.shape, joined.dtype)
        out[self.rows, self.csr.indices] = self.without_bias(joined)
        return out

    def state(self) -> dict[str, Any]:
        """Copies of weights, bias and wiring for a state dict."""
        return super().state() | {"indices": self.csr.indices.copy(), "indptr": self.csr.indptr.copy()}

    def load(self, state: dict[str, Any]) -> None:
        """Check and restore a `state`."""
        bias = self.checked_bias(state["bias"]) if self.bias is not None else None
        data = checks.array("weights", state["weights"], *self.bounds, shape=(None,)).copy()
        self.wire(wired_as_saved(data, state, self.csr.shape))
        self.bias = bias


def matrix_weights(
    values: Floats | csr_array, encoding: Encoding, bias: ArrayLike | None, name: str
) -> DenseWeights | SparseWeights:
    """Weights ``(M, n_inputs)`` as their matrix is, sparse or dense; of a dense one errors say `name`."""
    if isinstance(values, csr_array):
        return SparseWeights(values, encoding, bias)
    return DenseWeights(values, encoding, bias, name=name)
