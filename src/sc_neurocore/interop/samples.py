"""Shapes of samples, as readers of foreign models take them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..networks.activations import Floats
from ..networks.layer_spec import Shape


def checked_shape(input_shape: Any) -> Shape:
    """The shape of a sample, 1 to 3 sizes, or a ValueError.

    >>> checked_shape(5), checked_shape([3, 8, 8])
    ((5,), (3, 8, 8))
    """
    sizes = tuple(input_shape) if np.iterable(input_shape) else (input_shape,)
    if not 1 <= len(sizes) <= 3:
        rule = "input_shape must be (n_inputs,), (tokens, features) or (channels, height, width)"
        raise ValueError(f"{rule}, got {checks.shown(input_shape)}")
    return tuple(checks.whole("input_shape", size, 1) for size in sizes)


def flat_samples(calibration: ArrayLike, shape: Shape) -> Floats:
    """Samples ``(N, n_inputs)`` of a calibration, whose samples may have the shape of an input."""
    samples = checks.array("calibration", calibration)
    n_inputs = int(np.prod(shape))
    if samples.shape[1:] not in (shape, (n_inputs,)):
        raise ValueError(f"calibration must have shape (any, {n_inputs}) or (any, {shape}), got {samples.shape}")
    return samples.reshape(len(samples), n_inputs)
