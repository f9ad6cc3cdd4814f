"""What a calibrated network carries: the circuit it is for, and a mapping for each of its layers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NamedTuple, Self, get_args

from numpy.typing import NDArray

from .. import checks
from ..encoders import Bank, Generator, Searched
from ..layers.options import CircuitOptions
from . import mapping
from .layer_spec import LayerSpec, Shape
from .mapping import LayerMapping

Products = Literal["streams", "exact"]
FREE: dict[str, Any] = {"seed": 0, "clip": False, "backend": None}
"""Options that a calibration does not depend on, a circuit may have any; and their values in a calibration."""
LONGEST = 1 << 16
"""Cycles at most. Numbers are finer then than what a calibration could win, and sequences of odd lengths a search."""
FIXED = tuple(field.name for field in fields(CircuitOptions) if field.name not in FREE)
"""The others."""


class StepGain(NamedTuple):
    """What a step of a calibration chose for a layer, and what that won on an inner split of the samples."""

    layer: int
    """Number of the layer, from 0."""
    step: str
    """Name of the step."""
    chosen: str
    """Its choice as text."""
    before: float
    """Score without it."""
    after: float
    """Score with it."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """The circuit that a network is calibrated for, and how the numbers of each layer are put on it.

    Parameters
    ----------
    options
        Of the circuit: at most 65,536 cycles, and a generator by name. `seed`, `clip` and `backend` are free: they are
        kept as their defaults.
    layers
        A mapping for each layer. Its generator is a name, or a `Searched` or a `Bank` of as many cycles as the layer's
        streams.
    gains
        What each step won: a report, which decides nothing.
    products
        ``"streams"``: for a circuit. ``"exact"``: for `FixedPoint` of as many levels as the streams have cycles, in
        split or unipolar encoding, with sums, and with other options as by default.
    network
        Digest of the layers that it is for, see `NetworkDefinition.layers_digest`; None: those of the network that it
        is given to.

    Raises
    ------
    ValueError, TypeError
        If an argument is of a wrong type, a length is too large, or a generator cannot be kept in a file.
    """

    options: CircuitOptions
    layers: tuple[LayerMapping, ...]
    gains: tuple[StepGain, ...] = ()
    products: Products = "streams"
    network: str | None = None

    def __post_init__(self) -> None:
        checks.instance("options", self.options, CircuitOptions)
        object.__setattr__(self, "options", replace(self.options, **FREE))
        if not isinstance(self.options.generator, str):
            raise TypeError(f"generator must be a name in a calibration, got {checks.shown(self.options.generator)}")
        object.__setattr__(self, "layers", tuple(checks.entries("layers", self.layers)))
        gains = checks.entries("gains", self.gains)
        object.__setattr__(self, "gains", tuple(_step_gain(f"gains[{k}]", gain) for k, gain in enumerate(gains)))
        if self.network is not None:
            checks.instance("network", self.network, str)
        checks.option("products", self.products, get_args(Products))
        lengths = self.options.length if isinstance(self.options.length, Sequence) else [self.options.length]
        check_lengths(lengths)
        if len(lengths) not in (1, len(self.layers)):
            raise ValueError(f"length must have {len(self.layers)} numbers, one a layer, got {len(lengths)}")
        if self.products == "exact":
            self._check_exact()
        for k, layer in enumerate(self.layers):
            checks.instance(f"layers[{k}]", layer, LayerMapping)
            self._check_generator(k, layer.generator)

    def _check_exact(self) -> None:
        """An error for options of streams that fixed point has not."""
        plain = CircuitOptions(self.options.length, self.options.generator)
        if self.options.encoding == "unipolar":
            plain = replace(plain, encoding="unipolar")
        for name in FIXED:
            own, given = getattr(plain, name), getattr(self.options, name)
            if own != given:
                raise ValueError(f"{name} must be {own!r} with products='exact', got {checks.shown(given)}")

    def _check_generator(self, place: int, generator: str | Generator) -> None:
        cycles = self.options.of_layer(place, 0).cycles
        if isinstance(generator, str):
            replace(self.options, generator=generator)
        elif not isinstance(generator, Searched | Bank):
            raise TypeError(
                f"generator of layer {place} must be a name, a Searched or a Bank, got {checks.shown(generator)}"
            )
        elif (length := generator.length if isinstance(generator, Bank) else generator.modulus) != cycles:
            raise ValueError(f"generator of layer {place} must be one for {cycles} cycles, got one for {length}")

    def of_network(self, digest: str, nodes: Sequence[tuple[str, LayerSpec, Shape]]) -> Self:
        """The calibration, if it is that of the layers of a network; it then says that it is.

        Parameters
        ----------
        digest
            Of the network, see `NetworkDefinition.layers_digest`.
        nodes
            What errors call each layer with streams, the layer, and the shape of its inputs.

        Raises
        ------
        ValueError
            If it is that of other layers, or does not fit them.
        """
        if self.network not in (None, digest):
            raise ValueError(
                "calibration must be that of these layers, of their input_range and input_shape, got that of others; "
                "change network.ideal, and calibrate the outcome"
            )
        if len(self.layers) != len(nodes):
            raise ValueError(f"calibration must have {len(nodes)} layers, got {len(self.layers)}")
        for (called, layer, shape), mapped in zip(nodes, self.layers, strict=True):
            try:
                layer.check_mapping(shape, mapped)
            except ValueError as error:
                raise ValueError(f"calibration must fit the layers: {called}: {error}") from error
        return replace(self, network=digest)

    def check_options(self, options: CircuitOptions) -> None:
        """Raise a ValueError if a circuit with `options` is another one than the network is calibrated for."""
        if self.products == "exact":
            raise ValueError(
                "network must be calibrated for streams to become a circuit, it is for exact products: run it by "
                "FixedPoint(network, levels=..), or network.ideal as a circuit"
            )
        for name in FIXED:
            own, given = getattr(self.options, name), getattr(options, name)
            if own != given:
                raise ValueError(
                    f"{name} must be {own!r}, for which the network is calibrated, got {checks.shown(given)}; "
                    "network.ideal.circuit(..) takes any"
                )

    def described(self) -> dict[str, Any]:
        """Everything but the arrays, as a JSON object."""
        options = self.options.keywords(*FIXED)
        for name in ("faults", "device"):
            options[name] = None if options[name] is None else options[name].changes()
        return {
            "options": options,
            "layers": [{"generator": _written(layer.generator)} for layer in self.layers],
            "gains": [list(gain) for gain in self.gains],
            "products": self.products,
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by their names in a file."""
        found: dict[str, NDArray[Any]] = {}
        for k, layer in enumerate(self.layers):
            own = {name: getattr(layer, name) for name in mapping.ARRAYS}
            if isinstance(layer.generator, Searched):
                own |= {"permutation": layer.generator.permutation, "orders": layer.generator.orders}
            found |= {array_name(k, name): array for name, array in own.items() if array is not None}
        return found


def _step_gain(name: str, value: Any) -> StepGain:
    """A checked report of a step, also from a list, as in a file."""
    parts = checks.entries(name, value)
    if len(parts) != len(StepGain._fields):
        raise ValueError(f"{name} must have {', '.join(StepGain._fields)}, got {checks.shown(value)}")
    layer, step, chosen, before, after = parts
    for text in (step, chosen):
        checks.instance(name, text, str)
    scores = (checks.real(name, score, -math.inf, math.inf) for score in (before, after))
    return StepGain(checks.whole(name, layer, 0), step, chosen, *scores)


def check_lengths(lengths: Sequence[Any]) -> None:
    """Raise an error if a length is none of a calibrated circuit."""
    for length in lengths:
        checks.whole("length of a calibrated network", length, 1, LONGEST)


def array_name(place: int, array: str) -> str:
    """Name in a file of an array of the mapping of the layer at `place`."""
    return f"calibration.{place}.{array}"


def _written(generator: str | Generator) -> Any:
    """A generator as JSON: a name, or an object that says where its numbers are."""
    if isinstance(generator, str):
        return generator
    if isinstance(generator, Bank):
        pair = getattr(generator, "pair", None)
        return {"bank": generator.name, "pair": None if pair is None else [list(map(int, entry)) for entry in pair]}
    return {"searched": "permutation"}
