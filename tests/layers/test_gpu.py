"""On a GPU: streams are made there and stay there, so that only numbers and counts cross the bus."""

import pytest
from layer_helpers import inputs

from sc_neurocore.layers import SCConv2DLayer, VectorizedSCLayer

BATCH, N, M, LENGTH = 8, 20, 5, 640


def second_forward(layer, x, traffic):
    """Bytes to the GPU and back of a forward after the first, whose weights and tables are there already."""
    assert layer.backend == "cupy"
    layer.forward(x)
    traffic.clear()
    layer.forward(x)
    return traffic.sent, traffic.received


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("generator", ["sobol", "halton", "ramp"])
def test_sequences(generator, sparse, gpu_on_host):
    """A threshold of 8 bytes a number, and the wiring of synapses; a count of 8 bytes a result."""
    layer = VectorizedSCLayer(N, M, LENGTH, generator=generator, sparse=sparse, seed=1)
    wiring = 8 * (M + 1 + 2 * layer.weights_csr.nnz) if sparse else 0
    sent, received = second_forward(layer, inputs((BATCH, N)), gpu_on_host)
    assert (sent, received) == (8 * BATCH * N + wiring, 8 * BATCH * M)


def test_bernoulli(gpu_on_host):
    """A number and a threshold, 16 bytes, for each stream of inputs; a threshold for each weight, fresh or not."""
    layer = VectorizedSCLayer(N, M, LENGTH, seed=1)
    sent, received = second_forward(layer, inputs((BATCH, N)), gpu_on_host)
    assert (sent, received) == (16 * BATCH * N + 8 * (N * M + M + 1 + BATCH), 8 * BATCH * M)


def test_bipolar(gpu_on_host):
    """Ones of inputs and of the weights of neurons come back as well."""
    layer = VectorizedSCLayer(N, M, LENGTH, generator="sobol", encoding="bipolar", seed=1)
    sent, received = second_forward(layer, inputs((BATCH, N), "bipolar"), gpu_on_host)
    assert (sent, received) == (8 * BATCH * N, 8 * (BATCH * M + BATCH + M))


@pytest.mark.parametrize("groups", [1, 2])
def test_convolution(groups, gpu_on_host):
    """Thresholds of pixels and the lines of windows."""
    layer = SCConv2DLayer(2, 4, 3, length=LENGTH, generator="sobol", groups=groups, seed=1)
    sent, received = second_forward(layer, inputs((BATCH, 2, 8, 8)), gpu_on_host)
    assert (sent, received) == (8 * (BATCH * 2 * 64 + 36 * 2 * 9), 8 * BATCH * 4 * 36)
