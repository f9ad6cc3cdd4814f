"""Neurons of NIR in the terms of `SpikingDense`: a threshold and a time constant, times in ms, currents a ms."""

from typing import NamedTuple

import numpy as np

from ...networks.activations import Floats
from ..operators import UnsupportedError
from .graph import Node

INTEGRATING = 1e20
"""Membrane time constant in ms of a neuron without leak: what leaks in a window is below the last digit."""
TIMES = 16
"""Most different time constants of the neurons of a node: each makes a layer."""
SPIKING = ("LIF", "IF")
SETTLING = ("LI", "CubaLI")


class Firing(NamedTuple):
    """Neurons that fire, for currents ``gains * I`` of the `I` that NIR's neurons get."""

    tau: Floats
    """Membrane time constants in ms ``(n,)``."""
    threshold: float
    """Of all."""
    gains: Floats
    """``(n,)``."""


def firing(node: Node) -> Firing:
    """The neurons of a node that is one of `SPIKING`, which start at rest.

    With ``u = v - v_leak`` and times in ms, ``tau dv/dt = (v_leak - v) + r I`` is ``du/dt = -u / tau + (r / tau) I``.
    Neurons with different thresholds get one of 1, and voltages in units of theirs.

    Raises
    ------
    UnsupportedError
        If a layer cannot say what they do.
    """
    r, threshold = node.array("r"), node.array("v_threshold")
    _same_shapes(node, ("r", "tau", "v_leak", "v_threshold", "v_reset"))
    reset = node.array("v_reset") if "v_reset" in node.parameters else np.zeros(r.shape)
    if node.type == "IF":
        tau, rest = np.full(r.shape, INTEGRATING), reset
        gains = r / 1000.0
    else:
        tau, rest = node.array("tau") * 1000.0, node.array("v_leak")
        _each(tau > 0, "tau above 0 would", tau=tau / 1000.0)
        _each(reset == rest, "v_reset equal to v_leak would", v_reset=reset, v_leak=rest)
        gains = r / tau
    above = threshold - rest
    _each(above > 0, f"v_threshold above {'v_reset' if node.type == 'IF' else 'v_leak'} would", v_threshold=threshold)
    if (above == above.flat[0]).all():
        return Firing(tau.reshape(-1), float(above.flat[0]), gains.reshape(-1))
    return Firing(tau.reshape(-1), 1.0, (gains / above).reshape(-1))


def settled(node: Node) -> tuple[Floats, Floats]:
    """Factors and offsets of the voltages at which the neurons of a node that is one of `SETTLING` settle."""
    _same_shapes(node, ("r", "tau", "tau_mem", "tau_syn", "v_leak", "w_in"))
    for name in ("tau",) if node.type == "LI" else ("tau_mem", "tau_syn"):
        tau = node.array(name)
        _each(tau > 0, f"{name} above 0 would", **{name: tau})
    factors = node.array("r") * (node.array("w_in") if "w_in" in node.parameters else 1.0)
    return factors, node.array("v_leak")


def _same_shapes(node: Node, names: tuple[str, ...]) -> None:
    shapes = {name: node.array(name).shape for name in names if name in node.parameters}
    if len(set(shapes.values())) > 1 or 0 in next(iter(shapes.values())):
        raise UnsupportedError(f"parameters of one shape would, got {shapes}")


def _each(right: Floats, hint: str, **values: Floats) -> None:
    """Raise an error that shows the values of the first neuron for which a rule does not hold."""
    if np.all(right):
        return
    place = int(np.argmin(np.reshape(right, -1)))
    told = ", ".join(f"{name} {np.reshape(value, -1)[place]:g}" for name, value in values.items())
    raise UnsupportedError(f"{hint}, neuron {place} has {told}")
