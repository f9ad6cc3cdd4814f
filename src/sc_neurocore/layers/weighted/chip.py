"""Attributes of layers whose weights are cells of a memristor crossbar: weights and defects of the chip."""

from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...read_only import attribute, derived, frozen
from ...synapses import MemristorModel
from ..base import Floats


def with_rates(device: MemristorModel | None, stuck_rate: float | None, variability: float | None) -> MemristorModel:
    """The device with the given rates of stuck cells and variability; None: ideal cells with these rates.

    Parameters
    ----------
    device
        The cells, or None.
    stuck_rate
        Fraction of stuck cells in [0, 1], half of them low and half high; None: that of the device.
    variability
        Programming error, see `MemristorModel`; None: that of the device.

    Raises
    ------
    ValueError, TypeError
        If a rate is outside its range, or `device` is no `MemristorModel`.
    """
    if device is not None and not isinstance(device, MemristorModel):
        raise TypeError(f"device must be a MemristorModel or None, got {type(device).__name__}")
    return (device or MemristorModel()).with_rates(stuck_rate, variability)


_weights_of, _synapses_of = attrgetter("_weights"), attrgetter("_synapses")


def _effective_weights(layer: Any) -> Floats:
    effective: Floats = derived(
        _weights_of(layer).dense(_synapses_of(layer).seen().effective),
        "weights_csr.data" if layer.sparse else "ideal_weights",
    )
    return effective


def _write(layer: Any, values: ArrayLike) -> None:
    _weights_of(layer).assign(values)


def _write_ideal(layer: Any, values: ArrayLike) -> None:
    _weights_of(layer).assign(values, "ideal_weights")


def _of_cells(layer: Any, cells: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask without the bias's cells: ``(n_neurons, n_inputs)``, of pairs of cells ``(2, n_neurons, n_inputs)``."""
    planes = [_weights_of(layer).dense(plane) for plane in cells]
    mask: NDArray[np.bool_] = frozen(np.stack(planes) if len(planes) == 2 else planes[0])
    return mask


effective_weights: Any = property(
    _effective_weights,
    _write,
    doc="Weights ``(n_neurons, n_inputs)`` as the chip has them: assign them, or edit `ideal_weights`.",
)
ideal_weights: Any = property(
    attrgetter("_weights.array"),
    _write_ideal,
    doc="""Weights ``(n_neurons, n_inputs)`` that are to be written; assign or edit them, the next `forward` sees it.

    Of a sparse layer this is a read-only copy: edit ``weights_csr.data``.
    """,
)
defects: Any = attribute(
    "_synapses.defects",
    "The map of defects of all cells, the bias's included (its last column; sparse: see `weights_csr`).",
)
stuck_low_mask: Any = property(
    lambda layer: _of_cells(layer, layer.defects.stuck_low_mask),
    doc="Cells stuck at g_min ``(n_neurons, n_inputs)``, of pairs ``(2, n_neurons, n_inputs)``.",
)
stuck_high_mask: Any = property(
    lambda layer: _of_cells(layer, layer.defects.stuck_high_mask),
    doc="Cells stuck at g_max, of the shape of `stuck_low_mask`; no cell is in both.",
)
