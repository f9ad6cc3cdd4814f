"""The memristor: a resistor whose conductance can be set and is kept; it holds a weight."""

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from ..bitstreams.encodings import Encoding, to_probability, value_range
from ..encoders.seeds import Seed, seed_sequence
from .conductance_laws import DriftExponent, FlickerNoise, ProgrammingError, left_by_drift, number_or_law
from .crossbar import IR_DROPS, Floats, IRDrop
from .defects import Defects, by_cells, checked_defects, draw_defects, without_defects
from .describe import table_of_errors
from .presets import PRESETS
from .programming import DISTRIBUTIONS, Distribution, nearest_level, with_error
from .reading import convert, noisy_probabilities, through_wires

ReadNoisePer = Literal["cycle", "read-out"]

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


@dataclass(frozen=True, kw_only=True)
class MemristorModel:
    """A memristor: its conductance is the weight, and imperfections make it differ from the wanted one.

    ::

        one cell per weight                    differential pair

        x --+---------+                        x --+---------+-----------+
            |         |                            |         |           |
           [g]     [g_min]                        [g+]      [g-]        ...
            |         |                            |         |
            +--( - )--+--> w x                     +--( - )--+--> w x

        w = (g - g_min) / (g_max - g_min)      w = (g+ - g-) / (g_max - g_min)
        in [0, 1]                              in [-1, 1], one device of a pair is at g_min

    Every mechanism is off by default. `program` applies them in the order of this list. A law in place of a number may
    also be the dict of its fields, as `changes` writes it.

    Parameters
    ----------
    g_min, g_max
        Range of the conductance in siemens, 0 <= g_min < g_max.
    levels
        Equally spaced conductances a cell can be set to, >= 2; None: any.
    variability, proportional
        Standard deviation of the programmed conductance, fixed for each cell, in units of g_max - g_min,
        or of the conductance itself with ``proportional=True``; or a `ProgrammingError`.
    distribution
        ``"normal"`` or ``"lognormal"``, with the wanted conductance as their mean.
    stuck_low_rate, stuck_high_rate
        Probabilities that a cell stays at g_min and at g_max, whatever is programmed.
    drift_exponent, drift_time
        nu and t / t0 >= 1 in ``g(t) = g(t0) (t / t0)^-nu``; all cells, stuck ones and the reference of single ones too.
        By a `DriftExponent` each cell has its own nu (the reference the mean).
    wire_resistance, ir_drop
        Ohm per segment of the crossbar, solved ``"exact"`` or to ``"first_order"``, see `crossbar_transfer`. Columns
        lie in the order of neurons, a pair's two side by side; single cells have one more of g_min at the far end.
    read_noise, read_noise_per
        Standard deviation of a conductance as it is read, in units of g_max - g_min; or a `FlickerNoise`. Drawn anew
        per ``"cycle"``, or per ``"read-out"``, one forward of a sample, within which slow noise does not average away.
    adc_bits
        Width of the converter at a column, 1..32, see `adc`; None: none.

    Raises
    ------
    ValueError, TypeError
        If an argument is outside its range or of a wrong type.

    Notes
    -----
    Error laws, in units of the weight: levels, mean square step^2 / 12 with step = 1 / (levels - 1); absolute
    variability sigma, variance sigma^2 a device, so that an output sum_i w_i x_i of single cells has the variance
    sigma^2 |x|^2; stuck single cells, mean (1 - p_low - p_high) w + p_high; drift, w (t / t0)^-nu. Near the ends of
    the range the mean of the spread is not zero, see `with_error`.

    References
    ----------
    M. Prezioso et al., Nature 521, 2015, https://doi.org/10.1038/nature14441 (differential pairs).
    M. Le Gallo, A. Sebastian, J. Phys. D 53, 2020, https://doi.org/10.1088/1361-6463/ab7794 (drift).

    Examples
    --------
    >>> model = MemristorModel(levels=5, stuck_high_rate=0.25)
    >>> defects = model.defects((2, 4), seed=1, exact=True)
    >>> model.program([[0.1, 0.2, 0.3, 0.4], [0.6, 0.7, 0.8, 0.9]], defects)
    array([[0.  , 0.25, 1.  , 0.5 ],
           [0.5 , 1.  , 0.75, 1.  ]])
    """

    g_min: float = 1e-6
    g_max: float = 1e-4
    levels: int | None = None
    variability: float | ProgrammingError = 0.0
    distribution: Distribution = "normal"
    proportional: bool = False
    stuck_low_rate: float = 0.0
    stuck_high_rate: float = 0.0
    drift_exponent: float | DriftExponent = 0.0
    drift_time: float = 1.0
    wire_resistance: float = 0.0
    ir_drop: IRDrop = "exact"
    read_noise: float | FlickerNoise = 0.0
    read_noise_per: ReadNoisePer = "cycle"
    adc_bits: int | None = None

    def __post_init__(self) -> None:
        for name, bounds in _BOUNDS.items():
            object.__setattr__(self, name, number_or_law(name, getattr(self, name), *bounds))
        _check(self)

    @classmethod
    def preset(cls, name: str) -> Self:
        """The model of that name in `PRESETS`; change it with `dataclasses.replace`.

        >>> MemristorModel.preset("hfo2").levels
        64
        """
        return cls(**PRESETS[checks.option("name", name, PRESETS)].parameters)

    def with_rates(self, stuck_rate: float | None = None, variability: float | None = None) -> Self:
        """This model with another rate of stuck cells (half low, half high) or variability; None: unchanged.

        >>> MemristorModel().with_rates(stuck_rate=0.5).stuck_low_rate
        0.25
        """
        changed = self
        if stuck_rate is not None:
            half = checks.real("stuck_rate", stuck_rate, 0.0, 1.0) / 2
            changed = replace(changed, stuck_low_rate=half, stuck_high_rate=half)
        return changed if variability is None else replace(changed, variability=variability)

    def changes(self) -> str:
        """Parameters that differ from the defaults, an ideal crossbar, as JSON with sorted keys: an identifier.

        >>> MemristorModel(levels=4, variability=0.1).changes()
        '{"levels": 4, "variability": 0.1}'
        """
        ideal = {field.name: field.default for field in fields(self)}
        return json.dumps({k: value for k, value in asdict(self).items() if value != ideal[k]}, sort_keys=True)

    @property
    def g_range(self) -> float:
        """g_max - g_min, the conductance of the weight 1."""
        return self.g_max - self.g_min

    @property
    def drift(self) -> float:
        """Fraction of a conductance that is left after the drift: (t / t0)^-nu; by a law, of a mean cell at g_max."""
        return self._left(self.g_max)

    def _left(self, g: float) -> float:
        return float(left_by_drift(self.drift_exponent, self.drift_time, np.array(g / self.g_max)))

    def to_conductance(self, weights: ArrayLike, pairs: bool = False) -> Floats:
        """Wanted conductances ``(devices, *shape)`` of `weights` ``(*shape)``.

        One device for a weight in [0, 1]; with ``pairs=True`` two for one in [-1, 1], one of them at g_min.

        >>> MemristorModel(g_min=1.0, g_max=3.0).to_conductance([0.5, -1.0], pairs=True)
        array([[2., 1.],
               [1., 3.]])
        """
        two = checks.flag("pairs", pairs)
        w = checks.array("weights", weights, -1.0 if two else 0.0, 1.0)
        return np.asarray(self.g_min + self.g_range * (to_probability(w, "split") if two else w[None]))

    def from_conductance(self, conductances: ArrayLike) -> Floats:
        """Weights ``(*shape)`` that conductances ``(devices, *shape)`` stand for, wires aside.

        The inverse of `to_conductance`, and linear. What is subtracted from a single device is g_min after its drift.
        """
        g = checks.array("conductances", conductances)
        if g.ndim == 0 or len(g) not in (1, 2):
            raise ValueError(f"conductances must have shape (1, ...) or (2, ...), got {g.shape}")
        other = g[1] if len(g) == 2 else self.g_min * self._left(self.g_min)
        return np.asarray((g[0] - other) / self.g_range)

    def defects(
        self, shape: tuple[int, ...], seed: Seed = None, *, pairs: bool = False, exact: bool = False
    ) -> Defects:
        """Draw the defects of an array of weights of that shape; see `draw_defects`.

        With `pairs`, two devices a weight; with `exact`, exactly as many cells are stuck as the rates say.
        """
        return draw_defects(shape, self.stuck_low_rate, self.stuck_high_rate, seed, pairs=pairs, exact=exact)

    def program(self, weights: ArrayLike, defects: Defects) -> Floats:
        """Effective weights ``(*shape)`` of an array after `weights` ``(*shape)`` are programmed into it.

        They include levels, programming error, ends of the range, stuck cells, drift and wires, in this order. Wires
        need a matrix ``(n_neurons, n_inputs)`` and can leave a weight a little outside the encoding's range. `weights`
        lie in [0, 1], of pairs in [-1, 1]; `defects` are of the array: the same errors each time that it is programmed.
        """
        return by_cells(
            lambda w, own: self.read(self.write(self.to_conductance(w, own.pairs), own)), weights, defects,
            alone=not self.wire_resistance,
        )  # fmt: skip

    def write(self, wanted: ArrayLike, defects: Defects) -> Floats:
        """Conductances ``(devices, *shape)`` after `wanted` ones are programmed: levels, errors, stuck cells, drift."""
        g, left = _programmed(self, wanted, defects)
        return np.asarray(g * left)

    def read(self, conductances: ArrayLike) -> Floats:
        """Effective weights of conductances ``(devices, *shape)``, wires included."""
        if not self.wire_resistance:
            return self.from_conductance(conductances)
        g = checks.array("conductances", conductances, 0.0)
        return through_wires(g, self.g_min * self._left(self.g_min), self.wire_resistance, self.ir_drop) / self.g_range

    def read_sigma(self, weights: ArrayLike, defects: Defects) -> Floats:
        """Standard deviations ``(*shape)`` of the effective weights as they are read, by `read_noise`; wires aside.

        That of a number is the same for all cells, sqrt(2) times it for pairs. Arguments as for `program`.
        """
        if not isinstance(self.read_noise, FlickerNoise):
            return np.full(checked_defects(defects).spread.shape[1:], self.read_noise * np.sqrt(1 + defects.pairs))
        return by_cells(self._flicker, weights, defects)

    def _flicker(self, weights: Floats, defects: Defects) -> Floats:
        g, left = _programmed(self, self.to_conductance(weights, defects.pairs), defects)
        sigma = g * left * self.read_noise.relative(g / self.g_max, self.drift_time)  # type: ignore[union-attr]
        return np.asarray(np.sqrt(np.square(sigma).sum(0)) / self.g_range)

    def read_probability(self, weights: ArrayLike, encoding: Encoding, sigma: ArrayLike | None = None) -> Floats:
        """Mean probabilities of ones of the streams of effective weights: `to_probability` for a noisy cell.

        What is read below 0 gives no ones and above 1 only ones, see `noisy_probability`. Unipolar weights are single
        cells, others pairs. `sigma`: see `read_sigma`; None: that of cells that were written without an error.

        >>> MemristorModel(read_noise=0.1).read_probability([0.0, 0.5], "unipolar").round(4)
        array([0.0399, 0.5   ])
        """
        low, high = value_range(encoding)
        w = checks.array("weights", weights)
        if sigma is not None:
            return noisy_probabilities(w, checks.array("sigma", sigma, 0.0, shape=w.shape).reshape(-1), encoding)

        def spread(some: Floats) -> Floats:
            return self.read_sigma(np.clip(some, low, high), without_defects(some.shape, pairs=low < 0))

        return noisy_probabilities(w, spread, encoding)

    def adc(self, values: ArrayLike, low: float, high: float) -> Floats:
        """Column values after an analog-to-digital converter of `adc_bits` bits: midpoints of 2^b equal steps.

        Values outside [low, high] saturate. Without a converter (`adc_bits` None) they pass as they are. Errors are at
        most half a step; mean square R^2 / (12 4^b) over a range R.

        >>> MemristorModel(adc_bits=2).adc([0.0, 0.3, 7.0], 0.0, 4.0)
        array([0.5, 0.5, 3.5])
        """
        return convert(values, low, high, self.adc_bits)

    def describe(self, weights: ArrayLike, seed: Seed = 0) -> str:
        """A table of the errors of `weights` on a chip of these cells: each mechanism alone, and all together.

        >>> print(MemristorModel(levels=3, drift_exponent=0.05, drift_time=1e4).describe([[0.3, -1.0]]))
        1 x 2 weights in 4 cells (pairs) of 1 to 100 uS; stuck: 0 low, 0 high
        mechanism  setting              RMS error  largest error  at weight
        levels     3                       0.1414         0.2000     [0, 0]
        drift      x 0.631 (t = 1e+04)     0.2724         0.3690     [0, 1]
        all of it                          0.2612         0.3690     [0, 1]
        """
        return _table(self, weights, seed)


def _check(model: MemristorModel) -> None:
    """An error if parameters do not go together, or one is not of its kind."""
    if model.g_min >= model.g_max:
        raise ValueError(f"g_min must be below g_max, got {checks.plain(model.g_min)} and {checks.plain(model.g_max)}")
    if model.stuck_low_rate + model.stuck_high_rate > 1:
        total = model.stuck_low_rate + model.stuck_high_rate
        raise ValueError(f"stuck_low_rate + stuck_high_rate must be at most 1, got {checks.plain(total)}")
    for name, low, high in (("levels", 2, None), ("adc_bits", 1, 32)):
        if (value := getattr(model, name)) is not None:
            object.__setattr__(model, name, checks.whole(name, value, low, high))
    checks.option("read_noise_per", model.read_noise_per, get_args(ReadNoisePer))
    checks.option("distribution", model.distribution, DISTRIBUTIONS)
    checks.option("ir_drop", model.ir_drop, IR_DROPS)
    proportional = checks.flag("proportional", model.proportional)
    object.__setattr__(model, "proportional", proportional)
    if proportional and isinstance(model.variability, ProgrammingError):
        raise ValueError("proportional must be False where variability is a ProgrammingError, which has its own unit")
    if model.distribution == "lognormal" and not proportional and model.g_min == 0:
        raise ValueError("g_min must be above 0 with a lognormal spread that is not proportional, got 0")


def _programmed(model: MemristorModel, wanted: ArrayLike, defects: Defects) -> tuple[Floats, Floats | float]:
    """Conductances ``(devices, *shape)`` before the drift, and the fractions of them that it leaves."""
    g = checks.array("wanted", wanted, model.g_min, model.g_max)
    if g.shape != checked_defects(defects).spread.shape:
        raise ValueError(f"defects must have shape {g.shape} as the devices have, got {defects.spread.shape}")
    if model.levels is not None:
        g = nearest_level(g, model.g_min, model.g_range, model.levels)
    aimed = defects.stuck(g, model.g_min, model.g_max) / model.g_max
    if model.variability:
        ends = model.g_min, model.g_max
        g = with_error(g, defects.spread, model.variability, model.distribution, model.proportional, ends)
    left = left_by_drift(model.drift_exponent, model.drift_time, aimed, defects.drift_spread)
    return defects.stuck(g, model.g_min, model.g_max), left


def _table(model: MemristorModel, weights: ArrayLike, seed: Seed) -> str:
    """The text of `MemristorModel.describe`: all rows describe one chip.

    Its random draws do not depend on the settings. A negative weight makes differential pairs of all.
    """
    w = checks.array("weights", weights, -1.0, 1.0)
    if w.size == 0:
        raise ValueError(f"weights must have a value, got shape {w.shape}")
    pairs, entropy = bool(w.min() < 0), seed_sequence(seed)
    rows = [
        (name, setting, alone.program(w, alone.defects(w.shape, entropy, pairs=pairs)) - w)
        for name, setting, alone in [*_mechanisms(model), ("all of it", "", model)]
    ]
    defects = model.defects(w.shape, entropy, pairs=pairs)
    return "\n".join([_summary(model, w.shape, defects), *table_of_errors(rows), *_reading(model, w, defects)])


def _summary(model: MemristorModel, shape: tuple[int, ...], defects: Defects) -> str:
    """A line about the array."""
    kind = "pairs" if defects.pairs else "single"
    low, high = int(defects.stuck_low_mask.sum()), int(defects.stuck_high_mask.sum())
    return (
        f"{' x '.join(map(str, shape))} weights in {defects.spread.size} cells ({kind}) of "
        f"{1e6 * model.g_min:.4g} to {1e6 * model.g_max:.4g} uS; stuck: {low} low, {high} high"
    )


def _mechanisms(model: MemristorModel) -> list[tuple[str, str, MemristorModel]]:
    """Name, setting, and the model with this mechanism only, of those that change what is programmed."""
    spread = str(model.variability)
    if not isinstance(model.variability, ProgrammingError):
        spread = f"{100 * model.variability:.3g} % of {'g' if model.proportional else 'range'}"
    low, high = model.stuck_low_rate, model.stuck_high_rate
    errors, stuck = ("variability", "distribution", "proportional"), ("stuck_low_rate", "stuck_high_rate")
    table = (
        (model.levels is not None, "levels", f"{model.levels}", ("levels",)),
        (bool(model.variability), "variability", f"{model.distribution}, {spread}", errors),
        (low + high > 0, "stuck", f"{100 * low:.3g} % low, {100 * high:.3g} % high", stuck),
        (
            model.drift < 1,
            "drift",
            f"x {model.drift:.3f} (t = {model.drift_time:.3g})",
            ("drift_exponent", "drift_time"),
        ),
        (
            model.wire_resistance > 0,
            "wires",
            f"{model.wire_resistance:.3g} ohm, {model.ir_drop}",
            ("wire_resistance", "ir_drop"),
        ),
    )
    return [
        (name, setting, type(model)(**{field: getattr(model, field) for field in ("g_min", "g_max", *own)}))
        for on, name, setting, own in table
        if on
    ]


def _reading(model: MemristorModel, weights: Floats, defects: Defects) -> list[str]:
    """Lines about the errors of reading the array, beside those of programming it."""
    lines = []
    if model.read_noise:
        sigma = np.sqrt(np.square(model.read_sigma(weights, defects)).mean())
        lines.append(f"read noise: {sigma:.4f} of a weight, fresh every {model.read_noise_per}")
    if model.adc_bits is not None:
        error = 12**-0.5 / 2**model.adc_bits
        lines.append(f"converter: {model.adc_bits} bits a column, RMS error {error:.2g} of its range")
    return lines
