"""Published memristors: parameters of models by name.

Every preset says which of its numbers are from the cited paper and which are only typical of the
material: a round figure to start from, to be replaced by the numbers of your own chip.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .conductance_laws import ClippedLogarithm, DriftExponent, FlickerNoise, ProgrammingError


class Preset(NamedTuple):
    """Parameters of a published memristor, and where they are from."""

    parameters: Mapping[str, Any]
    """Keywords of a `MemristorModel`; what is not named keeps its default."""
    cell: str
    """Material of the cell."""
    cited: str
    """Summary of what the cited paper reports."""
    typical: str
    """Round figures, typical of the material and from no paper."""
    reference: str
    """The paper, with its DOI."""


PRESETS = MappingProxyType({
    "ideal": Preset(
        {},
        "none",
        "nothing",
        "range 1 to 100 uS",
        "none",
    ),
    "al2o3-tio2": Preset(
        {
            "g_min": 1e-5, "g_max": 1e-4, "stuck_low_rate": 0.005, "stuck_high_rate": 0.005,
            "variability": 0.05, "proportional": True, "wire_resistance": 1.0,
        },
        "Al2O3/TiO2-x, 64 x 64 without transistors",
        "about 99 % of the cells work; average tuning error below 4 % of g",
        "range, stuck cells half low and half high, a normal error (4 % on average is a standard deviation of 5 %), "
        "1 ohm a segment, which is optimistic: 50 to 70 ohm are reported of its predecessor",
        "H. Kim et al., Nat. Commun. 12, 5198 (2021), https://doi.org/10.1038/s41467-021-25455-0",
    ),
    "hfo2": Preset(
        {
            "g_min": 1e-4, "g_max": 1e-3, "levels": 64, "stuck_low_rate": 0.001, "stuck_high_rate": 0.001,
            "variability": 0.01, "wire_resistance": 0.3, "adc_bits": 8,
        },
        "HfO2 on transistors, 128 x 64",
        "99.8 % of the cells work; outputs of 5 to 8 bits",
        "range, 64 levels, stuck cells half low and half high, 1 % of the range, 0.3 ohm, 8 bits",
        "C. Li et al., Nat. Electron. 1, 52 (2018), https://doi.org/10.1038/s41928-017-0002-z",
    ),
    "taox": Preset(
        {
            "g_min": 1e-5, "g_max": 1e-4, "variability": 0.1, "distribution": "lognormal", "proportional": True,
            "read_noise": 0.01,
        },
        "Ta2O5-x/TaO2-x",
        "the cell itself, no number of this model",
        "all numbers",
        "M.-J. Lee et al., Nat. Mater. 10, 625 (2011), https://doi.org/10.1038/nmat3070",
    ),
    "pcm": Preset(
        {
            "g_min": 0.0, "g_max": 2.5e-5,
            "variability": ProgrammingError(tuple(microsiemens / 25 for microsiemens in (0.2635, 1.9650, -1.1731))),
            "drift_exponent": DriftExponent(
                mean=ClippedLogarithm(-0.0155, 0.0244, 0.049, 0.1),
                spread=ClippedLogarithm(-0.0125, -0.0059, 0.008, 0.045),
            ),
            "drift_time": 500.0,
            "read_noise": FlickerNoise(scale=0.0088, power=0.65, ceiling=0.2, read_time=250e-9, first_time=20.0),
            "read_noise_per": "read-out",
        },
        "phase change, doped Ge2Sb2Te5, 90 nm",
        "all laws and their constants, as in IBM's aihwkit",
        "read 10^4 s after programming, t0 = 20 s as in aihwkit; read-outs err independently; cells end at g_max",
        "V. Joshi et al., Nat. Commun. 11, 2473 (2020), https://doi.org/10.1038/s41467-020-16108-9",
    ),
})  # fmt: skip
"""Presets by name; see `MemristorModel.preset`."""
