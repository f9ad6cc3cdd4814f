"""Reading of an array of memristors: wires, read noise, analog-to-digital converter."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose
from ..backends.normal import upper_tail
from ..bitstreams.encodings import Encoding
from ..chunks import chunks
from .crossbar import Floats, IRDrop, crossbar_transfer


def through_wires(g: Floats, reference: float, wire_resistance: float, ir_drop: IRDrop) -> Floats:
    """Differences of conductances ``(n_neurons, n_inputs)`` as they appear through the wires of a crossbar.

    Each is a cell's less that which is subtracted from it: the other device of a pair, or the reference.

    Parameters
    ----------
    g
        Conductances ``(devices, n_neurons, n_inputs)`` in siemens: one device a weight, or two of a pair, whose
        columns lie side by side.
    reference
        Conductance of the cells of the column that is subtracted from single devices; it lies at the far end.
    wire_resistance, ir_drop
        See `crossbar_transfer`.

    Raises
    ------
    ValueError
        If the weights are not a matrix.
    """
    if g.ndim != 3:
        raise ValueError(
            f"weights must be a matrix (n_neurons, n_inputs) with wire_resistance, got shape {g.shape[1:]}"
        )
    if len(g) == 2:
        currents = crossbar_transfer(g.swapaxes(0, 1).reshape(-1, g.shape[2]), wire_resistance, ir_drop)
        return np.asarray(currents[0::2] - currents[1::2])
    columns = np.concatenate([g[0], np.full((1, g.shape[2]), reference)])
    currents = crossbar_transfer(columns, wire_resistance, ir_drop)
    return np.asarray(currents[:-1] - currents[-1])


def noisy_probability(weights: Floats, sigma: Floats | float, encoding: Encoding) -> Floats:
    """Mean probabilities of ones of streams that a comparator makes of weights that are read with noise.

    They are ``E[clip(w + sigma eps, 0, 1)]`` for a standard normal eps, be it drawn in every cycle or less often.

    Parameters
    ----------
    weights
        ``(...)``; values outside the encoding's range saturate.
    sigma
        Standard deviations of the weights as they are read, ``(...)`` or one for all.
    encoding
        ``"unipolar"``, ``"bipolar"`` or ``"split"``.

    Returns
    -------
    numpy.ndarray
        ``(...)``, for split ``(2, ...)`` (positive rail, negative rail).

    Examples
    --------
    >>> noisy_probability(np.array([0.0, 0.5]), 0.1, "unipolar").round(4)
    array([0.0399, 0.5   ])
    """
    if encoding == "bipolar":
        return clipped_mean((weights + 1) / 2, sigma / 2)
    return clipped_mean(np.stack([weights, -weights]) if encoding == "split" else weights, sigma)


_NO_SPREAD = 1e-100
"""A standard deviation that is no more than this moves no mean, and a mean over a smaller one may be infinite."""


_FAR = 8.0
"""Of max(z + eps, 0), no more than 1e-16 are due to eps of the other sign where abs(z) is above this."""
_ROOT_2_PI = math.sqrt(2 * math.pi)


def clipped_mean(mean: Floats, sigma: Floats | float) -> Floats:
    """Mean of normal numbers of standard deviations `sigma` that are clipped to [0, 1].

    With h(z) = z Phi(z) + phi(z) it is ``sigma (h(mean / sigma) - h((mean - 1) / sigma))``.

    >>> clipped_mean(np.array([-9.0, 0.5, 1.5]), np.array([0.1, 0.1, 0.0]))
    array([0. , 0.5, 1. ])
    """

    spreads = np.asarray(sigma) > _NO_SPREAD
    positive = np.where(spreads, sigma, 1.0)
    spread = positive * (_positive_part(mean / positive) - _positive_part((mean - 1) / positive))
    return np.clip(np.where(spreads, spread, mean), 0.0, 1.0)  # of a spread, rounding only


def _positive_part(z: Floats) -> Floats:
    """Mean of ``max(z + eps, 0)`` for a standard normal eps, to 1e-14 and with the same digits on every machine."""
    near = np.clip(z, -_FAR, _FAR)
    bell = choose().exp(-0.5 * near * near)
    tail = upper_tail(np.abs(near), bell)
    mean = near * np.where(near > 0, 1.0 - tail, tail) + bell / _ROOT_2_PI
    return np.where(np.abs(z) < _FAR, mean, np.maximum(z, 0.0))


def convert(values: ArrayLike, low: float, high: float, bits: int | None) -> NDArray[np.float64]:
    """Output of an analog-to-digital converter: midpoints of ``2**bits`` equal steps from `low` to `high`.

    Values outside saturate. Without a converter (`bits` None) they pass as they are.

    >>> convert([0.0, 0.3, 7.0], 0.0, 4.0, bits=2)
    array([0.5, 0.5, 3.5])
    """
    numbers = checks.array("values", values)
    bottom, top = checks.real("low", low, -1e18, 1e18), checks.real("high", high, -1e18, 1e18)
    if bottom >= top:
        raise ValueError(f"low must be below high, got {checks.plain(low)} and {checks.plain(high)}")
    if top - bottom < 1e-18:
        raise ValueError(f"high must be above low={checks.plain(low)} by 1e-18 or more, got {checks.plain(high)}")
    if bits is None:
        return numbers
    codes = 1 << checks.whole("bits", bits, 1, 32)
    step = (top - bottom) / codes
    return np.asarray(bottom + step * (np.clip(np.floor((numbers - bottom) / step), 0, codes - 1) + 0.5))


def noisy_probabilities(weights: Floats, sigma: Floats | Callable[[Floats], Floats], encoding: Encoding) -> Floats:
    """`noisy_probability` of many weights, in blocks.

    Parameters
    ----------
    weights
        Of any shape.
    sigma
        Standard deviations ``(weights.size,)``, or a function that gives those of some weights ``(n,)``.
    """
    rails = (2,) if encoding == "split" else ()
    out = np.empty((*rails, weights.size))
    for part in chunks(weights.size, 300):
        some = weights.reshape(-1)[part]
        out[..., part] = noisy_probability(some, sigma(some) if callable(sigma) else sigma[part], encoding)
    return out.reshape((*rails, *weights.shape))
