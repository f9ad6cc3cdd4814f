"""Attention as a traced function."""

import jax.numpy as jnp
import numpy as np

from ...backends.xla import counting, rounding
from ...backends.xla.words import compared
from ...layers.attending.circuit import AttentionCircuit
from .encoding import Array, Comparators, Parameters, ratio


class AttentionFunction:
    """The circuit of an attention layer, for so many keys.

    Parameters
    ----------
    circuit
        Its encoders.
    """

    def __init__(self, circuit: AttentionCircuit) -> None:
        self._length, self._encoding = circuit.length, circuit.encoding
        self._queries, self._keys, self._values = map(Comparators, (circuit.queries, circuit.keys, circuit.values))
        select = circuit.multiplexers.select
        self._select = None if select is None else Comparators(select)
        self.dim_k, self.keys = circuit.queries.n, circuit.values.n
        parts = {"queries": self._queries, "keys": self._keys, "values": self._values}
        parts |= {} if self._select is None else {"select": self._select}
        self.parameters: Parameters = {name: part.parameters for name, part in parts.items()}

    def __call__(self, given: Parameters, operands: tuple[Array, Array, Array, Array], samples: Array) -> Array:
        """Outputs ``(S, N, dim_v)`` of queries ``(S, N, dim_k)``, keys, values ``(S, M, dim_v)`` and mask."""
        q, k, v, mask = operands
        of_queries, of_keys, of_values = (_numbers(samples, rows) for rows in (q.shape[1], k.shape[1], v.shape[2]))
        query_words = self._queries.words(given["queries"], q, of_queries)
        key_words = self._keys.words(given["keys"], k, of_keys)
        counts = jnp.where(mask, counting.and_counts(_rows(query_words), _rows(key_words)), 0)
        values = jnp.moveaxis(self._values.lines(given["values"], v.swapaxes(1, 2), of_values), -3, 0)
        selected = _rows(self._selected(given, counts, of_queries))
        ones = [counting.and_counts(selected, _rows(rail)) for rail in values]
        if self._encoding == "split":
            return ratio(ones[0] - ones[1], self._length)
        if self._encoding == "bipolar":  # a zero counts down; a row without scores counts neither way
            return ratio(2 * ones[0] - self._length * (counts != 0).any(-1, keepdims=True), self._length)
        return ratio(ones[0], self._length)

    def _selected(self, given: Parameters, counts: Array, numbers: Array) -> Array:
        """Streams ``(S, N, M, W)`` of the attention weights, see `AttentionCircuit`."""
        running = jnp.cumsum(counts, -1)
        total = running[..., -1:]
        if self._select is None:
            edges = (2 * self._length * running + total) // jnp.maximum(2 * total, 1)
            below = compared(np.arange(self._length), edges)
        else:
            shares = rounding.quotient(running.astype(jnp.float64), jnp.maximum(total, 1))
            below = self._select.words(given["select"], shares, numbers)
        return below.at[..., 1:, :].set(below[..., 1:, :] ^ below[..., :-1, :])


def _rows(words: Array) -> Array:
    """Streams ``(S, R, n, W)`` as rows of words ``(S, R, n * W)``."""
    return words.reshape(*words.shape[:2], words.shape[2] * words.shape[3])


def _numbers(samples: Array, rows: int) -> Array:
    """Sample numbers ``(S, rows)`` of the rows of samples."""
    return samples[:, None] * np.uint64(rows) + np.arange(rows, dtype=np.uint64)
