"""How the numbers of a layer are put on its circuit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..encoders import Generator
from .activations import Floats

_TINY, _LARGE = np.finfo(float).tiny, np.finfo(float).max
_BOUNDS = {
    "ranges": (_TINY, _LARGE), "gains": (-_LARGE, _LARGE), "offsets": (-_LARGE, _LARGE), "weights": (-1.0, 1.0),
    "bias": (-1.0, 1.0),
}  # fmt: skip
ARRAYS = tuple(_BOUNDS)
"""Names of the fields that are arrays."""


@dataclass(frozen=True, eq=False)
class LayerMapping:
    """How the numbers of a layer are put on its circuit.

    It says what the comparators get, which sequences they meet, and how counts are read::

        a / ranges --clip--> comparators --+
                                           +--> gates --> counts * gains + offsets --> activation
               weights, bias --> comparators --+

    Arrays are kept as read-only copies. A layer without weights takes one number for each field.

    Parameters
    ----------
    ranges
        Inputs are divided by these positive numbers and clipped to [-1, 1]: ``()`` for one number, ``(n_inputs,)`` for
        flat samples, ``(channels, 1, 1)`` for images.
    gains
        Factors of the outputs of the circuit: ``()``, ``(n_outputs,)``, or ``(channels, 1, 1)`` for maps. Of means
        (``accumulate="mean"`` and ``"mux"``) they include the fan-in. Of a `SpikingDense` it is the current of a
        product.
    offsets
        Added behind the gains, before the activation, in the same shapes. Of a `SpikingDense` they are rates in Hz,
        which are then cut at 0: a current for each neuron takes a stream, `bias`.
    weights
        Numbers for the comparators in [-1, 1], in [0, 1] for unipolar streams, in the shape of the layer's weights;
        None: it has none.
    bias
        Numbers for streams that are products of a constant 1, ``(n_outputs,)`` in the range of the weights; None: there
        are no such streams.
    generator
        Makes the numbers of its comparators: a name or a `Generator`. Where the circuit has a width for thresholds
        (`bits`), it is read at that width.

    Raises
    ------
    ValueError, TypeError
        If a number is not finite or outside its range, or an argument is of a wrong type.

    Examples
    --------
    >>> LayerMapping(ranges=0.5, gains=[2.0, 4.0], weights=[[1.0], [-0.25]]).gains
    array([2., 4.])
    """

    ranges: Floats
    gains: Floats
    offsets: Floats
    weights: Floats | None
    bias: Floats | None
    generator: str | Generator

    def __init__(
        self,
        ranges: ArrayLike,
        gains: ArrayLike,
        offsets: ArrayLike = 0.0,
        weights: ArrayLike | None = None,
        bias: ArrayLike | None = None,
        generator: str | Generator = "searched",
    ) -> None:
        given = {"ranges": ranges, "gains": gains, "offsets": offsets, "weights": weights, "bias": bias}
        for name, (low, high) in _BOUNDS.items():
            if given[name] is None and name in ("weights", "bias"):
                object.__setattr__(self, name, None)
            else:
                object.__setattr__(self, name, _kept(name, given[name], low, high))
        if not isinstance(generator, str | Generator):
            raise TypeError(f"generator must be a name or a Generator, got {checks.shown(generator)}")
        object.__setattr__(self, "generator", generator)


def _kept(name: str, values: Any, low: float, high: float) -> Floats:
    copy = np.array(checks.array(name, values, low, high), np.float64, order="C")
    copy.flags.writeable = False
    return copy
