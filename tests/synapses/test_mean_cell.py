"""A crossbar of mean cells."""

import numpy as np

from sc_neurocore import MemristorModel
from sc_neurocore.synapses.mean_cell import mean_cell


def test_a_mean_cell_has_no_spread():
    """Two chips of mean cells are the same, also where the exponent of the drift is a law; two real ones are not."""
    model = MemristorModel.preset("pcm")
    weights = np.linspace(0, 1, 9)[None]

    def chips(model: MemristorModel) -> list[np.ndarray]:
        return [model.program(weights, model.defects(weights.shape, seed)) for seed in (0, 1)]

    assert np.array_equal(*chips(mean_cell(model)))
    assert not np.array_equal(*chips(model))
