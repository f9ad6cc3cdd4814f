"""What every layer has: checked inputs, one seed for all its randomness, a running generator, state."""

from abc import ABC, abstractmethod
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends.philox import philox4x32
from ..bitstreams.encodings import Encoding, from_probability, to_probability
from ..encoders import Bernoulli, Generator, Seed, seed_sequence
from ..encoders.seeds import key_of

Accumulate = Literal["mean", "sum", "saturate", "or", "mux"]
ACCUMULATES: tuple[str, ...] = get_args(Accumulate)

Floats = NDArray[np.float64]
Samples = NDArray[np.int64]

_SELECT_BITS = 24

ROLES = (
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
"""What draws random numbers; the place in this tuple is the spawn key, so append only."""


class Seeded(ABC):
    """What has one seed for all its randomness, and generators that run on from sample to sample."""

    def __init__(self, seed: Seed) -> None:
        self.samples = 0
        """Samples seen since construction or `reset`: where the Bernoulli generators stand."""
        self._entropy = seed_sequence(seed)

    def _seed(self, role: str) -> np.random.SeedSequence:
        parent = self._entropy
        return np.random.SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, ROLES.index(role)))

    def reset(self) -> None:
        """Rewind the generators: the next sample meets the streams that the first one met."""
        self.samples = 0

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on from here: arrays and integers."""
        entropy = cast(Any, self._entropy.entropy)
        return {"samples": self.samples, "entropy": entropy, "spawn_key": tuple(self._entropy.spawn_key)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a `state_dict` of a layer of the same shape; nothing changes if it does not fit."""
        missing = sorted(self.state_dict().keys() - state.keys())
        unknown = sorted(state.keys() - self.state_dict().keys())
        if missing or unknown:
            raise ValueError(f"state must have the keys of state_dict(); missing {missing}, unknown {unknown}")
        samples = checks.whole("samples", state["samples"], 0)
        entropy = np.random.SeedSequence(state["entropy"], spawn_key=state["spawn_key"])
        self._load_values(state)
        self.samples, self._entropy = samples, entropy
        self._reseed()

    @abstractmethod
    def _load_values(self, state: dict[str, Any]) -> None:
        """Check, then take the subclass's part of a state."""

    @abstractmethod
    def _reseed(self) -> None:
        """Rebuild what depends on the seed."""


def quantised(values: Floats, encoding: Encoding, scale: float) -> Floats:
    """Values whose probabilities are rounded to multiples of 1 / scale, halves up."""
    return from_probability(np.floor(to_probability(values, encoding) * scale + 0.5) / scale, encoding)


def select_numbers(
    generator: Generator, index: int, length: int, samples: Samples, seed: np.random.SeedSequence
) -> NDArray[np.uint32]:
    """Numbers ``(S, L)`` in 0 .. 2**32 - 1 that drive multiplexers.

    Bernoulli generators are fresh for every sample; of the others it is the partner number `index`.
    """
    if isinstance(generator, Bernoulli):
        blocks = np.arange(-(-length // 4))
        counters = np.zeros((len(samples), blocks.size, 4), np.uint64)
        counters[..., 0] = samples[:, None] & 0xFFFFFFFF
        counters[..., 1] = samples[:, None] >> 32
        counters[..., 2] = blocks
        key = key_of(seed)
        numbers = philox4x32(counters, [key & 0xFFFFFFFF, key >> 32]).reshape(len(samples), 4 * blocks.size)
        return np.ascontiguousarray(numbers[:, :length])
    source = generator.decorrelated(index).with_at_least_bits(_SELECT_BITS)
    shared = source.sequence(length) << np.uint32(32 - source.bits)
    return np.broadcast_to(shared, (len(samples), length)).copy()
