"""Modalities of sensor fusion by name: number of features and weight of each."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from .base import Floats


class Modalities:
    """Modalities with a number of features each, and the weights of those that are fused; they never change.

    Parameters
    ----------
    input_dims
        Number of features of each modality, by name.
    fusion_weights
        Weight of each modality, at least 0; not all are 0, and all above 0 have one number of features.

    Raises
    ------
    ValueError, TypeError
        If an argument is no such mapping.
    """

    def __init__(self, input_dims: Mapping[str, int], fusion_weights: Mapping[str, float]) -> None:
        dims = _by_name("input_dims", input_dims)
        self.input_dims = {name: checks.whole(f"input_dims[{name!r}]", dim, 1) for name, dim in dims.items()}
        given = self.declared("fusion_weights", fusion_weights)
        self.names = tuple(given)
        self.weights = self._checked_weights(list(given.values()))
        self.fusion_weights = dict(zip(self.names, self.weights.tolist(), strict=True))
        """Weights by name, as they were given."""

    def with_weights(self, values: Mapping[str, float] | ArrayLike) -> Self:
        """The same modalities with other weights: by the same names, or an array in the order of `names`.

        Raises
        ------
        ValueError, TypeError
            If they do not fit.
        """
        if isinstance(values, Mapping):
            if values.keys() != set(self.names):
                raise ValueError(f"fusion_weights must name {', '.join(self.names)}, got {', '.join(map(str, values))}")
            values = [values[name] for name in self.names]
        return type(self)(self.input_dims, dict(zip(self.names, self._checked_weights(values), strict=True)))

    @property
    def norm_weights(self) -> dict[str, float]:
        """Weights by name; their sum is 1."""
        return dict(zip(self.names, (self.weights / self.weights.sum()).tolist(), strict=True))

    @property
    def wired(self) -> list[str]:
        """Names of the modalities with an input at the multiplexers: those of positive weight."""
        return [name for name, weight in zip(self.names, self.weights, strict=True) if weight > 0]

    @property
    def n_features(self) -> int:
        """Number of features of each fused modality."""
        return self.input_dims[self.wired[0]]

    def declared(self, argument: str, value: Any) -> dict[str, Any]:
        """Check a mapping: `value` as a dict whose names are all in `input_dims`."""
        named = _by_name(argument, value)
        for name in named:
            if name not in self.input_dims:
                raise ValueError(f"{argument} must name modalities of input_dims, got {checks.shown(name)}")
        return named

    def _checked_weights(self, values: ArrayLike) -> Floats:
        """Check weights: an array in the order of `names`, or an error."""
        weights = checks.array("fusion_weights", values, 0.0, shape=(len(self.names),)).copy()
        total = sum(weights.tolist())
        if not 0 < total < np.inf:
            raise ValueError(f"fusion_weights must have a positive finite sum, got {checks.plain(total)}")
        dims = {name: self.input_dims[name] for name, weight in zip(self.names, weights, strict=True) if weight > 0}
        if len(set(dims.values())) > 1:
            raise ValueError(f"input_dims of weighted modalities must be equal, got {dims}")
        return weights

    def stacked(self, inputs: Any, bounds: tuple[float, float], missing: str) -> Floats:
        """Features ``(..., n_features, wired)`` of a mapping from names to arrays; those of a missing modality are NaN.

        `missing` says what a weighted modality does that is not in the input: ``"error"`` or ``"renormalise"``.
        """
        arrays = {
            name: checks.array(f"inputs[{name!r}]", value, *bounds, last=self.input_dims[name])
            for name, value in self.declared("inputs", inputs).items()
        }
        absent = [name for name in self.wired if name not in arrays]
        if absent and (missing == "error" or absent == self.wired):
            needed = "every" if missing == "error" else "a"
            raise ValueError(f"inputs must have {needed} weighted modality, got none for {', '.join(absent)}")
        batches = {name: array.shape[:-1] for name, array in arrays.items()}
        if len(set(batches.values())) > 1:
            raise ValueError(f"inputs must have equal batch axes, got {batches}")
        nothing = np.full((*next(iter(batches.values())), self.n_features), np.nan)
        return np.stack([arrays.get(name, nothing) for name in self.wired], axis=-1)

    def cumulative(self, x: Floats) -> Floats:
        """Cumulative weights ``(wired,)`` of the modalities present in `stacked` inputs; the last is 1."""
        sums = np.cumsum(self.weights[self.weights > 0] * ~np.isnan(x).any(tuple(range(x.ndim - 1))))
        return np.asarray(sums / sums[-1])


def _by_name(argument: str, value: Any) -> dict[str, Any]:
    """Check a mapping: `value` as a dict that has at least one name."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{argument} must be a mapping from names of modalities, got {type(value).__name__}")
    for name in value:
        if not isinstance(name, str):
            raise TypeError(f"{argument} must have names of modalities as keys, got {checks.shown(name)}")
    if not value:
        raise ValueError(f"{argument} must name at least one modality, got none")
    return dict(value)
