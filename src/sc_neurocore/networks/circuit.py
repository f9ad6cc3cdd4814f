"""A network as a stochastic circuit: stream layers with a count and a new encoding between them."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..encoders.seeds import Seeds
from ..layers.options import CircuitOptions
from ..read_only import attribute
from .activations import Floats
from .definition import NetworkDefinition
from .graph import INPUT, Wire
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
    runs: int
    """How many samples the layer takes a sample as."""

    @classmethod
    def of(cls, spec: LayerSpec, shape: Shape, context: BuildContext, mapping: LayerMapping, lowest: float) -> Self:
        """Build the circuit of a layer for inputs of `shape`; encoded numbers are at least `lowest`."""
        layer = spec.build(shape, context, mapping)
        gains = spec.count_factors(mapping)
        return cls(spec, layer, mapping.ranges, lowest, gains, mapping.offsets, spec.sample(shape), spec.runs(shape))

    def encoded(self, values: Floats, batch: Shape) -> Floats:
        """Values in units of their ranges, clipped to the range of the streams."""
        scaled = values.reshape(*batch, *self.sample) / self.ranges
        return np.clip(scaled, self.lowest, 1.0, out=scaled)

    def call(self, samples: NDArray[np.int64] | None) -> Callable[[Floats], Floats]:
        """`forward` of the layer, for samples of a network with these numbers ``(...)``; None: the next ones."""
        if samples is None:
            return self.layer.forward
        numbers = samples if self.runs == 1 else np.add.outer(self.runs * samples, np.arange(self.runs))
        return partial(self.layer.forward, samples=numbers)


def layer_contexts(
    network: NetworkDefinition, options: CircuitOptions
) -> Iterator[tuple[LayerSpec, Shape, BuildContext]]:
    """Each layer of a network that has streams, the shape of its inputs, and the context in which it is built."""
    nodes = network.stream_nodes
    if isinstance(options.length, tuple) and len(options.length) != len(nodes):
        binary = "" if len(nodes) == len(network.layers) else " with streams"
        raise ValueError(
            f"length must be one number, or {len(nodes)}, one for each layer{binary}, got {len(options.length)}"
        )
    inputs, wires = network.ranges(), network.wires
    seeds = Seeds(options.seed, Circuit).of("layers").spawn(len(nodes))
    for k, (node, seed) in enumerate(zip(nodes, seeds, strict=True)):
        own, (scale, signed) = options.of_layer(k, seed), inputs[node]
        yield network.layers[node], wires[node].shape, BuildContext(own, k, scale, signed, node, network.called(node))


class Circuit:
    """The stochastic circuit of a `Network`.

    ::

        x / scale -> streams -> gates -> counts * gain -> activation -> / ceiling -> streams -> ..

    A layer's weights and bias are divided by one number, the gain, so that the largest is 1, and
    the count is multiplied by it afterwards: the scaling is undone exactly. Between two layers the
    activation runs in the binary domain and its value, clipped to the layer's ceiling, is encoded
    anew, so that no correlation passes from layer to layer. Layers that compare rates (inhibition,
    winner-take-all, predictive coding) do so in unipolar streams, whatever the encoding. Layers without
    streams, such as `Add`, take the numbers behind the counters and clip nothing.

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
        low, high = map(float, (np.min(network.input_range[0]), np.max(network.input_range[1])))
        if options.encoding == "unipolar" and low < 0:
            raise ValueError(f"encoding unipolar needs inputs of at least 0, got a network for [{low}, {high}]")
        if options.turns_in_vain and {type(spec) for spec in network.layers if isinstance(spec, WeightedSpec)} == {
            Dense
        }:
            raise ValueError(
                f"share must not be 'rotate' with accumulate={options.accumulate!r} in a network of dense layers: they "
                "count what share='one' counts"
            )
        self._stages: list[Stage] = []
        for spec, shape, context in layer_contexts(network, options):
            if calibration is None:
                mapping, lowest = spec.mapping(shape, context), -1.0
            else:  # offsets may fall below 0 where sums cannot
                mapping, lowest = calibration.layers[context.place], -1.0 if context.signed else 0.0
            if options.encoding == "unipolar" and context.signed and any(each.binary for each in network.layers):
                raise ValueError(f"encoding unipolar needs inputs of at least 0, {context.called} may get others")
            self._stages.append(Stage.of(spec, shape, context, mapping, lowest))
        stages = iter(self._stages)
        self._steps: list[tuple[LayerSpec, Wire, Stage | None]] = [
            (spec, wire, None if spec.binary else next(stages))
            for spec, wire in zip(network.layers, network.wires, strict=True)
        ]
        self._checked, self._n_outputs = network.input_check(options.clip), network.n_outputs

    network: NetworkDefinition = attribute("_network", "The network.")
    options: CircuitOptions = attribute("_options", "Options of the circuit.")

    @property
    def layers(self) -> list[NumberLayer]:
        """The stochastic layers of the circuit, in order; those without streams are not among them."""
        return [stage.layer for stage in self._stages]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The layers with the scaling of their inputs and outputs, in order."""
        return tuple(self._stages)

    @property
    def generator_descriptions(self) -> list[str]:
        """The generator of each layer as text, its `repr`."""
        return [repr(layer.generator) for layer in self.layers]

    def __repr__(self) -> str:
        return f"Circuit({', '.join(map(repr, self.layers))})"

    def forward(self, x: ArrayLike, *, samples: ArrayLike | None = None) -> Floats:
        """Outputs ``(..., n_outputs)`` of samples ``(..., n_inputs)``, from counts of real streams.

        Parameters
        ----------
        x
            Samples ``(..., n_inputs)``.
        samples
            Numbers ``(...)`` of the samples, counted from 0, which decide their random bits: a sample gets those that
            it has in a run of all, whatever is run before or beside it. None: the next ones since `reset`.

        Raises
        ------
        ValueError
            If the width is wrong, a value is not finite, or it is outside the network's input range
            and `clip` is False.

        Examples
        --------
        >>> from sc_neurocore import Network
        >>> circuit = Network.from_arrays([[[0.3, -0.6]]]).circuit(64, "bernoulli")
        >>> x = np.random.default_rng(0).random((5, 2))
        >>> np.array_equal(circuit.forward(x)[[3, 1]], circuit.forward(x[[3, 1]], samples=[3, 1]))
        True
        """
        numbers = None
        if samples is not None:
            numbers = checks.integers("samples", samples, 0, checks.LARGEST_COUNT, np.shape(x)[:-1])
        return self.through(x, [stage.call(numbers) for stage in self._stages])

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
            One a layer with streams, in order: takes its inputs in units of their ranges, gives what `forward` of it
            gives.

        Raises
        ------
        ValueError
            As `forward`, and if there are more or fewer calls than layers.
        """
        if len(calls) != len(self._stages):
            raise ValueError(f"calls must be {len(self._stages)}, one for each layer with streams, got {len(calls)}")
        values = self._checked(x)
        batch = values.shape[:-1]
        each, held = iter(calls), {INPUT: values}
        for spec, wire, stage in self._steps:
            if wire.joins:
                values = wire.inputs(held)
            if stage is None:
                values = spec.forward(values.reshape(math.prod(batch), *wire.shape))
            else:
                values = spec.decoded(stage.gains * next(each)(stage.encoded(values, batch)) + stage.offsets)
            if wire.kept:
                held[wire.place] = values
        return values.reshape(*batch, self._n_outputs)

    def predict(self, x: ArrayLike, *, samples: ArrayLike | None = None) -> NDArray[np.int64]:
        """Class indices ``(...)`` of the outputs of `forward`, see `Network.classes_of`.

        Raises
        ------
        ValueError
            As `forward`, and if the network is a regressor.
        """
        return np.asarray(self.network.classes_of(self.forward(x, samples=samples)))

    def reset(self) -> None:
        """Rewind the generators of every layer."""
        for layer in self.layers:
            layer.reset()
