"""What an array of memristors does to a matrix of weights, as a table."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..encoders.seeds import Seed, seed_sequence

if TYPE_CHECKING:
    from .memristor import MemristorModel

_HEAD = ("mechanism", "setting", "RMS error", "largest error", "at weight")


def describe(model: "MemristorModel", weights: ArrayLike, seed: Seed = 0) -> str:
    """A row for each mechanism of `model` that is on, switched on alone, and one for all together.

    A negative weight makes differential pairs of all. Draws do not depend on the settings, so the
    rows speak of one and the same chip.
    """
    w = checks.array("weights", weights, -1.0, 1.0)
    if w.size == 0:
        raise ValueError(f"weights must have a value, got shape {w.shape}")
    pairs, entropy = bool(w.min() < 0), seed_sequence(seed)
    defects = model.defects(w.shape, entropy, pairs=pairs)
    rows = [_HEAD]
    for name, setting, alone in _mechanisms(model):
        rows.append((name, setting, *_errors(alone.program(w, alone.defects(w.shape, entropy, pairs=pairs)) - w)))
    rows.append(("all of it", "", *_errors(model.program(w, defects) - w)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    low, high = int(defects.stuck_low_mask.sum()), int(defects.stuck_high_mask.sum())
    kind = "pairs" if pairs else "single"
    span = f"{1e6 * model.g_min:.4g} to {1e6 * model.g_max:.4g} uS"
    lines = [
        f"{' x '.join(map(str, w.shape))} weights in {defects.spread.size} cells ({kind}) of {span}; "
        f"stuck: {low} low, {high} high"
    ]
    for row in rows:
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join(left + right))
    if model.read_noise:
        lines.append(f"read noise: {model.read_sigma(pairs):.4f} of a weight, fresh every cycle")
    if model.adc_bits is not None:
        lines.append(
            f"converter: {model.adc_bits} bits a column, RMS error {12**-0.5 / 2**model.adc_bits:.2g} of its range"
        )
    return "\n".join(lines)


def _mechanisms(model: "MemristorModel") -> list[tuple[str, str, "MemristorModel"]]:
    """Name, setting and the model with this mechanism only, of those that are on."""
    unit = "g" if model.proportional else "range"
    low, high = model.stuck_low_rate, model.stuck_high_rate
    table = (
        (model.levels is not None, "levels", f"{model.levels}", ("levels",)),
        (
            model.variability > 0,
            "variability",
            f"{model.distribution}, {100 * model.variability:.3g} % of {unit}",
            ("variability", "distribution", "proportional"),
        ),
        (
            low + high > 0,
            "stuck",
            f"{100 * low:.3g} % low, {100 * high:.3g} % high",
            ("stuck_low_rate", "stuck_high_rate"),
        ),
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
        (name, setting, type(model)(**{field: getattr(model, field) for field in ("g_min", "g_max", *fields)}))
        for on, name, setting, fields in table
        if on
    ]


def _errors(error: NDArray[np.float64]) -> tuple[str, str, str]:
    worst = np.unravel_index(abs(error).argmax(), error.shape)
    place = ", ".join(map(str, worst))
    return f"{np.sqrt(np.square(error).mean()):.4f}", f"{abs(error[worst]):.4f}", f"[{place}]"
