"""One seed, many independent roles."""

from typing import Any

import numpy as np

Seed = int | np.random.SeedSequence | np.random.Generator | None


def seed_sequence(seed: Seed) -> np.random.SeedSequence:
    """The `SeedSequence` behind `seed`; None draws fresh entropy.

    A `SeedSequence` is copied, so that building twice from it gives the same twice. A `Generator`
    spawns a child, so that building twice from it gives two different things.

    >>> seed_sequence(7).entropy
    7
    """
    if isinstance(seed, np.random.Generator):
        parent: Any = getattr(seed.bit_generator, "seed_seq", None)
        if not hasattr(parent, "spawn"):  # a bit generator that was made from a key or a state
            raise TypeError(f"seed must be a Generator that can spawn (numpy.random.default_rng), got {seed!r}")
        child: np.random.SeedSequence = parent.spawn(1)[0]
        return child
    if isinstance(seed, np.random.SeedSequence):
        return np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size)
    if seed is None:
        return np.random.SeedSequence()
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed must be an int, a SeedSequence, a Generator or None, got {seed!r}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {seed}")
    return np.random.SeedSequence(int(seed))


def key_of(sequence: np.random.SeedSequence) -> int:
    """A 64-bit key for a counter-based generator."""
    return int(sequence.generate_state(1, np.uint64)[0])
