"""Layers in the binary domain that scale and normalise: digital logic behind the counters of a circuit."""

import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from .. import checks
from ..backends import choose
from ..layers.attending.heads import softmax
from .activations import Floats
from .layer_spec import Range, Shape, check_ceiling, keep_array, keep_number
from .wiring_specs import BinarySpec


@dataclass(frozen=True, eq=False)
class Scale(BinarySpec):
    """A factor and an offset for each feature or channel: ``factors * a + offsets``.

    It is what is left of a batch normalisation without a convolution before it, or of a scaler before the network. As
    a circuit it is a multiplier and an adder a feature; an error is multiplied by the factor. Each feature has a range
    of its own, so that the next layer's streams use theirs in full; a first layer of this kind costs nothing where the
    numbers are scaled before they enter.

    Parameters
    ----------
    factors, offsets
        ``(n,)``: one for each feature of a vector or a token, or for each channel of images.
    ceiling
        As for `Add`; or one for each feature or channel, ``(n,)``.

    Examples
    --------
    >>> Scale(np.array([2.0, 0.1]), np.array([0.0, -1.0])).forward(np.array([[0.5, 20.0]]))
    array([[1., 1.]])
    """

    arrays = ("factors", "offsets", "ceiling")
    factors: Floats
    offsets: Floats
    ceiling: Any = 1.0

    def __post_init__(self) -> None:
        check_lines(self, 1)

    @classmethod
    def standard(cls, mean: Any, deviation: Any) -> Self:
        """Numbers less their mean, in units of their standard deviation: what a StandardScaler or Normalize gives.

        Parameters
        ----------
        mean, deviation
            ``(n,)``, deviations above 0.
        """
        of_one = checks.array("deviation", deviation, np.finfo(float).tiny, shape=(None,))
        return cls(1.0 / of_one, -checks.array("mean", mean, shape=of_one.shape) / of_one)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, that of the inputs, or a ValueError if they do not fit."""
        check_fits(self.factors, shape)
        return shape

    def forward(self, a: Floats) -> Floats:
        """Scaled numbers."""
        ndim = a.ndim - 1
        return np.asarray(a * lined(self.factors, ndim) + lined(self.offsets, ndim))

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative."""
        return signed or bool(self.factors.min() < 0) or bool(self.offsets.min() < 0)

    def bound(self, bound: Range, shape: Shape) -> Range:
        """Upper bounds of |outputs|, one for each feature or channel."""
        ndim = len(shape)
        sums = np.broadcast_to(bound, shape) * lined(np.abs(self.factors), ndim) + lined(np.abs(self.offsets), ndim)
        return lined(over_lines(sums[None], lambda each: each.max(1)), ndim)

    def measured(self, outputs: Floats, quantile: float) -> Range:
        """The ceilings for outputs: a quantile of the magnitudes of each feature or channel, to seven digits."""
        return seven_digits(over_lines(np.abs(outputs), lambda each: np.quantile(each, quantile, axis=1)))

    def output_scale(self, scale: Range, shape: Shape) -> Range:
        """The ceiling, as an array that broadcasts on a sample."""
        return lined(self.ceiling, len(shape)) if self.ceiling.ndim else float(self.ceiling)

    def calibrated(self, bound: Range) -> Self:
        """A copy whose ceilings are `bound`, or 1 where that is 0."""
        return replace(self, ceiling=np.where(np.asarray(bound) > 0, bound, 1.0).reshape(-1))


@dataclass(frozen=True, eq=False)
class LayerNorm(BinarySpec):
    """Layer normalisation: numbers less their mean, in units of their standard deviation, scaled and shifted.

    As a circuit it is two sums of all numbers, a root, and a divider, in the binary domain. With z the normalised
    numbers and s the standard deviation (of which `epsilon` is a part), small errors e become
    ``factors * (e - mean(e) - z mean(z e)) / s``: large where numbers differ little.

    Parameters
    ----------
    factors, offsets
        ``(n,)`` for each feature of a vector or a token, over which mean and deviation are taken; or of the shape of
        whole images or tokens, which are then taken together.
    epsilon
        Added to the variance, above 0.
    ceiling
        As for `Add`.

    References
    ----------
    J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016, https://doi.org/10.48550/arXiv.1607.06450.

    Examples
    --------
    >>> LayerNorm(np.ones(2), np.zeros(2)).forward(np.array([[1.0, 3.0]])).round(4)
    array([[-1.,  1.]])
    """

    arrays = ("factors", "offsets")
    factors: Floats
    offsets: Floats
    epsilon: float = 1e-5
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        check_lines(self, 3)
        keep_number(self, "epsilon", checks.positive("epsilon", self.epsilon))
        check_ceiling(self)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, that of the inputs, or a ValueError if they do not fit."""
        if shape[-self.factors.ndim :] != self.factors.shape or (len(shape) == 3 and self.factors.ndim == 1):
            raise ValueError(f"it takes samples whose last axes are {self.factors.shape}, got shape {shape}")
        return shape

    def forward(self, a: Floats) -> Floats:
        """Normalised numbers."""
        rows = a.reshape(-1, self.factors.size)
        apart = rows - rows.mean(1, keepdims=True)
        variance = (apart * apart).mean(1, keepdims=True)
        normal = apart / np.sqrt(variance + self.epsilon)
        return np.asarray((normal * self.factors.reshape(-1) + self.offsets.reshape(-1)).reshape(a.shape))

    def gives_signed(self, signed: bool) -> bool:
        """True: what is below the mean may be negative."""
        return True

    def bound(self, bound: Range, shape: Shape) -> Range:
        """Upper bound of |outputs|: a normalised number is at most ``sqrt(n - 1)``."""
        most = math.sqrt(max(self.factors.size - 1, 0))
        return float((most * np.abs(self.factors) + np.abs(self.offsets)).max())


@dataclass(frozen=True, eq=False)
class Softmax(BinarySpec):
    """Probabilities of classes from their scores, or the logarithms of these; the largest stays the largest.

    As a circuit it is a look-up table of exponentials, an adder and a divider behind the last counters; where only the
    class counts, it may be left out. Small errors e of scores change probabilities p by ``p (e - sum(p e))``, and their
    logarithms by ``e - sum(p e)``: a probability by at most a quarter of an error of its own score.

    Parameters
    ----------
    log
        Whether to give logarithms.
    ceiling
        As for `Add`.

    Examples
    --------
    >>> Softmax().forward(np.array([[0.0, 0.0]]))
    array([[0.5, 0.5]])
    """

    log: bool = False
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "log", checks.flag("log", self.log))
        check_ceiling(self)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, that of the inputs, or a ValueError for images."""
        if len(shape) == 3:
            raise ValueError(f"it takes vectors or tokens, got shape {shape}")
        return shape

    def forward(self, a: Floats) -> Floats:
        """Shares along the last axis."""
        if not self.log:
            return softmax(a)
        apart = a - a.max(-1, keepdims=True)
        return np.asarray(apart - choose().log(choose().exp(np.maximum(apart, -700.0)).sum(-1, keepdims=True)))

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative: logarithms are."""
        return self.log

    def bound(self, bound: Range, shape: Shape) -> Range:
        """Upper bound of |outputs|: 1, or of logarithms twice the largest score and that of the number of classes."""
        if not self.log:
            return 1.0
        return 2.0 * float(np.max(bound)) + choose().log(np.array([float(shape[-1])])).item()


def lined(numbers: Floats, ndim: int) -> Floats:
    """Numbers ``(n,)``, one a feature or channel, so that they broadcast on samples of `ndim` axes."""
    return numbers.reshape(-1, 1, 1) if ndim == 3 else numbers


def over_lines(values: Floats, reduce: Any) -> Floats:
    """What ``reduce`` makes of the numbers ``(n, ...)`` of each feature or channel of ``(B, ...)``, over axis 1."""
    rows = np.moveaxis(values, 1 if values.ndim == 4 else -1, 0)
    return np.asarray(reduce(rows.reshape(len(rows), -1)))


def check_fits(factors: Floats, shape: Shape) -> None:
    """A ValueError unless there is a factor for each feature or channel of samples of that shape."""
    n = shape[0] if len(shape) == 3 else shape[-1]
    if n != len(factors):
        raise ValueError(f"it takes {len(factors)} features or channels, got shape {shape}")


def check_lines(spec: Any, most_axes: int) -> None:
    """Check factors, offsets and, where it is an array, the ceiling of a layer, and keep copies."""
    factors = checks.array("factors", spec.factors, -checks.LARGEST, checks.LARGEST)
    if not 1 <= factors.ndim <= most_axes or not factors.size:
        raise ValueError(f"factors must have 1 to {most_axes} axes and a number, got shape {factors.shape}")
    checks.array("offsets", spec.offsets, -checks.LARGEST, checks.LARGEST, shape=factors.shape)
    if "ceiling" in spec.arrays:
        tiny, largest = np.finfo(float).tiny, np.finfo(float).max
        ceiling = checks.array("ceiling", spec.ceiling, tiny, largest)
        if ceiling.shape not in ((), factors.shape):
            raise ValueError(f"ceiling must have shape () or {factors.shape}, got {ceiling.shape}")
    for name in spec.arrays:
        keep_array(spec, name, getattr(spec, name))


def seven_digits(values: Floats) -> Floats:
    """Numbers rounded to seven digits, as decimal text has them."""
    return np.array([float(f"{value:.6e}") for value in values.flat]).reshape(values.shape)
