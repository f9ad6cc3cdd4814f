"""A crossbar of mean cells: what is left of a memristor without what differs from chip to chip."""

from dataclasses import replace

from .conductance_laws import ClippedLogarithm, DriftExponent
from .memristor import MemristorModel

_NONE = ClippedLogarithm(0.0, 0.0, 0.0, 0.0)


def mean_cell(model: MemristorModel) -> MemristorModel:
    """The model without what differs from cell to cell or between read-outs: spread, stuck cells, noise.

    >>> mean_cell(MemristorModel(levels=4, variability=0.1, read_noise=0.01)) == MemristorModel(levels=4)
    True
    """
    drift = model.drift_exponent
    if isinstance(drift, DriftExponent):
        drift = replace(drift, spread=_NONE)
    return replace(
        model, variability=0.0, stuck_low_rate=0.0, stuck_high_rate=0.0, read_noise=0.0, drift_exponent=drift
    )
