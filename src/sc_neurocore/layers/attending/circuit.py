"""Attention as a circuit: AND gates and counters give scores, a multiplexer for each row passes values."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...backends import choose
from ...backends.packing import words_for
from ...backends.types import Words
from ...bitstreams import Bitstream, Encoding, value_range
from ...chunks import chunks
from ...encoders import Bernoulli, Encoder, Generator
from ...encoders.encoder import nearest_thresholds
from ...encoders.seeds import Seeds
from ..base import Floats, Samples
from .operands import Mask, Operands


class AttentionStreams(NamedTuple):
    """Streams of queries, keys, values and attention weights of one `StochasticAttention.forward_bitstream`."""

    queries: Bitstream
    """``(..., N, dim_k)``."""
    keys: Bitstream
    """``(..., M, dim_k)``."""
    values: Bitstream
    """``(..., M, dim_v)``."""
    weights: Bitstream
    """Streams of the attention weights ``(..., N, M)``: in a cycle one of a row is 1, none if its scores are 0."""


class Multiplexers:
    """A multiplexer for each row of attention weights: in every cycle it passes one value, as often as its weight says.

    Parameters
    ----------
    source
        Makes the numbers of the values, see `beside_the_clock`.
    length, encoding, keys, seeds, backend
        As for `AttentionCircuit`.
    """

    def __init__(
        self, source: Generator, length: int, encoding: Encoding, keys: int, seeds: Seeds, backend: str | None = None
    ) -> None:
        self._length, self._encoding, self._backend = length, encoding, backend
        self.select: Encoder | None = None
        if isinstance(source, Bernoulli):
            seed = seeds.of("attention weights")
            self.select = Encoder(keys, length, source, share="one", partner=1, seed=seed, backend=backend)
            """Of Bernoulli streams, the encoder of the edges of intervals; others meet a clock."""

    def shares(self, scores: Floats) -> Floats:
        """Shares of the cycles ``(..., N, M)`` that rows of scores ``(..., N, M)`` get, with edges rounded."""
        modulus = self._length if self.select is None else self.select.generator.modulus
        running = scores.cumsum(-1)
        total = running[..., -1:]
        edges = running / np.where(total == 0, 1, total)
        return np.diff(nearest_thresholds(edges, modulus) / float(modulus), prepend=0.0)

    def mean(self, counts: NDArray[np.int64], v_words: Words, numbers: Samples) -> Floats:
        """Values ``(B, N, dim_v)`` that the multiplexers pass, weighted by `counts` ``(B, N, M)``."""
        selected = self.selected(counts, numbers)
        ones = [choose(self._backend).and_counts(selected, rail) for rail in v_words]
        if self._encoding == "split":
            return (ones[0] - ones[1]) / self._length
        if self._encoding == "bipolar":  # a zero counts down; a row without scores counts neither way
            return (2 * ones[0] - self._length * counts.any(-1, keepdims=True)) / self._length
        return ones[0] / self._length

    def selected(self, counts: NDArray[np.int64], numbers: Samples) -> Words:
        """Streams ``(B, N, M, W)`` of the attention weights: in every cycle, one of a row is 1.

        A comparator holds u_t against the upper edge of every interval; key m is selected where its
        comparator says 1 and that of the key before says 0.
        """
        running = counts.cumsum(-1)
        total = running[..., -1:]
        if self.select is not None:
            below = self.select.words(running / np.maximum(total, 1), numbers)
        else:
            edges = (2 * self._length * running + total) // np.maximum(2 * total, 1)  # rounded to cycles
            clock = np.arange(self._length, dtype=np.uint32)[None]
            below = choose(self._backend).compare(clock, edges.reshape(-1, edges.shape[-1]).astype(np.uint64))
            below = below.reshape(*edges.shape, below.shape[-1])
        below[..., 1:, :] ^= below[..., :-1, :]
        return below


def beside_the_clock(source: Generator) -> Generator:
    """The generator of values that a clock selects: of one that is a clock itself, van der Corput's partner."""
    return source.decorrelated(1) if source.in_runs else source


class AttentionCircuit:
    """The encoders of queries, keys and values, the counters of scores, and the multiplexers that pass values.

    Parameters
    ----------
    source
        Makes the numbers; queries take it and keys its partner 1, and values, which meet a clock, again itself.
    length
        Stream length L in clock cycles, of the scores and again of the output.
    encoding
        Of the values.
    dim_k, keys
        Size of a query, and number M of keys.
    seeds
        Fix the streams.
    backend
        Backend that runs the kernels.
    """

    def __init__(
        self,
        source: Generator,
        length: int,
        encoding: Encoding,
        dim_k: int,
        keys: int,
        seeds: Seeds,
        backend: str | None = None,
    ) -> None:
        source = beside_the_clock(source)
        self.length, self.encoding, self.backend = length, encoding, backend
        self.values = Encoder(keys, length, source, encoding, partner=0, seed=seeds.of("values"), backend=backend)
        """Encoder of the values; those of queries and keys beside it."""
        self.queries = Encoder(dim_k, length, source, partner=0, seed=seeds.of("queries"), backend=backend)
        self.keys = Encoder(dim_k, length, source, partner=1, seed=seeds.of("keys"), backend=backend)
        self.multiplexers = Multiplexers(source, length, encoding, keys, seeds, backend)
        """What passes values."""

    def run(self, operands: Operands, samples: Samples) -> Floats:
        """Outputs ``(..., N, dim_v)`` of operands, for sample numbers ``(B,)`` of their leading axes."""
        (n, keys), dim_v = operands.mask.shape[-2:], operands.v.shape[-1]
        out = np.empty((operands.n_samples, n, dim_v))
        stream, per_row = 8 * words_for(self.length) + 24, operands.q.shape[-1] + 2 * keys
        per_sample = n * per_row + keys * operands.k.shape[-1] + 2 * keys * dim_v
        for some in chunks(len(out), stream * per_sample):
            q, k, v, mask = operands.some(some)
            v = np.ascontiguousarray(np.swapaxes(v, 1, 2))
            k_words, v_words = self._key_words(k, samples[some]), self._value_words(v, samples[some])
            for rows in chunks(n, stream * per_row):
                numbers = _numbers(samples[some], n)[:, rows]
                counts = self._scores(self.queries.words(q[:, rows], numbers), k_words, mask[:, rows])
                out[some, rows] = self.multiplexers.mean(counts, v_words, numbers)
        return out.reshape(*operands.mask.shape[:-2], n, dim_v)

    def expected(self, operands: Operands) -> Floats:
        """Outputs ``(..., N, dim_v)`` of infinitely many cycles, with operands and edges rounded to thresholds.

        Operands may have any leading axes.
        """
        k, v = self.keys.rounded(operands.k), operands.v
        v = np.swapaxes(self.values.rounded(np.swapaxes(v, -1, -2)), -1, -2)

        def run(part: Operands) -> Floats:
            scores = self.queries.rounded(part.q) @ np.swapaxes(k, -1, -2)
            shares = self.multiplexers.shares(np.where(part.mask, scores, 0.0))
            return np.clip(shares @ v, *value_range(self.encoding))  # beyond it by rounding only

        return operands.over_rows(run)

    def streams(self, operands: Operands, first: int) -> AttentionStreams:
        """The streams of samples number `first`, `first` + 1, ..; operands with any leading axes."""
        batch, (q, k, v, mask) = operands.mask.shape[:-2], operands.some(slice(0, operands.n_samples))
        samples = first + np.arange(len(q))
        numbers = _numbers(samples, q.shape[1])
        queries, keys = self.queries.words(q, numbers), self._key_words(k, samples)
        weights = self.multiplexers.selected(self._scores(queries, keys, mask), numbers)
        turned = self._value_words(np.ascontiguousarray(np.swapaxes(v, 1, 2)), samples)
        values = np.swapaxes(turned, 2, 3) if self.encoding == "split" else np.swapaxes(turned[0], 1, 2)
        rails = values.shape[: values.ndim - 4]
        return AttentionStreams(
            Bitstream(queries.reshape(*batch, *queries.shape[1:]), self.length),
            Bitstream(keys.reshape(*batch, *keys.shape[1:]), self.length),
            Bitstream(values.reshape(*rails, *batch, *values.shape[-3:]), self.length, self.encoding),
            Bitstream(weights.reshape(*batch, *weights.shape[1:]), self.length),
        )

    def _key_words(self, k: Floats, samples: Samples) -> Words:
        """Streams ``(B, M, dim_k, W)`` of the keys."""
        return self.keys.words(k, _numbers(samples, k.shape[1]))

    def _scores(self, queries: Words, keys: Words, mask: Mask) -> NDArray[np.int64]:
        """Counts ``(B, N, M)`` of the ones after the AND gates, 0 where the mask is False."""
        return np.where(mask, choose(self.backend).and_counts(queries, keys), 0)

    def _value_words(self, v: Floats, samples: Samples) -> Words:
        """Streams ``(rails, B, dim_v, M, W)`` of values ``(B, dim_v, M)``: two rails for split, else one."""
        rails = self.values.rails(v, _numbers(samples, v.shape[1]))
        return np.ascontiguousarray(np.moveaxis(rails, -3, 0))


def _numbers(samples: Samples, rows: int) -> Samples:
    """Sample numbers ``(B, rows)`` for the encoders: every row of a sample has streams of its own."""
    return samples[:, None] * rows + np.arange(rows)
