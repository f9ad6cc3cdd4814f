"""Recorder of membrane voltages."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..read_only import attribute, frozen
from .shape import checked_shape


class MembraneRecorder:
    """Records the voltage of each neuron after every time step.

    Parameters
    ----------
    shape
        Neurons: their number, or a shape ``(..., n)`` with batch axes.
    dt_ms
        Time step in ms, above 0.

    Examples
    --------
    >>> recorder = MembraneRecorder(2)
    >>> recorder.record([[0.1, 0.2], [0.3, 0.0]])
    >>> recorder.voltages()[0], recorder.times_ms()
    (array([0.1, 0.2]), array([1., 2.]))
    """

    def __init__(self, shape: int | tuple[int, ...], dt_ms: float = 1.0) -> None:
        self._shape = checked_shape(shape)
        self._dt_ms = checks.positive("dt_ms", dt_ms)
        self._blocks: list[NDArray[np.float64]] = []

    shape: tuple[int, ...] = attribute("_shape", "Shape ``(..., n)`` of the neurons.")
    dt_ms: float = attribute("_dt_ms", "Duration of a step in ms.")

    @property
    def steps(self) -> int:
        """Steps recorded."""
        return sum(block.shape[1] for block in self._blocks)

    def record(self, voltages: ArrayLike) -> None:
        """Append voltages ``(*shape, T)``."""
        block = checks.array("voltages", voltages, shape=(*self._shape, None))
        self._blocks.append(block.reshape(math.prod(self._shape), -1).copy())

    def voltages(self) -> NDArray[np.float64]:
        """All voltages ``(*shape, steps)``; read-only."""
        if len(self._blocks) != 1:
            empty = np.empty((math.prod(self._shape), 0))
            self._blocks = [np.concatenate([empty, *self._blocks], axis=1)]
        voltages: NDArray[np.float64] = frozen(self._blocks[0].reshape(*self._shape, self.steps))
        return voltages

    def times_ms(self) -> NDArray[np.float64]:
        """Ends of the steps ``(steps,)``: when the voltages were reached."""
        return np.asarray(np.arange(1.0, self.steps + 1) * self._dt_ms)

    def reset(self) -> None:
        """Delete all that is recorded."""
        self._blocks = []
