"""What a memristor crossbar does to the weights that are written into it."""

import json
import math
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from .. import checks
from ..encoders.seeds import Seed, seed_sequence
from .crossbar import IR_DROPS, IRDrop, crossbar_transfer

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Distribution = Literal["normal", "lognormal"]


@dataclass(frozen=True, eq=False)
class Defects:
    """What is wrong with each cell of a chip, drawn once: it stays so however often it is programmed.

    Parameters
    ----------
    stuck_low, stuck_high
        Cells whose conductance is g_min or g_max for good; no cell is both. ``(*shape)``, or
        ``(2, *shape)`` for differential pairs: cells of the positive and of the negative part.
    spread
        Standard normal number of every cell: its programming error in units of the variability.
    """

    stuck_low: Mask
    stuck_high: Mask
    spread: Floats

    @property
    def stuck(self) -> Mask:
        """Cells that are stuck either way."""
        return self.stuck_low | self.stuck_high


@dataclass(frozen=True)
class MemristorModel:
    """A crossbar of memristors that hold weights; every mechanism is off unless it is given.

    ::

        w --levels--> g --programming error--> --drift--> --stuck--> --wires--> w as it is read
        x --(AND with the stream of that w)--> column --ADC--> y

    A weight of 0 is the conductance g_min, a weight of 1 is g_max. Signed weights take differential
    pairs: the conductance of one cell less that of the other.

    Parameters
    ----------
    g_min, g_max
        Range of conductances, S, 0 <= g_min < g_max.
    stuck_low_rate, stuck_high_rate
        Probability that a cell is stuck at g_min, at g_max; their sum is at most 1.
    variability
        Spread of programming, sigma >= 0: of the conductance (``proportional=True``) or of the range.
    distribution
        ``"normal"``: g (1 + sigma z), or g + sigma (g_max - g_min) z. ``"lognormal"``: g exp(sigma z),
        which has the median g.
    proportional
        Whether the spread is in units of the conductance or of the range (normal only). What falls
        outside [g_min, g_max] ends at the nearer end: a cell cannot leave its range.
    levels
        Conductances that can be written, at least 2, evenly spaced; None: any.
    read_noise
        Standard deviation of a reading, of one cell in one clock cycle, in units of the range.
    drift_exponent, drift_time
        g falls as ``drift_time ** -drift_exponent`` (time in units of the first reading's, at least 1).
        Stuck cells stay.
    wire_resistance
        Ohm of a wire segment between neighbouring cells.
    ir_drop
        ``"exact"`` solves the network of wires, ``"first_order"`` takes a closed form: see
        `crossbar_transfer`.
    adc_bits
        Resolution of the converter that reads a column; None: exact.
    adc_range
        Share of the largest possible output that the converter spans, in (0, 1]; it clips beyond.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error laws, each alone: absolute spread adds sigma**2 |x|**2 to the variance of a sum; a share s
    of stuck cells moves the mean weight from m to (1 - s) m + s_high; n levels add a variance of
    1 / (12 (n - 1)**2); a converter of b bits over a range R adds R**2 / (12 4**b).

    References
    ----------
    M. Prezioso et al., Nature 521, 2015, https://doi.org/10.1038/nature14441 (differential pairs).
    M. Le Gallo, A. Sebastian, J. Phys. D 53, 2020, https://doi.org/10.1088/1361-6463/ab7794 (drift).

    Examples
    --------
    >>> model = MemristorModel(levels=3)
    >>> model.program(np.array([0.2, 0.3, 0.9]), model.defects((3,), seed=0))
    array([0. , 0.5, 1. ])
    """

    g_min: float = 1e-6
    g_max: float = 1e-4
    stuck_low_rate: float = 0.0
    stuck_high_rate: float = 0.0
    variability: float = 0.0
    distribution: Distribution = "normal"
    proportional: bool = True
    levels: int | None = None
    read_noise: float = 0.0
    drift_exponent: float = 0.0
    drift_time: float = 1.0
    wire_resistance: float = 0.0
    ir_drop: IRDrop = "exact"
    adc_bits: int | None = None
    adc_range: float = 1.0

    def __post_init__(self) -> None:
        checks.real("g_min", self.g_min, 0.0, 1e9)
        checks.real("g_max", self.g_max, 0.0, 1e9)
        if not self.g_min < self.g_max:
            raise ValueError(f"g_max must be above g_min={self.g_min:g}, got {self.g_max:g}")
        checks.real("stuck_low_rate", self.stuck_low_rate, 0.0, 1.0)
        checks.real("stuck_high_rate", self.stuck_high_rate, 0.0, 1.0)
        if self.stuck_low_rate + self.stuck_high_rate > 1:
            raise ValueError(
                f"stuck_low_rate + stuck_high_rate must be at most 1, got {self.stuck_low_rate + self.stuck_high_rate}"
            )
        checks.real("variability", self.variability, 0.0, 10.0)
        checks.option("distribution", self.distribution, get_args(Distribution))
        if self.distribution == "lognormal" and not checks.flag("proportional", self.proportional):
            raise ValueError("proportional must be True with distribution='lognormal', got False")
        if self.levels is not None:
            checks.whole("levels", self.levels, 2)
        checks.real("read_noise", self.read_noise, 0.0, 10.0)
        checks.real("drift_exponent", self.drift_exponent, 0.0, 10.0)
        checks.real("drift_time", self.drift_time, 1.0, math.inf)
        checks.real("wire_resistance", self.wire_resistance, 0.0, 1e9)
        checks.option("ir_drop", self.ir_drop, IR_DROPS)
        if self.adc_bits is not None:
            checks.whole("adc_bits", self.adc_bits, 1, 52)
        if not checks.real("adc_range", self.adc_range, 0.0, 1.0):
            raise ValueError("adc_range must be above 0, got 0")

    @classmethod
    def preset(cls, name: str) -> "MemristorModel":
        """A model by the name of its kind of device: see `PRESETS`.

        >>> MemristorModel.preset("ideal") == MemristorModel()
        True
        """
        return PRESETS[checks.option("name", name, tuple(PRESETS))]

    def with_rates(self, stuck_rate: float | None = None, variability: float | None = None) -> "MemristorModel":
        """This model with another share of stuck cells (half of them low, half high) or another spread; None keeps."""
        changed = self
        if stuck_rate is not None:
            half = checks.real("stuck_rate", stuck_rate, 0.0, 1.0) / 2
            changed = replace(changed, stuck_low_rate=half, stuck_high_rate=half)
        if variability is not None:
            changed = replace(changed, variability=checks.real("variability", variability, 0.0, 10.0))
        return changed

    def changes(self) -> str:
        """What differs from an ideal crossbar, as JSON with sorted keys: it tells one model from another.

        >>> MemristorModel(levels=4, variability=0.1).changes()
        '{"levels": 4, "variability": 0.1}'
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        ideal = {field.name: field.default for field in fields(self)}
        return json.dumps({name: value for name, value in values.items() if value != ideal[name]}, sort_keys=True)

    def defects(
        self, shape: tuple[int, ...], seed: Seed = None, *, pairs: bool = False, exact: bool = False
    ) -> Defects:
        """The defects of a chip with a cell, or a pair of cells, for each weight of an array of this shape.

        Parameters
        ----------
        shape
            Of the weights.
        seed
            One seed is one chip.
        pairs
            Whether weights are signed, so that each takes two cells.
        exact
            True: exactly ``round(rate * cells)`` are stuck each way. False: each with its probability.
        """
        rng = np.random.Generator(np.random.PCG64(seed_sequence(seed)))
        cells = (2, *shape) if pairs else tuple(shape)
        place = rng.random(cells)
        if exact:  # the rank of the draw takes its place
            place = (place.reshape(-1).argsort().argsort().reshape(cells) + 0.5) / max(1, place.size)
            low, high = (
                round(rate * place.size) / max(1, place.size) for rate in (self.stuck_low_rate, self.stuck_high_rate)
            )
        else:
            low, high = self.stuck_low_rate, self.stuck_high_rate
        return Defects(place < low, place >= 1 - high, rng.standard_normal(cells))

    def program(self, weights: Floats, defects: Defects) -> Floats:
        """Weights as they are read from the chip after `weights` were written into it.

        Parameters
        ----------
        weights
            In [0, 1], or in [-1, 1] for defects of pairs; ``(n_neurons, n_inputs)`` with wires.
        defects
            Of the same shape.

        Returns
        -------
        ndarray
            float64 in the same range and shape; drift and wires can bring a cell below g_min, which
            reads as 0.
        """
        if defects.spread.ndim == weights.ndim:
            return self._unit(self._read(checks.array("weights", weights, 0.0, 1.0), defects))
        numbers = checks.array("weights", weights, -1.0, 1.0)
        parts = self._read(np.stack([np.maximum(numbers, 0), np.maximum(-numbers, 0)]), defects)
        return np.asarray(np.clip(self._unit(parts[0], 0.0) - self._unit(parts[1], 0.0), -1.0, 1.0))

    def _read(self, weights: Floats, defects: Defects) -> Floats:
        """Conductances of cells after all mechanisms."""
        if self.levels is not None:
            weights = np.floor(weights * (self.levels - 1) + 0.5) / (self.levels - 1)
        span = self.g_max - self.g_min
        g = self.g_min + span * weights
        if self.distribution == "lognormal":
            g = g * np.exp(self.variability * defects.spread)
        else:
            g = g + self.variability * defects.spread * (g if self.proportional else span)
        g = np.clip(g, self.g_min, self.g_max) * self.drift_time**-self.drift_exponent
        g = np.where(defects.stuck_low, self.g_min, np.where(defects.stuck_high, self.g_max, g))
        if not self.wire_resistance:
            return np.asarray(g)
        if g.ndim < 2 or (g.ndim == 2 and len(weights) != len(g)):
            raise ValueError(f"wire_resistance must be 0 for weights that are no matrix, got shape {weights.shape}")
        planes = g.reshape(-1, *g.shape[-2:])
        return np.stack([crossbar_transfer(p, self.wire_resistance, self.ir_drop) for p in planes]).reshape(g.shape)

    def _unit(self, g: Floats, offset: float | None = None) -> Floats:
        """Conductances less `offset` (None: g_min, clipped to [0, 1]) in units of the range."""
        span = self.g_max - self.g_min
        if offset is None:
            return np.asarray(np.clip((g - self.g_min) / span, 0.0, 1.0))
        return np.asarray((g - offset) / span)

    def read_mean(self, weights: Floats, sigma: float) -> Floats:
        """Mean of a noisy reading, clipped to [0, 1]: ``E[clip(w + sigma z, 0, 1)]`` for a normal z.

        >>> MemristorModel().read_mean(np.array([0.0, 0.5, 1.0]), 0.1).round(4)
        array([0.0399, 0.5   , 0.9601])
        """
        if sigma == 0:
            return np.clip(weights, 0.0, 1.0)

        def mean_above(x: Floats) -> Floats:  # E[max(x + sigma z, 0)]
            return np.asarray(x * ndtr(x / sigma) + sigma * np.exp(-0.5 * (x / sigma) ** 2) / math.sqrt(2 * math.pi))

        return mean_above(weights) - mean_above(weights - 1.0)

    def convert(self, outputs: Floats, low: float, high: float) -> Floats:
        """Outputs in [low, high] as the converter writes them: the middle of one of 2**adc_bits steps.

        >>> MemristorModel(adc_bits=2).convert(np.array([0.1, 0.3, 1.0]), 0.0, 1.0)
        array([0.125, 0.375, 0.875])
        """
        if self.adc_bits is None:
            return outputs
        low, high = low * self.adc_range, high * self.adc_range
        step = (high - low) / 2**self.adc_bits
        number = np.clip(np.floor((outputs - low) / step), 0, 2**self.adc_bits - 1)
        return np.asarray(low + (number + 0.5) * step)


PRESETS: dict[str, MemristorModel] = {
    "ideal": MemristorModel(),
    "al2o3-tio2": MemristorModel(g_min=1e-5, g_max=1e-4, variability=0.3, distribution="lognormal"),
    "hfo2": MemristorModel(
        g_min=1e-6, g_max=1e-4, stuck_low_rate=0.0175, stuck_high_rate=0.0904, variability=0.1, levels=32
    ),
    "pcm": MemristorModel(
        g_min=1e-7,
        g_max=2.5e-5,
        variability=0.05,
        proportional=False,
        drift_exponent=0.05,
        drift_time=1e4,
        read_noise=0.02,
    ),
}
"""Kinds of devices.

- ``ideal``: no mechanism at all.
- ``al2o3-tio2``: the conductance range of the 12 x 12 crossbar of M. Prezioso et al., Nature 521, 2015,
  https://doi.org/10.1038/nature14441 (tens of microsiemens); the spread is a round number of ours. No
  stuck rate: they report the spread of switching thresholds.
- ``hfo2``: stuck cells as measured by C.-Y. Chen et al., IEEE Trans. Computers 64, 2015,
  https://doi.org/10.1109/TC.2014.12: 1.75 % stuck at 0 and 9.04 % stuck at 1, taken here as low and high
  conductance; range, spread and levels are round numbers of ours.
- ``pcm``: a drift exponent of 0.05 after 10 000 times the first reading's time and a read noise of a few
  percent are typical of phase-change memory (M. Le Gallo, A. Sebastian, J. Phys. D 53, 2020,
  https://doi.org/10.1088/1361-6463/ab7794); range and spread are round numbers of ours.
"""
