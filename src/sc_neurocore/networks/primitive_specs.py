"""Circuit primitives as layers of a network."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import checks
from ..layers.circuit_primitives import Boundary, LateralInhibition, WinnerTakeAll
from ..layers.dendrites.bank import DendriteBank
from ..layers.dendrites.tree import Ends
from ..layers.encoded import PrimitiveLayer
from ..layers.predictive.surprise import SurpriseLayer
from ..layers.spiking_dense import check_spread
from .activations import Floats
from .layer_spec import (
    BuildContext,
    Cost,
    LayerSpec,
    NumberLayer,
    Shape,
    all_to_all_shape,
    check_ceiling,
    check_shapes,
    keep_array,
    keep_number,
)
from .mapping import LayerMapping

LARGEST_RADIUS, LARGEST_TREE = 2**16, 10**5
"""Bounds of what a specification of a few bytes takes memory for: neighbours on a side, compartments of a dendrite."""


@dataclass(frozen=True, eq=False)
class Inhibition(LayerSpec):
    """Each unit is inhibited by its neighbours: `LateralInhibition`, on a line or on each channel of an image.

    Parameters
    ----------
    strength
        Of the inhibition, at least 0.
    radius
        Neighbours are the units up to so many places away, at most 65,536; cut where the line or the image is shorter.
    boundary
        ``"wrap"``, ``"reflect"`` or ``"zero"``.

    Notes
    -----
    Inputs are rates, never negative. As a circuit it takes two windows: units and their inhibition are counted
    in the first, and subtracted in the second. Its streams are unipolar, whatever the encoding of the network.
    """

    file_format = 2
    takes_signed = False
    strength: float = 0.3
    radius: int = 2
    boundary: Boundary = "reflect"

    def __post_init__(self) -> None:
        keep_number(self, "strength", checks.real("strength", self.strength, 0.0, checks.LARGEST))
        object.__setattr__(self, "radius", checks.whole("radius", self.radius, 1, LARGEST_RADIUS))
        self._options((1 + self.radius,))

    def _options(self, shape: Shape) -> dict[str, Any]:
        """Checked keywords of a `LateralInhibition` for a line or a channel of this shape."""
        options: dict[str, Any] = {
            "n_neurons": math.prod(shape),
            "inhibition_strength": self.strength,
            "radius": self.radius,
            "boundary": self.boundary,
            "shape": shape if len(shape) == 2 else None,
        }
        LateralInhibition(**options)
        return options

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, that of the inputs, or a ValueError if there is one unit only."""
        self._options(shape[-2:])
        return shape

    def forward(self, a: Floats) -> Floats:
        """Inhibited rates in floating point."""
        return LateralInhibition(**self._options(a.shape[1:][-2:])).apply(a)

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """A `LateralInhibition` behind an encoder."""
        options = self._options(shape[-2:])
        primitive = LateralInhibition(**options, generator=context.options.make_generator())
        sample = (shape[0] if len(shape) == 3 else 1, options["n_neurons"])
        return PrimitiveLayer(primitive, sample, context.unsigned(), context.options.seed)

    def cost(self, shape: Shape, rails: int) -> Cost:
        """Hardware cost: streams of units before and after counting and of their inhibition, an AND gate a unit."""
        n = math.prod(shape)
        return Cost(3 * n, 0, n, windows=2)


@dataclass(frozen=True, eq=False)
class KWinners(LayerSpec):
    """The k largest units pass, the others are silent: `WinnerTakeAll` over all units of a sample.

    As the last part it makes the decision of a classifier: the arg-max is the winner.

    Parameters
    ----------
    k
        Winners, at least 1.

    Notes
    -----
    Inputs are rates, never negative. As a circuit it is a race of counters, of two windows at most, and the
    winners' streams pass in one more. Its streams are unipolar, whatever the encoding of the network.
    """

    file_format = 2
    takes_signed = False
    k: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", checks.whole("k", self.k, 1))

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs, that of the inputs, or a ValueError if there are fewer than k."""
        WinnerTakeAll(math.prod(shape), self.k)
        return shape

    def forward(self, a: Floats) -> Floats:
        """Rates of the winners, and zeros, in floating point."""
        flat = a.reshape(len(a), math.prod(a.shape[1:]))
        return WinnerTakeAll(flat.shape[1], self.k).apply(flat).reshape(a.shape)

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """A `WinnerTakeAll` behind an encoder."""
        n = math.prod(shape)
        return PrimitiveLayer(WinnerTakeAll(n, self.k), (n,), context.unsigned(), context.options.seed)

    def cost(self, shape: Shape, rails: int) -> Cost:
        """Hardware cost: a stream and an AND gate for every unit."""
        n = math.prod(shape)
        return Cost(n, 0, n, windows=3)


@dataclass(frozen=True, eq=False)
class Dendrite(LayerSpec):
    """The soma of a `RallDendrite` at the end of a window, for inputs at the tips of its branches.

    Every `n_branches` inputs drive a dendrite of their own, and all dendrites are alike. In front of it a
    `Dense` part holds the synapses: its neurons are branches.

    Parameters
    ----------
    n_branches, branch_length, tau, coupling, diameters, topology, ends, soma_size, reversal
        As for `RallDendrite`, with at most 100,000 compartments. Without a `reversal` inputs are currents, with one
        they are conductances, never negative.
    duration
        Of the window in ms. Dendrites start at rest, and settle in a few tau.
    ceiling
        As for `Dense`.

    Notes
    -----
    In floating point the inputs are constant. As a circuit their streams of L cycles fill the window, a cycle
    lasts ``duration / L`` ms: a dendrite that is slow beside it sees their mean, also of conductances.

    Examples
    --------
    Twice the conductance on one branch saturates; a second branch adds.

    >>> dendrite = Dendrite(2, duration=200.0, soma_size=30.0, reversal=1.0)
    >>> dendrite.forward(np.array([[0.5, 0.0], [1.0, 0.0], [0.5, 0.5]])).round(3)
    array([[0.029],
           [0.036],
           [0.057]])
    """

    file_format = 2
    n_branches: int
    branch_length: int = 3
    tau: float = 10.0
    coupling: float = 0.5
    duration: float = 50.0
    diameters: tuple[float, ...] | None = None
    topology: tuple[int, ...] | None = None
    ends: Ends = "sealed"
    soma_size: float = 1.0
    reversal: float | tuple[float, ...] | None = None
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        check_ceiling(self)
        for name, low in (("duration", 1e-100), ("tau", 0.0), ("coupling", 0.0), ("soma_size", 0.0)):
            keep_number(self, name, checks.real(name, getattr(self, name), low, checks.LARGEST))
        for name in ("diameters", "topology", "reversal"):
            if (given := getattr(self, name)) is not None and type(given) not in (int, float):
                numbers = checks.array(name, given).tolist()
                object.__setattr__(self, name, tuple(numbers) if isinstance(numbers, list) else numbers)
        for name in ("n_branches", "branch_length"):
            most = LARGEST_TREE if name == "n_branches" else LARGEST_TREE // self.n_branches
            object.__setattr__(self, name, checks.whole(name, getattr(self, name), 1, most))
        self._bank(1)
        if self.topology is not None:  # whole numbers, as the bank has found
            object.__setattr__(self, "topology", tuple(map(int, self.topology)))

    @property
    def takes_signed(self) -> bool:  # type: ignore[override]
        """Whether inputs may be negative: currents may, conductances may not."""
        return self.reversal is None

    def _bank(self, n_dendrites: int, scale: float = 1.0) -> DendriteBank:
        names = ("n_branches", "branch_length", "tau", "coupling", "diameters", "topology", "ends", "soma_size")
        options = {name: getattr(self, name) for name in (*names, "reversal")}
        return DendriteBank(n_dendrites, self.duration, scale, **options)

    def output_shape(self, shape: Shape) -> Shape:
        """A soma for every `n_branches` inputs, or a ValueError if they are not a multiple."""
        n = math.prod(shape)
        if n % self.n_branches:
            raise ValueError(f"it takes a multiple of {self.n_branches} inputs, got shape {shape}")
        return (n // self.n_branches,)

    def forward(self, a: Floats) -> Floats:
        """Voltages in floating point: ``(B, ...)`` to ``(B, n_outputs)``."""
        flat = a.reshape(len(a), math.prod(a.shape[1:]))
        return self._bank(flat.shape[1] // self.n_branches).apply(flat)

    def gives_signed(self, signed: bool) -> bool:
        """Whether outputs may be negative: for negative currents, and for a reversal potential below rest."""
        return signed if self.reversal is None else bool(np.min(self.reversal) < 0)

    def bound(self, bound: float, shape: Shape) -> float:
        """Upper bound of |voltages|: under the largest currents, or the largest reversal potential."""
        if self.reversal is not None:
            return float(np.abs(self.reversal).max())
        return float(self._bank(1).dendrite(1).expected(np.full(self.n_branches, bound)))

    def mapping(self, shape: Shape, context: BuildContext) -> LayerMapping:
        """The plain mapping: the dendrites know the range of their inputs, and give voltages."""
        return replace(super().mapping(shape, context), gains=np.ones(()))

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """A `DendriteBank` behind an encoder; streams of inputs that are never negative are unipolar."""
        options = context.options if context.signed else context.unsigned()
        options = options.for_fan_in(self.n_branches)
        check_spread(options.make_generator())
        bank = self._bank(self.output_shape(shape)[0], mapping.ranges.item())
        return PrimitiveLayer(bank, (bank.n_inputs,), options, options.seed)

    def cost(self, shape: Shape, rails: int) -> Cost:
        """Hardware cost: a stream for every input, and no gates."""
        return Cost(math.prod(shape), 0, 0)


@dataclass(frozen=True, eq=False)
class PredictiveCoding(LayerSpec):
    """Surprises of neurons that predict the input: ``mean_i |weights[j, i] - a[i]|``.

    What a `PredictiveCodingSCLayer` has learnt, its `weights`, becomes a part of a network. The neuron that knows the
    input best is surprised least; ``Dense(-np.eye(n), ..)`` behind it turns surprises into scores of a classifier.

    Parameters
    ----------
    weights
        Predictions ``(n_outputs, n_inputs)``, at least 0.
    ceiling
        As for `Dense`.

    Notes
    -----
    Inputs are rates, never negative. As a circuit the streams of inputs and predictions share one sequence, so
    that XOR gates count their difference: exactly to 1 / L for a full-period sequence, with the binomial
    variance of a mean of n correlated streams for a Bernoulli sequence. Nothing is multiplied.
    """

    file_format = 2
    arrays = ("weights",)
    takes_signed = False
    weights: Floats
    ceiling: float = 1.0

    def __post_init__(self) -> None:
        array = checks.array("weights", self.weights, 0.0, shape=(None, None))
        if 0 in array.shape:
            raise ValueError(f"weights must have an input and an output, got shape {array.shape}")
        check_ceiling(self)
        keep_array(self, "weights", array)

    @property
    def input_shape(self) -> Shape:
        """Shape of a sample: as many inputs as a neuron has weights."""
        return (self.weights.shape[1],)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of the outputs for inputs of `shape`, or a ValueError if they do not fit."""
        return all_to_all_shape(self.weights, shape)

    def forward(self, a: Floats) -> Floats:
        """Surprises in floating point: ``(B, ...)`` to ``(B, n_outputs)``."""
        return np.asarray(np.abs(self.weights - a.reshape(len(a), 1, self.weights.shape[1])).mean(-1))

    def bound(self, bound: float, shape: Shape) -> float:
        """Upper bound of surprises, from the largest |input| and |weight|."""
        return max(bound, float(self.weights.max()))

    def mapping(self, shape: Shape, context: BuildContext) -> LayerMapping:
        """Streams represent the largest input or weight, the gain, as 1."""
        scale = float(np.max(context.input_scale))
        full = self.bound(scale, shape)
        return LayerMapping(scale, full, 0.0, self.weights / full, None, context.options.generator)

    def check_mapping(self, shape: Shape, mapping: LayerMapping) -> None:
        """Raise a ValueError if the mapping does not fit: inputs and weights share a scale, the gain."""
        check_shapes(mapping, {"ranges": ((),), "gains": ((),), "offsets": ((),), "weights": (self.weights.shape,)})
        if mapping.gains < mapping.ranges:
            raise ValueError(f"gains of a mapping must be at least {mapping.ranges}, its range, got {mapping.gains}")

    def _built(self, shape: Shape, context: BuildContext, mapping: LayerMapping) -> NumberLayer:
        """A `SurpriseLayer`."""
        options = context.unsigned()
        assert mapping.weights is not None  # check_mapping
        return SurpriseLayer(mapping.weights, (mapping.ranges / mapping.gains).item(), options, options.seed)

    def cost(self, shape: Shape, rails: int) -> Cost:
        """Hardware cost: a stream for every input and weight, an XOR gate for every pair."""
        return Cost(math.prod(shape), self.weights.size, self.weights.size)
