"""ATen operators of attention: in one operator, or written as products of matrices with a softmax between them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...networks import Attention
from ..wiring import Value, Wiring
from .computing import COMPUTING, unmasked
from .moving import transposed
from .operator import Operator, UnsupportedError
from .weighted import WEIGHTED


@dataclass(frozen=True)
class _Scores(Value):
    """A product of queries and keys, times a factor, and perhaps its softmax."""

    query: Value
    key: Value
    factor: float
    softmax: bool = False


def _matmul(wiring: Wiring, a: Any, b: Any) -> Value:
    """A product of matrices: the first or second of an attention, or another one."""
    if isinstance(a, _Scores) and a.softmax and isinstance(b, Value) and a.query.shape == a.key.shape == b.shape:
        return _heads(wiring, a.factor, a.query, a.key, b)
    found: Value = WEIGHTED["matmul"](wiring, a, b)
    if isinstance(a, Value) and isinstance(b, Value) and len(a.shape) == len(b.shape):
        return _Scores(found.name, found.shape, a, transposed(wiring, b, -1, -2), 1.0)
    return found


def _rescaled(operator: Operator, inverse: bool) -> Operator:
    def rescaled(wiring: Wiring, a: Any, b: Any, **options: Any) -> Value:
        found: Value = operator(wiring, a, b, **options)
        if isinstance(a, _Scores) and not a.softmax and not isinstance(b, Value) and np.ndim(b) == 0:
            return _Scores(found.name, found.shape, a.query, a.key, a.factor / b if inverse else a.factor * b)
        return found

    return rescaled


def _softmax(wiring: Wiring, value: Value, dim: int, half_to_float: Any = None) -> Value:
    found: Value = COMPUTING["softmax"](wiring, value, dim)
    if isinstance(value, _Scores) and not value.softmax and dim % len(value.shape) == len(value.shape) - 1:
        return _Scores(found.name, found.shape, value.query, value.key, value.factor, True)
    return found


def _attention(
    wiring: Wiring,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Value:
    """Sums of values, weighted by the softmax of products of queries and keys."""
    if enable_gqa or dropout_p or isinstance(attn_mask, Value):
        raise UnsupportedError("as many heads of queries as of keys, no dropout, and a constant mask would")
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    plain = attn_mask is None and not is_causal and all(isinstance(each, Value) for each in (query, key, value))
    if plain and query.shape == key.shape == value.shape:
        return _heads(wiring, factor, query, key, value)
    product = WEIGHTED["matmul"]
    columns = transposed(wiring, key, -1, -2) if isinstance(key, Value) else key.swapaxes(-1, -2)
    scores = wiring.scaled(product(wiring, query, columns), factor)
    mask = np.zeros(()) if attn_mask is None else attn_mask
    if mask.dtype == bool:
        mask = np.where(mask, 0.0, -np.inf)
    if is_causal:
        later = np.arange(scores.shape[-1]) > np.arange(scores.shape[-2])[:, None]
        mask = mask + np.where(later, -np.inf, 0.0)
    if mask.any():  # the exponential of the lowest is 0
        scores = wiring.scaled(scores, 1.0, unmasked(mask))
    found: Value = product(wiring, COMPUTING["softmax"](wiring, scores, -1), value)
    return found


def _heads(wiring: Wiring, factor: float, query: Value, *others: Value) -> Value:
    """Attention without a mask, of queries, keys and values ``(.., heads, T, n)``: tokens ``(T, heads * n)``."""
    shape = query.shape
    heads, steps, n = math.prod(shape[:-2]), shape[-2], shape[-1]
    steeper = factor * math.sqrt(n)
    if not math.isclose(steeper, 1.0, rel_tol=1e-12):
        query = wiring.scaled(query, steeper)
    tokens = [wiring.permuted(Value(each.name, (heads, steps, n)), (1, 0, 2)) for each in (query, *others)]
    layer = wiring.put(Attention(heads), *(wiring.viewed(each, (steps, heads * n)) for each in tokens))
    return Value(wiring.permuted(Value(layer, (steps, heads, n)), (1, 0, 2)).name, shape)


ATTENDING: dict[str, Operator] = {
    **dict.fromkeys(("matmul", "bmm"), _matmul),
    "mul": _rescaled(COMPUTING["mul"], inverse=False),
    "div": _rescaled(COMPUTING["div"], inverse=True),
    **dict.fromkeys(("softmax", "_softmax"), _softmax),
    "scaled_dot_product_attention": _attention,
}
"""Layers of operators that make an attention, by name."""
