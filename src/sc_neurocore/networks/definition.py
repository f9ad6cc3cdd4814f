"""Definition of a network: its layers, the ranges of its values, and its outputs in floating point."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike

from .. import checks
from .activations import Floats
from .calibration import Calibration
from .decisions import decided
from .graph import (
    INPUT,
    INPUT_NAME,
    Inputs,
    Sources,
    Wire,
    checked_names,
    checked_sources,
    flow,
    ranged,
    shown_nodes,
    source_names,
    wired,
)
from .input_range import Ends, checked_range, checked_shape, input_check, of_inputs, scale_of
from .layer_spec import LayerSpec, Range, Shape

Kind = Literal["classifier", "regressor", "multilabel"]
CALIBRATED = 4
"""Format of the files of networks with a calibration."""
GRAPH = 5
"""Format of files of networks that are no chains, have layers without streams, a range for each input, or labels."""


@dataclass(frozen=True, eq=False)
class NetworkDefinition:
    """A network in floating point: its layers, who takes whose outputs, the range of its inputs, and what comes out.

    Parameters and errors are those of `Network`, which adds the circuit and files.
    """

    layers: tuple[LayerSpec, ...]
    input_range: Ends = (0.0, 1.0)
    kind: Kind = "classifier"
    classes: tuple[str, ...] | None = None
    input_shape: Shape | None = None
    calibration: Calibration | None = None
    sources: Sources | None = None
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        layers = checked_layers(self.layers)
        object.__setattr__(self, "layers", layers)
        object.__setattr__(self, "names", checked_names(self.names, len(layers)))
        object.__setattr__(self, "sources", checked_sources(self.sources, len(layers), self.called))
        object.__setattr__(self, "input_shape", checked_shape(self._first(), self.input_shape))
        shapes = self.shapes()
        shape = shapes[-1]
        if len(shape) != 1:
            raise ValueError(
                f"layers must end with one that gives a vector, such as Dense, got {type(layers[-1]).__name__} "
                f"with outputs of shape {shape}"
            )
        object.__setattr__(self, "input_range", checked_range(self.input_range, self._shape()))
        for k, (layer, inputs) in enumerate(zip(layers, self.ranges(), strict=True)):
            if inputs.signed and not layer.takes_signed:
                raise ValueError(
                    f"layers must fit each other: {self.called(k)}: {type(layer).__name__} takes no negative numbers, "
                    "may get some"
                )
        checks.option("kind", self.kind, get_args(Kind))
        named = self.n_outputs if self.kind == "regressor" else self.n_classes
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(map(str, checks.entries("classes", self.classes))))
            if len(self.classes) != named:
                raise ValueError(f"classes must have {named} names, got {len(self.classes)}")
        if self.kind == "multilabel":
            _ = self.classes_of  # an error if outputs have no common threshold
        if self.sources is None:
            object.__setattr__(self, "names", None)
        if self.calibration is not None:
            checks.instance("calibration", self.calibration, Calibration)
            nodes = [(self.called(k), self.layers[k], self.wires[k].shape) for k in self.stream_nodes]
            object.__setattr__(self, "calibration", self.calibration.of_network(self.layers_digest(), nodes))

    def called(self, place: int) -> str:
        """What errors and tables call the layer at `place`: its name, or its number."""
        return f"layer {place}" if self.names is None else f"layer {self.names[place]!r}"

    def _first(self) -> LayerSpec:
        """A layer that takes the input, and nothing else if there is one that does so."""
        sources = self.sources
        if sources is None:
            return self.layers[0]
        takers = [k for k, taken in enumerate(sources) if INPUT in taken]
        if not takers:
            raise ValueError(f"sources must name {INPUT_NAME!r} ({INPUT}) in a layer, got none that takes it")
        return self.layers[min(takers, key=lambda k: (sources[k] != (INPUT,), k))]

    @cached_property
    def wires(self) -> tuple[Wire, ...]:
        """How each layer gets its inputs."""
        return wired(self.layers, self.sources, self._shape(), self.called)

    @cached_property
    def stream_nodes(self) -> tuple[int, ...]:
        """Places of the layers that have streams: they have a length, and a mapping each."""
        return tuple(k for k, layer in enumerate(self.layers) if not layer.binary)

    def ranges(self) -> list[Inputs]:
        """The range of the inputs of each layer as it takes them."""
        signed = bool(np.min(self.input_range[0]) < 0)
        return ranged(self.layers, self.wires, Inputs(self.input_scale, signed))

    @property
    def ideal(self) -> Self:
        """The network without its calibration, which can become any circuit; itself if it has none."""
        return self if self.calibration is None else replace(self, calibration=None)

    @property
    def input_scale(self) -> Range:
        """The largest |input|, which input streams represent as 1: a number, or one for each input or channel."""
        return scale_of(self.input_range, self._shape())

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Smallest and largest value of each input, ``(n_inputs,)``."""
        return of_inputs(self.input_range, self._shape())

    def input_check(self, clip: bool) -> Callable[[ArrayLike], Floats]:
        """What checks samples ``(..., n_inputs)``: cuts them to the input range with `clip`, else an error outside."""
        return input_check(self.input_range, self._shape(), clip)

    def _shape(self) -> Shape:
        assert self.input_shape is not None  # set in __post_init__
        return self.input_shape

    def shapes(self) -> list[Shape]:
        """Shapes of a sample before the first layer and after every layer."""
        pairs = zip(self.layers, self.wires, strict=True)
        return [self._shape(), *(layer.output_shape(wire.shape) for layer, wire in pairs)]

    def input_shapes(self) -> list[Shape]:
        """Shapes of the inputs of a sample of every layer, joined where it has several sources."""
        return [wire.shape for wire in self.wires]

    @property
    def n_inputs(self) -> int:
        """Number of values of a sample."""
        return math.prod(self._shape())

    @property
    def n_outputs(self) -> int:
        """Number of outputs of a sample."""
        return math.prod(self.layers[-1].output_shape(self.wires[-1].shape))

    @property
    def n_classes(self) -> int:
        """Number of classes: one an output, or two that a single output tells apart; or of labels, one an output."""
        return self.n_outputs if self.kind == "multilabel" else max(self.n_outputs, 2)

    def __repr__(self) -> str:
        options = None if self.calibration is None else self.calibration.options
        made_for = "" if options is None else f", calibrated for {options.generator!r} of {options.length} cycles"
        low, high = self.input_range
        each = "" if np.ndim(low) == 0 else ", each in its own range"
        nodes = shown_nodes(self.layers, self.wires, self.shapes(), self.names)
        return f"Network({nodes}, inputs in [{np.min(low):g}, {np.max(high):g}]{each}, {self.kind}{made_for})"

    def source_names(self, place: int) -> tuple[str, ...]:
        """Names of the layers that the layer at `place` takes, their numbers where they have none."""
        return source_names(self.wires[place], self.names)

    def float_forward(self, x: ArrayLike) -> Floats:
        """Outputs ``(..., n_outputs)`` in floating point.

        Parameters
        ----------
        x
            Samples ``(..., n_inputs)``, finite; images are flattened.

        Raises
        ------
        ValueError
            If the width is wrong or a value is not finite.
        """
        values = checks.array("x", x, last=self.n_inputs)
        a = self.outputs_of(values.reshape(math.prod(values.shape[:-1]), *self._shape()))
        return a.reshape(*values.shape[:-1], self.n_outputs)

    def outputs_of(self, a: Floats, first: int = 0, held: dict[int, Floats] | None = None) -> Floats:
        """Outputs ``(B, n_outputs)`` in floating point of the layers from number `first` on.

        Parameters
        ----------
        a
            Outputs ``(B, ...)`` of the layer before; samples ``(B, *input_shape)`` with ``first=0``.
        first
            Number of the layer that is computed first.
        held
            Outputs of layers before it that are taken again, by their numbers.
        """
        calls = [partial(in_batches, layer) for layer in self.layers[first:]]
        return flow(self.wires[first:], calls, a, {INPUT: a} if first == 0 else dict(held or {}))

    def float_predict(self, x: ArrayLike) -> Any:
        """Class indices ``(...)``, int64; labels ``(..., n_labels)``, uint8, if it is multilabel; see `classes_of`.

        Raises
        ------
        ValueError
            As `float_forward`, and if the network is a regressor.
        """
        return self.classes_of(self.float_forward(x))

    @cached_property
    def classes_of(self) -> Callable[[Floats], Any]:
        """The rule that gives classes, or labels, for outputs ``(..., n_outputs)``, however computed.

        The class, int64 ``(...)``, is the place of the largest output. A single output tells two classes apart by the
        sign of its sum: class 1 if it is above 0, or above one half behind the logistic function, else class 0. By the
        same rule each output of a multilabel network says whether its label is there: uint8 ``(..., n_labels)``.

        Raises
        ------
        ValueError
            If the network is a regressor.

        Examples
        --------
        >>> from sc_neurocore import Network
        >>> Network.from_arrays([[[1.0, -1.0]]]).classes_of(np.array([[-0.25], [0.5]]))
        array([0, 1])
        """
        return decided(self.kind, self.n_outputs, self.layers, self.wires)

    def describe_layers(self) -> str:
        """Everything but the arrays, as JSON: the header of a file."""
        described = {
            "format": max(layer.file_format for layer in self.layers),
            "layers": [_without_arrays(layer) for layer in self.layers],
            "input_shape": self.shapes()[0],
            "input_range": self._range_lists(),
            "kind": self.kind,
            "classes": None if self.classes is None else list(self.classes),
        }
        calibration = None if self.calibration is None else self.calibration.described()
        newest = self.sources is not None or np.ndim(self.input_range[0]) or self.kind == "multilabel"
        if newest or described["format"] == GRAPH:
            described |= {"format": GRAPH, "calibration": calibration, "sources": self.sources, "names": self.names}
        elif calibration is not None:
            described |= {"format": CALIBRATED, "calibration": calibration}
        return json.dumps(described, sort_keys=True)

    def _range_lists(self) -> list[Any]:
        return [end if isinstance(end, float) else end.tolist() for end in self.input_range]

    def digest(self) -> str:
        """SHA-256 of everything that decides what the network computes, its calibration included."""
        sha = hashlib.sha256(self.describe_layers().encode())
        self._add_layers(sha)
        for name, array in ({} if self.calibration is None else self.calibration.arrays()).items():
            kind = "<f8" if array.dtype.kind == "f" else "<u4"
            sha.update(f"{name} {array.shape} {kind}".encode())
            sha.update(np.ascontiguousarray(array, kind).tobytes())
        return sha.hexdigest()

    def layers_digest(self) -> str:
        """SHA-256 of the layers and of the range and shape of their inputs: what a calibration depends on."""
        layers = [_without_arrays(layer) for layer in self.layers]
        parts = [layers, self.shapes()[0], self._range_lists(), *([] if self.sources is None else [self.sources])]
        sha = hashlib.sha256(json.dumps(parts, sort_keys=True).encode())
        self._add_layers(sha)
        return sha.hexdigest()

    def _add_layers(self, sha: "hashlib._Hash") -> None:
        for layer in self.layers:
            for name in layer.arrays:
                sha.update(np.ascontiguousarray(getattr(layer, name), "<f8").tobytes())


def _without_arrays(layer: Any) -> dict[str, Any]:
    names = [field.name for field in fields(layer) if field.name not in layer.arrays]
    return {"type": type(layer).__name__, **{name: getattr(layer, name) for name in names}}


_BATCH = 256
"""Samples that a layer takes at a time in floating point: windows of images are large."""


def in_batches(layer: LayerSpec, a: Floats) -> Floats:
    """Outputs of a layer in floating point, a few samples at a time."""
    starts = range(0, max(1, len(a)), _BATCH)
    return np.concatenate([layer.forward(a[start : start + _BATCH]) for start in starts])


def checked_layers(layers: Any) -> tuple[LayerSpec, ...]:
    """The layers of a network: at least one; an error for anything that is no layer."""
    found = tuple(checks.entries("layers", layers))
    if not found:
        raise ValueError("layers must hold at least one layer, got none")
    for k, layer in enumerate(found):
        checks.instance(f"layers[{k}]", layer, LayerSpec)
    return found
