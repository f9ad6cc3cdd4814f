"""The axes of a sweep: the options that a point can set, their values, and how these are written as text."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from .. import checks
from ..bitstreams.encodings import Encoding
from ..encoders.by_name import GENERATORS
from ..encoders.encoder import SHARES
from ..evaluation.calibrated import CALIBRATES
from ..evaluation.classification import FIXED_POINT
from ..evaluation.rows import text_of
from ..gates.accumulators import ACCUMULATES
from ..gates.faults import OperandSide
from ..layers.options import WeightStreams
from ..layers.weight_share import WeightShare
from ..synapses import PRESETS, MemristorModel

Settings = Mapping[str, Any]
"""What a point sets: values by the names of axes; all other axes have their defaults."""


@dataclass(frozen=True)
class Axis:
    """An option of a circuit that a sweep can vary.

    Parameters
    ----------
    name
        Its name.
    about
        What it is, in a line.
    check
        ``check(name, value)`` gives the value, or raises a ValueError or TypeError.
    default
        Value where a point does not set it.
    words
        How its values are written as text, for messages.
    """

    name: str
    about: str
    check: Callable[[str, Any], Any]
    default: Any = None
    words: str = ""

    def checked(self, value: Any) -> Any:
        """The value as it is kept; a ValueError or TypeError if the axis has no such value."""
        return self.check(self.name, value)

    def read(self, text: str) -> Any:
        """The value that a text stands for: ``none``, ``true``, a number, lengths of layers ``16-64``, or a name."""
        return self.checked(_value_of(text.strip()))


def _value_of(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    parts = text.split("-")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else text


def _one_of(options: tuple[str, ...], may_be_none: bool = False) -> Callable[[str, Any], Any]:
    def check(name: str, value: Any) -> Any:
        if may_be_none and (value is None or value == "none"):
            return None
        return checks.option(name, value, options)

    return check


def _rate(name: str, value: Any) -> float:
    return checks.real(name, value, 0.0, 1.0)


def _or_none(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None or value == "none" else check(name, value)


def _length(name: str, value: Any) -> Any:
    if isinstance(value, list | tuple | np.ndarray):
        each = tuple(checks.whole(name, number, 1) for number in value)
        if not each:
            raise ValueError(f"{name} must have a number for each layer, got none")
        return each if len(each) > 1 else each[0]
    return checks.whole(name, value, 1)


def _at_least(low: int) -> Callable[[str, Any], int]:
    return lambda name, value: checks.whole(name, value, low)


def _name(name: str, value: Any) -> str:
    checks.instance(name, value, str)
    return str(value)


def _device(name: str, value: Any) -> Any:
    return value if isinstance(value, MemristorModel) else checks.option(name, value, tuple(PRESETS))


def _variability(name: str, value: Any) -> float:
    return checks.real(name, value, 0.0, checks.LARGEST)


AXES: dict[str, Axis] = {
    axis.name: axis
    for axis in (
        Axis("model", "name of the network", _name),
        Axis("data", "name of the data set", _name),
        Axis("generator", "source of bits", _one_of((*GENERATORS, FIXED_POINT)), "searched"),
        Axis("length", "cycles of a stream; 16-64: of each layer", _length, 256),
        Axis("encoding", "how a number becomes a stream", _one_of(get_args(Encoding)), "split"),
        Axis("accumulate", "how a neuron adds up products", _one_of(ACCUMULATES), "sum"),
        Axis("share", "how inputs share generators", _one_of(SHARES, True)),
        Axis("weight_share", "how weights share random sources", _one_of(get_args(WeightShare), True)),
        Axis("weight_streams", "random weights for every image or stored", _one_of(get_args(WeightStreams)), "fresh"),
        Axis("bits", "precision of probabilities", _or_none(_at_least(1))),
        Axis("device", "crossbar of memristors that holds the weights", _or_none(_device)),
        Axis("stuck_rate", "share of its cells that are stuck", _or_none(_rate)),
        Axis("variability", "its spread of programming", _or_none(_variability)),
        Axis("flips", "rate of flipped bits of inputs and of weights", _rate, 0.0),
        Axis("input_flips", "rate of flipped bits of inputs", _rate, 0.0),
        Axis("weight_flips", "rate of flipped bits of weights", _rate, 0.0),
        Axis("product_flips", "rate of flipped bits of products", _rate, 0.0),
        Axis("stuck_lines", "share of lines that are stuck", _rate, 0.0),
        Axis("dead_generator", "side whose generator stands still", _one_of(get_args(OperandSide), True)),
        Axis("calibrate", "auto: calibrated for itself if there are samples", _one_of(CALIBRATES), "auto"),
        Axis("clip", "cut inputs to the range of the network", checks.flag, False),
        Axis("seed", "seed of everything random", _at_least(0), 0),
        Axis("repeat", "number of a run with other random numbers", _at_least(0), 0),
    )
}
"""All axes by name."""


def axis(name: Any) -> Axis:
    """The axis of that name; a ValueError names all axes if there is none."""
    if name not in AXES:
        raise ValueError(f"an axis must be one of {', '.join(AXES)}, got {checks.shown(name)}")
    return AXES[name]


def shown_value(value: Any) -> str:
    """A value as text, the inverse of `Axis.read` for all but crossbars of your own.

    >>> [shown_value(value) for value in (None, True, (16, 64), 0.01, 0.1234567, "sobol")]
    ['none', 'true', '16-64', '0.01', '0.1234567', 'sobol']
    """
    if isinstance(value, MemristorModel):
        return value.changes()
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return checks.plain(value) if isinstance(value, float) else text_of(value)
