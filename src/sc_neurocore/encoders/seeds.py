"""Seeds: from one seed, independent random numbers for every class, shape and purpose."""

import zlib
from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from .. import checks

Seed = int | np.random.SeedSequence | np.random.Generator | None

STREAM_VERSION = 2
"""Version of the rule that makes random bits of a seed; results and states say under which one they were made.

1: keys without class and shape, and Bernoulli digits from the least significant one.
"""

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
    "streams",
    "layers",
)
"""Uses of random numbers; their order has no meaning."""

_LIBRARY = 0x5CF53DA270264E0F3906B4BBC815FB3C
"""128 bits of the SHA-256 of "sc_neurocore": what follows them in a spawn key is no key of a user's."""
_PACKAGE = __name__.partition(".")[0]


class Seeds:
    """One seed for all the random numbers of an object: a child seed, and a key, for each purpose.

    ::

        entropy | spawn key of the user's seed | library, class, size of the shape, shape, purpose

    This spawn key goes into ``numpy.random.SeedSequence``. So two objects share random numbers only if seed, class
    and shape are the same, and no seed that a user spawns is one of them. Options such as length, encoding and
    generator are not among them: circuits that differ in an option can be compared draw by draw.

    Parameters
    ----------
    seed
        See `seed_sequence`.
    owner
        Class of the object: the first class of this library among it and its bases counts, so that a user's subclass
        has the numbers of its parent. Of a function, its name.
    shape
        Numbers that define the object's size, each at least 0 and below 2**32. Of a layer: its units, then the
        inputs of a unit.

    Examples
    --------
    >>> seeds = Seeds(7, "example", (4, 3))
    >>> seeds.key("inputs") == key_of(seeds.of("inputs"))
    True
    >>> seeds.key("inputs") == Seeds(7, "example", (3, 4)).key("inputs")
    False
    """

    def __init__(self, seed: Seed, owner: type[Any] | str, shape: tuple[int, ...] = ()) -> None:
        if any(size >> 32 for size in shape):
            raise ValueError(f"sizes, such as n_neurons and n_inputs, must be below 2**32, got {shape}")
        self._root = seed_sequence(seed)
        self._owner, self._shape = owner if isinstance(owner, str) else _library_name(owner), shape
        self._keys: dict[str, int] = {}

    @property
    def seed(self) -> np.random.SeedSequence:
        """The seed itself, for a part that objects of any class share if their seed is the same, such as a chip."""
        return self._root

    def of(self, purpose: str) -> np.random.SeedSequence:
        """The child seed for one of `PURPOSES`.

        Raises
        ------
        ValueError
            If `purpose` is not one of `PURPOSES`.
        """
        if purpose not in PURPOSES:
            raise ValueError(f"purpose must be one of {', '.join(PURPOSES)}, got {checks.shown(purpose)}")
        own = _LIBRARY, _word(self._owner), len(self._shape), *self._shape, _word(purpose)
        root = self._root
        return np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, *own), pool_size=root.pool_size)

    def key(self, purpose: str) -> int:
        """The 64-bit key of a counter-based generator for one of `PURPOSES`; made once."""
        if purpose not in self._keys:
            self._keys[purpose] = key_of(self.of(purpose))
        return self._keys[purpose]

    def generator(self, purpose: str) -> np.random.Generator:
        """A NumPy generator (PCG64) for one of `PURPOSES`, at its start."""
        return np.random.Generator(np.random.PCG64(self.of(purpose)))

    def state(self) -> dict[str, Any]:
        """The seed as entries of a state dict, for `restored`: `STREAM_VERSION`, arguments of ``SeedSequence``."""
        root = self._root
        return {
            "stream_version": STREAM_VERSION,
            "entropy": root.entropy,
            "spawn_key": tuple(root.spawn_key),
            "pool_size": root.pool_size,
        }

    def restored(self, state: Mapping[str, Any]) -> Self:
        """Seeds of the same class and shape, from the seed that `state` has told.

        Raises
        ------
        ValueError, TypeError
            As `check_stream_version`, and if an entry is none of `state`.
        """
        check_stream_version(state)
        entropy: Any = state["entropy"]  # a SeedSequence may be made of several integers
        single = not np.iterable(entropy)
        entropy = checks.whole("entropy", entropy, 0) if single else _whole_numbers("entropy", entropy)
        spawn_key = _whole_numbers("spawn_key", state["spawn_key"])
        pool_size = checks.whole("pool_size", state["pool_size"], 4, 1 << 10)
        root = np.random.SeedSequence(entropy, spawn_key=spawn_key, pool_size=pool_size)
        return type(self)(root, self._owner, self._shape)


def check_stream_version(state: Mapping[str, Any]) -> None:
    """Raise a ValueError for a state dict of another `STREAM_VERSION`, in which the same seed makes other bits."""
    version = checks.whole("stream_version", state.get("stream_version", 1), 1)  # the first one did not say
    if version != STREAM_VERSION:
        raise ValueError(
            f"state must be of stream version {STREAM_VERSION}, got one of version {checks.shown(version)}, whose "
            "seed makes other bits; assign its arrays, such as weights, one by one"
        )


def _whole_numbers(name: str, values: Any) -> tuple[int, ...]:
    """Check an entry of a state dict: integers of at least 0."""
    return tuple(checks.whole(name, each, 0) for each in checks.entries(name, values))


def _library_name(owner: type[Any]) -> str:
    """Name of the first class of this library among a class and its bases."""
    for each in owner.__mro__:
        if each.__module__.partition(".")[0] == _PACKAGE:
            return each.__name__
    raise TypeError(f"owner must be a class of {_PACKAGE} or derived from one, got {owner.__name__}")


def _word(name: str) -> int:
    """A fixed 32-bit number for a name; ``hash`` would be another one in every process."""
    return zlib.crc32(name.encode())


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
            raise TypeError(
                f"seed must be a Generator that can spawn (numpy.random.default_rng), got {checks.shown(seed)}"
            )
        child: np.random.SeedSequence = parent.spawn(1)[0]
        return child
    if isinstance(seed, np.random.SeedSequence):
        return np.random.SeedSequence(seed.entropy, spawn_key=seed.spawn_key, pool_size=seed.pool_size)
    if seed is None:
        return np.random.SeedSequence()
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
        raise TypeError(f"seed must be an int, a SeedSequence, a Generator or None, got {checks.shown(seed)}")
    if seed < 0:
        raise ValueError(f"seed must be at least 0, got {checks.shown(int(seed))}")
    return np.random.SeedSequence(int(seed))


def key_of(sequence: np.random.SeedSequence) -> int:
    """A 64-bit key for a counter-based generator."""
    return int(sequence.generate_state(1, np.uint64)[0])
