"""`Seeds`: the spawn key by hand, names, errors."""

import importlib
import inspect
import pkgutil
import zlib

import numpy as np
import pytest

import sc_neurocore
from sc_neurocore import VectorizedSCLayer
from sc_neurocore.encoders.seeds import PURPOSES, Seeds, key_of

LIBRARY = 0x5CF53DA270264E0F3906B4BBC815FB3C
"""The first 128 bits of the SHA-256 of ``sc_neurocore``."""


def by_hand(name, shape, purpose):
    return LIBRARY, zlib.crc32(name.encode()), len(shape), *shape, zlib.crc32(purpose.encode())


@pytest.mark.parametrize("seed", [0, 2**100, np.random.SeedSequence(5, spawn_key=(3, 1))])
def test_the_spawn_key_is_library_class_shape_and_purpose(seed):
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    want = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *by_hand("Encoder", (4, 0), "streams")))
    found = Seeds(seed, "Encoder", (4, 0))
    assert found.of("streams").generate_state(8).tolist() == want.generate_state(8).tolist()
    assert found.key("streams") == key_of(want)
    wanted = np.random.Generator(np.random.PCG64(want)).random(3)
    np.testing.assert_array_equal(found.generator("streams").random(3), wanted)


def test_known_answers():
    """Saved seeds and published numbers refer to them: a change needs a new `STREAM_VERSION`."""
    seeds = Seeds(0, VectorizedSCLayer, (3, 4))
    assert (seeds.key("inputs"), seeds.key("weights")) == (7717873194341050233, 11260268774987058665)


def test_no_boundary_moves():
    """Neither between shape and purpose nor between a seed's own key and the library's."""
    shapes = [(), (1,), (2,), (1, 1), (1, 2), (2, 1), (0,), (1, 0)]
    seeds = [0, *(np.random.SeedSequence(0, spawn_key=key) for key in ((0,), (1,), (0, 0), (LIBRARY,)))]
    keys = {Seeds(seed, "Encoder", shape).key(purpose) for seed in seeds for shape in shapes for purpose in PURPOSES}
    assert len(keys) == len(seeds) * len(shapes) * len(PURPOSES)


def test_the_pool_size_counts():
    assert Seeds(np.random.SeedSequence(0, pool_size=8), "Encoder").key("streams") != Seeds(0, "Encoder").key("streams")


def test_words_of_classes_and_purposes_are_distinct():
    names = set()
    for module in pkgutil.walk_packages(sc_neurocore.__path__, "sc_neurocore."):
        if module.name.rpartition(".")[2] in ("__main__", "cuda"):
            continue
        try:
            own = vars(importlib.import_module(module.name)).values()
        except ImportError:  # of an extra that is not installed
            continue
        names |= {kind.__qualname__ for kind in own if inspect.isclass(kind) and kind.__module__ == module.name}
    names |= {"narma10", "delay_task", *PURPOSES}
    assert len(names) > 150
    assert len({zlib.crc32(name.encode()) for name in names}) == len(names)


def test_errors():
    with pytest.raises(ValueError, match=r"^purpose must be one of values, inputs, .*, got 'input'$"):
        Seeds(0, "Encoder").of("input")
    with pytest.raises(TypeError, match=r"^owner must be a class of sc_neurocore or derived from one, got dict$"):
        Seeds(0, dict)
