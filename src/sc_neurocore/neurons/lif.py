"""Leaky integrate-and-fire neurons in floating point."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose, membrane
from ..backends.packing import unpack
from ..backends.types import Membrane, Words
from ..encoders import Seed
from ..encoders.seeds import Seeds
from ..read_only import attribute

Floats = NDArray[np.float64]
_NO_LEVELS = np.empty(0)


@dataclass(frozen=True, kw_only=True)
class LIFParameters:
    """Parameters of leaky integrate-and-fire neurons.

    Parameters
    ----------
    v_rest
        Voltage to which the membrane leaks, and at which it is held during the refractory period.
    v_reset
        Voltage after a spike. None: soft reset, `v_threshold` is subtracted from the voltage.
    v_threshold
        A neuron spikes when its voltage has reached this value.
    tau_mem
        Membrane time constant in ms, above 0.
    noise_std
        Standard deviation of the noise that 1 ms adds, at least 0.
    resistance
        Voltage per current and ms.
    refractory_period
        Steps after a spike in which the voltage is held at v_rest.
    """

    v_rest: float = 0.0
    v_reset: float | None = 0.0
    v_threshold: float = 1.0
    tau_mem: float = 20.0
    noise_std: float = 0.02
    resistance: float = 1.0
    refractory_period: int = 0

    def __post_init__(self) -> None:
        for name in ("v_rest", "v_reset", "v_threshold", "resistance"):
            if name != "v_reset" or self.v_reset is not None:
                number = checks.real(name, getattr(self, name), -checks.LARGEST, checks.LARGEST)
                object.__setattr__(self, name, number)
        checks.positive("tau_mem", self.tau_mem)
        object.__setattr__(self, "tau_mem", checks.real("tau_mem", self.tau_mem, 0.0, checks.LARGEST))
        object.__setattr__(self, "noise_std", checks.real("noise_std", self.noise_std, 0.0, checks.LARGEST))
        object.__setattr__(self, "refractory_period", checks.count("refractory_period", self.refractory_period, 0))

    @classmethod
    def of(cls, values: "Mapping[str, Any] | LIFParameters | None", name: str = "values") -> "LIFParameters":
        """Parameters from a mapping that its user calls `name`.

        What it does not name keeps its default; an unknown name is an error.

        >>> LIFParameters.of({"tau_mem": 10.0}).tau_mem
        10.0
        """
        if isinstance(values, LIFParameters):
            return values
        if values is not None and not isinstance(values, Mapping):
            raise TypeError(f"{name} must be a mapping, LIFParameters or None, got {values!r}")
        names = [field.name for field in fields(cls)]
        unknown = [key for key in values or {} if key not in names]
        if unknown:
            raise ValueError(f"{name} must have keys of {', '.join(names)}, got {unknown[0]!r}")
        return cls(**(values or {}))

    def checked_step(self, dt_ms: float) -> float:
        """`dt_ms` as a float above 0 and at most tau_mem, or an error."""
        dt = checks.positive("dt_ms", dt_ms)
        if dt > self.tau_mem:
            raise ValueError(f"dt_ms must be at most tau_mem={checks.plain(self.tau_mem)}, got {checks.plain(dt)}")
        return dt

    def membrane(self, dt: float) -> Membrane:
        """These parameters as the kernels take them, for a step of `dt` ms."""
        return Membrane(
            v_rest=float(self.v_rest),
            v_reset=0.0 if self.v_reset is None else float(self.v_reset),
            v_threshold=float(self.v_threshold),
            tau_mem=float(self.tau_mem),
            dt=float(dt),
            resistance=float(self.resistance),
            noise=self.noise_std * math.sqrt(dt),
            refractory=int(self.refractory_period),
            soft=self.v_reset is None,
        )


class LIFState(NamedTuple):
    """State of leaky integrate-and-fire neurons."""

    v: Floats
    """Voltages."""
    refractory_left: NDArray[np.int64]
    """Steps that are left of each neuron's refractory period; 0: it is not refractory."""


def lif_step(
    state: LIFState,
    current: ArrayLike,
    parameters: LIFParameters,
    dt_ms: float = 1.0,
    noise: ArrayLike = 0.0,
) -> tuple[LIFState, NDArray[np.bool_]]:
    """One step of leaky integrate-and-fire neurons, without side effects.

    ::

                       noise
                         v
        I --[R dt]--->( + )--->[ v ]---+---> v >= v_threshold ---> spike
                         ^        ^    |                             |
                         |        +----|-------- v_reset <-----------+
                         +--[-dt/tau]--+

    ``v += -(v - v_rest) * dt / tau_mem + R * I * dt + noise_std * sqrt(dt) * noise``. The input is *not*
    scaled by (1 - a), the leak a = 1 - dt / tau_mem: a constant current leads to
    ``v_rest + R * I * tau_mem``. The reset is *in the same step* as the spike: a neuron with
    v >= v_threshold spikes and holds v_reset when the step ends. It is then held at v_rest for
    `refractory_period` steps, whatever the input.

    Parameters
    ----------
    state
        Voltages, and steps left of the refractory period: arrays of one shape.
    current
        Currents, broadcast to that shape.
    parameters
        Of all neurons.
    dt_ms
        Time step in ms.
    noise
        Standard normal numbers, broadcast to that shape; 0 for none.

    Returns
    -------
    LIFState
        The new state.
    ndarray
        Which neurons spike, bool.

    Raises
    ------
    ValueError, TypeError
        If an argument is not finite, of a wrong type or outside its range, or the shapes do not fit.

    References
    ----------
    W. Gerstner, W. M. Kistler, R. Naud, L. Paninski, "Neuronal Dynamics", 2014, chapter 1,
    https://doi.org/10.1017/CBO9781107447615.

    Examples
    --------
    >>> state = LIFState(np.array([0.0, 0.95]), np.array([0, 0]))
    >>> state, spikes = lif_step(state, 0.1, LIFParameters())
    >>> state.v, spikes
    (array([0.1, 0. ]), array([False,  True]))
    """
    if not isinstance(state, LIFState):
        raise TypeError(f"state must be a LIFState, got {type(state).__name__}")
    if not isinstance(parameters, LIFParameters):
        raise TypeError(f"parameters must be LIFParameters, got {type(parameters).__name__}")
    old = checks.array("state.v", state.v, -checks.LARGEST, checks.LARGEST)
    rest = checks.integers("state.refractory_left", state.refractory_left, 0, checks.LARGEST_COUNT, old.shape)
    drive, normals = (_for_all(name, value, old.shape) for name, value in (("current", current), ("noise", noise)))
    numbers = parameters.membrane(parameters.checked_step(dt_ms))
    v, left, spikes = membrane.lif_step(old, rest, drive, numbers, normals)
    return LIFState(np.asarray(v), np.asarray(left)), np.asarray(spikes)


def _for_all(name: str, value: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Finite numbers, broadcast to that shape, or an error."""
    given = checks.array(name, value, -checks.LARGEST, checks.LARGEST)
    try:
        return np.broadcast_to(given, shape)
    except ValueError as error:
        raise ValueError(f"{name} must have a shape that broadcasts to {shape}, got {given.shape}") from error


class LIFNeurons:
    """A population of leaky integrate-and-fire neurons: it keeps their state and draws their noise.

    The input is not scaled by (1 - a), and the reset is in the same step as the spike (see `lif_step`).

    Parameters
    ----------
    n_neurons
        Number of neurons.
    parameters
        `LIFParameters`, a mapping of some of them, or None for the defaults.
    dt_ms
        Time step in ms, above 0 and at most tau_mem.
    seed
        Fixes the noise. The normal number of neuron j at step t depends on (seed, j, t) only, so runs
        of 100 and 50 steps are a run of 150, at any number of threads. It is at most 6.77 in size.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Examples
    --------
    >>> neurons = LIFNeurons(2, {"noise_std": 0.0, "refractory_period": 1})
    >>> neurons.run([[0.5] * 6, [0.3] * 6])
    array([[0, 0, 1, 0, 0, 0],
           [0, 0, 0, 1, 0, 0]], dtype=uint8)
    >>> neurons[1].v
    array([0.3])
    """

    def __init__(
        self,
        n_neurons: int,
        parameters: LIFParameters | Mapping[str, Any] | None = None,
        dt_ms: float = 1.0,
        seed: Seed = None,
    ) -> None:
        n = checks.count("n_neurons", n_neurons, 1)
        self._parameters = LIFParameters.of(parameters, "parameters")
        self._dt_ms = self._parameters.checked_step(dt_ms)
        self.reseed(seed)
        self._v = np.full(n, float(self._parameters.v_rest))
        self._refractory_left = np.zeros(n, np.int64)
        self._steps = 0

    parameters: LIFParameters = attribute("_parameters", "`LIFParameters` of all neurons.")
    dt_ms: float = attribute("_dt_ms", "Duration of a step in ms.")
    v: Floats = attribute("_v", "Voltages ``(n,)``; edit them, the next step starts from there.")
    refractory_left: NDArray[np.int64] = attribute("_refractory_left", "Steps left to rest ``(n,)``; edit them.")
    steps: int = attribute("_steps", "Steps since construction or `reset`, which number the noise.")
    noise_key: int = attribute("_key", "Key of the generator of the noise, see `backends`.")

    def reseed(self, seed: Seed) -> None:
        """Take the noise from another seed."""
        # Without their number: more neurons, such as those of a longer batch, do not change the first.
        self._key = Seeds(seed, type(self)).key("membrane noise")

    def load(self, v: ArrayLike, refractory_left: ArrayLike, steps: int) -> None:
        """Replace the state: voltages and steps left to rest ``(n,)``, and the number of steps done.

        Raises
        ------
        ValueError, TypeError
            If one has another shape, or a value outside its range; nothing has changed then.
        """
        voltages = checks.array("v", v, shape=self._v.shape)
        left = checks.integers("refractory_left", refractory_left, 0, checks.LARGEST_COUNT, shape=self._v.shape)
        self._steps = checks.whole("steps", steps, 0)
        self._v[:], self._refractory_left[:] = voltages, left

    def reset(self) -> None:
        """All neurons back to v_rest, and the noise to its first step."""
        self._v[:], self._refractory_left[:], self._steps = self._parameters.v_rest, 0, 0

    def step(self, current: ArrayLike) -> NDArray[np.uint8]:
        """Spikes ``(n,)`` of one step under currents ``(n,)`` or one current for all."""
        return self.run(_for_all("current", current, self._v.shape)[:, None])[:, 0]

    def run(self, currents: ArrayLike) -> NDArray[np.uint8]:
        """Spikes ``(n, T)`` under currents ``(n, T)``, or ``(1, T)`` for all neurons."""
        drive = checks.array("currents", currents, -checks.LARGEST, checks.LARGEST, shape=(None, None))
        if len(drive) not in (1, len(self)):
            raise ValueError(f"currents must have shape (1, T) or ({len(self)}, T), got {drive.shape}")
        first = self._steps % 64
        words, _ = self.advance(drive, _NO_LEVELS)
        return unpack(words, first + drive.shape[1])[:, first:]

    def advance(self, values: NDArray[Any], levels: Floats, *, trace: bool = False) -> tuple[Words, Floats]:
        """Run on currents ``levels[values]`` for values ``(C, T)``; neuron j takes row ``j * C // n``.

        Without levels, the values are the currents. Returns the packed spikes, their bit 0 that of
        step ``steps // 64 * 64``, and the voltages after every step ``(n, T)``, or ``(n, 0)`` without `trace`.

        Raises
        ------
        ValueError, TypeError
            If C does not divide n, a value is no place in `levels`, or a current is not finite.
        """
        table = checks.array("levels", levels, -checks.LARGEST, checks.LARGEST, (None,))
        if table.size:
            values = checks.places("values", values, 0, table.size - 1, (None, None))
        else:
            values = checks.array("values", values, -checks.LARGEST, checks.LARGEST, (None, None))
        if not len(values) or len(self) % len(values):
            raise ValueError(f"values must have shape (C, T), {len(self)} a multiple of C, got {values.shape}")
        checks.flag("trace", trace)
        numbers = self._parameters.membrane(self._dt_ms)
        words, v, left, voltages = choose().lif(
            self._key, np.ascontiguousarray(values), table, self._steps, numbers, self._v, self._refractory_left, trace
        )
        self._v[:], self._refractory_left[:] = v, left
        self._steps += values.shape[1]
        return words, voltages

    def __len__(self) -> int:
        return len(self._v)

    def __getitem__(self, j: int) -> LIFState:
        """The state of neuron j: arrays ``(1,)`` that share memory with `v` and `refractory_left`."""
        place = range(len(self))[j]
        return LIFState(self._v[place : place + 1], self._refractory_left[place : place + 1])

    def __iter__(self) -> Iterator[LIFState]:
        return (self[j] for j in range(len(self)))

    def __repr__(self) -> str:
        changed = {k: v for k, v in asdict(self._parameters).items() if v != getattr(LIFParameters, k)}
        extras = "".join(f", {name}={value}" for name, value in changed.items())
        return f"LIFNeurons({len(self)}, dt_ms={self._dt_ms:g}{extras})"
