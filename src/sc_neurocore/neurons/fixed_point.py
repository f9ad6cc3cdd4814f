"""Leaky integrate-and-fire neurons as a digital circuit: integers, a multiplier and a shift."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose
from ..backends.types import FixedMembrane
from ..read_only import attribute, derived
from .lif import LIFParameters

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class QFormat:
    """Signed fixed-point numbers: a sign, `integer` bits and `fraction` bits; together at most 32.

    >>> QFormat(3, 4).encode([1.0, -0.5]), QFormat(3, 4)
    (array([16, -8]), Q3.4)
    """

    integer: int = 3
    fraction: int = 12

    def __post_init__(self) -> None:
        object.__setattr__(self, "integer", checks.whole("integer", self.integer, 0, 31))
        object.__setattr__(self, "fraction", checks.whole("fraction", self.fraction, 1, 31))
        if self.integer + self.fraction > 31:
            raise ValueError(f"integer + fraction must be at most 31, got {self.integer + self.fraction}")

    @property
    def largest(self) -> int:
        """The largest integer; the smallest is one below its negative."""
        return (1 << (self.integer + self.fraction)) - 1

    def encode(self, values: ArrayLike, name: str = "values") -> Integers:
        """Integers for `values`, rounded half up; an error if one does not fit."""
        numbers = checks.array(name, values)
        integers = np.floor(numbers * 2.0**self.fraction + 0.5)
        if np.any((integers > self.largest) | (integers < -self.largest - 1)):
            top = self.largest / 2**self.fraction
            bad = numbers[(integers > self.largest) | (integers < -self.largest - 1)].flat[0]
            low, high = checks.plain(-top - 2.0**-self.fraction), checks.plain(top)
            raise ValueError(f"{name} must lie in [{low}, {high}] of {self}, got {bad}")
        return integers.astype(np.int64)

    def decode(self, integers: ArrayLike) -> NDArray[np.float64]:
        """The numbers that integers stand for; an error if one is no integer of this format."""
        return checks.integers("integers", integers, -self.largest - 1, self.largest) / 2.0**self.fraction

    def __repr__(self) -> str:
        return f"Q{self.integer}.{self.fraction}"


class FixedPointLIF:
    """Leaky integrate-and-fire neurons in fixed-point arithmetic, equal to a digital circuit bit for bit.

    ::

        I --[x gain, round, >> f]---+
                                    v
        v ---+------------------->( + )--[saturate]--> v
             +--[-rest, x leak, round, >> f, negate]-^

    All numbers are in one Q format with f fraction bits: ``gain = R dt`` and ``leak = dt / tau_mem``
    too. Each product is rounded half up (add half, shift right); the sum saturates
    at the ends of the format, and `saturated` counts how often. The input is *not* scaled by
    (1 - a), and the reset is *in the same step* as the spike; in refractory steps the voltage is v_rest.

    Parameters
    ----------
    n_neurons
        Number of neurons.
    parameters
        As for `LIFNeurons`; noise_std, 0 here by default, must be 0: the circuit has no noise source.
    dt_ms
        Time step in ms, above 0 and at most tau_mem.
    q
        The format; every parameter must fit it, and ``dt / tau_mem`` must not round to 0.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type, or does not fit the format.

    Notes
    -----
    Error law: below threshold, v differs from that of a neuron with the rounded leak, gain and currents
    by at most ``2**-f / leak``: two roundings of half a step each are added in a step, and leak away.

    Examples
    --------
    >>> neurons = FixedPointLIF(1, {"tau_mem": 4.0}, q=QFormat(3, 8))
    >>> neurons.run([[0.5, 0.5, 0.5, 0.5]])
    array([[0, 0, 1, 0]], dtype=uint8)
    >>> neurons.v
    array([0.5])
    """

    def __init__(
        self,
        n_neurons: int,
        parameters: LIFParameters | Mapping[str, Any] | None = None,
        dt_ms: float = 1.0,
        *,
        q: QFormat | None = None,
    ) -> None:
        n = checks.count("n_neurons", n_neurons, 1)
        if parameters is None or isinstance(parameters, Mapping):
            parameters = {"noise_std": 0.0, **(parameters or {})}
        self._parameters = parameters = LIFParameters.of(parameters, "parameters")
        if parameters.noise_std:
            raise ValueError(f"noise_std must be 0 for a fixed-point neuron, got {checks.plain(parameters.noise_std)}")
        self._dt_ms = parameters.checked_step(dt_ms)
        if q is not None and not isinstance(q, QFormat):
            raise TypeError(f"q must be a QFormat or None, got {q!r}")
        self._q = QFormat() if q is None else q
        self._membrane = FixedMembrane(
            v_rest=self._encoded("v_rest", parameters.v_rest),
            v_reset=0 if parameters.v_reset is None else self._encoded("v_reset", parameters.v_reset),
            v_threshold=self._encoded("v_threshold", parameters.v_threshold),
            leak=self._encoded("dt_ms / tau_mem", self._dt_ms / parameters.tau_mem),
            gain=self._encoded("resistance * dt_ms", parameters.resistance * self._dt_ms),
            fraction=self._q.fraction,
            largest=self._q.largest,
            refractory=parameters.refractory_period,
            soft=parameters.v_reset is None,
        )
        if self._membrane.leak == 0:
            raise ValueError(
                f"dt_ms / tau_mem must not round to 0 in {self._q}, got {checks.plain(dt_ms / parameters.tau_mem)}"
            )
        self._integers: Integers = np.empty(n, np.int64)
        self._refractory_left: Integers = np.empty(n, np.int64)
        self.reset()

    parameters: LIFParameters = attribute("_parameters", "`LIFParameters` of all neurons.")
    dt_ms: float = attribute("_dt_ms", "Duration of a step in ms.")
    q: QFormat = attribute("_q", "The `QFormat` of all numbers.")
    integers: Integers = attribute("_integers", "Voltage registers ``(n,)``; edit them, the next step starts there.")
    refractory_left: NDArray[np.int64] = attribute("_refractory_left", "Steps left to rest ``(n,)``; edit them.")
    saturated: int = attribute("_saturated", "Sums that did not fit the format since construction or `reset`.")

    def _encoded(self, name: str, value: float) -> int:
        return int(self._q.encode(value, name))

    def reset(self) -> None:
        """All neurons back to v_rest; `saturated` to 0."""
        self._integers[:], self._refractory_left[:] = self._membrane.v_rest, 0
        self._saturated = 0

    @property
    def v(self) -> NDArray[np.float64]:
        """Voltages ``(n,)``: what the registers `integers` stand for."""
        voltages: NDArray[np.float64] = derived(self._q.decode(self._integers), "integers")
        return voltages

    def run(self, currents: ArrayLike) -> NDArray[np.uint8]:
        """Spikes ``(n, T)`` under currents ``(n, T)``, or ``(1, T)`` for all neurons; they must fit the format."""
        drive = np.ascontiguousarray(self._q.encode(currents, "currents"))
        n = len(self._integers)
        if drive.ndim != 2 or len(drive) not in (1, n):
            raise ValueError(f"currents must have shape (1, T) or ({n}, T), got {drive.shape}")
        spikes, integers, left, saturated = choose().lif_fixed(
            drive, self._membrane, self._integers, self._refractory_left
        )
        self._integers[:], self._refractory_left[:] = integers, left
        self._saturated += int(saturated.sum())
        return spikes

    def step(self, current: ArrayLike) -> NDArray[np.uint8]:
        """Spikes ``(n,)`` of one step under currents ``(n,)`` or one current for all."""
        drive = self._q.encode(current, "current") / 2.0**self._q.fraction
        if drive.ndim and drive.shape != self._integers.shape:
            raise ValueError(f"current must be a number or have shape {self._integers.shape}, got {drive.shape}")
        return self.run(np.broadcast_to(drive, self._integers.shape)[:, None])[:, 0]

    def __len__(self) -> int:
        return len(self._integers)

    def __repr__(self) -> str:
        return f"FixedPointLIF({len(self)}, {self._q}, dt_ms={self._dt_ms:g}, {self._parameters})"
