"""Products of streams and their counts as traced functions; 64-bit numbers must be enabled."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax.numpy as jnp
from jax import lax

Array = Any
"""A JAX array, traced or not."""
BLOCK = 1 << 12
"""Counts of samples and neurons that grow side by side: what stays in the first cache of a processor."""
WINDOW_BLOCK = 1 << 18
"""The same for windows, whose words are gathered anew for each block of neurons."""


def popcount(words: Array) -> Array:
    """Ones ``(...)``, int64, of streams ``(..., W)``."""
    return lax.population_count(words).sum(-1, dtype=jnp.int64)


def gate(x: Array, w: Array, xnor: bool) -> Array:
    """Products of streams; with `xnor`, bits past their ends are ones."""
    return ~(x ^ w) if xnor else x & w


def and_counts(x: Array, w: Array) -> Array:
    """Ones of ``x AND w``, words ``(G, S, K)`` and ``(G, M, K)`` to int64 ``(G, S, M)``."""
    if x.shape[1] == 1:  # each word of the weights is read once
        return popcount(x & w)[:, None]
    by_word = x.transpose(2, 0, 1)
    return _by_word(partial(lax.dynamic_index_in_dim, by_word, keepdims=False), x.shape[1], w, BLOCK)


def window_counts(x: Array, w: Array, windows: Array) -> Array:
    """As the kernel of this name: ``(G, B, N, W)``, ``(G, K, M, n, W)`` and ``(K, P, n)`` to ``(G, B, K, P, M)``."""
    groups, samples, lines, n_words = x.shape
    (parts, n_windows, n), neurons = windows.shape, w.shape[2]
    flat = x.reshape(groups, samples, lines * n_words)
    places = (windows[..., None] * n_words + jnp.arange(n_words)).reshape(parts, n_windows, n * n_words)
    by_word = jnp.moveaxis(places, -1, 0)

    def words(place: Array) -> Array:
        found = jnp.moveaxis(flat[:, :, by_word[place]], 2, 1)  # (G, K, B, P)
        return found.reshape(groups * parts, samples * n_windows)

    rows = w.reshape(groups * parts, neurons, n * n_words)
    counts = _by_word(words, samples * n_windows, rows, WINDOW_BLOCK)
    return jnp.moveaxis(counts.reshape(groups, parts, samples, n_windows, neurons), 1, 2)


def _by_word(words: Callable[[Array], Array], samples: int, w: Array, block: int) -> Array:
    """Counts ``(G, S, M)`` over K words, number k of which is ``words(k)`` ``(G, S)`` of the inputs, ``(G, M, K)``.

    Words of all samples times words of some neurons, `block` counts side by side: vectors over samples.
    """
    groups, neurons, n_words = w.shape
    if not groups * samples * neurons * n_words:  # nothing to count, and no word to begin with
        return jnp.zeros((groups, samples, neurons), jnp.int64)
    blocks = min(neurons, max(1, -(-groups * samples * neurons // block)))
    size = -(-neurons // blocks)
    filled = jnp.pad(w, ((0, 0), (0, blocks * size - neurons), (0, 0)))
    parts = filled.reshape(groups, blocks, size, n_words).transpose(1, 3, 0, 2)

    def product(place: Array, weights: Array) -> Array:
        return lax.population_count(words(place)[:, None, :] & weights[:, :, None]).astype(jnp.int64)

    def counts(part: Array) -> Array:
        def body(total: Array, place: Array) -> tuple[Array, None]:
            return total + product(place, part[place]), None

        return lax.scan(body, product(0, part[0]), jnp.arange(1, n_words))[0]

    made = lax.map(counts, parts).transpose(1, 3, 0, 2)  # (G, S, blocks, size)
    return made.reshape(groups, samples, blocks * size)[..., :neurons]


def wired_counts(x: Array, w: Array, indptr: Array, inputs: Array, weights: Array) -> Array:
    """As the kernel of this name: ``(G, B, n, W)`` and ``(G, N, W)`` to ``(G, B, M)``."""
    ones = popcount(x[:, :, inputs] & w[:, None, weights])
    running = jnp.pad(jnp.cumsum(ones, -1), ((0, 0), (0, 0), (1, 0)))
    return running[..., indptr[1:]] - running[..., indptr[:-1]]
