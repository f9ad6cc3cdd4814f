"""No samples give no outputs, in floating point and as a circuit; nothing to calibrate with is an error."""

import numpy as np
import pytest

from sc_neurocore import Conv2D, Dendrite, Dense, Inhibition, KWinners, Network, Pool2D, PredictiveCoding, SpikingDense
from sc_neurocore.datasets import Dataset
from sc_neurocore.networks import FixedPoint

RNG = np.random.default_rng(0)
LAST = Dense(RNG.normal(size=(3, 4)), np.zeros(3), "identity")
NETWORKS = {
    "dense": Network.from_arrays([RNG.normal(size=(5, 4)), RNG.normal(size=(3, 5))]),
    "one output": Network.from_arrays([RNG.normal(size=(1, 4))]),
    "images": Network.from_layers(
        [
            Conv2D(RNG.normal(size=(2, 1, 2, 2)), np.zeros(2), "relu"),
            Pool2D("max", 1),
            Pool2D("average", 1),
            Dense(RNG.normal(size=(3, 8)), np.zeros(3), "identity"),
        ],
        input_shape=(1, 3, 3),
    ),
    "rates": Network.from_layers([Inhibition(radius=1), KWinners(2), LAST], input_shape=(4,)),
    "spikes": Network.from_layers([SpikingDense(RNG.random((3, 4)), np.zeros(3))]),
    "dendrites": Network.from_layers([Dendrite(2)], input_shape=(4,)),
    "surprises": Network.from_layers([PredictiveCoding(RNG.random((3, 4)))]),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("batch", [(0,), (2, 0), (0, 3)])
def test_no_samples(name, batch):
    network = NETWORKS[name]
    x = np.zeros((*batch, network.n_inputs))
    circuits = [network.circuit(16, generator) for generator in ("sobol", "bernoulli")]
    runs = [network.float_forward, *(run for circuit in circuits for run in (circuit.forward, circuit.expected))]
    choices = [network.float_predict, *(circuit.predict for circuit in circuits)]
    if name not in ("dendrites", "surprises"):  # these are no arithmetic on words
        runs.append(FixedPoint(network).forward)
        choices.append(FixedPoint(network).predict)
    for run in runs:
        found = run(x)
        assert (found.shape, found.dtype) == ((*batch, network.n_outputs), np.float64)
    for choose in choices:
        found = choose(x)
        assert (found.shape, found.dtype) == (batch, np.int64)


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_to_calibrate_with(name):
    network = NETWORKS[name]
    for rows, rule in (((0, network.n_inputs), "hold at least one sample, got none"), ((0,), "have shape")):
        with pytest.raises(ValueError, match=f"calibration must {rule}"):
            Network.from_layers(network.layers, input_shape=network.input_shape, calibration=np.zeros(rows))


def test_no_data_to_evaluate():
    with pytest.raises(ValueError, match="must have at least one sample, got 0"):
        Dataset.held_out("nothing", np.zeros((0, 4)), [])
