"""Layers in the binary domain that compute number by number: digital logic behind the counters of a circuit."""

from dataclasses import dataclass

import numpy as np

from .. import checks
from .activations import ACTIVATIONS, Activation, Floats, activate
from .functions import FUNCTIONS
from .layer_spec import Range, Shape, check_ceiling
from .wiring_specs import BinarySpec


@dataclass(frozen=True, eq=False)
class Add(BinarySpec):
    """Sum of the outputs of several layers, such as a residual, then an activation.

    As a circuit it is ``terms - 1`` adders an output, behind the counters. It has no error of its own: errors of the
    terms add up, independent ones of the standard deviations s_1, s_2, .. to ``sqrt(s_1**2 + s_2**2 + ..)``.

    Parameters
    ----------
    terms
        Groups of features or channels that are added, one a source.
    activation
        As for `Dense`.
    ceiling
        Largest |output| that the next layer is built for, above 0.

    Examples
    --------
    >>> Add(2, "relu").forward(np.array([[1.0, -2.0, 0.5, 1.0]]))
    array([[1.5, 0. ]])
    """

    terms: int = 2
    activation: Activation = "identity"
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", checks.whole("terms", self.terms, 2))
        checks.option("activation", self.activation, ACTIVATIONS)
        check_ceiling(self)

    @property
    def decision(self) -> float:
        """The output of a sum of 0, see `LayerSpec.decision`."""
        return 0.5 if self.activation == "logistic" else 0.0

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, or a ValueError if inputs are not so many groups."""
        return of_terms(self.terms, shape)

    def forward(self, a: Floats) -> Floats:
        """Sums ``(B, n, ...)`` of inputs ``(B, terms * n, ...)``, one term after the other."""
        parts = grouped(a, self.terms)
        total = parts[:, 0] + parts[:, 1]
        for k in range(2, self.terms):
            total += parts[:, k]
        return activate(total, self.activation)

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative."""
        return signed and self.activation in ("tanh", "identity")

    def bound(self, bound: Range, shape: Shape) -> Range:
        """Upper bound of |outputs|: the sum of those of the terms, or 1 for activations that saturate."""
        if self.activation in ("tanh", "logistic"):
            return 1.0
        return float(grouped(np.broadcast_to(bound, shape)[None], self.terms).sum(1).max())

    def summary_cells(self, scale: Range) -> tuple[str, str]:
        """Activation."""
        return self.activation, ""


@dataclass(frozen=True, eq=False)
class Multiply(BinarySpec):
    """Product of the outputs of several layers, such as a gate and what it lets pass.

    As a circuit it is ``terms - 1`` binary multipliers an output, behind the counters. Errors e and f of terms a and b
    become ``a f + b e + e f``.

    Parameters
    ----------
    terms
        Groups of features or channels that are multiplied, one a source.
    ceiling
        As for `Add`.
    """

    terms: int = 2
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", checks.whole("terms", self.terms, 2))
        check_ceiling(self)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, or a ValueError if inputs are not so many groups."""
        return of_terms(self.terms, shape)

    def forward(self, a: Floats) -> Floats:
        """Products ``(B, n, ...)`` of inputs ``(B, terms * n, ...)``, one term after the other."""
        parts = grouped(a, self.terms)
        product = parts[:, 0] * parts[:, 1]
        for k in range(2, self.terms):
            product *= parts[:, k]
        return np.asarray(product)

    def bound(self, bound: Range, shape: Shape) -> Range:
        """Upper bound of |outputs|: the product of those of the terms."""
        return float(grouped(np.broadcast_to(bound, shape)[None], self.terms).prod(1).max())


@dataclass(frozen=True, eq=False)
class Elementwise(BinarySpec):
    """A function of each number, for functions that `Dense` and `Conv2D` do not have.

    As a circuit it is comparators for functions in straight pieces, and a look-up table of the counts for others.
    Behind a layer with ``activation="identity"`` it is that layer's activation.

    A small error is multiplied by the slope of the function there: at most 0.25 for logistic, 0.17 for its hard form,
    1.13 for gelu and erf, 1.10 for silu, 1.5 for its hard form, the larger of 1 and `slope` for leaky_relu and elu, and
    1 for the others.

    Parameters
    ----------
    function
        ``"relu"``, ``"relu6"``, ``"leaky_relu"``, ``"clip"``, ``"tanh"``, ``"logistic"``, ``"hard_logistic"``,
        ``"gelu"``, ``"gelu_tanh"``, ``"silu"``, ``"hard_silu"``, ``"elu"``, ``"softplus"``, ``"absolute"`` or
        ``"erf"``.
    slope
        Of ``"leaky_relu"``: of negative numbers, 0.01. Of ``"elu"``: minus its limit at minus infinity, 1.
    low, high
        Of ``"clip"``: the ends; hardtanh has -1 and 1.
    ceiling
        As for `Add`.

    Examples
    --------
    >>> Elementwise("leaky_relu", slope=0.5).forward(np.array([[-1.0, 2.0]]))
    array([[-0.5,  2. ]])
    """

    function: str
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        known = FUNCTIONS[checks.option("function", self.function, FUNCTIONS)]
        for name in ("slope", "low", "high"):
            given = getattr(self, name)
            if name not in known.parameters:
                if given is not None:
                    raise ValueError(f"{name} must be None for {self.function}, got {checks.shown(given)}")
                continue
            value = known.parameters[name] if given is None else given
            object.__setattr__(self, name, checks.real(name, value, -checks.LARGEST, checks.LARGEST))
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        check_ceiling(self)

    @property
    def _parameters(self) -> tuple[float, ...]:
        return tuple(getattr(self, name) for name in FUNCTIONS[self.function].parameters)

    @property
    def decision(self) -> float:
        """What it makes of 0, see `LayerSpec.decision`."""
        return float(self.forward(np.zeros(1))[0])

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs: that of the inputs."""
        return shape

    def forward(self, a: Floats) -> Floats:
        """The function of each number."""
        return FUNCTIONS[self.function].call(a, *self._parameters)

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative."""
        if self.low is not None and self.high is not None:
            return self.high < 0 or (self.low < 0 and signed)
        return signed and FUNCTIONS[self.function].signed

    def bound(self, bound: Range, shape: Shape) -> Range:
        """Upper bound of |outputs|, from the largest number and from what the function gives at most."""
        largest = float(np.max(bound))
        if self.low is not None and self.high is not None:
            return float(np.abs(np.clip([-largest, largest], self.low, self.high)).max())
        return FUNCTIONS[self.function].bound(largest, self.slope)

    def summary_cells(self, scale: Range) -> tuple[str, str]:
        """The function."""
        return self.function, ""


def of_terms(terms: int, shape: Shape) -> Shape:
    """Shape of each of `terms` groups along the first axis, or a ValueError."""
    if shape[0] % terms:
        raise ValueError(f"it takes {terms} sources of the same shape, got joined shape {shape}")
    return (shape[0] // terms, *shape[1:])


def grouped(a: Floats, terms: int) -> Floats:
    """Inputs ``(B, terms * n, ...)`` as ``(B, terms, n, ...)``."""
    return a.reshape(len(a), terms, a.shape[1] // terms, *a.shape[2:])
