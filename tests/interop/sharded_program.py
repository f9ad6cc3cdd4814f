"""Run in a process of its own: samples split over four virtual devices have the outputs of one device."""

import jax
import numpy as np
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from sc_neurocore import Network, SCConv2DLayer, StochasticAttention, VectorizedSCLayer, jax_function
from sc_neurocore.networks import Conv2D, Dense, Pool2D


def same(name, layer, x, shape=None, **call):
    """Outputs on one device, split by `jax.jit` for the samples' sharding, and by `jax.shard_map`; all are equal."""
    mesh, samples = jax.make_mesh((4,), ("batch",), axis_types=(AxisType.Auto,)), np.arange(8) + 100
    function, parameters = jax_function(layer, shape, **call)
    alone = np.asarray(jax.jit(function)(parameters, x, samples))
    assert np.abs(alone).max() > 0
    placed, numbers = jax.device_put((x, samples), NamedSharding(mesh, P("batch")))
    split = jax.jit(function)(parameters, placed, numbers)
    assert len({part.device for part in split.addressable_shards}) == 4
    assert {part.data.shape[0] for part in split.addressable_shards} == {2}
    np.testing.assert_array_equal(np.asarray(split), alone)
    by_hand = jax.shard_map(function, mesh=mesh, in_specs=(P(), P("batch"), P("batch")), out_specs=P("batch"))
    np.testing.assert_array_equal(np.asarray(jax.jit(by_hand)(parameters, placed, numbers)), alone)
    print(name)


def main():
    assert len(jax.devices()) == 4
    rng = np.random.default_rng(0)
    same("sobol", VectorizedSCLayer(9, 5, 70, generator="sobol", encoding="split", seed=1), rng.uniform(-1, 1, (8, 9)))
    same("bernoulli", VectorizedSCLayer(9, 5, 70, encoding="bipolar", seed=1), rng.uniform(-1, 1, (8, 9)))
    conv = SCConv2DLayer(2, 3, 2, length=70, generator="sobol", seed=1)
    same("convolution", conv, rng.random((8, 2, 4, 4)), (2, 4, 4))
    operands = rng.random((8, 3, 4)), rng.random((8, 5, 4)), rng.random((8, 5, 2))
    same("attention", StochasticAttention(4, seed=1), operands, (5, 4), length=70)
    kernels, weights = rng.normal(size=(2, 1, 3, 3)), rng.normal(size=(3, 8))
    layers = [Conv2D(kernels, np.zeros(2), "relu"), Pool2D("average", 2), Dense(weights, np.ones(3), "tanh")]
    network = Network.from_layers(layers, input_shape=(1, 6, 6))
    same("circuit", network.circuit(64, "bernoulli", seed=1), rng.random((8, 36)))


if __name__ == "__main__":
    main()
