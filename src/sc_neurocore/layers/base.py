"""What every layer has: checked inputs, one seed for all its randomness, a running generator, state."""

from abc import ABC, abstractmethod
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..bitstreams import value_range
from ..bitstreams.encodings import Encoding, check_encoding
from ..encoders import Generator, Seed, make_generator, seed_sequence

Accumulate = Literal["mean", "sum", "saturate", "or", "mux"]
ACCUMULATES: tuple[str, ...] = get_args(Accumulate)

Floats = NDArray[np.float64]
Samples = NDArray[np.int64]

ROLES = ("values", "inputs", "weights", "select", "input flips", "weight flips")
"""What draws random numbers; the place in this tuple is the spawn key, so append only."""


class SCLayer(ABC):
    """A layer of stochastic circuits with `n_inputs` inputs and `n_neurons` outputs.

    Subclasses give `_forward` and `_expected` on checked two-dimensional input.
    """

    def __init__(
        self,
        n_inputs: int,
        n_neurons: int,
        length: int,
        generator: str | Generator,
        encoding: Encoding,
        bits: int | None,
        seed: Seed,
    ) -> None:
        self.n_inputs = checks.whole("n_inputs", n_inputs, 1)
        self.n_neurons = checks.whole("n_neurons", n_neurons, 1)
        self.length = checks.whole("length", length, 1)
        self.encoding = check_encoding(encoding)
        self.generator = make_generator(generator, self.length, bits)
        self.samples = 0
        """Samples seen since construction or `reset`: where the Bernoulli generators stand."""
        self._entropy = seed_sequence(seed)

    def _seed(self, role: str) -> np.random.SeedSequence:
        parent = self._entropy
        return np.random.SeedSequence(parent.entropy, spawn_key=(*parent.spawn_key, ROLES.index(role)))

    def forward(self, x: ArrayLike) -> Floats:
        """Outputs ``(..., n_neurons)`` of inputs ``(..., n_inputs)``, decoded from counts of real streams.

        Raises
        ------
        ValueError
            If the last axis is not `n_inputs`, or a value is not finite or outside the encoding's range.
        """
        numbers = self._checked(x)
        flat = numbers.reshape(-1, self.n_inputs)
        out = self._forward(flat, np.arange(self.samples, self.samples + len(flat)))
        self.samples += len(flat)
        return out.reshape(*numbers.shape[:-1], self.n_neurons)

    __call__ = forward

    def expected(self, x: ArrayLike) -> Floats:
        """What `forward` converges to as the length grows, ``(..., n_neurons)``."""
        numbers = self._checked(x)
        return self._expected(numbers.reshape(-1, self.n_inputs)).reshape(*numbers.shape[:-1], self.n_neurons)

    def _checked(self, x: ArrayLike) -> Floats:
        return checks.array("x", x, *value_range(self.encoding), last=self.n_inputs)

    @abstractmethod
    def _forward(self, x: Floats, samples: Samples) -> Floats: ...

    @abstractmethod
    def _expected(self, x: Floats) -> Floats: ...

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
