"""Number sequences of an encoder's inputs: one for all, one for each group, or one each."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import chunks
from ..backends import choose
from ..backends.types import Words
from .generator import Generator

Draws = NDArray[np.uint32]


class Sequences:
    """The numbers that an encoder's comparators meet, as far as they are no random bits.

    They are kept where they take up to `chunks.CHUNK_BYTES`, else made when they are asked for.

    Parameters
    ----------
    generator, share, partner
        Of the encoder.
    shape
        Inputs of the encoder, and the length L of the sequences.
    key
        Philox key of the words of ``share="shift"``.
    period
        Cycles after which the numbers of ``share="rotate"`` repeat.
    """

    def __init__(
        self, generator: Generator, shape: tuple[int, int], share: str, partner: int, key: int, period: int
    ) -> None:
        self.n, self.length = n, length = shape
        self.generator, self.share, self.partner, self.key, self.period = generator, share, partner, key, period
        if share == "independent":
            generator.check_lines(2 * n - 1 + partner, f'share="independent" with n = {n}')
            generator.decorrelated(partner).check_one_sequence('share="independent"')
            self.groups = np.empty((0, length), np.uint32)
        else:
            self.groups = np.stack([group.sequence(length) for group in generator.decorrelated(partner).groups])
        """Sequences ``(G, L)`` that inputs are dealt to."""
        self.shared = share == "one" and len(self.groups) == 1
        self._kept: Draws | None = None
        if self.shared:
            self._kept = self.groups
        elif 4 * n * length <= chunks.CHUNK_BYTES:
            self._kept = self._made(np.arange(n))

    def _line(self, index: int) -> Draws:
        return self.generator.decorrelated(index).sequence(self.length)

    @property
    def every(self) -> Draws:
        """Those of all inputs ``(n, L)``, or ``(1, L)`` where they share one."""
        return self.rows(slice(None))

    def rows(self, inputs: Any) -> Draws:
        """Those of some inputs, a slice or indices ``(k,)``: ``(k, L)``, or ``(1, L)`` where all share one."""
        if self.shared:
            return self.groups
        if self._kept is not None:
            return np.asarray(self._kept[inputs])
        return self._made(np.arange(self.n)[inputs])

    def words(
        self,
        thresholds: NDArray[np.uint64],
        inputs: "Inputs | None",
        backend: str | None,
        cycles: slice = slice(None),
    ) -> Words:
        """Streams ``(..., k, W)`` of comparators with thresholds ``(..., k)``, which belong to `inputs`; None: to all.

        `cycles` takes a part of the sequences.
        """
        compare, rows = choose(backend).compare, thresholds.reshape(-1, thresholds.shape[-1])
        if self.shared:
            words = compare(self.groups[:, cycles], rows)
            return words.reshape(*thresholds.shape, words.shape[-1])
        made = []
        for part in chunks.chunks(thresholds.shape[-1], 4 * self.length):  # their numbers at once would be large
            numbers = self.rows(part if inputs is None else inputs[part])[:, cycles]
            made.append(compare(numbers, np.ascontiguousarray(rows[:, part])))
        words = made[0] if len(made) == 1 else np.concatenate(made, axis=1)
        return words.reshape(*thresholds.shape, words.shape[-1])

    def _made(self, inputs: NDArray[np.int64]) -> Draws:
        if self.share == "independent":
            return np.stack([self._line(2 * i + self.partner) for i in inputs.tolist()])
        group = inputs % len(self.groups)
        if self.share == "rotate":
            starts = inputs * self.period // self.n
            return np.asarray(self.groups[group[:, None], (np.arange(self.length) + starts[:, None]) % self.period])
        numbers = self.groups[group]
        return _shifted(numbers, self.key, self.n, inputs, self.generator) if self.share == "shift" else numbers


def _shifted(numbers: Draws, key: int, n: int, inputs: NDArray[np.int64], generator: Generator) -> Draws:
    """Numbers ``(k, L)`` shifted by a random word of their range for each of the `inputs` ``(k,)``."""
    modulus = generator.modulus
    dtype = np.uint32 if modulus < 1 << 32 else np.uint64
    words = np.random.Generator(np.random.Philox(key=key)).integers(0, modulus, n, dtype=dtype)[inputs, None]
    if modulus == 1 << generator.bits:
        return numbers ^ words.astype(np.uint32)
    return ((numbers.astype(np.uint64) + words) % np.uint64(modulus)).astype(np.uint32)


class Repeated:
    """Inputs of the weights of a dense layer: 0 .. n - 1, again for every neuron."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __getitem__(self, part: slice) -> NDArray[np.int64]:
        """Those of a range of weights, whose ends must be given.

        >>> Repeated(3)[2:7]
        array([2, 0, 1, 2, 0])
        """
        return np.arange(part.start, part.stop) % self.n


Inputs = NDArray[np.int64] | Repeated
"""Input of each of a number of streams."""
