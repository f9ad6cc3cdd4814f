"""Attributes that layers with weights share: options of the circuit, bias, fan-in, sharing policy, generator.

A layer has ``options`` (`CircuitOptions`) and ``synapses`` (`SynapseArray`); each attribute is a property to be put
into the body of its class.
"""

from typing import Any


def circuit_option(name: str) -> Any:
    """A read-only property: one of the ``options`` of a layer.

    Parameters
    ----------
    name
        A field of `CircuitOptions`.
    """
    return property(lambda layer: getattr(layer.options, name), doc=f"Read-only: see `CircuitOptions`, `{name}`.")


of_weighted_layers = tuple(
    map(circuit_option, ("length", "encoding", "accumulate", "weight_streams", "faults", "device", "backend"))
)
"""Read-only attributes of layers with weights, in this order."""


def _set_bias(layer: Any, values: Any) -> None:
    layer.synapses.weights.set_bias(values)


bias: Any = property(
    lambda layer: layer.synapses.weights.bias,
    _set_bias,
    doc="Bias ``(n_neurons,)`` in the encoding's range, or None; edits are seen by the next `forward`.",
)
fan_in: Any = property(
    lambda layer: layer.synapses.weights.fan_in,
    doc="Input lines of a neuron, the constant of a bias included.",
)
share: Any = property(
    lambda layer: layer.synapses.streams.encoder.share,
    doc="The sharing policy in force, see `Encoder`.",
)
generator: Any = property(
    lambda layer: layer.synapses.streams.encoder.generator,
    doc="Number generator of the input streams; the weights take its decorrelated partner.",
)
