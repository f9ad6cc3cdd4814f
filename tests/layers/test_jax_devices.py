"""Several devices, and none of JAX: each in a process of its own."""

import os
import subprocess
import sys

import pytest

MESHES = """
import jax, numpy as np, pickle
from sc_neurocore import JaxSCDenseLayer

assert len(jax.devices()) == COUNT
def layer(mesh=None, generator="sobol"):
    return JaxSCDenseLayer(7, 3, 65, seed=1, generator=generator, encoding="split", y_max=0.4, mesh=mesh,
                           neuron_params={"refractory_period": 1, "noise_std": 0.1})

x = np.random.default_rng(0).uniform(-1, 1, (3, 21, 3))
shapes = [((COUNT,), ("neurons",)), ((COUNT,), ("batch",)), ((2, COUNT // 2), ("batch", "neurons"))]
for generator in ("sobol", "bernoulli"):
    alone = layer(generator=generator)
    spikes = alone.run_inputs(x)
    assert spikes.any()
    for shape, names in shapes if generator == "sobol" else shapes[2:]:
        mesh = jax.make_mesh(shape, names)
        split = layer(mesh, generator)
        assert np.array_equal(split.run_inputs(x[:, :10]), spikes[:, :10])
        split = pickle.loads(pickle.dumps(split))
        assert split.devices.mesh == mesh
        assert np.array_equal(split.run_inputs(x[:, 10:]), spikes[:, 10:])
        assert np.array_equal(split.v, alone.v) and np.array_equal(split.refractory_left, alone.refractory_left)
        if generator == "sobol":  # where the parts lie: 8 neurons and 4 samples, the last ones filled up
            placed = split.devices.placed(np.ones((3, 7)), ("batch", "neurons"))
            parts = {part.data.shape for part in placed.addressable_shards}
            sizes = dict(zip(names, shape))
            full = (3 + -3 % sizes.get("batch", 1), 7 + -7 % sizes.get("neurons", 1))
            assert parts == {(full[0] // sizes.get("batch", 1), full[1] // sizes.get("neurons", 1))}, parts
            assert len({part.device for part in placed.addressable_shards}) == COUNT
            print(split)
"""

WITHOUT = """
import sys
sys.modules["jax"] = None
import sc_neurocore
from sc_neurocore.layers import JaxSCDenseLayer
from sc_neurocore.layers.jax_dense_layer import lif_run, lif_step
assert "JaxSCDenseLayer" in sc_neurocore.layers.__all__ and "JaxSCDenseLayer" in dir(sc_neurocore)
for call in (lambda: JaxSCDenseLayer(2, 3), lambda: lif_step(None, 0, None), lambda: lif_run(None, 0, None)):
    try:
        call()
    except ImportError as error:
        print(error)
"""

LAZY = """
import sys
import sc_neurocore
assert "sc_neurocore.layers" not in sys.modules
sc_neurocore.JaxSCDenseLayer
assert "jax" not in sys.modules
sc_neurocore.JaxSCDenseLayer(2, 3)
import jax
print(jax.config.jax_enable_x64)
"""


def run(script, **environment):
    command = [sys.executable, "-W", "error", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_devices_share_the_work_and_give_the_same_bits(count):
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
    lines = run(f"COUNT = {count}" + MESHES, XLA_FLAGS=flags, JAX_PLATFORMS="cpu")
    assert [line.split("devices=")[1] for line in lines] == [
        f"'cpu, {count} neurons')", f"'cpu, {count} batch')", f"'cpu, 2 batch x {count // 2} neurons')"
    ]  # fmt: skip


def test_without_jax():
    assert run(WITHOUT) == ['JAX is not installed: pip install "sc-neurocore-layers[jax]"'] * 3


@pytest.mark.parametrize("flag", ["False", "True"])
def test_jax_loads_when_it_is_used_and_keeps_its_flag(flag):
    assert run(LAZY, JAX_ENABLE_X64=flag) == [flag]
