"""A dense layer whose weights are conductances of a memristor crossbar, with its defects."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..synapses import Defects, MemristorModel
from .base import Floats
from .vectorized_layer import VectorizedSCLayer


class MemristiveDenseLayer(VectorizedSCLayer):
    """`VectorizedSCLayer` on a crossbar: weights are written into cells, and read as the cells are.

    ::

        ideal weight --write--> cell (pair) --read--> comparator --> weight stream --+
                                                                                     +-- AND --> ..
                                                              x --> input stream ----+

    Parameters
    ----------
    n_inputs, n_neurons, length, use_gpu, sparse, connectivity
        As for `VectorizedSCLayer`, and all its keywords too.
    stuck_rate
        Share of cells in [0, 1] that are stuck, half of them low and half high; None: the rates of
        `device`.
    variability
        Spread of programming (see `MemristorModel`); None: that of `device`.
    device
        All other mechanisms. Signed encodings take a pair of cells a weight.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    One seed is one chip: the map of defects is drawn once and does not change when weights are
    written again. Error laws: see `MemristorModel`.

    Examples
    --------
    >>> layer = MemristiveDenseLayer(8, 4, length=512, seed=1)
    >>> layer.forward(np.full(8, 0.5)).shape
    (4,)
    >>> worn = MemristiveDenseLayer.from_weights(np.full((2, 3), 0.5), stuck_rate=1.0, variability=0.0, seed=1)
    >>> worn.ideal_weights[0], worn.weights[0]
    (array([0.5, 0.5, 0.5]), array([0., 1., 1.]))
    """

    device: MemristorModel

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        length: int = 1024,
        use_gpu: bool = True,
        sparse: bool = False,
        connectivity: float = 1.0,
        stuck_rate: float | None = 0.01,
        variability: float | None = 0.05,
        *,
        device: MemristorModel | None = None,
        **options: Any,
    ) -> None:
        if device is not None and not isinstance(device, MemristorModel):
            raise TypeError(f"device must be a MemristorModel or None, got {type(device).__name__}")
        model = (device or MemristorModel()).with_rates(stuck_rate, variability)
        super().__init__(n_inputs, n_neurons, length, use_gpu, sparse, connectivity, device=model, **options)

    @property
    def ideal_weights(self) -> Floats:
        """Weights ``(n_neurons, n_inputs)`` that are to be written; edit them, the next `forward` sees it.

        Of a sparse layer this is a read-only copy: edit ``weights_csr.data``.
        """
        return super().weights

    @property
    def weights(self) -> Floats:
        """Weights ``(n_neurons, n_inputs)`` as the chip has them, read-only; assigning writes ideal ones."""
        effective: Floats = self._on_synapses(self._synapse_values())
        effective.flags.writeable = False
        return effective

    @weights.setter
    def weights(self, values: Any) -> None:
        VectorizedSCLayer.weights.__set__(self, values)  # type: ignore[attr-defined]

    @property
    def defects(self) -> Defects:
        """The map of defects of all cells, the bias's included (its last column; sparse: see `weights_csr`)."""
        return self._defects

    @property
    def stuck_low_mask(self) -> NDArray[np.bool_]:
        """Cells stuck at g_min ``(n_neurons, n_inputs)``, of pairs ``(2, n_neurons, n_inputs)``."""
        return self._of_cells(self._defects.stuck_low_mask)

    @property
    def stuck_high_mask(self) -> NDArray[np.bool_]:
        """Cells stuck at g_max, of the shape of `stuck_low_mask`; no cell is in both."""
        return self._of_cells(self._defects.stuck_high_mask)

    def apply_hardware_defects(self) -> None:
        """Write the ideal weights into the chip; doing it twice changes nothing, and `forward` does it by itself."""
        self._synapse_values()

    def _of_cells(self, cells: NDArray[Any]) -> NDArray[Any]:
        parts = [self._on_synapses(part) for part in cells]
        return np.stack(parts) if len(parts) == 2 else parts[0]

    def _on_synapses(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of all synapses as a new array ``(n_neurons, n_inputs)``, without the bias."""
        if not self.sparse:
            return values[:, : self.n_inputs].copy()
        kept = self._wiring.inputs < self.n_inputs
        rows = np.repeat(np.arange(self.n_neurons), np.diff(self._wiring.indptr))[kept]
        out = np.zeros((self.n_neurons, self.n_inputs), values.dtype)
        out[rows, self._wiring.inputs[kept]] = values[kept]
        return out
