"""Seeds: from one seed, independent random numbers for every purpose."""

from typing import Any, Self

import numpy as np

Seed = int | np.random.SeedSequence | np.random.Generator | None

PURPOSES = (
    "values",
    "inputs",
    "weights",
    "select",
    "input flips",
    "weight flips",
    "product flips",
    "stuck lines",
    "device",
    "read noise",
    "queries",
    "keys",
    "attention weights",
    "dead generator",
    "membrane noise",
    "recurrent weights",
    "digital shift",
    "rounding",
    "plasticity",
)
"""Uses of random numbers; the place in this tuple is the spawn key, so append only."""


class Seeds:
    """One seed for all the random numbers of a circuit: a child seed, and a key, for each purpose.

    Parameters
    ----------
    seed
        See `seed_sequence`.

    Examples
    --------
    >>> seeds = Seeds(7)
    >>> seeds.of("inputs").spawn_key, seeds.key("inputs") == key_of(seeds.of("inputs"))
    ((1,), True)
    """

    def __init__(self, seed: Seed) -> None:
        self._root = seed_sequence(seed)
        self._keys: dict[str, int] = {}

    def of(self, purpose: str) -> np.random.SeedSequence:
        """The child seed for one of `PURPOSES`.

        Raises
        ------
        ValueError
            If `purpose` is not one of `PURPOSES`.
        """
        root = self._root
        return np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, PURPOSES.index(purpose)))

    def key(self, purpose: str) -> int:
        """The 64-bit key of a counter-based generator for one of `PURPOSES`; made once."""
        if purpose not in self._keys:
            self._keys[purpose] = key_of(self.of(purpose))
        return self._keys[purpose]

    def generator(self, purpose: str) -> np.random.Generator:
        """A NumPy generator (PCG64) for one of `PURPOSES`, at its start."""
        return np.random.Generator(np.random.PCG64(self.of(purpose)))

    def state(self) -> dict[str, Any]:
        """The seed as a dict for a state dict: ``entropy`` and ``spawn_key``, the arguments of `from_state`."""
        return {"entropy": self._root.entropy, "spawn_key": tuple(self._root.spawn_key)}

    @classmethod
    def from_state(cls, entropy: Any, spawn_key: tuple[int, ...]) -> Self:
        """Seeds from the entries of `state`.

        Parameters
        ----------
        entropy, spawn_key
            As for ``numpy.random.SeedSequence``.
        """
        return cls(np.random.SeedSequence(entropy, spawn_key=spawn_key))


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
