"""The encoder: a bank of comparators that turns numbers into streams."""

from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import compiled
from ..backends.packing import WORD_BITS, Words, words_for
from ..backends.reference import BLOCK_WORDS
from ..bitstreams import Bitstream, Encoding, to_probability
from ..bitstreams.encodings import check_encoding
from .generators import Bernoulli, Generator, make_generator
from .seeds import Seed, key_of, seed_sequence

Share = Literal["one", "shift", "rotate", "independent"]
SHARES: tuple[str, ...] = get_args(Share)

BLOCK_CYCLES = WORD_BITS * BLOCK_WORDS
"""Cycles of a Bernoulli stream that are made from one seed."""
_COLUMNS = 4096
_TABLE_BYTES = 1 << 24
"""A table of all streams of a sequence is built up to this size."""


class Encoder:
    """A comparator per input; which numbers they compare with is the sharing policy.

    ::

        probability -> threshold --+
                                   v
        generator ---------------> < ---> stream

    Parameters
    ----------
    n
        Inputs: the size of the last axis.
    length
        Clock cycles of a stream.
    generator
        ``"bernoulli"``, ``"lfsr"``, ``"sobol"``, ``"halton"``, ``"vdc"``, ``"ramp"``, or a `Generator`.
    encoding
        ``"unipolar"``, ``"bipolar"`` or ``"split"``; the two halves of a split number share one
        sequence.
    share
        ``"one"``: one generator feeds all inputs (their streams are correlated, SCC = +1).
        ``"shift"``: input i XORs the numbers with a random word of its own (digital shift).
        ``"rotate"``: input i starts ``i * L // n`` cycles later in the sequence of L numbers.
        ``"independent"``: a generator per input (other dimensions, primes, phases or keys).
        None: ``"independent"`` for Bernoulli, ``"one"`` for the others.
    bits
        Width of a threshold; None lets the generator choose (see `make_generator`).
    role
        0 for inputs, 1 for weights: roles take decorrelated generators.
    seed
        Fixes Bernoulli streams and digital shifts.

    Examples
    --------
    >>> Encoder(2, 8, "ramp").encode([0.25, 0.5]).bits()
    array([[1, 1, 0, 0, 0, 0, 0, 0],
           [1, 1, 1, 1, 0, 0, 0, 0]], dtype=uint8)
    """

    def __init__(
        self,
        n: int,
        length: int,
        generator: str | Generator = "sobol",
        encoding: Encoding = "unipolar",
        *,
        share: Share | None = None,
        bits: int | None = None,
        role: int = 0,
        seed: Seed = None,
    ) -> None:
        self.n = checks.whole("n", n, 1)
        self.length = checks.whole("length", length, 1)
        self.encoding = check_encoding(encoding)
        self.generator = make_generator(generator, self.length, bits)
        self.role = checks.whole("role", role, 0)
        random = isinstance(self.generator, Bernoulli)
        if share is None:
            share = "independent" if random else "one"
        self.share = cast(Share, checks.option("share", share, SHARES))
        if random and self.share in ("shift", "rotate"):
            raise ValueError(f"share must be one or independent with a Bernoulli generator, got {share!r}")
        self._key = key_of(_of_role(seed_sequence(seed), self.role))
        self._sequences = None if random else self._make_sequences(self.length)
        self._longer = np.empty((0, 0), np.uint32)
        """Numbers as far as `window` was asked for."""
        self._table: Words | None = None
        self.samples = 0

    def __repr__(self) -> str:
        return f"Encoder(n={self.n}, length={self.length}, {self.generator!r}, {self.encoding!r}, share={self.share!r})"

    def reset(self) -> None:
        """Rewind: the next sample meets the numbers that the first one met."""
        self.samples = 0

    def encode(self, values: ArrayLike) -> Bitstream:
        """Streams of `values` ``(..., n)``; Bernoulli streams are fresh for every sample."""
        numbers = checks.array("values", values, last=self.n)
        probabilities = to_probability(numbers, self.encoding)
        samples = np.arange(self.samples, self.samples + numbers.size // self.n).reshape(numbers.shape[:-1])
        words = self.split(numbers, samples) if self.encoding == "split" else self.words(probabilities, samples)
        self.samples += samples.size
        return Bitstream(words, self.length, self.encoding)

    def split(
        self, numbers: NDArray[np.float64], samples: NDArray[np.int64], columns: NDArray[np.int64] | None = None
    ) -> Words:
        """Streams ``(2, ..., n, W)`` of numbers in [-1, 1]: positive half, negative half.

        One half of a number is always zero, so the magnitude is encoded once and steered by sign.
        """
        magnitude = self.words(np.abs(numbers), samples, columns)
        return _by_sign(magnitude, numbers)

    def thresholds(self, probabilities: NDArray[np.float64]) -> NDArray[np.uint64]:
        """``floor(p 2**bits + 1/2)``: 0 and 1 are exact."""
        return np.floor(probabilities * 2.0**self.generator.bits + 0.5).astype(np.uint64)

    def quantised(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of numbers in the encoding's range as the comparators see them, of split ``(2, ...)``."""
        return np.asarray(self.thresholds(to_probability(values, self.encoding)) / 2.0**self.generator.bits)

    @property
    def key(self) -> int:
        """Philox key of its Bernoulli streams and of its digital shifts."""
        return self._key

    @property
    def sequences(self) -> NDArray[np.uint32]:
        """What the comparators compare with, ``(n, L)``, ``(1, L)`` where all share it; not for Bernoulli."""
        if self._sequences is None:
            raise ValueError("sequences must come from a generator that has one, a Bernoulli encoder has none")
        return self._sequences

    def numbers(self) -> NDArray[np.float64]:
        """What the comparators hold against probabilities, ``(n, L)`` in (0, 1), ``(1, L)`` where all share it.

        They are the middles of the steps of the sequence; a Bernoulli encoder has none.
        """
        if self._sequences is None:
            raise ValueError("numbers must come from a sequence, a Bernoulli encoder has none")
        return np.asarray((self._sequences + 0.5) / 2.0**self.generator.bits)

    def words(
        self, probabilities: NDArray[np.float64], samples: NDArray[np.int64], columns: NDArray[np.int64] | None = None
    ) -> Words:
        """Packed streams ``(..., n, W)`` for probabilities ``(..., n)`` and sample numbers ``(...)``.

        With `columns` ``(k,)``, the probabilities are ``(..., k)`` and number k belongs to input
        ``columns[k]`` (not for Bernoulli generators).
        """
        thresholds = self.thresholds(probabilities)
        n_words = words_for(self.length)
        if self._sequences is None:
            words = self._bernoulli(thresholds, samples, self.length, 0)
            return words.reshape(*thresholds.shape, n_words)
        if len(self._sequences) == 1 and (8 * n_words << self.generator.bits) <= _TABLE_BYTES:
            if self._table is None:
                every = np.arange((1 << self.generator.bits) + 1, dtype=np.uint64)
                self._table = compiled.compare(self._sequences, every[:, None])[:, 0]
            return compiled.gather(self._table, thresholds)
        if columns is None or len(self._sequences) == 1:
            words = compiled.compare(self._sequences, thresholds.reshape(-1, thresholds.shape[-1]))
            return words.reshape(*thresholds.shape, n_words)
        words = np.empty((*thresholds.shape, n_words), np.uint64)
        for start in range(0, columns.size, _COLUMNS):  # a copy of every sequence at once would be large
            part = slice(start, start + _COLUMNS)
            block = thresholds[..., part].reshape(-1, columns[part].size)
            made = compiled.compare(self._sequences[columns[part]], block)
            words[..., part, :] = made.reshape(*thresholds.shape[:-1], -1, n_words)
        return words

    def window(self, values: NDArray[np.float64], samples: NDArray[np.int64], start: int, stop: int) -> Bitstream:
        """Cycles `start` .. `stop` - 1 of the streams of `values` ``(..., n)`` for sample numbers ``(...)``.

        The generators run on past `length`; numbers that ``share="rotate"`` rotates repeat after it.
        `start` is a multiple of 64.

        >>> Encoder(1, 8, "ramp", bits=2).window(np.array([0.25]), np.array(0), 0, 16).bits()
        array([[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]], dtype=uint8)
        """
        if self.encoding == "split":
            words = _by_sign(self._window(np.abs(values), samples, start, stop), values)
        else:
            words = self._window(to_probability(values, self.encoding), samples, start, stop)
        return Bitstream(words, stop - start, self.encoding)

    def _window(self, probabilities: NDArray[np.float64], samples: NDArray[np.int64], start: int, stop: int) -> Words:
        thresholds = self.thresholds(probabilities)
        if self._sequences is None:
            first = start // BLOCK_CYCLES
            words = self._bernoulli(thresholds, samples, stop - first * BLOCK_CYCLES, first)
            words = np.ascontiguousarray(words[:, (start - first * BLOCK_CYCLES) // WORD_BITS :])
        else:
            if stop > self._longer.shape[1]:
                self._longer = self._make_sequences(1 << (max(stop, self.length) - 1).bit_length())
            numbers = self._longer[:, start:stop]
            every = (1 << self.generator.bits) + 1
            if len(numbers) == 1 and thresholds.size > every:  # a table of all streams is cheaper
                table = compiled.compare(numbers, np.arange(every, dtype=np.uint64)[:, None])[:, 0]
                return compiled.gather(table, thresholds)
            words = compiled.compare(numbers, thresholds.reshape(-1, thresholds.shape[-1]))
        return words.reshape(*thresholds.shape, words_for(stop - start))

    def _bernoulli(
        self, thresholds: NDArray[np.uint64], samples: NDArray[np.int64], length: int, first_block: int
    ) -> Words:
        """Streams ``(R, W)`` of all thresholds ``(..., n)``, from block `first_block` on."""
        inputs = np.arange(self.n) if self.share == "independent" else np.zeros(self.n, np.int64)
        streams = np.broadcast_to(samples[..., None] * self.n + inputs, thresholds.shape)
        streams = np.ascontiguousarray(streams, np.uint64).reshape(-1)
        return compiled.bernoulli(self._key, streams, thresholds.reshape(-1), self.generator.bits, length, first_block)

    def _make_sequences(self, length: int) -> NDArray[np.uint32]:
        """Numbers ``(n, length)``, or ``(1, length)`` where all inputs share them."""
        if self.share == "independent":
            partners = (self.generator.decorrelated(2 * i + self.role) for i in range(self.n))
            return np.stack([partner.sequence(length) for partner in partners])
        numbers = self.generator.decorrelated(self.role).sequence(length)[None]
        if self.share == "shift":
            masks = np.random.Generator(np.random.Philox(key=self._key)).integers(
                0, 1 << self.generator.bits, self.n, dtype=np.uint32 if self.generator.bits < 32 else np.uint64
            )
            return numbers ^ masks[:, None].astype(np.uint32)
        if self.share == "rotate":
            offsets = np.arange(self.n) * self.length // self.n
            return np.asarray(numbers[0][(np.arange(length) + offsets[:, None]) % self.length])
        return numbers


def _by_sign(magnitude: Words, numbers: NDArray[np.float64]) -> Words:
    """Streams ``(..., W)`` in the positive or the negative half, ``(2, ..., W)``."""
    negative = (numbers < 0)[..., None]
    zero = np.uint64(0)
    return np.stack([np.where(negative, zero, magnitude), np.where(negative, magnitude, zero)])


def _of_role(sequence: np.random.SeedSequence, role: int) -> np.random.SeedSequence:
    """The seed itself for role 0, a child of it for every other role: one seed serves inputs and weights."""
    if role == 0:
        return sequence
    return np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, role), pool_size=sequence.pool_size)
