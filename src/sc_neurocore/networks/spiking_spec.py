"""Spiking neurons as a layer of a network."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import checks
from ..layers.spiking_dense import FiringNeuron, SpikingDenseLayer
from .activations import Floats
from .layer_spec import NumberLayer, Range, Shape, check_shapes, keep_number
from .mapping import LayerMapping
from .weighted_specs import WeightedSpec, check_weights


@dataclass(frozen=True, eq=False)
class SpikingDense(WeightedSpec):
    """Leaky integrate-and-fire neurons: ``rate(weights @ a + bias)``, the circuit of `SCDenseLayer`.

    A sample is shown for a window of `duration` ms. Outputs are the neurons' firing rates in it, in Hz: they
    start at rest, have no noise, and reset to 0.

    Parameters
    ----------
    weights
        ``(n_outputs, n_inputs)``; currents of an input of 1, in thresholds a ms.
    bias
        ``(n_outputs,)``, currents.
    ceiling
        As for `Dense`, in Hz.
    duration
        Of the window, in ms.
    threshold
        Voltage at which a neuron spikes, above 0.
    tau
        Membrane time constant in ms, above 0.
    refractory
        Time at rest after a spike in ms, at least 0.

    Notes
    -----
    In floating point the current I is constant: the first spike comes after
    ``t = -tau ln(1 - threshold / (I tau))``, and a window holds ``floor((duration + refractory) / (t + refractory))``
    of them, none for I below threshold / tau. As a circuit the streams of L cycles fill the window, a cycle
    lasts ``duration / L`` ms, and the count of products of a cycle is the current: longer streams are faster ones.
    Inputs that share a sequence XOR it with a word of their own each, lest the current come in bursts.
    Error law: the current that a membrane averages has a variance in proportion to ``duration / (L tau)`` with
    Bernoulli streams; a step of Euler's method adds an error of order 1 / L.

    Examples
    --------
    >>> layer = SpikingDense(np.array([[0.1], [0.2]]), np.zeros(2), duration=200.0)
    >>> layer.forward(np.array([[0.4], [1.0]]))
    array([[  0.,  50.],
           [ 70., 170.]])
    """

    file_format = 2
    weights: Floats
    bias: Floats
    ceiling: float = 1.0
    duration: float = 100.0
    threshold: float = 1.0
    tau: float = 20.0
    refractory: float = 0.0

    def __post_init__(self) -> None:
        check_weights(self, (None, None))
        for name in ("duration", "threshold", "tau"):
            keep_number(self, name, checks.positive(name, getattr(self, name)))
        keep_number(self, "refractory", checks.real("refractory", self.refractory, 0.0, np.finfo(float).max))

    @property
    def neuron(self) -> FiringNeuron:
        """The neuron model, which turns currents into firing rates."""
        return FiringNeuron(self.threshold, self.tau, self.refractory, self.duration)

    @property
    def least_cycles(self) -> int:
        """As many as membrane time constants are in a window."""
        return self.neuron.least_cycles

    def activated(self, z: Floats) -> Floats:
        """Firing rates for constant currents."""
        return self.neuron.rates(z)

    def from_sums(self, sums: Floats, offsets: Floats) -> Floats:
        """Rates of constant currents, with the offsets of a mapping, which are rates."""
        return self.decoded(self.activated(sums) + offsets)

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative: rates are not."""
        return False

    def bound(self, bound: Range, shape: Shape) -> float:
        """Upper bound of rates: that of the largest current."""
        return float(self.activated(np.array(self.largest_sum(bound))))

    def terms(self, accumulate: str, biased: bool) -> int:
        """One: it counts products, whatever `accumulate` says."""
        return 1

    def check_mapping(self, shape: Shape, mapping: LayerMapping) -> None:
        """Raise a ValueError if the arrays of a mapping do not fit: all neurons share the current of a product."""
        super().check_mapping(shape, mapping)
        check_shapes(mapping, {"gains": ((),)})
        checks.positive("gains of a mapping", mapping.gains.item())

    def count_factors(self, mapping: LayerMapping) -> Floats:
        """One: the neurons of the layer know the gain."""
        return np.ones(())

    def _layer(self, weights: Floats, mapping: LayerMapping, keywords: dict[str, Any]) -> NumberLayer:
        keywords |= {"accumulate": "sum", "neuron": self.neuron, "unit": mapping.gains.item()}
        return SpikingDenseLayer.from_weights(weights, **keywords).prepare()

    def decoded(self, y: Floats) -> Floats:
        """Firing rates, which need no activation; none is below 0."""
        return np.maximum(y, 0.0)

    def summary_cells(self, scale: Range) -> tuple[str, str]:
        """Activation and gain."""
        return "lif", f"{self.gain(scale):.3g}"
