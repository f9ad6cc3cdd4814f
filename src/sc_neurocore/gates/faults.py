"""Faults of a stochastic circuit, as operations on packed streams.

===================  ==========================================================
fault                hardware
===================  ==========================================================
`input_flips`        transient upsets of input streams (noise, particle strikes)
`weight_flips`       the same on weight streams
`product_flips`      the same at the outputs of the multipliers
`stuck_lines`        wires of input and weight streams shorted to ground or supply
`dead_generator`     the number source of one side stands still
===================  ==========================================================
"""

import json
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..backends import choose
from ..backends.packing import tail_mask
from ..backends.types import Words

OperandSide = Literal["inputs", "weights"]
_FLIP_BITS = 24


@dataclass(frozen=True, repr=False)
class Faults:
    """Faults of a stochastic circuit: bit flips, stuck lines, a dead generator; by default none.

    Parameters
    ----------
    input_flips, weight_flips, product_flips
        Probability in [0, 1] that a bit of such a stream is inverted, each on its own, fresh in every
        cycle and sample.
    stuck_lines
        Share in [0, 1] of the lines of inputs and weights that are stuck, at 0 or at 1 with equal
        chance; which ones is fixed by the seed. Each rail of a split number is a line.
    dead_generator
        ``"inputs"`` or ``"weights"``: the number of that generator stands still from a cycle that the
        seed fixes, so that each stream it drives repeats its bit of that cycle. Where every line, or every group
        of lines, has a generator of its own, one of them is dead.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error law: flips at rate r turn a probability p into r + (1 - 2 r) p; a bipolar or split value shrinks
    by 1 - 2 r. In a counted stream a flip costs 1 / L, whichever bit it hits.

    References
    ----------
    W. Qian et al., IEEE Trans. Computers 60(1), 2011, https://doi.org/10.1109/TC.2010.202.

    Examples
    --------
    >>> Faults(product_flips=0.01).changes()
    '{"product_flips": 0.01}'
    """

    input_flips: float = 0.0
    weight_flips: float = 0.0
    product_flips: float = 0.0
    stuck_lines: float = 0.0
    dead_generator: OperandSide | None = None

    def __post_init__(self) -> None:
        for name in ("input_flips", "weight_flips", "product_flips", "stuck_lines"):
            object.__setattr__(self, name, checks.real(name, getattr(self, name), 0.0, 1.0))
        if self.dead_generator is not None:
            checks.option("dead_generator", self.dead_generator, get_args(OperandSide))

    @classmethod
    def flips(cls, rate: float) -> "Faults":
        """Faults that flip bits of input and weight streams, both at `rate`.

        >>> Faults.flips(0.01)
        Faults(input_flips=0.01, weight_flips=0.01)
        """
        rate = checks.real("rate", rate, 0.0, 1.0)
        return cls(input_flips=rate, weight_flips=rate)

    @property
    def hard(self) -> bool:
        """Whether a line or a generator is broken for good."""
        return self.stuck_lines > 0 or self.dead_generator is not None

    def _given(self) -> dict[str, Any]:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value}

    def changes(self) -> str:
        """The non-default parameters as JSON with sorted keys: an identifier of the faults."""
        return json.dumps(self._given(), sort_keys=True)

    def __repr__(self) -> str:
        return f"Faults({', '.join(f'{name}={value!r}' for name, value in self._given().items())})"


def flip_masks(key: int, rate: float, streams: NDArray[np.int64], length: int, backend: str | None = None) -> Words:
    """Words ``(*streams.shape, W)`` whose bits are 1 with probability `rate`; one row for each stream number."""
    threshold = np.uint64(round(rate * (1 << _FLIP_BITS)))
    numbers = streams.reshape(-1).astype(np.uint64)
    masks = choose(backend).bernoulli(key, numbers, np.full(streams.size, threshold), _FLIP_BITS, length)
    return masks.reshape(*streams.shape, masks.shape[-1])


def flipped(
    words: Words, rate: float, key: int, samples: NDArray[np.int64], length: int, backend: str | None = None
) -> Words:
    """Streams ``(S, rails, lines, W)`` with every bit inverted at `rate`; masks are fresh for every sample."""
    if not rate:
        return words
    _, rails, lines, _ = words.shape
    streams = samples[:, None] * (rails * lines) + np.arange(rails * lines)
    masks = flip_masks(key, rate, streams.reshape(-1, rails, lines), length, backend)
    return np.bitwise_xor(words, masks, out=masks)


def stuck(words: Words, rate: float, seed: np.random.SeedSequence, length: int) -> Words:
    """Streams ``(S, rails, lines, W)`` with a share `rate` of the lines of every rail stuck at 0 or at 1."""
    if not rate:
        return words
    place = np.random.Generator(np.random.PCG64(seed)).random((words.shape[1], words.shape[2], 1))
    ones = np.full(words.shape[-1], 2**64 - 1, np.uint64)
    ones[-1] = tail_mask(length)
    broken = words.copy()
    np.copyto(broken, np.uint64(0), where=place < rate / 2)
    np.copyto(broken, ones, where=place >= 1 - rate / 2)
    return broken


def frozen_at_cycle(words: Words, cycle: int, driven: NDArray[np.bool_], length: int) -> Words:
    """Streams ``(S, rails, lines, W)``; the `driven` lines ``(lines,)`` repeat their bit of `cycle`."""
    bit = words[..., cycle >> 6] >> np.uint64(cycle & 63) & np.uint64(1)
    repeated, broken = (np.uint64(0) - bit)[..., None], words.copy()
    np.copyto(broken, repeated, where=driven[:, None])
    np.copyto(broken[..., -1:], repeated & tail_mask(length), where=driven[:, None])
    return broken
