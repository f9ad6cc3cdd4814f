"""Whether a network that was read gives the numbers of the model that it was read from."""

from collections.abc import Callable

import numpy as np

from ..networks import Network
from ..networks.activations import Floats

COMPARED = 256
"""Samples of a calibration, evenly spread, that a network and a model are compared on."""
DRAWN = 16
"""Samples that are drawn for it besides: those of a calibration may be few, or all of them whole numbers."""
TOLERANCE = 1e-5
"""Largest difference of an output, relative to the largest |output|."""


def check_agreement(
    network: Network, model: Callable[[Floats], Floats], calibration: Floats | None, rule: str = "compute the same"
) -> None:
    """Raise a ValueError unless a network and the model that it was read from give the same numbers.

    Parameters
    ----------
    model
        Gives outputs ``(N, ...)`` for samples ``(N, n_inputs)``.
    calibration
        Training inputs ``(N, n_inputs)``, of which up to 256 are taken. In any case 16 are drawn in the input range.
    rule
        What the model must do for that, in the error.
    """
    sample = compared(network, calibration)
    want = np.asarray(model(sample), np.float64)
    if len(want) != len(sample):
        raise ValueError(f"model must give outputs for each of {len(sample)} samples, got shape {want.shape}")
    got = network.float_forward(sample)
    if want.size != got.size:
        raise ValueError(f"model must give {network.n_outputs} outputs a sample, got shape {want.shape}")
    difference = np.abs(got - want.reshape(got.shape)).max() / (np.abs(want).max() or 1.0)
    if not difference <= TOLERANCE:  # true for NaN
        raise ValueError(
            f"model must {rule}: the network built of it must agree with it to {TOLERANCE:g} of the largest output, "
            f"got a difference of {difference:.3g}"
        )


def compared(network: Network, calibration: Floats | None) -> Floats:
    """Samples ``(N, n_inputs)`` that a network and a model are compared on, see `check_agreement`."""
    sample = np.random.default_rng(0).uniform(*network.bounds, (DRAWN, network.n_inputs))
    if calibration is not None:
        places = np.linspace(0, len(calibration) - 1, min(len(calibration), COMPARED)).astype(np.int64)
        sample = np.concatenate([calibration[places], sample])
    return sample.astype(np.float32).astype(np.float64)  # the same numbers for a model in single precision
