"""The same spikes as SpikingJelly's LIFNode, where it is installed."""

import numpy as np
import pytest

from sc_neurocore.neurons import LIFNeurons

torch = pytest.importorskip("torch")
neuron = pytest.importorskip("spikingjelly.activation_based.neuron")


@pytest.mark.parametrize("v_reset", [0.0, None], ids=["hard", "soft"])
@pytest.mark.parametrize("tau", [2.0, 20.0, 7.3])
def test_equal_spikes(tau, v_reset):
    currents = np.random.default_rng(8).uniform(0, 2.5 / tau, (64, 400))
    node = neuron.LIFNode(tau=tau, decay_input=False, v_threshold=1.0, v_reset=v_reset, step_mode="s")
    with torch.no_grad():
        theirs = [node(current).numpy() for current in torch.tensor(currents.T)]
    ours = LIFNeurons(64, {"tau_mem": tau, "v_reset": v_reset, "noise_std": 0.0})
    spikes = ours.run(currents)
    assert spikes.any()
    np.testing.assert_array_equal(spikes, np.array(theirs).T)
    np.testing.assert_allclose(ours.v, node.v.numpy(), atol=1e-12)
