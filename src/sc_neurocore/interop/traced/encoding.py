"""Comparators and select numbers as traced functions."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ...backends.types import NUMBER_DIGITS
from ...backends.xla import random_bits, rounding
from ...backends.xla.words import compared, pack
from ...encoders import Bernoulli, Encoder
from ...encoders.select import SelectSource

Array = Any
"""A JAX array, traced or not."""
Parameters = dict[str, Any]
"""Arrays of uint32, int32 and bool, and dicts and lists of them."""


class Comparators:
    """The comparators of an encoder.

    Parameters
    ----------
    encoder
        Makes the streams.
    signed
        Whether split numbers may be negative; else their negative rail is left out.
    """

    def __init__(self, encoder: Encoder, signed: bool = True) -> None:
        self.length, self.encoding, self.n = encoder.length, encoder.encoding, encoder.n
        self.rails = 2 if encoder.encoding == "split" and signed else 1
        self._modulus, self._bits = encoder.generator.modulus, encoder.generator.bits
        self._apart = encoder.share == "independent"
        self.parameters: Parameters
        if isinstance(encoder.generator, Bernoulli):
            self.parameters = {"key": rounding.pairs(np.uint64(encoder.key))}
        elif encoder.table is not None:  # all streams of the few sequences
            first = encoder.generator_of_line * (self._modulus + 1)
            table = np.asarray(encoder.table.every())
            self.parameters = {"table": rounding.pairs(table), "first": first.astype(np.int32)}
        else:
            self.parameters = {"numbers": np.asarray(encoder.sequences)}

    def words(self, given: Parameters, probabilities: Array, samples: Array) -> Array:
        """Streams ``(..., n, W)`` of probabilities ``(..., n)`` for sample numbers ``(...)``."""
        thresholds = jnp.floor(rounding.product(probabilities, float(self._modulus)) + 0.5)
        if "table" in given:
            table = rounding.joined_pairs(given["table"], jnp.uint64)
            return table[thresholds.astype(jnp.int64) + given["first"].astype(jnp.int64)]
        whole = thresholds.astype(jnp.uint64)
        if "numbers" in given:
            return compared(given["numbers"].astype(jnp.uint64), whole)
        streams = samples[..., None] * np.uint64(self.n) + np.arange(self.n, dtype=np.uint64) * np.uint64(self._apart)
        key, digits = rounding.joined_pairs(given["key"], jnp.uint64), whole << np.uint64(NUMBER_DIGITS - self._bits)
        return random_bits.bernoulli(key, streams, digits, self.length, np.uint64(0))

    def lines(self, given: Parameters, numbers: Array, samples: Array) -> Array:
        """Streams ``(..., rails, n, W)`` of numbers ``(..., n)`` in the encoding's range."""
        if self.encoding == "bipolar":
            numbers = (numbers + 1.0) / 2.0
        words = self.words(given, jnp.abs(numbers), samples)
        if self.rails == 1:
            return words[..., None, :, :]
        negative, zero = (numbers < 0)[..., None], jnp.uint64(0)
        return jnp.stack([jnp.where(negative, zero, words), jnp.where(negative, words, zero)], axis=-3)


class Selector:
    """The source of the numbers that drive the multiplexers of a circuit.

    Parameters
    ----------
    source
        Makes the numbers.
    random
        Whether they are new for every sample.
    """

    def __init__(self, source: SelectSource, random: bool) -> None:
        self.length = source.length
        self.parameters: Parameters = {"numbers": source(np.zeros(1, np.int64))[0]}
        if random:
            self.parameters = {"key": rounding.pairs(np.uint64(source.key))}

    def numbers(self, given: Parameters, samples: Array) -> Array:
        """Numbers of 32 bits ``(S, L)``, or ``(1, L)`` for all samples."""
        if "numbers" in given:
            return given["numbers"][None].astype(jnp.uint64)
        return random_bits.select_numbers(rounding.joined_pairs(given["key"], jnp.uint64), samples, self.length)


def picks(numbers: Array, fan_in: Array, places: int) -> Array:
    """Streams ``(S, places, W)``: that of place i is 1 in the cycles in which the numbers pick input i of `fan_in`."""
    chosen = (numbers * fan_in.astype(jnp.uint64)) >> np.uint64(32)
    return pack(chosen[:, None] == np.arange(places, dtype=np.uint64)[:, None])


def decoded(ones: Array, encoding: str, length: int) -> Array:
    """Numbers for the counts ``(rails, ...)`` of the rails of streams."""
    if encoding == "bipolar":
        return ratio(2 * ones[0] - length, length)
    return ratio(ones[0] - ones[1] if len(ones) == 2 else ones[0], length)


def ratio(counts: Array, of: int) -> Array:
    """Counts divided by a number."""
    return rounding.quotient(counts.astype(jnp.float64), float(of))
