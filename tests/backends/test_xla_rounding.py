"""Arithmetic in JAX with the roundings of NumPy, to the last digit; written plainly, XLA would round otherwise."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from sc_neurocore.backends import reference
from sc_neurocore.backends.xla import rounding


def spread(rng):
    ends = [0.0, -0.0, 1e-300, -1e-300, 0.34657359, -0.34657359, 20.0, -40.0, 700.0, -700.0, 745.0]
    return np.concatenate([rng.normal(size=20000) * 10.0 ** rng.uniform(-9, 2.5, 20000), ends])


@pytest.mark.parametrize("name", ["exp", "tanh"])
def test_elementary_functions(name):
    x = spread(np.random.default_rng(0))
    want = getattr(reference, name)(x)
    with jax.enable_x64(True):
        found = np.asarray(jax.jit(getattr(rounding, name))(x))
    normal = (np.abs(want) >= np.finfo(float).tiny) | (want == 0)
    assert normal.mean() > 0.9
    np.testing.assert_array_equal(found[normal], want[normal])


def test_scaling_of_counts():
    """``gain * (count / length) + offset``, as between the layers of a circuit."""
    rng = np.random.default_rng(1)
    counts, gains, offsets = rng.integers(-1000, 1000, (1000, 50)), rng.normal(size=50), rng.normal(size=50)

    def guarded(counts, gains, offsets):
        return rounding.product(gains, rounding.quotient(counts.astype(jnp.float64), 300.0)) + offsets

    def plain(counts, gains, offsets):
        return gains * (counts.astype(jnp.float64) / 300.0) + offsets

    with jax.enable_x64(True):
        found, otherwise = (np.asarray(jax.jit(run)(counts, gains, offsets)) for run in (guarded, plain))
    np.testing.assert_array_equal(found, gains * (counts / 300.0) + offsets)
    assert (otherwise != found).any()


@pytest.mark.parametrize("dtype", [np.uint64, np.int64, np.float64])
def test_pairs_of_32_bits(dtype):
    numbers = np.random.default_rng(2).integers(0, 2**64, (3, 4), np.uint64).view(np.uint64)
    array = numbers.astype(np.float64) if dtype is np.float64 else numbers.view(dtype)
    for given in (array, array[1, 2]):
        pairs = rounding.pairs(given)
        assert pairs.dtype == np.uint32
        assert pairs.shape == (*given.shape, 2)
        with jax.enable_x64(True):
            np.testing.assert_array_equal(np.asarray(rounding.joined_pairs(pairs, dtype)), given)
