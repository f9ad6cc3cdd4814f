"""Random words and Bernoulli streams as traced functions; words are 64 bits wide, so 64-bit numbers must be enabled.

They are the twins of `philox`, `splitmix` and of `bernoulli` in `reference`, which say what each bit is.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from ..addresses import BERNOULLI, SELECT, counter
from ..packing import WORD_BITS, words_for
from ..philox import MULTIPLIER_0, MULTIPLIER_1, ROUNDS, WEYL_0, WEYL_1
from ..splitmix import ALTERNATING, FEW, SHIFT_1, SHIFT_2, SHIFT_3
from ..splitmix import MULTIPLIER_1 as FIRST
from ..splitmix import MULTIPLIER_2 as SECOND
from ..types import NUMBER_DIGITS, SHARED_DIGITS, WORD_STEP
from .words import mask

Array = Any
"""A JAX array, traced or not."""
_LOW, _HALF, _ONE = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(1)
_OWN_DIGITS = NUMBER_DIGITS - SHARED_DIGITS


def philox4x32(words: tuple[Array, Array, Array, Array], key: Array) -> tuple[Array, Array, Array, Array]:
    """Four random 32-bit words for the four words of each counter, under a key of 64 bits; all are uint64."""

    def turn(_: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        c0, c1, c2, c3, key_0, key_1 = state
        product_0, product_1 = np.uint64(MULTIPLIER_0) * c0, np.uint64(MULTIPLIER_1) * c2
        words = (product_1 >> _HALF) ^ c1 ^ key_0, product_1 & _LOW, (product_0 >> _HALF) ^ c3 ^ key_1, product_0 & _LOW
        return *words, (key_0 + np.uint64(WEYL_0)) & _LOW, (key_1 + np.uint64(WEYL_1)) & _LOW

    # Where `jax.shard_map` splits one of the words, all four are split: what goes round a loop keeps its type.
    none = (words[0] ^ words[1] ^ words[2] ^ words[3]) & np.uint64(0)
    state = *(word | none for word in words), key & _LOW, key >> _HALF
    # A loop, for XLA takes a second to compile so many steps one after another.
    c0, c1, c2, c3, _, _ = lax.fori_loop(0, ROUNDS, turn, state)
    return c0, c1, c2, c3


def select_numbers(key: Array, samples: Array, length: int) -> Array:
    """Random words ``(..., length)``, uint64, that drive multiplexers, for sample numbers ``(...)``."""
    calls = jnp.arange(-(-length // 4), dtype=jnp.uint64)
    words = jnp.broadcast_arrays(*counter(SELECT, (samples[..., None], calls)))
    four = jnp.stack(philox4x32((words[0], words[1], words[2], words[3]), key), axis=-1)
    return four.reshape(*samples.shape, 4 * calls.size)[..., :length]


def bernoulli(key: Array, streams: Array, thresholds: Array, length: int, first_word: Array) -> Array:
    """Random streams ``(..., W)`` with the numbers `streams` and with `thresholds` ``(...)`` of 32 digits.

    The ten shared digits are compared for 64 cycles at a time. The few cycles in which they are those of the threshold
    are decided one by one: the next one of every word in a round, until no word has any.
    """
    four = philox4x32(counter(BERNOULLI, (streams,)), key)
    seed, gamma = (four[0] | four[1] << _HALF)[..., None], _gamma_of(four[2] | four[3] << _HALF)[..., None]
    first = (first_word + jnp.arange(words_for(length), dtype=jnp.uint64)) * np.uint64(WORD_STEP)
    sure = _filled(thresholds >> np.uint64(NUMBER_DIGITS))  # probability 1
    below, level = jnp.broadcast_to(sure, (*streams.shape, first.size)), ~sure
    for digit in range(SHARED_DIGITS):
        number = _output(seed, gamma, first + np.uint64(digit))
        threshold = _filled(thresholds >> np.uint64(NUMBER_DIGITS - 1 - digit) & _ONE)
        below, level = below | level & ~number & threshold, level & ~(number ^ threshold)
    rest = (thresholds & np.uint64((1 << _OWN_DIGITS) - 1))[..., None]
    level = jnp.where(rest == 0, np.uint64(0), level) & mask(length)

    def any_open(state: tuple[Array, Array]) -> Array:
        return jnp.any(state[1] != 0)

    def decide(state: tuple[Array, Array]) -> tuple[Array, Array]:
        below, level = state
        lowest = level & (~level + _ONE)
        cycle = lax.population_count(lowest - _ONE)
        own = _output(seed, gamma, first + np.uint64(WORD_STEP // 2) + cycle) >> np.uint64(WORD_BITS - _OWN_DIGITS)
        return jnp.where(own < rest, below | lowest, below), level ^ lowest

    return lax.while_loop(any_open, decide, (below, level))[0] & mask(length)


def _gamma_of(words: Array) -> Array:
    """As `splitmix.gamma_of`."""
    odd = words | _ONE
    few = lax.population_count(odd ^ (odd >> _ONE)) < FEW
    return jnp.where(few, odd ^ np.uint64(ALTERNATING), odd)


def _output(seed: Array, gamma: Array, number: Array) -> Array:
    """As `splitmix.outputs`."""
    mixed = seed + (number + _ONE) * gamma
    mixed = (mixed ^ (mixed >> np.uint64(SHIFT_1))) * np.uint64(FIRST)
    mixed = (mixed ^ (mixed >> np.uint64(SHIFT_2))) * np.uint64(SECOND)
    return mixed ^ (mixed >> np.uint64(SHIFT_3))


def _filled(bits: Array) -> Array:
    """Words ``(..., 1)`` of ones where bits ``(...)`` are 1, else of zeros."""
    return (~bits + _ONE)[..., None]
