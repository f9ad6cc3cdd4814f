"""A layer in the binary domain that rounds numbers to levels, as quantised models do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import checks
from .activations import Floats
from .layer_spec import Range, Shape, check_ceiling, keep_array, keep_number
from .scaling_specs import check_fits, lined
from .wiring_specs import BinarySpec

ROUNDINGS: dict[str, Callable[[Floats], Floats]] = {
    "half_even": np.rint,
    "half_up": lambda a: np.copysign(np.floor(np.abs(a) + 0.5), a),
    "half_down": lambda a: np.copysign(np.ceil(np.abs(a) - 0.5), a),
    "up": lambda a: np.copysign(np.ceil(np.abs(a)), a),
    "down": np.trunc,
    "floor": np.floor,
    "ceil": np.ceil,
}
"""Ways to round to whole numbers: ``"up"`` is away from 0, ``"down"`` towards it, and so with halves."""

FINE = 2.0**20
"""Numbers are taken to so many parts of a step before they are rounded to levels."""


def settled(levels: Floats) -> Floats:
    """Levels to 2**-20 of a step: a sum that is a tie stays one, whatever its last digit says.

    >>> settled(np.array([2.5 - 1e-15, 2.25]))
    array([2.5 , 2.25])
    """
    return np.asarray(np.rint(levels * FINE) / FINE)


@dataclass(frozen=True, eq=False)
class Quantize(BinarySpec):
    """Numbers rounded to levels: ``steps * (clip(round(a / steps + zeros), low, high) - zeros)``.

    As a circuit it is rounding in the binary domain, behind the counters: a multiplication by a constant, which is a
    shift where a step is a power of two, dropped bits, and comparators at the ends. What comes out has few bits, and so
    do the comparators of the next layer's encoders. It adds an error of half a step at most between the ends (a whole
    one for the roundings in one direction); an error that crosses an edge between two levels becomes a whole step.

    Numbers are taken to 2**-20 of a step before they are rounded: sums of levels often lie exactly between two levels,
    and the last digit of a sum in floating point, which differs between machines, does not decide there.

    Parameters
    ----------
    steps
        Distance of two levels, above 0: one, or one for each feature or channel, ``(n,)``.
    zeros
        The level of 0, of the same shape; 0 if levels lie on both sides of 0 alike.
    low, high
        The lowest and the highest level, such as -128 and 127 of 8 bits.
    rounding
        ``"half_even"``: to the nearest level, halves to the even one, as IEEE 754 and ONNX round. ``"half_up"`` and
        ``"half_down"``: halves away from 0 and towards it. ``"up"``, ``"down"``, ``"floor"``, ``"ceil"``: away from 0,
        towards it, to the lower and to the higher level.
    ceiling
        As for `Add`.

    References
    ----------
    B. Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference",
    2018, https://doi.org/10.1109/CVPR.2018.00286.

    Examples
    --------
    >>> Quantize(0.25, 0.0, -2.0, 1.0).forward(np.array([[-0.6, -0.125, 0.2, 9.0]]))
    array([[-0.5 , -0.  ,  0.25,  0.25]])
    """

    arrays = ("steps", "zeros")
    steps: Any
    zeros: Any
    low: float
    high: float
    rounding: str = "half_even"
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        steps = checks.array("steps", self.steps, np.finfo(float).tiny, checks.LARGEST)
        if steps.ndim > 1 or not steps.size:
            raise ValueError(f"steps must have shape () or (n,), got {steps.shape}")
        checks.array("zeros", self.zeros, -checks.LARGEST, checks.LARGEST, shape=steps.shape)
        for name in self.arrays:
            keep_array(self, name, getattr(self, name))
        for name in ("low", "high"):
            keep_number(self, name, checks.real(name, getattr(self, name), -checks.LARGEST, checks.LARGEST))
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        checks.option("rounding", self.rounding, ROUNDINGS)
        check_ceiling(self)

    @property
    def decision(self) -> float:
        """What it makes of 0, see `LayerSpec.decision`."""
        return float(self._levelled(np.zeros(self.steps.shape), 1).reshape(-1)[0])

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, that of the inputs, or a ValueError if they do not fit."""
        if self.steps.ndim:
            check_fits(self.steps, shape)
        return shape

    def forward(self, a: Floats) -> Floats:
        """Numbers on levels."""
        return self._levelled(a, a.ndim - 1)

    def _levelled(self, a: Floats, ndim: int) -> Floats:
        steps, zeros = (lined(each, ndim) if each.ndim else each for each in (self.steps, self.zeros))
        levels = np.clip(ROUNDINGS[self.rounding](settled(a / steps + zeros)), self.low, self.high)
        return np.asarray((levels - zeros) * steps)

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative."""
        lowest = self.low - self.zeros if signed else self._levelled(np.zeros(self.steps.shape), 1)
        return bool(np.min(lowest) < 0)

    def bound(self, bound: Range, shape: Shape) -> Range:
        """Upper bound of |outputs|: that of the inputs and a step more, or of the levels."""
        ends = np.abs([self.low - self.zeros, self.high - self.zeros]).max() * self.steps.max()
        inner = np.abs(np.clip(0.0, *np.sort([self.low - self.zeros, self.high - self.zeros], 0))) * self.steps
        return float(min(ends, max(float(np.max(bound)) + self.steps.max(), inner.max())))

    def summary_cells(self, scale: Range) -> tuple[str, str]:
        """The levels."""
        return f"levels {self.low:g} .. {self.high:g}", ""
