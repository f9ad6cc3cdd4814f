"""What a point of a sweep runs: the task of its settings, and the settings that a task of a file was made of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..evaluation.calibrated import can_be_calibrated
from ..evaluation.classification import FIXED_POINT
from ..evaluation.evaluate import FIXED_BITS
from ..evaluation.task import Task
from ..gates.faults import Faults
from ..layers.options import CircuitOptions
from ..synapses import PRESETS, MemristorModel
from .axes import AXES, Settings

_OF_CIRCUIT = (
    "generator", "length", "encoding", "accumulate", "share", "weight_share", "weight_streams", "bits", "clip", "seed"
)  # fmt: skip
_OF_FAULTS = ("input_flips", "weight_flips", "product_flips", "stuck_lines", "dead_generator")


@dataclass(frozen=True)
class Names:
    """What tells tasks of a network and a data set from others."""

    version: str
    network: str
    data: str
    samples: str = ""
    """Digest of the samples that circuits can be calibrated on; empty: there are none."""


def task_of(settings: Settings, names: Names) -> Task:
    """The task that a point runs; a ValueError or TypeError if its settings do not go together."""
    values = {name: settings.get(name, axis.default) for name, axis in AXES.items()}
    fixed = values["generator"] == FIXED_POINT
    if fixed:  # what it has not is not looked at, so that all points of a grid that differ in it only are one
        for name in ("length", "encoding", "accumulate", "share", "weight_share", "weight_streams"):
            values[name] = 1 if name == "length" else AXES[name].default
    options = CircuitOptions(
        **{name: values[name] for name in _OF_CIRCUIT if not (fixed and name == "generator")},
        faults=_faults(values),
        device=_device(values),
    )
    if fixed and options.device is not None:
        raise ValueError("device must be none with generator fixed-point, which has no crossbar")
    task = Task.of(options, values["repeat"], version=names.version, network=names.network, data=names.data)
    if fixed:
        return replace(task, generator=FIXED_POINT, bits=task.bits or FIXED_BITS)
    calibrated = values["calibrate"] == "auto" and bool(names.samples) and can_be_calibrated(task)
    return replace(task, calibration=names.samples) if calibrated else task


def _faults(values: Mapping[str, Any]) -> Faults:
    given = {name: values[name] for name in _OF_FAULTS}
    if values["flips"]:
        for name in ("input_flips", "weight_flips"):
            if given[name]:
                raise ValueError(f"{name} must be 0 with flips, which are of inputs and weights, got {given[name]}")
            given[name] = values["flips"]
    return Faults(**given)


def _device(values: Mapping[str, Any]) -> MemristorModel | None:
    """The crossbar; rates of cells without a name of one are those of ideal cells."""
    device, rates = values["device"], (values["stuck_rate"], values["variability"])
    if device is None and rates == (None, None):
        return None
    model = device if isinstance(device, MemristorModel) else MemristorModel.preset(device or "ideal")
    return model.with_rates(*rates)


def settings_of(task: Task) -> dict[str, Any]:
    """Values of all axes but model and data, as they can be told from a task.

    A crossbar that is a preset but for its stuck cells and its spread has the name of that; another one is its JSON.

    Examples
    --------
    >>> found = settings_of(Task("0.1.0", "ab", "cd", "sobol", 16, faults='{"product_flips": 0.1}'))
    >>> found["generator"], found["length"], found["product_flips"], found["device"]
    ('sobol', 16, 0.1, None)
    """
    found: dict[str, Any] = {name: getattr(task, name) for name in _OF_CIRCUIT}
    faults = task.fault_model or Faults()
    found |= {name: getattr(faults, name) for name in _OF_FAULTS}
    both = faults.input_flips == faults.weight_flips
    found["flips"] = faults.input_flips if both else 0.0
    if both:
        found["input_flips"] = found["weight_flips"] = 0.0
    found |= {"calibrate": "auto" if task.calibration else "none", "repeat": task.repeat}
    found |= dict(zip(("device", "stuck_rate", "variability"), _crossbar(task.device), strict=True))
    return {name: found[name] for name in AXES if name in found}


def _crossbar(changes: str) -> tuple[str | None, float | None, float | None]:
    """Name or JSON of a crossbar, and its rate of stuck cells and spread where these are not those of its preset."""
    if not changes:
        return None, None, None
    model = MemristorModel(**json.loads(changes))
    for name in PRESETS:
        preset = MemristorModel.preset(name)
        if model == preset:
            return name, None, None
        stuck = 2 * model.stuck_low_rate if model.stuck_low_rate == model.stuck_high_rate else None
        spread = model.variability if isinstance(model.variability, float | int) else None
        for rates in ((stuck, None), (None, spread), (stuck, spread)):
            if model == preset.with_rates(*rates):
                return name, *rates
    return changes, None, None
