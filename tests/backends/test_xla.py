"""The JAX kernels against their definitions: the same integers, and the same roundings of voltages."""

import jax
import numpy as np
import pytest

from sc_neurocore.backends import membrane as rule
from sc_neurocore.backends import reference, xla
from sc_neurocore.backends.packing import pack
from sc_neurocore.backends.reference import standard_normals
from sc_neurocore.backends.types import Membrane

PARAMETERS = [
    Membrane(0.0, 0.0, 1.0, 20.0, 1.0, 1.0, 0.0, 0, False),
    Membrane(-0.2, -0.5, 0.7, 7.3, 0.3, 1.7, 0.1, 3, False),
    Membrane(0.1, 0.0, 0.9, 3.3, 0.7, 3.1, 0.05, 0, True),
    Membrane(0.0, 0.3, 0.9, 11.0, 0.9, 1.3, 0.0, 1, False),
]


def streams(rng, *shape, length):
    return pack(rng.random((*shape, length)) < 0.4)


@pytest.mark.parametrize(("groups", "samples", "n", "neurons", "length"), [
    (1, 1, 1, 1, 1), (1, 1, 3, 5, 65), (1, 7, 3, 5, 63), (1, 4, 2, 1, 100), (3, 1, 5, 2, 129), (2, 3, 4, 5, 64),
    (1, 3, 17, 10, 1000), (1, 0, 2, 3, 64), (0, 1, 2, 3, 64),
])  # fmt: skip
def test_and_counts(groups, samples, n, neurons, length):
    rng = np.random.default_rng(length)
    x, w = streams(rng, groups, samples, n, length=length), streams(rng, groups, neurons, n, length=length)
    found = xla.Devices().and_counts(x, w)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, reference.and_counts(x, w))


def test_all_64_bits_of_a_word_count():
    words = np.full((1, 2, 3, 4), 2**64 - 1, np.uint64)
    np.testing.assert_array_equal(xla.Devices().and_counts(words, words), np.full((1, 2, 2), 3 * 4 * 64))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("membrane", PARAMETERS)
def test_lif_rounds_as_the_rule(membrane, dtype):
    """Voltages and not only spikes: XLA's fused products and sums would be off in the last bit."""
    steps, samples, n = 300, 3, 67
    rng = np.random.default_rng(4)
    currents = rng.uniform(0, 0.35, (steps, samples, n)).astype(dtype)
    noise = standard_normals(5, samples * n, 0, steps).T.reshape(currents.shape).astype(dtype)
    v, left = rng.uniform(-0.2, 0.6, (samples, n)).astype(dtype), rng.integers(0, 2, (samples, n))
    given = noise if membrane.noise else None
    for rests in (left, np.zeros_like(left)):
        spikes, after, still = xla.Devices().lif(currents, given, membrane, v, rests)
        assert (spikes.dtype, after.dtype, still.dtype) == (np.uint8, dtype, np.int64)
        numbers = membrane._replace(**{k: dtype(x) for k, x in zip(Membrane._fields[:7], membrane, strict=False)})
        want_v, want_wait = v, rests
        for t in range(steps):
            want_v, want_wait, fires = rule.lif_step(want_v, want_wait, currents[t], numbers, noise[t])
            np.testing.assert_array_equal(spikes[t], fires)
        np.testing.assert_array_equal(after, want_v)
        np.testing.assert_array_equal(still, want_wait)
        assert spikes.any()


def test_no_steps_and_no_samples():
    devices, membrane = xla.Devices(), PARAMETERS[1]
    v, left = np.array([[0.1, 0.2]]), np.array([[0, 1]])
    spikes, after, still = devices.lif(np.empty((0, 1, 2)), np.empty((0, 1, 2)), membrane, v, left)
    assert spikes.shape == (0, 1, 2)
    np.testing.assert_array_equal(after, v)
    np.testing.assert_array_equal(still, left)
    assert devices.lif(np.empty((4, 0, 2)), None, membrane, v[:0], left[:0])[0].shape == (4, 0, 2)


def test_the_flag_for_64_bits_is_left_alone():
    assert not jax.config.jax_enable_x64
    v, left = np.zeros((1, 2)), np.zeros((1, 2), np.int64)
    for flag in (True, False):
        with jax.enable_x64(flag):
            for dtype in (np.float64, np.float32):
                assert xla.Devices().lif(np.ones((3, 1, 2), dtype), None, PARAMETERS[0], v.astype(dtype), left)[
                    1
                ].dtype == dtype  # fmt: skip
            assert jax.config.jax_enable_x64 == flag
    assert not jax.config.jax_enable_x64


def test_a_mesh_of_one_device():
    x, w = (streams(np.random.default_rng(2), 1, m, 3, length=70) for m in (5, 4))
    for names in (("batch",), ("neurons",), ("neurons", "batch")):
        for mesh in (
            jax.make_mesh((1,) * len(names), names),
            jax.sharding.Mesh(np.array(jax.devices()[:1]).reshape((1,) * len(names)), names),
        ):
            found = xla.Devices(mesh).and_counts(x, w)
            np.testing.assert_array_equal(found, reference.and_counts(x, w))


def test_bad_meshes():
    with pytest.raises(TypeError, match=r"mesh must be a jax.sharding.Mesh or None, got 2"):
        xla.Devices(2)
    with pytest.raises(ValueError, match="mesh must have axes of batch, neurons, got model"):
        xla.Devices(jax.make_mesh((1,), ("model",)))
    with pytest.raises(ValueError, match="mesh must find its devices, number 4096 is not among"):
        xla.devices_with_ids(np.array([4096]), ("batch",), (jax.sharding.AxisType.Auto,))
