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
from .layer_spec import LayerSpec, Shape
from .weighted_specs import Dense

Kind = Literal["classifier", "regressor"]
CALIBRATED = 4
"""Format of the files of networks with a calibration."""
LARGEST_SAMPLE = 2**28
"""Most values that a layer takes or gives for a sample: 2 GiB in floating point."""


@dataclass(frozen=True, eq=False)
class NetworkDefinition:
    """A network in floating point: layers in order, the range of its inputs, the meaning of its outputs.

    Parameters and errors are those of `Network`, which adds the circuit and files.
    """

    layers: tuple[LayerSpec, ...]
    input_range: tuple[float, float] = (0.0, 1.0)
    kind: Kind = "classifier"
    classes: tuple[str, ...] | None = None
    input_shape: Shape | None = None
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", checked_layers(self.layers))
        object.__setattr__(self, "input_shape", checked_shape(self.layers[0], self.input_shape))
        shapes = self.shapes()
        if (largest := max(map(math.prod, shapes))) > LARGEST_SAMPLE:
            raise ValueError(f"layers must have at most {LARGEST_SAMPLE} inputs and outputs, got {largest}")
        shape = shapes[-1]
        if len(shape) != 1:
            raise ValueError(
                f"layers must end with one that gives a vector, such as Dense, got {type(self.layers[-1]).__name__} "
                f"with outputs of shape {shape}"
            )
        low, high = checks.array("input_range", self.input_range, shape=(2,)).tolist()
        if not low < high:
            raise ValueError(f"input_range must be (low, high) with low < high, got ({low}, {high})")
        signed = low < 0
        for k, layer in enumerate(self.layers):
            if signed and not layer.takes_signed:
                name = type(layer).__name__
                raise ValueError(
                    f"layers must fit each other: layer {k}: {name} takes no negative numbers, may get some"
                )
            signed = layer.gives_signed(signed)
        checks.option("kind", self.kind, get_args(Kind))
        named = self.n_classes if self.kind == "classifier" else self.n_outputs
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(map(str, checks.entries("classes", self.classes))))
            if len(self.classes) != named:
                raise ValueError(f"classes must have {named} names, got {len(self.classes)}")
        object.__setattr__(self, "input_range", (low, high))
        if self.calibration is not None:
            self._take(self.calibration)

    def _take(self, calibration: Calibration) -> None:
        """Check that a calibration is for these layers, and say in it that it is."""
        checks.instance("calibration", calibration, Calibration)
        own = self.layers_digest()
        if calibration.network not in (None, own):
            raise ValueError(
                "calibration must be that of these layers, of their input_range and input_shape, got that of others; "
                "change network.ideal, and calibrate the outcome"
            )
        if len(calibration.layers) != len(self.layers):
            raise ValueError(f"calibration must have {len(self.layers)} layers, got {len(calibration.layers)}")
        for k, (layer, shape, mapped) in enumerate(zip(self.layers, self.shapes(), calibration.layers, strict=False)):
            try:
                layer.check_mapping(shape, mapped)
            except ValueError as error:
                raise ValueError(f"calibration must fit the layers: layer {k}: {error}") from error
        object.__setattr__(self, "calibration", replace(calibration, network=own))

    @property
    def ideal(self) -> Self:
        """The network without its calibration, which can become any circuit; itself if it has none."""
        return self if self.calibration is None else replace(self, calibration=None)

    @property
    def input_scale(self) -> float:
        """The largest |input|, which input streams represent as 1."""
        return max(map(abs, self.input_range))

    def _shape(self) -> Shape:
        assert self.input_shape is not None  # set in __post_init__
        return self.input_shape

    def shapes(self) -> list[Shape]:
        """Shapes of a sample before the first layer and after every layer."""
        shapes = [self._shape()]
        for k, layer in enumerate(self.layers):
            try:
                shapes.append(layer.output_shape(shapes[-1]))
            except ValueError as error:
                raise ValueError(f"layers must fit each other: layer {k}: {error}") from error
        return shapes

    @property
    def n_inputs(self) -> int:
        """Number of values of a sample."""
        return math.prod(self._shape())

    @property
    def n_outputs(self) -> int:
        """Number of outputs of a sample."""
        return math.prod(self.shapes()[-1])

    @property
    def n_classes(self) -> int:
        """Number of classes of a classifier: one an output, or two that a single output tells apart."""
        return max(self.n_outputs, 2)

    def __repr__(self) -> str:
        low, high = self.input_range
        options = None if self.calibration is None else self.calibration.options
        made_for = "" if options is None else f", calibrated for {options.generator!r} of {options.length} cycles"
        summary = f"inputs in [{low:g}, {high:g}], {self.kind}{made_for})"
        if all(isinstance(layer, Dense) for layer in self.layers):
            widths = "-".join(str(shape[0]) for shape in self.shapes())
            return f"Network({widths}, {', '.join(layer.summary_cells(1.0)[0] for layer in self.layers)}, {summary}"
        each = (f"{type(layer).__name__} {shape}" for layer, shape in zip(self.layers, self.shapes()[1:], strict=True))
        return f"Network({self._shape()}, {', '.join(each)}, {summary}"

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
        a = values.reshape(math.prod(values.shape[:-1]), *self._shape())
        for layer in self.layers:
            a = in_batches(layer, a)
        return a.reshape(*values.shape[:-1], self.n_outputs)

    def float_predict(self, x: ArrayLike) -> Any:
        """Class indices ``(...)``, int64, see `classes_of`.

        Raises
        ------
        ValueError
            As `float_forward`, and if the network is a regressor.
        """
        return self.classes_of(self.float_forward(x))

    @cached_property
    def classes_of(self) -> Callable[[Floats], Any]:
        """The rule that gives class indices ``(...)``, int64, for outputs ``(..., n_outputs)``, however computed.

        The class is the place of the largest output. A single output tells two classes apart by the sign of its
        sum: class 1 if it is above 0, or above one half behind the logistic function, else class 0.

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
        if self.kind != "classifier":
            raise ValueError(
                f"kind must be classifier for classes, got {self.kind}, whose outputs are numbers: those of "
                "float_forward, or of the forward of a circuit"
            )
        if self.n_outputs > 1:
            return partial(np.argmax, axis=-1)
        return partial(_above, self.layers[-1].decision)

    def describe_layers(self) -> str:
        """Everything but the arrays, as JSON: the header of a file."""
        described = {
            "format": max(layer.file_format for layer in self.layers),
            "layers": [_without_arrays(layer) for layer in self.layers],
            "input_shape": self.shapes()[0],
            "input_range": list(self.input_range),
            "kind": self.kind,
            "classes": None if self.classes is None else list(self.classes),
        }
        if self.calibration is not None:
            described |= {"format": CALIBRATED, "calibration": self.calibration.described()}
        return json.dumps(described, sort_keys=True)

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
        sha = hashlib.sha256(json.dumps([layers, self.shapes()[0], self.input_range], sort_keys=True).encode())
        self._add_layers(sha)
        return sha.hexdigest()

    def _add_layers(self, sha: "hashlib._Hash") -> None:
        for layer in self.layers:
            for name in layer.arrays:
                sha.update(np.ascontiguousarray(getattr(layer, name), "<f8").tobytes())


def _above(decision: float, outputs: Floats) -> Any:
    return (outputs[..., 0] > decision).astype(np.int64)


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


def checked_shape(first: LayerSpec, shape: Shape | None) -> Shape:
    """Shape of a sample: the given one, or that of the first layer; a ValueError if neither fits."""
    if shape is None:
        if first.input_shape is None:
            raise ValueError(f"input_shape must be given for a first layer {type(first).__name__}, got None")
        return first.input_shape
    sizes = checks.entries("input_shape", shape)
    if len(sizes) not in (1, 3):
        raise ValueError(f"input_shape must be (n_inputs,) or (channels, height, width), got {checks.shown(shape)}")
    return tuple(checks.whole("input_shape", size, 1) for size in sizes)
