"""Attention of signed numbers in several heads, with the softmax between counters and multiplexers."""

import math
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ... import checks
from ...backends import choose
from ...backends.packing import words_for
from ...backends.types import Words
from ...bitstreams import value_range
from ...encoders import Encoder, Generator, Seed
from ...encoders.seeds import Seeds
from ...gates.faults import OperandSide
from ..base import Floats, Samples, SCLayer
from ..options import CircuitOptions
from ..stream_faults import StreamFaults
from ..streams import Streams, as_bitstream
from ..weighted.attributes import circuit_option
from .circuit import Multiplexers, beside_the_clock

_UNITS = float(1 << 24)
"""Weights of a row add up to about this many units when their edges are rounded to cycles."""


class AttentionHeads(SCLayer):
    """Attention weights from products of streams and a softmax, and weighted means of values by multiplexers.

    Parameters
    ----------
    tokens, features, heads
        Numbers of tokens T, of features of a token, and of heads, which share the features out among them.
    steepness
        Factor of the sums of products of a query and a key, before the softmax.
    options
        Of the circuit, in split encoding; faults act on the streams of queries, values ("inputs") and keys ("weights").
    seed
        Fixes Bernoulli streams and faults.
    """

    def __init__(
        self, tokens: int, features: int, heads: int, steepness: float, options: CircuitOptions, seed: Seed
    ) -> None:
        super().__init__(seed, (heads, tokens, features))
        self._tokens, self._features, self._heads = tokens, features, heads
        self._steepness, self._options = steepness, options
        self._reseed()

    options = property(attrgetter("_options"), doc="`CircuitOptions` of the layer.")
    length = circuit_option("length")
    encoding = circuit_option("encoding")
    faults = circuit_option("faults")
    backend = circuit_option("backend")

    def _reseed(self) -> None:
        options, lines = self._options, self._tokens * self._features
        source = beside_the_clock(options.make_generator())
        partners = {"queries": 0, "keys": 1, "values": 0}
        self._encoders = {
            name: Encoder(
                lines, options.cycles, source, "split", share=options.share, partner=partner,
                seed=self._seeds.of(name), backend=options.backend,
            )
            for name, partner in partners.items()
        }  # fmt: skip
        self._faults = {
            name: StreamFaults.of(options, Seeds(self._seeds.of(name), type(self), (lines,))) for name in partners
        }
        self._multiplexers = Multiplexers(source, options.cycles, "split", self._tokens, self._seeds, options.backend)

    @property
    def generator(self) -> Generator:
        """Number generator of the streams of queries and values; keys take its partner."""
        return self._encoders["queries"].generator

    def forward(self, x: ArrayLike, *, samples: ArrayLike | None = None) -> Floats:
        """Outputs ``(..., T, features)`` of queries, keys and values behind each other, ``(..., 3 T, features)``.

        `samples` are numbers ``(...)``, which decide the random bits of each; none are reserved. None: the next ones.

        Raises
        ------
        ValueError
            If the shape is wrong, or a value is not finite or outside [-1, 1].
        """
        words = words_for(self._options.cycles)
        per_sample = 8 * (words + 3) * (12 * self._tokens * self._features + self._heads * self._tokens**2)
        return self._over_samples(self._run, self._checked(x), 2, per_sample, samples)

    def expected(self, x: ArrayLike) -> Floats:
        """Limit of `forward` as its sequences go on: operands rounded to thresholds, and edges of the weights.

        Raises
        ------
        ValueError
            As `forward`, and if there are faults.
        """
        x = self._checked(x)
        self._options.check_no_faults(type(self).__name__)
        flat = self._encoders["queries"].rounded(x).reshape(-1, 3, self._tokens, self._features)
        queries, keys, values = (self._of_heads(flat[:, k, None], 1)[0] for k in range(3))
        shares = self._multiplexers.shares(self._weights(queries[..., 0] @ np.swapaxes(keys[..., 0], 1, 2)))
        means = (shares @ values[..., 0]).reshape(-1, self._heads, self._tokens, self._features // self._heads)
        return np.asarray(means.swapaxes(1, 2).reshape(*x.shape[:-2], self._tokens, self._features))

    def streams(self, x: ArrayLike) -> Streams:
        """The streams ``(..., 3 T, features)`` that the next `forward` uses; the generators do not advance."""
        x = self._checked(x)
        flat = x.reshape(-1, 3, self._tokens * self._features)
        samples = self.samples + np.arange(len(flat))
        words = [self._words(name, flat[:, k], samples) for k, name in enumerate(self._encoders)]
        return Streams(as_bitstream(np.concatenate(words, 2), x.shape, self._options.cycles, "split"), None)

    def _checked(self, x: ArrayLike) -> Floats:
        found = checks.array("x", x, *value_range("split"), last=self._features)
        if found.shape[-2:] != (3 * self._tokens, self._features):
            raise ValueError(f"x must have shape (..., {3 * self._tokens}, {self._features}), got {found.shape}")
        return found

    def _words(self, name: str, numbers: Floats, samples: Samples) -> Words:
        """Streams ``(S, 2, T * features, W)`` of queries, keys or values, with faults."""
        encoder, faults = self._encoders[name], self._faults[name]
        words = encoder.rails(numbers, samples)
        if faults is None:
            return words
        side: OperandSide = "weights" if name == "keys" else "inputs"
        return faults.on_lines(words, samples, side, encoder.generator_of_line)

    def _of_heads(self, lines: NDArray[Any], rails: int) -> NDArray[Any]:
        """Lines ``(S, rails, T * features, ..)`` as ``(rails, S * heads, T, features of a head, ..)``."""
        parts = lines.reshape(len(lines), rails, self._tokens, self._heads, self._features // self._heads, -1)
        parts = parts.transpose(1, 0, 3, 2, 4, 5)
        return np.ascontiguousarray(parts).reshape(rails, -1, *parts.shape[3:])

    def _run(self, x: Floats, samples: Samples) -> Floats:
        flat = x.reshape(len(x), 3, -1)
        queries, keys, values = (
            self._of_heads(self._words(name, flat[:, k], samples), 2) for k, name in enumerate(self._encoders)
        )
        count = choose(self._options.backend).and_counts
        signs = np.concatenate([queries[0], queries[1]], 2)
        sums = count(signs, np.concatenate([keys[0], keys[1]], 2)) - count(signs, np.concatenate([keys[1], keys[0]], 2))
        weights = np.rint(_UNITS * self._weights(sums / self._options.cycles)).astype(np.int64)
        numbers = (samples[:, None] * self._heads + np.arange(self._heads)).reshape(-1, 1)
        numbers = numbers * self._tokens + np.arange(self._tokens)
        turned = np.ascontiguousarray(np.swapaxes(values, 2, 3))
        means = self._multiplexers.mean(weights, turned, numbers)
        means = means.reshape(len(x), self._heads, self._tokens, self._features // self._heads)
        return means.swapaxes(1, 2).reshape(len(x), self._tokens, self._features)

    def _weights(self, sums: Floats) -> Floats:
        """Attention weights ``(..., N, M)`` of sums of products, rows of which add up to 1."""
        return softmax(self._steepness * sums)

    def __repr__(self) -> str:
        size = f"{self._heads} heads, {self._tokens} tokens of {self._features} features"
        return f"{type(self).__name__}({size}, {self._options.describe_streams()})"


def softmax(scores: Floats) -> Floats:
    """Shares along the last axis in proportion to exponentials of scores, the same on every machine.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    powers = choose().exp(np.maximum(scores - scores.max(-1, keepdims=True), -700.0))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def attended(a: Floats, heads: int) -> Floats:
    """Multi-head attention in floating point of queries, keys and values ``(B, 3 T, n)``: ``(B, T, n)``."""
    size, (_, rows, n) = len(a), a.shape
    parts = a.reshape(size, 3, rows // 3, heads, n // heads).transpose(1, 0, 3, 2, 4)
    queries, keys, values = (np.ascontiguousarray(part) for part in parts)
    shares = softmax(queries @ np.swapaxes(keys, 2, 3) / math.sqrt(n // heads))
    return np.asarray((shares @ values).swapaxes(1, 2).reshape(size, rows // 3, n))
