"""A memristive layer that is trained on the chip it will run on."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams import value_range
from ..read_only import frozen
from ..synapses import MemristorModel
from .base import Floats
from .vectorized_layer import VectorizedSCLayer
from .weighted import chip
from .weighted.weights import SparseWeights


class HardwareAwareSCLayer(VectorizedSCLayer):
    """A layer on a memristor crossbar that learns around its defects: stuck synapses are left out of an update.

    ::

        gradient --(not stuck?)--> ideal weight --write--> cell --read--> weight, as forward meets it

    Parameters
    ----------
    n_inputs, n_neurons, length
        As for `VectorizedSCLayer`, and all its keywords too.
    stuck_rate, variability
        As for `MemristiveDenseLayer`.
    seed
        One seed is one chip.
    device
        All other mechanisms, see `MemristorModel`.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    The programming error of a cell is fixed per seed: writing a weight again meets the same error, so
    that a gradient of what `forward` gives can take it out. A weight stays in its range: an update
    that would leave it ends at the nearer end, as a conductance does.

    Examples
    --------
    >>> layer = HardwareAwareSCLayer(8, 4, length=256)
    >>> layer.n_stuck, layer.stuck_mask.shape
    (1, (4, 8))
    >>> before = layer.weights
    >>> layer.update_weights(np.ones((4, 8)))
    >>> bool((layer.weights < before)[~layer.stuck_mask].all()), bool((layer.weights == before)[layer.stuck_mask].all())
    (True, True)
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        length: int = 1024,
        stuck_rate: float | None = 0.05,
        variability: float | None = 0.02,
        seed: Any = 42,
        *,
        device: MemristorModel | None = None,
        **options: Any,
    ) -> None:
        super().__init__(
            n_inputs,
            n_neurons,
            length,
            device=chip.with_rates(device, stuck_rate, variability),
            seed=seed,
            **options,
        )

    _edit = "ideal_weights"
    weights = chip.effective_weights
    ideal_weights = chip.ideal_weights
    defects = chip.defects
    stuck_low_mask = chip.stuck_low_mask
    stuck_high_mask = chip.stuck_high_mask

    @property
    def stuck_mask(self) -> NDArray[np.bool_]:
        """Synapses ``(n_neurons, n_inputs)`` that cannot be written; of pairs, both cells are stuck."""
        stuck = self.stuck_low_mask | self.stuck_high_mask
        mask: NDArray[np.bool_] = frozen(stuck.all(0) if stuck.ndim == 3 else stuck)
        return mask

    @property
    def stuck_values(self) -> Floats:
        """Weights of the stuck synapses ``(n_stuck,)``, in the order of `stuck_mask`."""
        values: Floats = frozen(self.weights[self.stuck_mask])
        return values

    @property
    def n_stuck(self) -> int:
        """Number of stuck synapses; of a differential pair only if both of its cells are stuck.

        Pairs with one stuck cell can still be written, by the other one, and are not counted: of cells that are stuck
        with probability p they are 2 p (1 - p) of all pairs, those with two p**2; at p = .05 9.5 % and .25 %.
        """
        return int(self.stuck_mask.sum())

    @property
    def stuck_fraction(self) -> float:
        """Share of the synapses that are stuck."""
        return float(self.n_stuck / (self.weights_csr.nnz if self.sparse else self.n_inputs * self.n_neurons))

    def update_weights(self, gradient: ArrayLike, lr: float = 0.01) -> None:
        """Move the ideal weights by ``-lr * gradient``, within their range; stuck synapses stay.

        Parameters
        ----------
        gradient
            Of a loss by the weights, ``(n_neurons, n_inputs)``; a sparse layer takes it at its synapses.
        lr
            Learning rate, at least 0.

        Raises
        ------
        ValueError, TypeError
            If an argument is outside its range or shape; nothing has changed then.
        """
        step = checks.array("gradient", gradient, shape=(self.n_neurons, self.n_inputs))
        rate = checks.real("lr", lr, 0.0, np.finfo(float).max)
        low, high = value_range(self.encoding)
        updated = np.clip(self.ideal_weights - rate * np.where(self.stuck_mask, 0.0, step), low, high)
        stored = self._weights
        if isinstance(stored, SparseWeights):
            stored.csr.data[:] = updated[stored.rows, stored.csr.indices]
        else:
            self.ideal_weights[:] = updated
