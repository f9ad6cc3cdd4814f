"""The encoder: a bank of comparators that turns numbers into streams."""

from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import checked_backend, choose
from ..backends.packing import WORD_BITS, words_for
from ..backends.types import Words
from ..bitstreams import Bitstream, Encoding, from_probability, to_probability, value_range
from ..bitstreams.encodings import MAGNITUDES, check_encoding
from ..chunks import chunks
from .by_name import make_generator
from .generator import Generator
from .generators import Bernoulli
from .sample_counter import SampleCounter
from .seeds import Seed, Seeds

Share = Literal["one", "shift", "rotate", "independent"]
SHARES: tuple[str, ...] = get_args(Share)

TABLE_BYTES = 1 << 24
"""A table of all streams of a sequence is built up to this size."""


class Encoder:
    """A bank of comparators that turns numbers into bitstreams, one comparator for each input.

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
        A name, see `make_generator`, or a `Generator`.
    encoding
        ``"unipolar"``, ``"bipolar"`` or ``"split"``; the two rails of a split number share one sequence.
    share
        ``"one"``: one generator feeds all inputs (their streams are correlated, SCC = +1).
        ``"shift"``: input i XORs the numbers with a random word (adds it, where their modulus is no power of two).
        ``"rotate"``: input i starts ``i * L // n`` cycles later in the sequence of L numbers.
        ``"independent"``: input i takes line ``2 i + partner`` of the generator, as far as it has lines.
        None: ``"independent"`` for Bernoulli, ``"one"`` for the others.
    bits
        Width of a threshold; None: what the generator needs, see `make_generator`.
    partner
        Which of the generator's decorrelated partners to use: 0 for inputs, 1 for weights, ..
    seed
        Fixes Bernoulli streams, which are fresh for every sample, and digital shifts.
    backend
        Backend that runs the kernels, see `sc_neurocore.backends.choose`.

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
        partner: int = 0,
        seed: Seed = None,
        backend: str | None = None,
    ) -> None:
        self.n = checks.count("n", n, 1)
        self.length = checks.count("length", length, 1)
        self.encoding = check_encoding(encoding)
        self._magnitudes = MAGNITUDES[self.encoding]
        self.generator = make_generator(generator, self.length, bits)
        self._modulus = self.generator.modulus
        self.partner = checks.count("partner", partner, 0)
        self._backend = checked_backend(backend)
        random = isinstance(self.generator, Bernoulli)
        default = "independent" if random else "one"
        self.share = cast(Share, checks.option("share", default if share is None else share, SHARES))
        if random and self.share in ("shift", "rotate"):
            raise ValueError(f"share must be one or independent with a Bernoulli generator, got {share!r}")
        self._key = Seeds(seed, type(self), (self.n, self.partner)).key("streams")
        self._sequences = None if random else _sequences_of(self, self.length)
        if self._sequences is not None:
            self._sequences.flags.writeable = False
        self._longer = np.empty((0, 0), np.uint32)
        """Numbers as far as `window` was asked for."""
        self._has_table = (
            self._sequences is not None
            and len(self._sequences) == 1
            and 8 * words_for(self.length) * self._modulus <= TABLE_BYTES
        )
        self._table: Words | None = None
        self._counter = SampleCounter()

    def __repr__(self) -> str:
        return f"Encoder(n={self.n}, length={self.length}, {self.generator!r}, {self.encoding!r}, share={self.share!r})"

    def reset(self) -> None:
        """Rewind the generators: the next sample gets the random numbers of the first one."""
        self._counter.next = 0

    @property
    def samples(self) -> int:
        """Number of samples encoded since construction or `reset`; setting it moves the generators there."""
        return self._counter.next

    @samples.setter
    def samples(self, number: int) -> None:
        self._counter.next = checks.count("samples", number, 0)

    def encode(self, values: ArrayLike) -> Bitstream:
        """Encode `values` ``(..., n)``, or raise a ValueError if one is outside the encoding's range, as streams."""
        numbers = checks.array("values", values, *value_range(self.encoding), last=self.n)
        count = numbers.size // self.n
        first = self._counter.reserve(count)
        words = self.rails(numbers, np.arange(first, first + count).reshape(numbers.shape[:-1]))
        words = np.moveaxis(words, -3, 0) if self.encoding == "split" else words[..., 0, :, :]
        return Bitstream.owning(np.ascontiguousarray(words), self.length, self.encoding)

    def rails(
        self,
        numbers: NDArray[np.float64],
        samples: NDArray[np.int64],
        columns: NDArray[np.int64] | None = None,
        *,
        trim: bool = False,
    ) -> Words:
        """Streams ``(..., rails, n, W)`` of numbers ``(..., n)`` in the encoding's range, for sample numbers ``(...)``.

        Split numbers have two rails, the positive and the negative one, others one. A rail of a split number is
        always zero, so the magnitude is encoded once and steered by sign. With `trim`, the negative rail is left
        out where no number is negative; `columns` as for `words`.
        """
        _check_inputs(numbers, columns, self.n)
        magnitude = self._magnitudes(numbers)
        negative = numbers < 0 if self.encoding == "split" else None
        if negative is not None and trim and not negative.any():
            negative = None
        if not self._has_table:
            words = self.words(magnitude, samples, columns)
            return words[..., None, :, :] if negative is None else _by_sign(words, negative)
        thresholds = nearest_thresholds(magnitude, self._modulus)[..., None, :]
        if negative is not None:  # the stream of threshold 0 is in the table as well
            thresholds = thresholds * np.stack([~negative, negative], axis=-2)
        return self._from_table(thresholds)

    def thresholds(self, probabilities: NDArray[np.float64]) -> NDArray[np.uint64]:
        """Comparator thresholds ``floor(p modulus + 1/2)`` of probabilities p in [0, 1]: 0 and 1 are exact."""
        return nearest_thresholds(checks.array("probabilities", probabilities, 0.0, 1.0), self._modulus)

    def quantised(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of `values`, rounded to the comparators' thresholds: ``(...)``, of split ``(2, ...)``."""
        return np.asarray(self.thresholds(to_probability(values, self.encoding)) / float(self._modulus))

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers ``(...)`` that the streams of `values` stand for: `quantised`, decoded."""
        return rounded(values, self.encoding, self._modulus)

    @property
    def generator_of_line(self) -> NDArray[np.int64]:
        """Index of the generator that drives each input ``(n,)``: all 0 where they share one."""
        return np.arange(self.n) * (self.share == "independent")

    @property
    def key(self) -> int:
        """Philox key of its Bernoulli streams and of its digital shifts."""
        return self._key

    @property
    def sequences(self) -> NDArray[np.uint32]:
        """Number sequences of the comparators ``(n, L)``, ``(1, L)`` where all inputs share one; not for Bernoulli."""
        if self._sequences is None:
            raise ValueError("sequences must come from a generator that has one, a Bernoulli encoder has none")
        return self._sequences

    def levels(self) -> NDArray[np.float64]:
        """Number sequences scaled to (0, 1), to compare with probabilities: ``(n, L)``, or ``(1, L)`` if shared.

        They are the midpoints of the steps of the sequence; a Bernoulli encoder has none.
        """
        if self._sequences is None:
            raise ValueError("levels must come from a sequence, a Bernoulli encoder has none")
        return np.asarray((self._sequences + 0.5) / float(self._modulus))

    def words(
        self, probabilities: NDArray[np.float64], samples: NDArray[np.int64], columns: NDArray[np.int64] | None = None
    ) -> Words:
        """Packed streams ``(..., n, W)`` for probabilities ``(..., n)`` and sample numbers ``(...)``.

        With `columns` ``(k,)``, the probabilities are ``(..., k)`` and number k belongs to input
        ``columns[k]`` (not for Bernoulli generators).
        """
        _check_inputs(probabilities, columns, self.n)
        thresholds = nearest_thresholds(probabilities, self._modulus)
        n_words = words_for(self.length)
        if self._sequences is None:
            return self._bernoulli(thresholds, samples, self.length, 0).reshape(*thresholds.shape, n_words)
        if self._has_table:
            return self._from_table(thresholds)
        if columns is None or len(self._sequences) == 1:
            words = choose(self._backend).compare(self._sequences, thresholds.reshape(-1, thresholds.shape[-1]))
            return words.reshape(*thresholds.shape, n_words)
        words = np.empty((*thresholds.shape, n_words), np.uint64)
        for part in chunks(columns.size, 4 * self.length):  # a copy of every sequence at once would be large
            block = thresholds[..., part].reshape(-1, columns[part].size)
            made = choose(self._backend).compare(self._sequences[columns[part]], block)
            words[..., part, :] = made.reshape(*thresholds.shape[:-1], -1, n_words)
        return words

    def _from_table(self, thresholds: NDArray[np.uint64]) -> Words:
        """Streams ``(..., W)`` of thresholds ``(...)``, rows of a table of all streams that the sequence can make."""
        table = self._table
        if table is None:
            every = np.arange(self._modulus + 1, dtype=np.uint64)
            table = self._table = choose(self._backend).compare(self.sequences, every[:, None])[:, 0]
        return choose(self._backend).gather(table, thresholds)

    def window(self, values: NDArray[np.float64], samples: NDArray[np.int64], start: int, stop: int) -> Bitstream:
        """Cycles `start` .. `stop` - 1 of the streams of `values` ``(..., n)`` for sample numbers ``(...)``.

        The generators run on past `length`; numbers that ``share="rotate"`` rotates repeat after it.
        `start` is a multiple of 64.

        >>> Encoder(1, 8, "ramp").window(np.array([0.25]), np.array(0), 0, 16).bits()
        array([[1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0]], dtype=uint8)
        """
        values = checks.array("values", values, *value_range(self.encoding), last=self.n)
        start, stop = _checked_cycles(start, stop)
        words = self._window(self._magnitudes(values), samples, start, stop)
        if self.encoding == "split":
            words = np.ascontiguousarray(np.moveaxis(_by_sign(words, values < 0), -3, 0))
        return Bitstream.owning(words, stop - start, self.encoding)

    def _window(self, probabilities: NDArray[np.float64], samples: NDArray[np.int64], start: int, stop: int) -> Words:
        thresholds = nearest_thresholds(probabilities, self._modulus)
        if self._sequences is None:
            words = self._bernoulli(thresholds, samples, stop - start, start // WORD_BITS)
        else:
            longer = self._longer
            if stop > longer.shape[1]:
                longer = self._longer = _sequences_of(self, 1 << (max(stop, self.length) - 1).bit_length())
            numbers = longer[:, start:stop]
            every = self._modulus + 1
            if len(numbers) == 1 and thresholds.size > every:  # a table of all streams is cheaper
                table = choose(self._backend).compare(numbers, np.arange(every, dtype=np.uint64)[:, None])[:, 0]
                return choose(self._backend).gather(table, thresholds)
            words = choose(self._backend).compare(numbers, thresholds.reshape(-1, thresholds.shape[-1]))
        return words.reshape(*thresholds.shape, words_for(stop - start))

    def _bernoulli(
        self, thresholds: NDArray[np.uint64], samples: NDArray[np.int64], length: int, first_word: int
    ) -> Words:
        """Streams ``(R, W)`` of all thresholds ``(..., n)``, from word `first_word` on."""
        numbers = _numbers_of(samples, self.n, self.generator_of_line, thresholds.shape)
        streams, bits = np.ascontiguousarray(numbers, np.uint64).reshape(-1), self.generator.bits
        return choose(self._backend).bernoulli(self._key, streams, thresholds.reshape(-1), bits, length, first_word)


def nearest_thresholds(probabilities: NDArray[np.float64], modulus: int) -> NDArray[np.uint64]:
    """Comparator thresholds ``floor(p modulus + 1/2)`` of probabilities p in [0, 1]: 0 and 1 are exact."""
    if probabilities.size and not (
        np.minimum.reduce(probabilities, None) >= 0 and np.maximum.reduce(probabilities, None) <= 1
    ):
        bad = probabilities[~((probabilities >= 0) & (probabilities <= 1))][0]
        raise ValueError(f"numbers must have probabilities in [0, 1], got one of {bad}")
    return np.floor(probabilities * float(modulus) + 0.5).astype(np.uint64)


def rounded(values: NDArray[np.float64], encoding: Encoding, modulus: int) -> NDArray[np.float64]:
    """Values in the encoding's range, rounded to the thresholds of comparators: what their streams stand for."""
    thresholds = nearest_thresholds(to_probability(values, encoding), modulus)
    return from_probability(thresholds / float(modulus), encoding)


def _check_inputs(numbers: object, columns: object, n: int) -> None:
    """An error unless numbers ``(..., n)`` are of n inputs, or of the inputs `columns`."""
    if (
        not isinstance(numbers, np.ndarray)
        or numbers.dtype.kind not in "fiub"
        or not (columns is not None or numbers.shape[-1:] == (n,))
    ):
        raise ValueError(
            f"numbers, or probabilities, must be an array (..., {n}), got {getattr(numbers, 'shape', numbers)}"
        )
    if isinstance(columns, np.ndarray):
        checks.integers("columns", columns, 0, n - 1, numbers.shape[-1:])


def _checked_cycles(start: int, stop: int) -> tuple[int, int]:
    """First cycle, the start of a word, and the one after the last."""
    first, after = checks.count("start", start, 0), checks.count("stop", stop, 1)
    if first % WORD_BITS or first >= after:
        raise ValueError(f"start must be a multiple of 64 and below stop, got {first} and {after}")
    return first, after


def _numbers_of(
    samples: NDArray[np.int64], n: int, lines: NDArray[np.int64], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """Stream numbers of that shape for sample numbers ``(...)`` and lines ``(n,)``."""
    if not isinstance(samples, np.ndarray) or samples.dtype.kind not in "iu" or (samples.size and samples.min() < 0):
        raise ValueError(f"samples must be an array of integers of at least 0, got {samples}")
    try:
        return np.broadcast_to(samples[..., None] * n + lines, shape)
    except ValueError as error:
        raise ValueError(f"samples must have shape {shape[:-1]} as the values have, got {samples.shape}") from error


def _sequences_of(encoder: Encoder, length: int) -> NDArray[np.uint32]:
    """Numbers ``(n, length)``, or ``(1, length)``, that the comparators of an encoder meet."""
    generator, n, partner = encoder.generator, encoder.n, encoder.partner
    if encoder.share == "independent":
        generator.check_lines(2 * n - 1 + partner, f'share="independent" with n = {n}')
        return np.stack([generator.decorrelated(2 * i + partner).sequence(length) for i in range(n)])
    numbers = generator.decorrelated(partner).sequence(length)
    if encoder.share == "shift":
        return _shifted(numbers, encoder.key, n, generator)
    if encoder.share == "rotate":
        offsets = np.arange(n) * encoder.length // n
        return np.asarray(numbers[(np.arange(length) + offsets[:, None]) % encoder.length])
    return numbers[None]


def _shifted(numbers: NDArray[np.uint32], key: int, n: int, generator: Generator) -> NDArray[np.uint32]:
    """Numbers ``(L,)`` shifted by a random word of their range for each input, ``(n, L)``."""
    modulus = generator.modulus
    dtype = np.uint32 if modulus < 1 << 32 else np.uint64
    words = np.random.Generator(np.random.Philox(key=key)).integers(0, modulus, n, dtype=dtype)[:, None]
    if modulus == 1 << generator.bits:
        return numbers ^ words.astype(np.uint32)
    return ((numbers.astype(np.uint64) + words) % np.uint64(modulus)).astype(np.uint32)


def _by_sign(magnitude: Words, negative: NDArray[np.bool_]) -> Words:
    """Streams ``(..., n, W)`` steered to the rail of their sign: ``(..., rails, n, W)``."""
    zero = np.uint64(0)
    below = negative[..., None]
    return np.stack([np.where(below, zero, magnitude), np.where(below, magnitude, zero)], axis=-3)
