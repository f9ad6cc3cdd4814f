"""Attention as a layer of a network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..layers.attending.heads import AttentionHeads, attended
from .activations import Floats
from .layer_spec import BuildContext, Cost, LayerSpec, NumberLayer, Range, Shape, check_shapes
from .mapping import LayerMapping
from .weighted_specs import Dense


@dataclass(frozen=True, eq=False)
class Attention(LayerSpec):
    """Multi-head attention of queries, keys and values: ``softmax(Q K^T / sqrt(n)) V`` in each head.

    ::

        queries --encoders--+
                            +-- AND --+-- count --> softmax --> edges of intervals
        keys -----encoders--+                                        |
                                                           clock --> [compare]
        values ---encoders-------------------------------------------+ multiplexer --> count

    It takes three sources of tokens ``(T, features)``, which are joined: queries, keys, values. The projections are
    `Dense` layers in front of it, with ranges of their own, and one behind it: see `projected`.

    Parameters
    ----------
    heads
        Which share the features out among them.

    Notes
    -----
    As a circuit it takes two windows. In the first, a score is the count of products of a query's streams and a key's,
    both in split encoding whatever that of the network is. The softmax is a look-up table of exponentials, an adder
    and a divider a row, in the binary domain. In the second the clock passes one value a cycle, as often as its
    attention weight says, as in `StochasticAttention`: rows of weights add up to 1, so that nothing overflows.

    Cost: 3 T n streams in two rails; T**2 n products, and as many inputs of multiplexers.

    Error law: with Bernoulli streams, a mean y of values v under weights a has the variance ``(sum a |v| - y**2) / L``;
    the error of a score, of queries and keys of the ranges q and k, has a variance of at most ``q**2 k**2 / L``, and
    moves the weights by the derivative of the softmax. With low-discrepancy sequences both fall about as 1 / L.

    References
    ----------
    A. Vaswani et al., "Attention is all you need", 2017, https://doi.org/10.48550/arXiv.1706.03762.

    Examples
    --------
    >>> Attention(1).forward(np.array([[[0.0], [0.0], [1.0], [2.0], [0.5], [1.0]]]))
    array([[[0.75],
            [0.75]]])
    """

    file_format = 5
    takes_tokens = True
    homogeneous = False
    heads: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "heads", checks.whole("heads", self.heads, 1))

    @classmethod
    def projected(
        cls,
        name: str,
        source: str,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike] | None = None,
        *,
        heads: int = 1,
    ) -> dict[str, tuple[Any, ...]]:
        """The layers of a multi-head self-attention, for `Network.from_layers`: what a MultiheadAttention of torch is.

        Parameters
        ----------
        name
            Of the last layer; the others are ``name.query``, ``name.key``, ``name.value`` and ``name.heads``.
        source
            Name of the layer that gives the tokens.
        weights
            Four matrices: of queries, keys and values ``(n, inputs)``, and of the output ``(n_outputs, n)``.
        biases
            Four vectors; None: zeros.
        heads
            See the class.

        Examples
        --------
        >>> list(Attention.projected("mixed", "input", [np.eye(2)] * 4))
        ['mixed.query', 'mixed.key', 'mixed.value', 'mixed.heads', 'mixed']
        """
        checks.instance("name", name, str)
        checks.instance("source", source, str)
        matrices = [
            checks.array(f"weights[{k}]", each, shape=(None, None))
            for k, each in enumerate(checks.entries("weights", weights))
        ]
        if len(matrices) != 4:
            raise ValueError(f"weights must be 4 matrices, of query, key, value and output, got {len(matrices)}")
        vectors = [np.zeros(len(each)) for each in matrices] if biases is None else checks.entries("biases", biases)
        if len(vectors) != 4:
            raise ValueError(f"biases must be 4 vectors, of query, key, value and output, got {len(vectors)}")
        dense = [Dense(matrix, bias, "identity") for matrix, bias in zip(matrices, vectors, strict=True)]
        inner = [f"{name}.{part}" for part in ("query", "key", "value")]
        found: dict[str, tuple[Any, ...]] = {
            part: (layer, source) for part, layer in zip(inner, dense[:3], strict=True)
        }
        return {**found, f"{name}.heads": (cls(heads), *inner), name: (dense[3], f"{name}.heads")}

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs ``(T, features)``, or a ValueError if inputs ``(3 T, features)`` do not fit."""
        if len(shape) != 2 or shape[0] % 3:
            raise ValueError(
                f"it takes queries, keys and values of the same shape (tokens, features), got joined {shape}"
            )
        if shape[1] % self.heads:
            raise ValueError(f"it takes a multiple of {self.heads} features, one for each head, got shape {shape}")
        return (shape[0] // 3, shape[1])

    def forward(self, a: Floats) -> Floats:
        """Attention in floating point: ``(B, 3 T, features)`` to ``(B, T, features)``."""
        return attended(a, self.heads)

    def fitted(self, scale: Range, shape: Shape) -> Range:
        """The range of its inputs: one number, or ``(3 T, 1)``, one for queries, keys, and values."""
        if isinstance(scale, float | int):
            return scale
        each = np.broadcast_to(scale, shape).reshape(3, -1).max(1)
        return float(each[0]) if (each == each[0]).all() else np.repeat(each, shape[0] // 3)[:, None]

    def output_scale(self, scale: Range, shape: Shape) -> Range:
        """The largest |output| encoded for the next layer: that of the values, whose means they are."""
        return scale if isinstance(scale, float | int) else float(scale[-1, 0])

    def bound(self, bound: Any, shape: Shape) -> Range:
        """Upper bound of |outputs|: that of the values."""
        return self.output_scale(bound, shape)

    def mapping(self, shape: Shape, context: BuildContext) -> LayerMapping:
        """The plain mapping: the range of the values is the gain."""
        scale = context.input_scale
        return LayerMapping(scale, self.output_scale(scale, shape), generator=context.options.generator)

    def check_mapping(self, shape: Shape, mapping: LayerMapping) -> None:
        """Raise a ValueError if the arrays of a mapping have not the shapes for inputs of `shape`."""
        own: dict[str, Any] = {"ranges": ((), (shape[0], 1)), "gains": ((),), "offsets": ((),)}
        check_shapes(mapping, {**own, "weights": (None,), "bias": (None,)})

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """An `AttentionHeads`."""
        tokens, features = self.output_shape(shape)
        queries, keys, _ = np.broadcast_to(mapping.ranges, (shape[0], 1))[::tokens, 0]
        if context.options.encoding == "unipolar":
            raise ValueError(f"encoding unipolar has no negative scores for Attention in {context.called}")
        options = replace(context.options, encoding="split").for_fan_in(features // self.heads)
        steepness = float(queries * keys) / math.sqrt(features // self.heads)
        return AttentionHeads(tokens, features, self.heads, steepness, options, options.seed)

    def cost(self, shape: Shape, rails: int) -> Cost:
        """Hardware cost: a stream for every number, an AND gate for every product, the inputs of multiplexers."""
        tokens, features = self.output_shape(shape)
        products = tokens**2 * features
        return Cost(math.prod(shape), 0, (rails + 1) * products, windows=2)

    def summary_cells(self, scale: Range) -> tuple[str, str]:
        """The softmax."""
        return "softmax", ""
