"""The memristor: a weight that is a conductance, and what a real one does to it."""

import json
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from .. import checks
from ..bitstreams.encodings import Encoding, value_range
from ..encoders.seeds import Seed, seed_sequence
from .crossbar import IR_DROPS, Floats, IRDrop, crossbar_transfer

Distribution = Literal["normal", "lognormal"]
DISTRIBUTIONS: tuple[str, ...] = get_args(Distribution)

_BOUNDS = {
    "g_min": (0.0, 1e9),
    "g_max": (0.0, 1e9),
    "stuck_low_rate": (0.0, 1.0),
    "stuck_high_rate": (0.0, 1.0),
    "variability": (0.0, 1e9),
    "read_noise": (0.0, 1e9),
    "drift_exponent": (0.0, 1e9),
    "drift_time": (1.0, 1e18),
    "wire_resistance": (0.0, 1e9),
}


@dataclass(frozen=True, eq=False)
class Defects:
    """What went wrong in the making of an array, cell by cell; drawn once, kept for life.

    Parameters
    ----------
    stuck_low_mask, stuck_high_mask
        bool ``(devices, *shape)``: cells that stay at `g_min` and at `g_max`, no cell at both.
        `devices` is 1, or 2 for differential pairs (positive, negative device).
    spread
        ``(devices, *shape)``: a standard normal number for each cell, its programming error in
        units of the standard deviation.

    Raises
    ------
    ValueError, TypeError
        If shapes differ, a cell is stuck twice, or a mask is not of bools.
    """

    stuck_low_mask: NDArray[np.bool_]
    stuck_high_mask: NDArray[np.bool_]
    spread: Floats

    def __post_init__(self) -> None:
        spread = checks.array("spread", self.spread)
        if spread.ndim == 0 or len(spread) not in (1, 2):
            raise ValueError(f"spread must have shape (1, ...) or (2, ...), got {spread.shape}")
        for name in ("stuck_low_mask", "stuck_high_mask"):
            mask = np.asarray(getattr(self, name))
            if mask.dtype != np.bool_:
                raise TypeError(f"{name} must be an array of bools, got {mask.dtype}")
            if mask.shape != spread.shape:
                raise ValueError(f"{name} must have shape {spread.shape} as spread has, got {mask.shape}")
        twice = int((self.stuck_low_mask & self.stuck_high_mask).sum())
        if twice:
            raise ValueError(f"stuck_low_mask and stuck_high_mask must not meet, got {twice} cells in both")

    @property
    def pairs(self) -> bool:
        """Whether a weight is a differential pair."""
        return len(self.spread) == 2

    @property
    def stuck_mask(self) -> NDArray[np.bool_]:
        """Cells that are stuck, ``(devices, *shape)``."""
        return np.asarray(self.stuck_low_mask | self.stuck_high_mask)

    @property
    def n_stuck(self) -> int:
        """Number of stuck cells."""
        return int(self.stuck_mask.sum())


@dataclass(frozen=True, kw_only=True)
class MemristorModel:
    """A cell whose conductance is the weight, and all that keeps it from being the one you want.

    ::

        one cell per weight                    differential pair

        x --+---------+                        x --+---------+-----------+
            |         |                            |         |           |
           [g]     [g_min]                        [g+]      [g-]        ...
            |         |                            |         |
            +--( - )--+--> w x                     +--( - )--+--> w x

        w = (g - g_min) / (g_max - g_min)      w = (g+ - g-) / (g_max - g_min)
        in [0, 1]                              in [-1, 1], one device of a pair is at g_min

    Every mechanism is off by default. `program` applies them in the order of this list.

    Parameters
    ----------
    g_min, g_max
        Range of the conductance in siemens, 0 <= g_min < g_max.
    levels
        Equally spaced conductances a cell can be set to, >= 2; None: any.
    variability
        Standard deviation of the programmed conductance, fixed for each cell: a share of
        g_max - g_min, or of the conductance itself with ``proportional=True``.
    distribution
        ``"normal"`` or ``"lognormal"``; both have the wanted conductance as their mean and
        `variability` as their standard deviation.
    proportional
        See `variability`.
    stuck_low_rate, stuck_high_rate
        Probabilities that a cell stays at g_min and at g_max, whatever is programmed.
    drift_exponent, drift_time
        nu and t / t0 >= 1 in ``g(t) = g(t0) (t / t0)^-nu``; all cells, stuck ones too, and the
        reference of single cells.
    wire_resistance
        Ohm per segment of the crossbar, see `crossbar_transfer`. Columns lie in the order of the
        neurons, a pair's two side by side; single cells have one more column of g_min at the far end.
    ir_drop
        ``"exact"`` or ``"first_order"``: how the wires are solved.
    read_noise
        Standard deviation of a cell's conductance, fresh every clock cycle, as a share of
        g_max - g_min. Not part of `program`: see `read_probability`.
    adc_bits
        Width of the converter at a column, 1..32, see `adc`; None: none.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error laws, in units of the weight: levels, mean square step^2 / 12 with step = 1 / (levels - 1);
    absolute variability sigma, variance sigma^2 a device, so that an output sum_i w_i x_i of single
    cells has the variance sigma^2 |x|^2; stuck single cells, mean (1 - p_low - p_high) w + p_high;
    drift, w (t / t0)^-nu.

    A programming error that would leave [g_min, g_max] stops at its end, as the material does. Within
    a few `variability` of an end the mean error is therefore not zero but points to the middle: the
    idle device of a pair, at g_min, errs by max(sigma eps, 0), mean sigma / sqrt(2 pi), variance
    sigma^2 (1/2 - 1/(2 pi)).

    References
    ----------
    M. Prezioso et al., Nature 521, 2015, https://doi.org/10.1038/nature14441 (differential pairs).
    M. Le Gallo, A. Sebastian, J. Phys. D 53, 2020, https://doi.org/10.1088/1361-6463/ab7794 (drift).

    Examples
    --------
    >>> model = MemristorModel(levels=5, stuck_high_rate=0.25)
    >>> defects = model.defects((2, 4), seed=1, exact=True)
    >>> defects.n_stuck
    2
    >>> model.program([[0.1, 0.2, 0.3, 0.4], [0.6, 0.7, 0.8, 0.9]], defects)
    array([[0.  , 1.  , 0.25, 1.  ],
           [0.5 , 0.75, 0.75, 1.  ]])
    """

    g_min: float = 1e-6
    g_max: float = 1e-4
    levels: int | None = None
    variability: float = 0.0
    distribution: Distribution = "normal"
    proportional: bool = False
    stuck_low_rate: float = 0.0
    stuck_high_rate: float = 0.0
    drift_exponent: float = 0.0
    drift_time: float = 1.0
    wire_resistance: float = 0.0
    ir_drop: IRDrop = "exact"
    read_noise: float = 0.0
    adc_bits: int | None = None

    def __post_init__(self) -> None:
        for name, bounds in _BOUNDS.items():
            object.__setattr__(self, name, checks.real(name, getattr(self, name), *bounds))
        if self.g_min >= self.g_max:
            raise ValueError(f"g_min must be below g_max, got {self.g_min:g} and {self.g_max:g}")
        if self.stuck_low_rate + self.stuck_high_rate > 1:
            total = self.stuck_low_rate + self.stuck_high_rate
            raise ValueError(f"stuck_low_rate + stuck_high_rate must be at most 1, got {total:g}")
        if self.levels is not None:
            checks.whole("levels", self.levels, 2)
        if self.adc_bits is not None:
            checks.whole("adc_bits", self.adc_bits, 1, 32)
        checks.option("distribution", self.distribution, DISTRIBUTIONS)
        checks.option("ir_drop", self.ir_drop, IR_DROPS)
        proportional = checks.flag("proportional", self.proportional)
        if self.distribution == "lognormal" and not proportional and self.g_min == 0:
            raise ValueError("g_min must be above 0 with a lognormal spread that is not proportional, got 0")

    @classmethod
    def preset(cls, name: str) -> "MemristorModel":
        """The model of that name in `PRESETS`; change it with `dataclasses.replace`.

        >>> MemristorModel.preset("pcm").drift_exponent
        0.05
        """
        from .presets import PRESETS

        return PRESETS[checks.option("name", name, PRESETS)].model

    def with_rates(self, stuck_rate: float | None = None, variability: float | None = None) -> "MemristorModel":
        """This model with another share of stuck cells (half low, half high) or another spread; None keeps.

        >>> MemristorModel().with_rates(stuck_rate=0.5).stuck_low_rate
        0.25
        """
        changed = self
        if stuck_rate is not None:
            half = checks.real("stuck_rate", stuck_rate, 0.0, 1.0) / 2
            changed = replace(changed, stuck_low_rate=half, stuck_high_rate=half)
        return changed if variability is None else replace(changed, variability=variability)

    def changes(self) -> str:
        """What differs from an ideal crossbar, as JSON with sorted keys: it tells one model from another.

        >>> MemristorModel(levels=4, variability=0.1).changes()
        '{"levels": 4, "variability": 0.1}'
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        ideal = {field.name: field.default for field in fields(self)}
        return json.dumps({name: value for name, value in values.items() if value != ideal[name]}, sort_keys=True)

    # ------------------------------------------------------------ weights and conductances

    @property
    def g_range(self) -> float:
        """g_max - g_min, the conductance of the weight 1."""
        return self.g_max - self.g_min

    @property
    def drift(self) -> float:
        """Share of a conductance that is left: (t / t0)^-nu."""
        return float(self.drift_time**-self.drift_exponent)

    def to_conductance(self, weights: ArrayLike, pairs: bool = False) -> Floats:
        """Wanted conductances ``(devices, *shape)`` of `weights` ``(*shape)``.

        One device for a weight in [0, 1]; two with ``pairs=True`` for one in [-1, 1], of which the
        positive or the negative one is at g_min.

        >>> MemristorModel(g_min=1.0, g_max=3.0).to_conductance([0.5, -1.0], pairs=True)
        array([[2., 1.],
               [1., 3.]])
        """
        two = checks.flag("pairs", pairs)
        w = checks.array("weights", weights, -1.0 if two else 0.0, 1.0)
        parts = np.stack([np.maximum(w, 0), np.maximum(-w, 0)]) if two else w[None]
        return np.asarray(self.g_min + self.g_range * parts)

    def from_conductance(self, conductances: ArrayLike) -> Floats:
        """Weights ``(*shape)`` that conductances ``(devices, *shape)`` stand for, wires aside.

        The inverse of `to_conductance`, and linear: no value is clipped. What is subtracted from a
        single device is g_min after its drift.
        """
        g = checks.array("conductances", conductances)
        if g.ndim == 0 or len(g) not in (1, 2):
            raise ValueError(f"conductances must have shape (1, ...) or (2, ...), got {g.shape}")
        other = g[1] if len(g) == 2 else self.g_min * self.drift
        return np.asarray((g[0] - other) / self.g_range)

    # ------------------------------------------------------------ an array of cells

    def defects(
        self, shape: tuple[int, ...], seed: Seed = None, *, pairs: bool = False, exact: bool = False
    ) -> Defects:
        """Draw the cells of an array of weights of that shape.

        Parameters
        ----------
        shape
            Shape of the weights.
        seed
            Fixes the draw. With one seed the cells that are stuck at a small rate are among those
            that are stuck at a larger one, and the spread is the same.
        pairs
            Two devices a weight.
        exact
            Exactly ``round(rate * cells)`` cells are stuck, and ``round(stuck_low_rate * cells)`` of
            them low, instead of each by chance; rate is that of both together.

        Returns
        -------
        Defects
        """
        if not isinstance(shape, tuple):
            raise TypeError(f"shape must be a tuple of integers, got {shape!r}")
        sizes = tuple(checks.whole("shape", size, 0) for size in shape)
        cells = (2 if checks.flag("pairs", pairs) else 1, *sizes)
        rng = np.random.Generator(np.random.PCG64(seed_sequence(seed)))
        chance = rng.random(cells)
        low, high = self.stuck_low_rate, self.stuck_high_rate
        if checks.flag("exact", exact):
            stuck_low = round(low * chance.size)
            stuck_high = round((low + high) * chance.size) - stuck_low
            rank = chance.ravel().argsort().argsort().reshape(cells)
            low_mask, high_mask = rank < stuck_low, rank >= chance.size - stuck_high
        else:
            low_mask, high_mask = chance < low, chance >= 1 - high
        return Defects(low_mask, high_mask & ~low_mask, rng.standard_normal(cells))

    def program(self, weights: ArrayLike, defects: Defects) -> Floats:
        """The weights that an array really has when `weights` are written to it.

        Parameters
        ----------
        weights
            ``(n_neurons, n_inputs)``, or any shape where the wires are ideal (a sparse layer's
            synapses); in [0, 1], or [-1, 1] if `defects` has pairs.
        defects
            Of the array, from `defects`. Writing twice meets the same errors twice.

        Returns
        -------
        numpy.ndarray
            Effective weights, of the shape of `weights`: levels, programming error, ends of the
            range, stuck cells, drift, wires, in this order. Not clipped: wires can leave a weight
            a little outside the encoding's range.

        Raises
        ------
        ValueError
            If a weight is out of range or shapes do not fit.
        """
        return self.read(self.write(self.to_conductance(weights, defects.pairs), defects))

    def write(self, wanted: ArrayLike, defects: Defects) -> Floats:
        """Conductances ``(devices, *shape)`` after `wanted` ones are written: `program` up to the drift."""
        g = checks.array("wanted", wanted, self.g_min, self.g_max)
        if g.shape != defects.spread.shape:
            raise ValueError(f"defects must have shape {g.shape} as the devices have, got {defects.spread.shape}")
        if self.levels is not None:
            steps = self.levels - 1
            g = self.g_min + self.g_range / steps * np.rint((g - self.g_min) / self.g_range * steps)
        if self.variability:
            g = np.clip(self._spread(g, defects.spread), self.g_min, self.g_max)
        g = np.where(defects.stuck_low_mask, self.g_min, np.where(defects.stuck_high_mask, self.g_max, g))
        return np.asarray(g * self.drift)

    def _spread(self, g: Floats, normal: Floats) -> Floats:
        deviation = self.variability * (g if self.proportional else self.g_range)
        if self.distribution == "normal":
            return g + deviation * normal
        relative = self.variability if self.proportional else deviation / g
        log_variance = np.log1p(np.square(relative))
        return np.asarray(g * np.exp(np.sqrt(log_variance) * normal - log_variance / 2))

    def read(self, conductances: ArrayLike) -> Floats:
        """Effective weights of conductances ``(devices, *shape)``, wires included."""
        if not self.wire_resistance:
            return self.from_conductance(conductances)
        g = checks.array("conductances", conductances, 0.0)
        if g.ndim != 3:
            raise ValueError(
                f"weights must be a matrix (n_neurons, n_inputs) with wire_resistance, got shape {g.shape[1:]}"
            )
        if len(g) == 2:
            columns = g.swapaxes(0, 1).reshape(-1, g.shape[2])
            currents = crossbar_transfer(columns, self.wire_resistance, self.ir_drop)
            return np.asarray((currents[0::2] - currents[1::2]) / self.g_range)
        reference = np.full((1, g.shape[2]), self.g_min * self.drift)
        currents = crossbar_transfer(np.concatenate([g[0], reference]), self.wire_resistance, self.ir_drop)
        return np.asarray((currents[:-1] - currents[-1]) / self.g_range)

    # ------------------------------------------------------------ reading

    def read_sigma(self, pairs: bool = False) -> float:
        """Standard deviation of a weight from cycle to cycle: `read_noise`, of a pair sqrt(2) times it."""
        return self.read_noise * (2**0.5 if checks.flag("pairs", pairs) else 1.0)

    def read_probability(self, weights: ArrayLike, encoding: Encoding) -> Floats:
        """Probabilities of ones of the streams of effective weights: `to_probability` for a noisy cell.

        A comparator turns the weight of a cycle, w plus fresh noise, into a bit; below 0 it gives no
        ones and above 1 only ones. The bits stay independent, and their probability is
        ``E[clip(w + sigma eps, 0, 1)]``. Unipolar weights are single cells, others pairs.

        Parameters
        ----------
        weights
            ``(...)``; values outside the encoding's range saturate.
        encoding
            ``"unipolar"``, ``"bipolar"`` or ``"split"``.

        Returns
        -------
        numpy.ndarray
            ``(...)``, for split ``(2, ...)`` (+ part, - part).

        Notes
        -----
        With h(z) = z Phi(z) + phi(z), the mean of a normal number clipped to [0, 1] is
        ``sigma (h(w / sigma) - h((w - 1) / sigma))``.

        Examples
        --------
        >>> MemristorModel(read_noise=0.1).read_probability([0.0, 0.5], "unipolar").round(4)
        array([0.0399, 0.5   ])
        """
        low, _ = value_range(encoding)
        w = checks.array("weights", weights)
        sigma = self.read_sigma(pairs=low < 0)
        if encoding == "bipolar":
            return _clipped_mean((w + 1) / 2, sigma / 2)
        return _clipped_mean(np.stack([w, -w]) if encoding == "split" else w, sigma)

    def adc(self, values: ArrayLike, low: float, high: float) -> Floats:
        """What a converter of `adc_bits` bits reports of column values: middles of 2^b equal steps.

        Values outside [low, high] saturate. Without a converter (`adc_bits` None) they pass as they are.

        Notes
        -----
        Error law: at most half a step; mean square R^2 / (12 4^b) over a range R.

        Examples
        --------
        >>> MemristorModel(adc_bits=2).adc([0.0, 0.3, 7.0], 0.0, 4.0)
        array([0.5, 0.5, 3.5])
        """
        numbers = checks.array("values", values)
        bottom, top = checks.real("low", low, -1e18, 1e18), checks.real("high", high, -1e18, 1e18)
        if bottom >= top:
            raise ValueError(f"low must be below high, got {low:g} and {high:g}")
        if self.adc_bits is None:
            return numbers
        codes = 1 << self.adc_bits
        step = (top - bottom) / codes
        return np.asarray(bottom + step * (np.clip(np.floor((numbers - bottom) / step), 0, codes - 1) + 0.5))

    # ------------------------------------------------------------ what it costs

    def describe(self, weights: ArrayLike, seed: Seed = 0) -> str:
        """A table of what a chip of these cells does to `weights`: each mechanism alone, and all.

        >>> print(MemristorModel(levels=3, drift_exponent=0.05, drift_time=1e4).describe([[0.3, -1.0]]))
        1 x 2 weights in 4 cells (pairs) of 1 to 100 uS; stuck: 0 low, 0 high
        mechanism  setting              RMS error  largest error  at weight
        levels     3                       0.1414         0.2000     [0, 0]
        drift      x 0.631 (t = 1e+04)     0.2724         0.3690     [0, 1]
        all of it                          0.2612         0.3690     [0, 1]
        """
        from .describe import describe

        return describe(self, weights, seed)


def _clipped_mean(mean: Floats, sigma: float) -> Floats:
    """E[clip(mean + sigma eps, 0, 1)] for a standard normal eps."""
    if sigma == 0:
        return np.clip(mean, 0.0, 1.0)

    def positive_part(z: Floats) -> Floats:
        return np.asarray(z * ndtr(z) + np.exp(-z * z / 2) / np.sqrt(2 * np.pi))

    spread = sigma * (positive_part(mean / sigma) - positive_part((mean - 1) / sigma))
    return np.clip(spread, 0.0, 1.0)  # rounding only
