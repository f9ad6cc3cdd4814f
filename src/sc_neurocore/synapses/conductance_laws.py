"""How the errors of a memristor depend on its conductance: programming error, drift exponent, read noise.

Conductances are in units of g_max, 0 to 1. A law is a value: `MemristorModel` takes one where it takes a number.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .. import checks
from ..backends import choose
from .crossbar import Floats

_TINY = 1e-300
"""Stands for a conductance of 0, whose logarithm and negative powers are not finite."""


def _check_numbers(law: Any, low: float, high: float) -> None:
    """Check the fields of a law, all of them numbers, and store them as floats."""
    for field in fields(law):
        object.__setattr__(law, field.name, checks.real(field.name, getattr(law, field.name), low, high))


@dataclass(frozen=True)
class ProgrammingError:
    """Standard deviation of a programmed conductance: a polynomial of the wanted one, and 0 where that is negative.

    Parameters
    ----------
    coefficients
        Of g^0, g^1, ..: g and the deviation are in units of g_max.

    Raises
    ------
    ValueError, TypeError
        If `coefficients` are not one or more finite numbers.

    Examples
    --------
    >>> ProgrammingError((0.01, 0.04)).deviation(np.array([0.0, 0.5]))
    array([0.01, 0.03])
    """

    coefficients: tuple[float, ...]

    def __post_init__(self) -> None:
        numbers = checks.array("coefficients", self.coefficients, -1e9, 1e9, shape=(None,))
        if not numbers.size:
            raise ValueError("coefficients must have a number, got none")
        object.__setattr__(self, "coefficients", tuple(numbers.tolist()))

    def deviation(self, g: Floats) -> Floats:
        """Standard deviations ``(...)`` of cells of wanted conductances ``(...)``."""
        return np.maximum(np.polynomial.polynomial.polyval(g, self.coefficients), 0.0)

    def __str__(self) -> str:
        ends = self.deviation(np.array([0.0, 1.0]))
        return f"{100 * ends[0]:.3g} % at 0, {100 * ends[1]:.3g} % at g_max"


@dataclass(frozen=True)
class ClippedLogarithm:
    """``min(max(slope ln g + offset, low), high)`` of a conductance g.

    Parameters
    ----------
    slope, offset, low, high
        Finite numbers, low <= high.

    Raises
    ------
    ValueError, TypeError
        If an argument is not a finite number, or low is above high.

    Examples
    --------
    >>> ClippedLogarithm(-1.0, 0.0, 0.5, 2.0)(np.array([0.0, np.exp(-1.5), 1.0]))
    array([2. , 1.5, 0.5])
    """

    slope: float
    offset: float
    low: float
    high: float

    def __post_init__(self) -> None:
        _check_numbers(self, -1e9, 1e9)
        if self.low > self.high:
            raise ValueError(f"low must be at most high, got {checks.plain(self.low)} and {checks.plain(self.high)}")

    def __call__(self, g: Floats) -> Floats:
        """Values ``(...)`` of conductances ``(...)``."""
        return np.clip(self.slope * choose().log(np.maximum(g, _TINY)) + self.offset, self.low, self.high)


@dataclass(frozen=True)
class DriftExponent:
    """Exponent nu of the drift g(t) = g(t0) (t / t0)^-nu: normal from cell to cell, by the wanted conductance.

    Parameters
    ----------
    mean, spread
        Mean and standard deviation; the sign of a draw below 0 is dropped.

    Raises
    ------
    TypeError
        If one is no `ClippedLogarithm`.

    Examples
    --------
    >>> flat = ClippedLogarithm(0.0, 0.05, 0.0, 1.0)
    >>> DriftExponent(mean=flat, spread=flat).of_cells(np.array([1.0, 1.0]), np.array([0.0, -3.0]))
    array([0.05, 0.1 ])
    """

    mean: ClippedLogarithm
    spread: ClippedLogarithm

    def __post_init__(self) -> None:
        for name in ("mean", "spread"):
            if not isinstance(getattr(self, name), ClippedLogarithm):
                raise TypeError(f"{name} must be a ClippedLogarithm, got {type(getattr(self, name)).__name__}")

    def of_cells(self, g: Floats, normal: Floats) -> Floats:
        """Exponents of cells of wanted conductances `g`, for standard normal numbers of the same shape."""
        return np.abs(self.mean(g) + self.spread(g) * normal)


@dataclass(frozen=True, kw_only=True)
class FlickerNoise:
    """Read noise of spectrum 1/f: its variance grows with the logarithm of the time since programming.

    The standard deviation over the conductance is ``Q sqrt(ln((t + t_r) / (2 t_r)))`` at time t, with
    ``Q = min(scale / g^power, ceiling)`` of the programmed conductance g.

    Parameters
    ----------
    scale, power, ceiling
        Of Q, in [0, 1e9].
    read_time
        Time t_r that a read-out takes, in seconds, above 0.
    first_time
        Time t0 of the first read-out after programming, in seconds, at least `read_time`: the unit of
        ``MemristorModel.drift_time``.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Examples
    --------
    >>> noise = FlickerNoise(scale=0.01, power=0.5, ceiling=0.03, read_time=1.0, first_time=1.0)
    >>> (noise.relative(np.array([0.0, 0.25, 1.0]), 2 * np.e**4 - 1) / 0.01).round(9)
    array([6., 4., 2.])
    """

    scale: float
    power: float
    ceiling: float
    read_time: float
    first_time: float

    def __post_init__(self) -> None:
        _check_numbers(self, 0.0, 1e9)
        object.__setattr__(self, "read_time", checks.positive("read_time", self.read_time))
        if self.first_time < self.read_time:
            rule = f"first_time must be at least read_time={checks.plain(self.read_time)}"
            raise ValueError(f"{rule}, got {checks.plain(self.first_time)}")

    def relative(self, g: Floats, time: float) -> Floats:
        """Standard deviations over the conductance, of cells programmed to `g`, after `time` in units of t0."""
        kernels, seconds = choose(), time * self.first_time
        q = np.minimum(self.scale / kernels.exp(self.power * kernels.log(np.maximum(g, _TINY))), self.ceiling)
        return q * np.sqrt(kernels.log(np.array((seconds + self.read_time) / (2 * self.read_time))))


def left_by_drift(
    exponent: float | DriftExponent, time: float, g: Floats, normal: Floats | float = 0.0
) -> Floats | float:
    """Fractions of their conductance that the drift leaves of cells.

    Parameters
    ----------
    exponent
        One for all, or its law.
    time
        t / t0, at least 1.
    g, normal
        Wanted conductances ``(...)`` in units of g_max, and standard normal numbers of the cells.

    Examples
    --------
    >>> left_by_drift(0.5, 4.0, np.array([0.1, 1.0]))
    0.5
    """
    kernels = choose()
    log_time = kernels.log(np.array(time))
    if isinstance(exponent, DriftExponent):
        return kernels.exp(-exponent.of_cells(g, np.asarray(normal)) * log_time)
    return float(kernels.exp(np.asarray(-exponent * log_time)))


LAWS: dict[str, Any] = {
    "variability": ProgrammingError,
    "drift_exponent": DriftExponent,
    "read_noise": FlickerNoise,
}
"""Parameters of a `MemristorModel` that are a number or a law, and the kind of the law."""


def number_or_law(name: str, value: Any, low: float, high: float) -> Any:
    """A checked parameter of a `MemristorModel`: a number in [low, high], or its law, also as the dict of its fields.

    >>> number_or_law("variability", {"coefficients": [0.01, 0.04]}, 0.0, 1.0)
    ProgrammingError(coefficients=(0.01, 0.04))
    """
    law = LAWS.get(name)
    if law is None or not isinstance(value, law | dict):
        return checks.real(name, value, low, high)
    if not isinstance(value, dict):
        return value
    wanted = {field.name for field in fields(law)}
    if set(value) != wanted:
        raise ValueError(f"{name} must have the fields {', '.join(sorted(wanted))}, got {', '.join(map(str, value))}")
    if law is DriftExponent:
        return law(**{part: ClippedLogarithm(**numbers) for part, numbers in value.items()})
    return law(**value)
