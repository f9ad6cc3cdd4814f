"""A network as a stochastic circuit: stream layers with a count and a new encoding between them."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..encoders.seeds import Seeds
from ..layers.in_range import LARGE, in_range
from ..layers.options import CircuitOptions
from ..read_only import attribute
from .activations import Floats
from .definition import NetworkDefinition
from .layer_spec import BuildContext, LayerSpec, NumberLayer, Shape
from .mapping import LayerMapping
from .weighted_specs import Dense, WeightedSpec


class Stage(NamedTuple):
    """A layer of a circuit, with the scaling of its inputs and outputs."""

    spec: LayerSpec
    layer: NumberLayer
    ranges: Floats
    """Inputs are divided by it, and clipped to [lowest, 1]."""
    lowest: float
    gains: Floats
    """Outputs are multiplied by it."""
    offsets: Floats
    """Added to them."""
    sample: Shape
    """Shape of a sample as the layer takes it."""

    @classmethod
    def of(cls, spec: LayerSpec, shape: Shape, context: BuildContext, mapping: LayerMapping, lowest: float) -> Self:
        """Build the circuit of a layer for inputs of `shape`; encoded numbers are at least `lowest`."""
        layer = spec.build(shape, context, mapping)
        sample = shape if spec.takes_images else (math.prod(shape),)
        return cls(spec, layer, mapping.ranges, lowest, spec.factors(mapping), mapping.offsets, sample)

    def encoded(self, values: Floats, batch: Shape) -> Floats:
        """Values in units of their ranges, clipped to the range of the streams."""
        scaled = values.reshape(*batch, *self.sample) / self.ranges
        return np.clip(scaled, self.lowest, 1.0, out=scaled)


def layer_contexts(
    network: NetworkDefinition, options: CircuitOptions
) -> Iterator[tuple[LayerSpec, Shape, BuildContext]]:
    """Each layer of a network, the shape of its inputs, and the context in which its circuit is built."""
    count = len(network.layers)
    if isinstance(options.length, tuple) and len(options.length) != count:
        raise ValueError(f"length must be one number, or {count}, one for each layer, got {len(options.length)}")
    scale, signed = network.input_scale, network.input_range[0] < 0
    seeds = Seeds(options.seed, Circuit).of("layers").spawn(count)
    for k, (spec, shape, seed) in enumerate(zip(network.layers, network.shapes(), seeds, strict=False)):
        yield spec, shape, BuildContext(options.of_layer(k, seed), place=k, input_scale=scale, signed=signed)
        scale, signed = spec.output_scale(scale), spec.gives_signed(signed)


class Circuit:
    """The stochastic circuit of a `Network`.

    ::

        x / scale -> streams -> gates -> counts * gain -> activation -> / ceiling -> streams -> ..

    A layer's weights and bias are divided by one number, the gain, so that the largest is 1, and
    the count is multiplied by it afterwards: the scaling is undone exactly. Between two layers the
    activation runs in the binary domain and its value, clipped to the layer's ceiling, is encoded
    anew, so that no correlation passes from layer to layer. Layers that compare rates (inhibition,
    winner-take-all, predictive coding) do so in unipolar streams, whatever the encoding.

    Parameters
    ----------
    network
        What to run.
    options
        Of the circuit. `length` may be a sequence, one number for each layer; ``encoding="unipolar"`` is for networks
        without a negative number; `accumulate` and `share` are those of layers with weights. ``backend=None`` takes a
        GPU if there is one, a name takes that backend.

    Raises
    ------
    ValueError, TypeError
        If the options do not fit the network.

    Notes
    -----
    Error law: with Bernoulli streams the error of a sum of n products has variance of at most
    n gain**2 / (4 L) in each rail; with Sobol streams it falls about as 1 / L. Other layers document their own.
    """

    def __init__(self, network: NetworkDefinition, options: CircuitOptions) -> None:
        checks.instance("network", network, NetworkDefinition)
        checks.instance("options", options, CircuitOptions)
        if (calibration := network.calibration) is not None:
            calibration.check_options(options)
        self._network, self._options = network, options
        low, high = network.input_range
        if options.encoding == "unipolar" and low < 0:
            raise ValueError(f"encoding unipolar needs inputs of at least 0, got a network for [{low}, {high}]")
        if options.turns_in_vain and {type(spec) for spec in network.layers if isinstance(spec, WeightedSpec)} == {
            Dense
        }:
            raise ValueError(
                f"share must not be 'rotate' with accumulate={options.accumulate!r} in a network of dense layers: they "
                "count what share='one' counts"
            )
        self._steps: list[Stage] = []
        for spec, shape, context in layer_contexts(network, options):
            if calibration is None:
                mapping, lowest = spec.mapping(shape, context), -1.0
            else:  # offsets may fall below 0 where sums cannot
                mapping, lowest = calibration.layers[context.place], -1.0 if context.signed else 0.0
            self._steps.append(Stage.of(spec, shape, context, mapping, lowest))
        self._n_inputs, self._n_outputs = network.n_inputs, network.n_outputs

    network: NetworkDefinition = attribute("_network", "The network.")
    options: CircuitOptions = attribute("_options", "Options of the circuit.")

    @property
    def layers(self) -> list[NumberLayer]:
        """The stochastic layers of the circuit, in order."""
        return [step.layer for step in self._steps]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The layers with the scaling of their inputs and outputs, in order."""
        return tuple(self._steps)

    @property
    def generator_descriptions(self) -> list[str]:
        """The generator of each layer as text, its `repr`."""
        return [repr(layer.generator) for layer in self.layers]

    def __repr__(self) -> str:
        return f"Circuit({', '.join(map(repr, self.layers))})"

    def forward(self, x: ArrayLike) -> Floats:
        """Outputs ``(..., n_outputs)`` of samples ``(..., n_inputs)``, from counts of real streams.

        Raises
        ------
        ValueError
            If the width is wrong, a value is not finite, or it is outside the network's input range
            and `clip` is False.
        """
        values = self._checked(x)
        batch = values.shape[:-1]
        for step in self._steps:
            y = step.gains * step.layer.forward(step.encoded(values, batch)) + step.offsets
            values = step.spec.decoded(y)
        return values.reshape(*batch, self._n_outputs)

    def expected(self, x: ArrayLike) -> Floats:
        """Limit of `forward` for L -> infinity: the float network with the clipping and rounding of the circuit.

        Numbers are rounded to the thresholds of the comparators, which are finer for longer streams.

        Raises
        ------
        ValueError
            As `forward`, and if a layer has no closed form, as with stuck lines.
        """
        return self.through(x, [layer.expected for layer in self.layers])

    def through(self, x: ArrayLike, calls: Sequence[Callable[[Floats], Floats]]) -> Floats:
        """Outputs ``(..., n_outputs)`` where other calls than `forward` stand for the layers.

        Parameters
        ----------
        x
            Samples ``(..., n_inputs)``.
        calls
            One a layer, in order: takes its inputs in units of their ranges, gives what `forward` of it gives.

        Raises
        ------
        ValueError
            As `forward`.
        """
        values = self._checked(x)
        batch = values.shape[:-1]
        for step, call in zip(self._steps, calls, strict=True):
            values = step.spec.decoded(step.gains * call(step.encoded(values, batch)) + step.offsets)
        return values.reshape(*batch, self._n_outputs)

    def predict(self, x: ArrayLike) -> NDArray[np.int64]:
        """Class indices ``(...)`` of the outputs of `forward`, see `Network.classes_of`.

        Raises
        ------
        ValueError
            As `forward`, and if the network is a regressor.
        """
        return np.asarray(self.network.classes_of(self.forward(x)))

    def reset(self) -> None:
        """Rewind the generators of every layer."""
        for layer in self.layers:
            layer.reset()

    def _checked(self, x: ArrayLike) -> Floats:
        low, high = self._network.input_range
        if self._options.clip:
            return np.clip(checks.array("x", x, last=self._n_inputs), low, high)
        if getattr(x, "nbytes", 0) >= LARGE and in_range(x, low, high, self._n_inputs):
            return x  # type: ignore[return-value]  # in_range says that it is an array
        return checks.array("x", x, low, high, last=self._n_inputs)
