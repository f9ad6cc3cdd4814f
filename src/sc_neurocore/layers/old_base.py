"""What every layer has: checked inputs, one seed for all its randomness, a running generator, state."""

import math
from abc import ABC, abstractmethod
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends.packing import Words
from ..backends.philox import philox4x32
from ..bitstreams.encodings import Encoding, check_encoding, from_probability, to_probability
from ..encoders import Bernoulli, Encoder, Generator, Seed, make_generator, seed_sequence
from ..encoders.seeds import key_of
from ..gates.faults import Faults, Side, flipped, standing_still, stuck

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


class SCLayer(Seeded):
    """A layer of stochastic circuits: inputs of one shape, streams of one length, one generator.

    Subclasses give `_checked`, `_forward` and `_expected`; the last two see one batch axis.
    """

    faults = Faults()
    _sample_axes = 1
    """Axes of one sample; all axes before them are batch axes."""

    def __init__(
        self, length: int, generator: str | Generator, encoding: Encoding, bits: int | None, seed: Seed
    ) -> None:
        super().__init__(seed)
        self.length = checks.whole("length", length, 1)
        self.encoding = check_encoding(encoding)
        self.generator = make_generator(generator, self.length, bits)
        self._given_bits = bits is not None or isinstance(generator, Generator)

    def forward(self, x: ArrayLike) -> Floats:
        """Outputs of a batch of inputs, decoded from counts of real streams.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside the encoding's range.
        """
        flat, batch = self._flat(x)
        out = self._forward(flat, np.arange(self.samples, self.samples + len(flat)))
        self.samples += len(flat)
        return out.reshape(*batch, *out.shape[1:])

    __call__ = forward

    def expected(self, x: ArrayLike) -> Floats:
        """What `forward` converges to as the length grows."""
        flat, batch = self._flat(x)
        out = self._expected(flat)
        return out.reshape(*batch, *out.shape[1:])

    def _flat(self, x: ArrayLike) -> tuple[Floats, tuple[int, ...]]:
        """Checked inputs with one batch axis, and the batch axes they came with."""
        numbers = self._checked(x)
        axes = numbers.ndim - self._sample_axes
        batch = numbers.shape[:axes]
        return numbers.reshape(math.prod(batch), *numbers.shape[axes:]), batch

    def _quantised(self, values: Floats) -> Floats:
        """Values as comparators of the given width see them; without a given width, the values."""
        if not self._given_bits:
            return values
        return quantised(values, self.encoding, 2.0**self.generator.bits)

    def _faulty(self, words: Words, samples: Samples, side: Side, drivers: NDArray[np.int64]) -> Words:
        """Streams ``(halves, S, lines, W)`` of inputs or weights with their faults; see `drivers`."""
        faults, length = self.faults, self.length
        if faults.dead_generator == side:
            rng = np.random.Generator(np.random.PCG64(self._seed("dead generator")))
            cycle, dead = int(rng.integers(length)), rng.integers(drivers.max() + 1)
            words = standing_still(words, cycle, drivers == dead, length)
        words = stuck(words, faults.stuck_lines, self._seed("stuck lines").spawn(2)[side == "weights"], length)
        if side == "inputs":
            return flipped(words, faults.input_flips, key_of(self._seed("input flips")), samples, length)
        return flipped(words, faults.weight_flips, key_of(self._seed("weight flips")), samples, length)

    @abstractmethod
    def _checked(self, x: ArrayLike) -> Floats:
        """The input as an array of the right shape and range, or an error."""

    @abstractmethod
    def _forward(self, x: Floats, samples: Samples) -> Floats: ...

    @abstractmethod
    def _expected(self, x: Floats) -> Floats: ...


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


def combined_faults(bit_flip_rate: float, faults: Faults | None) -> Faults:
    """The faults of a layer: `bit_flip_rate` is short for flips of inputs and weights."""
    rate = checks.real("bit_flip_rate", bit_flip_rate, 0.0, 1.0)
    if faults is None:
        return Faults(input_flips=rate, weight_flips=rate)
    if not isinstance(faults, Faults):
        raise TypeError(f"faults must be a Faults or None, got {type(faults).__name__}")
    if rate:
        raise ValueError(f"bit_flip_rate must be 0 with faults, got {rate:g}")
    return faults


def drivers(encoder: Encoder) -> NDArray[np.int64]:
    """Number of the generator that drives each line of an encoder."""
    return np.arange(encoder.n) * (encoder.share == "independent")
