"""A dense layer whose weights are conductances of a memristor crossbar, with its defects."""

from typing import Any

from ..synapses import MemristorModel
from .vectorized_layer import VectorizedSCLayer
from .weighted import chip


class MemristiveDenseLayer(VectorizedSCLayer):
    """`VectorizedSCLayer` on a memristor crossbar: weights are written into cells and read with their errors.

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
    written again, and any layer of that seed on an array of that shape has it, as has
    ``device.defects((n_neurons, n_inputs), seed)``. Error laws: see `MemristorModel`.

    Examples
    --------
    >>> import numpy as np
    >>> layer = MemristiveDenseLayer(8, 4, length=512, seed=1)
    >>> layer.forward(np.full(8, 0.5)).shape
    (4,)
    >>> worn = MemristiveDenseLayer.from_weights(np.full((2, 3), 0.5), stuck_rate=1.0, variability=0.0, seed=1)
    >>> worn.ideal_weights[0], worn.weights[0]
    (array([0.5, 0.5, 0.5]), array([1., 0., 0.]))
    """

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
        model = chip.with_rates(device, stuck_rate, variability)
        super().__init__(n_inputs, n_neurons, length, use_gpu, sparse, connectivity, device=model, **options)

    _edit = "ideal_weights"
    weights = chip.effective_weights
    ideal_weights = chip.ideal_weights
    defects = chip.defects
    stuck_low_mask = chip.stuck_low_mask
    stuck_high_mask = chip.stuck_high_mask

    def apply_hardware_defects(self) -> None:
        """Write the ideal weights into the chip; doing it twice changes nothing, and `forward` does it by itself."""
        self._synapses.seen()
