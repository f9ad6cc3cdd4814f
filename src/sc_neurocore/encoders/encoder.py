"""The encoder: a bank of comparators that turns numbers into streams."""

from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks, chunks
from ..backends import checked_backend, choose
from ..backends.packing import WORD_BITS, words_for
from ..backends.types import Words
from ..bitstreams import Bitstream, Encoding, from_probability, to_probability, value_range
from ..bitstreams.encodings import MAGNITUDES, check_encoding
from ..read_only import attribute, frozen
from .by_name import make_generator
from .generator import Generator
from .generators import Bernoulli
from .in_blocks import rails_in_blocks
from .sample_counter import SampleCounter
from .seeds import Seed, Seeds
from .sequences import Inputs, Sequences
from .stream_table import TABLE_BYTES, StreamTable

Share = Literal["one", "shift", "rotate", "independent"]
SHARES: tuple[str, ...] = get_args(Share)


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
        ``"one"``: one generator feeds all inputs (their streams are correlated, SCC = +1); one with `groups` feeds
        input i from number ``i % G`` of them.
        ``"shift"``: input i XORs these numbers with a random word (adds it, where their modulus is no power of two).
        ``"rotate"``: input i starts ``i * L // n`` cycles later in the sequence of L numbers.
        ``"independent"``: input i takes line ``2 i + partner`` of the generator, as far as it has lines; not with
        groups.
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
        self._n = checks.count("n", n, 1)
        self._length = checks.count("length", length, 1)
        self._encoding = check_encoding(encoding)
        self._magnitudes = MAGNITUDES[self._encoding]
        self._generator = make_generator(generator, self._length, bits)
        self._modulus = self._generator.modulus
        self._partner = checks.count("partner", partner, 0)
        self._backend = checked_backend(backend)
        random = isinstance(self._generator, Bernoulli)
        default = "independent" if random else "one"
        self._share = cast(Share, checks.option("share", default if share is None else share, SHARES))
        if random and self._share in ("shift", "rotate"):
            raise ValueError(f"share must be one or independent with a Bernoulli generator, got {checks.shown(share)}")
        self._key = Seeds(seed, type(self), (self._n, self._partner)).key("streams")
        self._sequences = None if random else self._make_sequences(self._length)
        lines, groups = np.arange(self._n), 1 if self._sequences is None else len(self._sequences.groups)
        self._generator_of_line = frozen(lines if self._share == "independent" else lines % groups)
        self._longer: Sequences | None = None
        """Numbers as far as `window` was asked for."""
        self._n_words, self._rails = words_for(self._length), 2 if self._encoding == "split" else 1
        self._number_bytes = 48 + 8 * self._n_words * (3 if self._rails == 2 else 1)
        self._table: StreamTable | None = None
        small = self._share == "one" and 8 * self._n_words * self._modulus * groups <= TABLE_BYTES
        if self._sequences is not None and small:
            self._table = self._table_of(self._sequences.groups)
        self._counter = SampleCounter()

    n: int = attribute("_n", "Number of inputs.")
    length: int = attribute("_length", "Clock cycles of a stream.")
    generator: Generator = attribute("_generator", "The number generator.")
    encoding: Encoding = attribute("_encoding", "Encoding of the streams.")
    share: Share = attribute("_share", "How inputs share generators.")
    partner: int = attribute("_partner", "Which partner of the generator makes the streams.")
    backend: str | None = attribute("_backend", "Backend that runs the kernels; None: the first that is there.")
    number_bytes: int = attribute("_number_bytes", "Memory that the streams of a number take while they are made.")
    key: int = attribute("_key", "Philox key of Bernoulli streams and of digital shifts.")
    table: StreamTable | None = attribute("_table", "All streams, where they are few: short ones of a few sequences.")
    generator_of_line: NDArray[np.int64] = attribute(
        "_generator_of_line", "Generator of each input ``(n,)``, by number."
    )

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
        numbers = checks.array("values", values, *value_range(self._encoding), last=self._n)
        count = numbers.size // self._n
        first = self._counter.reserve(count)
        words = self.rails(numbers, np.arange(first, first + count).reshape(numbers.shape[:-1]))
        words = np.moveaxis(words, -3, 0) if self._encoding == "split" else words[..., 0, :, :]
        return Bitstream.owning(np.ascontiguousarray(words), self._length, self._encoding)

    def rails(
        self,
        numbers: NDArray[np.float64],
        samples: NDArray[np.int64],
        columns: Inputs | None = None,
        *,
        trim: bool = False,
    ) -> Words:
        """Streams ``(..., rails, n, W)`` of numbers ``(..., n)`` in the encoding's range, for sample numbers ``(...)``.

        Split numbers have two rails, the positive and the negative one, others one. A rail of a split number is
        always zero, so the magnitude is encoded once and steered by sign. With `trim`, the negative rail is left
        out where no number is negative; `columns` as for `words`.
        """
        _check_inputs(numbers, columns, self._n)
        if numbers.size * self._number_bytes > chunks.CHUNK_BYTES and numbers.size > 1:
            trim = trim and (self._rails == 1 or numbers.min() >= 0)
            shape = 1 if trim else self._rails, self._n_words
            return rails_in_blocks(self.rails, numbers, samples, columns, shape, self._number_bytes, trim)
        magnitude = self._magnitudes(numbers)
        negative = numbers < 0 if self._encoding == "split" else None
        if negative is not None and trim and not negative.any():
            negative = None
        if self._table is None:
            words = self.words(magnitude, samples, columns)
            return words[..., None, :, :] if negative is None else _by_sign(words, negative)
        thresholds = nearest_thresholds(magnitude, self._modulus)[..., None, :]
        if negative is not None:  # the stream of threshold 0 is in the table as well
            thresholds = thresholds * np.stack([~negative, negative], axis=-2)
        return self._table.gather(thresholds, columns)

    def thresholds(self, probabilities: NDArray[np.float64]) -> NDArray[np.uint64]:
        """Comparator thresholds ``floor(p modulus + 1/2)`` of probabilities p in [0, 1]: 0 and 1 are exact."""
        return nearest_thresholds(checks.array("probabilities", probabilities, 0.0, 1.0), self._modulus)

    def quantised(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of `values`, rounded to the comparators' thresholds: ``(...)``, of split ``(2, ...)``."""
        return np.asarray(self.thresholds(to_probability(values, self._encoding)) / float(self._modulus))

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Numbers ``(...)`` that the streams of `values` stand for: `quantised`, decoded."""
        return rounded(values, self._encoding, self._modulus)

    @property
    def sequences(self) -> NDArray[np.uint32]:
        """Number sequences of the comparators ``(n, L)``, ``(1, L)`` where all inputs share one; not for Bernoulli."""
        if self._sequences is None:
            raise AttributeError("sequences must come from a generator that has one, a Bernoulli encoder has none")
        sequences: NDArray[np.uint32] = frozen(self._sequences.every)
        return sequences

    def levels(self) -> NDArray[np.float64]:
        """Number sequences scaled to (0, 1), to compare with probabilities: ``(n, L)``, or ``(1, L)`` if shared.

        They are the midpoints of the steps of the sequence; a Bernoulli encoder has none.
        """
        if self._sequences is None:
            raise ValueError("levels must come from a sequence, a Bernoulli encoder has none")
        return np.asarray((self._sequences.every + 0.5) / float(self._modulus))

    def words(
        self, probabilities: NDArray[np.float64], samples: NDArray[np.int64], columns: Inputs | None = None
    ) -> Words:
        """Packed streams ``(..., n, W)`` for probabilities ``(..., n)`` and sample numbers ``(...)``.

        With `columns` ``(k,)``, the probabilities are ``(..., k)`` and number k belongs to input ``columns[k]``.
        """
        _check_inputs(probabilities, columns, self._n)
        thresholds = nearest_thresholds(probabilities, self._modulus)
        if self._sequences is None:
            words = self._bernoulli(thresholds, samples, self._length, 0, columns)
            return words.reshape(*thresholds.shape, self._n_words)
        if self._table is not None:
            return self._table.gather(thresholds, columns)
        return self._sequences.words(thresholds, columns, self._backend)

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
        if self._encoding == "split":
            words = np.ascontiguousarray(np.moveaxis(_by_sign(words, values < 0), -3, 0))
        return Bitstream.owning(words, stop - start, self._encoding)

    def _window(self, probabilities: NDArray[np.float64], samples: NDArray[np.int64], start: int, stop: int) -> Words:
        thresholds = nearest_thresholds(probabilities, self._modulus)
        if self._sequences is None:
            words = self._bernoulli(thresholds, samples, stop - start, start // WORD_BITS)
        else:
            longer = self._longer
            if longer is None or stop > longer.length:
                longer = self._longer = self._make_sequences(1 << (max(stop, self._length) - 1).bit_length())
            few = len(longer.groups) * (self._modulus + 1)
            if self._share == "one" and thresholds.size > few:  # a table of all streams is cheaper
                return self._table_of(longer.groups[:, start:stop]).gather(thresholds)
            words = longer.words(thresholds, None, self._backend, slice(start, stop))
        return words.reshape(*thresholds.shape, words_for(stop - start))

    def _bernoulli(
        self,
        thresholds: NDArray[np.uint64],
        samples: NDArray[np.int64],
        length: int,
        first_word: int,
        columns: Inputs | None = None,
    ) -> Words:
        """Streams ``(R, W)`` of all thresholds ``(..., n)``, from word `first_word` on."""
        lines = self._generator_of_line
        if columns is not None:
            lines = columns[0 : thresholds.shape[-1]] * (self._share == "independent")
        numbers = _numbers_of(samples, self._n, lines, thresholds.shape)
        streams, bits = np.ascontiguousarray(numbers, np.uint64).reshape(-1), self._generator.bits
        return choose(self._backend).bernoulli(self._key, streams, thresholds.reshape(-1), bits, length, first_word)

    def _table_of(self, numbers: NDArray[np.uint32]) -> StreamTable:
        return StreamTable(numbers, self._modulus, self._generator_of_line, self._backend)

    def _make_sequences(self, length: int) -> Sequences:
        return Sequences(self._generator, (self._n, length), self._share, self._partner, self._key, self._length)


def nearest_thresholds(probabilities: NDArray[np.float64], modulus: int) -> NDArray[np.uint64]:
    """Comparator thresholds ``floor(p modulus + 1/2)`` of probabilities p in [0, 1]: 0 and 1 are exact."""
    if probabilities.size and not (
        np.minimum.reduce(probabilities, None) >= 0 and np.maximum.reduce(probabilities, None) <= 1
    ):
        bad = probabilities[~((probabilities >= 0) & (probabilities <= 1))][0]
        raise ValueError(f"numbers must have probabilities in [0, 1], got one of {bad}")
    scaled = np.asarray(probabilities * float(modulus))
    scaled += 0.5
    return np.floor(scaled, out=scaled).astype(np.uint64)


def rounded(values: NDArray[np.float64], encoding: Encoding, modulus: int) -> NDArray[np.float64]:
    """Values in the encoding's range, rounded to the thresholds of comparators: what their streams stand for."""
    if encoding == "split":  # one rail is 0, the other one that of the sign
        numbers = checks.array("values", values, *value_range(encoding))
        magnitudes = nearest_thresholds(np.abs(numbers), modulus) / float(modulus)
        return np.asarray(np.copysign(magnitudes, numbers) + 0.0)  # and no -0
    thresholds = nearest_thresholds(to_probability(values, encoding), modulus)
    return from_probability(thresholds / float(modulus), encoding)


def _check_inputs(numbers: object, columns: object, n: int) -> None:
    """An error unless numbers ``(..., n)`` are of n inputs, or of the inputs `columns`."""
    if (
        not isinstance(numbers, np.ndarray)
        or isinstance(numbers, np.ma.MaskedArray)
        or numbers.dtype.kind not in "fiub"
        or not (columns is not None or numbers.shape[-1:] == (n,))
    ):
        found = getattr(numbers, "shape", checks.shown(numbers))
        raise ValueError(f"numbers, or probabilities, must be an array (..., {n}), got {found}")
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
    if (
        not isinstance(samples, np.ndarray)
        or isinstance(samples, np.ma.MaskedArray)
        or samples.dtype.kind not in "iu"
        or (samples.size and samples.min() < 0)
    ):
        raise ValueError(f"samples must be an array of integers of at least 0, got {checks.shown(samples)}")
    try:
        return np.broadcast_to(samples[..., None] * n + lines, shape)
    except ValueError as error:
        raise ValueError(f"samples must have shape {shape[:-1]} as the values have, got {samples.shape}") from error


def _by_sign(magnitude: Words, negative: NDArray[np.bool_]) -> Words:
    """Streams ``(..., n, W)`` steered to the rail of their sign: ``(..., rails, n, W)``."""
    zero = np.uint64(0)
    below = negative[..., None]
    return np.stack([np.where(below, zero, magnitude), np.where(below, magnitude, zero)], axis=-3)
