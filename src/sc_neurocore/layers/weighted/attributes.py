"""Attributes that layers with weights share: options of the circuit, bias, fan-in, generator; and `prepare`.

A layer has ``_options`` (`CircuitOptions`), ``_weights`` (`Weights`) and ``_synapses`` (`SynapseArray`); each attribute
is a property to be put into the body of its class. What a layer was built with cannot be set: the circuit would stay as
it is.
"""

from operator import attrgetter
from typing import Any, TypeVar

from numpy.typing import ArrayLike

from ... import checks
from ...read_only import attribute
from ..base import Floats
from ..in_range import LARGE, in_range

L = TypeVar("L")


def circuit_option(name: str) -> Any:
    """A read-only property: one of the ``options`` of a layer.

    Parameters
    ----------
    name
        A field of `CircuitOptions`.
    """
    return attribute(f"options.{name}", f"See `CircuitOptions`, `{name}`.")


of_weighted_layers = tuple(
    map(circuit_option, ("length", "encoding", "accumulate", "weight_streams", "faults", "device", "backend"))
)
"""Read-only attributes of layers with weights, in this order."""


options: Any = attribute("_options", "`CircuitOptions` of the layer.")
_weights_of, _n_inputs_of = attrgetter("_weights"), attrgetter("_n_inputs")


def _set_bias(layer: Any, values: Any) -> None:
    _weights_of(layer).set_bias(values)


bias: Any = property(
    attrgetter("_weights.bias"),
    _set_bias,
    doc="Bias ``(n_neurons,)`` in the encoding's range; assign or edit it. None, if the layer was made without one.",
)


def checked_inputs(layer: Any, input_values: ArrayLike) -> Floats:
    """Inputs ``(..., n_inputs)`` as float64, in the range of the layer's encoding."""
    (low, high), n_inputs = _weights_of(layer).bounds, _n_inputs_of(layer)
    if getattr(input_values, "nbytes", 0) >= LARGE and in_range(input_values, low, high, n_inputs):
        return input_values  # type: ignore[return-value]  # in_range says that it is an array
    return checks.array("input_values", input_values, low, high, last=n_inputs)


def prepare(layer: L) -> L:
    """Fix the weights: they become read-only, and calls need not look for edits, which takes longer than a sample.

    Assign them to change them; the new ones can be edited, until the next `prepare`.

    Returns
    -------
    layer
        The layer itself.

    Examples
    --------
    >>> from sc_neurocore import VectorizedSCLayer
    >>> layer = VectorizedSCLayer.from_weights([[0.5, 0.25]], length=256, generator="sobol").prepare()
    >>> layer.weights[0, 0] = 1.0
    Traceback (most recent call last):
    ValueError: weights must be assigned as a whole: preparing their layer has made them read-only
    """
    _weights_of(layer).fix()
    return layer


fan_in: Any = attribute("_weights.fan_in", "Input lines of a neuron, the constant of a bias included.")
share: Any = attribute("_options.lines_share", "The sharing policy of the input lines in force, see `Encoder`.")
weight_share: Any = attribute("_options.weights_share", "How weights share random sources, see `layers.weight_share`.")
generator: Any = attribute(
    "_synapses.streams.encoder.generator",
    "Number generator of the input streams; the weights take its decorrelated partner.",
)
