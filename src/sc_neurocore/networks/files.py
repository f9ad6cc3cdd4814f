"""Networks as safetensors files: the arrays, and a JSON description with a checksum in the header."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from ..encoders import Bank, Generator, Searched
from ..files import atomic_write, json_object, open_regular, reason
from ..gates.faults import Faults
from ..layers.options import CircuitOptions
from ..synapses import MemristorModel
from . import mapping
from .attention_spec import Attention
from .binary_specs import Add, Elementwise, Multiply
from .calibration import FIXED, Calibration, array_name, check_lengths
from .definition import CALIBRATED, GRAPH, NetworkDefinition
from .layer_spec import LayerSpec
from .mapping import LayerMapping
from .pool_spec import Pool2D
from .primitive_specs import Dendrite, Inhibition, KWinners, PredictiveCoding
from .quantizing_spec import Quantize
from .scaling_specs import LayerNorm, Scale, Softmax
from .spiking_spec import SpikingDense
from .weighted_specs import Conv2D, Dense
from .wiring_specs import Concat, Flatten, GlobalPool, Reshape, Select, Transpose

FORMAT = GRAPH
"""The newest format that is read; a file has the oldest one from `CHECKED` on that knows all its parts."""
CHECKED = 3
"""From this format on a file has the digest of the network, and arrays whose names are not those of plain arrays."""
_KEY = "sc_neurocore"
_FIELDS = {"format", "layers", "input_shape", "input_range", "kind", "classes"}
_CHECKED_FIELDS = {"digest", "shapes"}
_CALIBRATION_FIELDS = {"options", "layers", "gains", "products"}
_NUMBERS = {"BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64", "F16", "F32", "F64"}
"""Types of a safetensors file that are numbers of NumPy."""
_TYPES: dict[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(Dense, Conv2D, Pool2D, Inhibition, KWinners, SpikingDense, Dendrite, PredictiveCoding),
        *(Add, Multiply, Concat, Flatten, Reshape, Transpose, Select, GlobalPool),
        *(Scale, Elementwise, Quantize, LayerNorm, Softmax, Attention),
    )
}

Arrays = Mapping[str, NDArray[Any]]


@contextmanager
def holding_a_network(path: Path) -> Iterator[None]:
    """Turn errors of a damaged description into a one-line ValueError that names the file."""
    try:
        yield
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} must hold a network, it does not: {reason(error)}") from error


def save(network: NetworkDefinition, path: Path) -> None:
    """Write `network` to `path`; arrays that are exact in single precision, such as those of PyTorch, take half."""
    from safetensors.numpy import save_file

    arrays, header = described(network)
    narrow = {name: _narrowest(array) for name, array in arrays.items()}
    with atomic_write(path) as temporary:
        save_file(narrow, temporary, {_KEY: json.dumps(header, sort_keys=True)})


def described(network: NetworkDefinition) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays of a network by the names that files give them, and the description in their header."""
    description = json.loads(network.describe_layers())
    number = max(CHECKED, description["format"])
    arrays = {
        _array_name(number, name, k): getattr(layer, name)
        for k, layer in enumerate(network.layers)
        for name in layer.arrays
    }
    if network.calibration is not None:
        arrays |= network.calibration.arrays()
    return arrays, {**description, "format": number, "digest": network.digest(), "shapes": _shapes(arrays)}


def _narrowest(array: NDArray[Any]) -> NDArray[Any]:
    """A copy in single precision, if that holds the numbers exactly; else, and of integers, in the type that it has."""
    with np.errstate(over="ignore"):
        single = array.astype(np.float32, order="C")  # safetensors writes memory as it lies
    return single if array.dtype.kind == "f" and np.array_equal(single, array) else np.array(array, order="C")


def read(path: Path) -> tuple[dict[str, NDArray[Any]], str | None]:
    """The arrays of a safetensors file, and the description in its header; None for a file of plain arrays."""
    from safetensors import safe_open

    open_regular(path).close()  # an OSError if it cannot be opened, a ValueError if it is a pipe
    try:
        with safe_open(path, "numpy") as opened:
            metadata: dict[str, str] = opened.metadata() or {}
            names = list(opened.keys())
            for name in names:
                if (kind := opened.get_slice(name).get_dtype()) not in _NUMBERS:
                    raise ValueError(f"{name} must be of one of the types {', '.join(sorted(_NUMBERS))}, got {kind}")
            arrays = {name: opened.get_tensor(name) for name in names}
    except Exception as error:  # whatever the library makes of a damaged file
        raise ValueError(f"{path} must be a safetensors file, it is not readable as one: {reason(error)}") from error
    return arrays, metadata.get(_KEY)


def definition_fields(arrays: Arrays, header: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a `NetworkDefinition` from its arrays and its description."""
    number = checks.whole("format", header.get("format"), 1)
    if number > FORMAT:
        raise ValueError(f"this version reads formats up to {FORMAT}, the file has a newer one, {number}")
    more = _CHECKED_FIELDS if number >= CHECKED else set()
    more = more | {"calibration"} if number >= CALIBRATED else more
    more = more | {"sources", "names"} if number >= GRAPH else more
    _same("fields of the header", _FIELDS | more, header)
    layers: list[LayerSpec] = []
    names: set[str] = set()
    for k, options in enumerate(_listed("layers", header["layers"])):
        _listed(f"layer {k}", options, dict)
        kind = _TYPES[checks.option(f"type of layer {k}", options.get("type"), _TYPES)]
        plain = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
        del plain["type"]
        own = {name: _array_name(number, name, k) for name in kind.arrays}
        _same("arrays", own.values(), arrays.keys() & own.values())
        layers.append(kind(**plain, **{name: arrays[stored] for name, stored in own.items()}))
        names.update(own.values())
    calibration = None
    if number == CALIBRATED or (number >= GRAPH and header["calibration"] is not None):
        calibration = _calibration_of(header["calibration"], arrays)
        names.update(calibration.arrays())
    _same("arrays", names, arrays)
    classes = header["classes"]
    low, high = _listed("input_range", header["input_range"])
    return {
        "layers": tuple(layers),
        "input_range": (low, high),
        "kind": header["kind"],
        "classes": None if classes is None else tuple(_listed("classes", classes)),
        "input_shape": tuple(_listed("input_shape", header["input_shape"])),
        "calibration": calibration,
        "sources": header.get("sources"),
        "names": header.get("names"),
    }


def _calibration_of(described: Any, arrays: Arrays) -> Calibration:
    """A calibration from its description and the arrays of a file."""
    _same("fields of a calibration", _CALIBRATION_FIELDS, _listed("calibration", described, dict))
    given = {"weight_share": None, **_listed("options", described["options"], dict)}
    _same("options of a calibration", FIXED, given)
    length = given["length"]
    check_lengths(length if isinstance(length, list) else [length])  # before a generator of that length is looked for
    kinds: dict[str, Any] = {"faults": Faults, "device": MemristorModel}
    for name, kind in kinds.items():
        given[name] = None if given[name] is None else kind(**json_object(given[name]))
    options = CircuitOptions(**given)
    layers = []
    for k, layer in enumerate(_listed("layers", described["layers"])):
        _same(f"fields of layer {k}", ("generator",), _listed(f"layer {k}", layer, dict))
        own = {name: arrays.get(array_name(k, name)) for name in mapping.ARRAYS}
        look_ups = {name: arrays.get(array_name(k, name)) for name in ("permutation", "orders")}
        generator = _generator_of(layer["generator"], options.of_layer(k, 0).cycles, **look_ups)
        layers.append(LayerMapping(**own, generator=generator))  # type: ignore[arg-type]  # it refuses None
    return Calibration(options, tuple(layers), _listed("gains", described["gains"]), described["products"])


def _generator_of(
    written: Any, cycles: int, permutation: NDArray[Any] | None, orders: NDArray[Any] | None
) -> str | Generator:
    """A generator from its description, see `Calibration.described`, for streams of `cycles`, and from its arrays."""
    if written == {"searched": "permutation"} and permutation is not None and orders is not None:
        return Searched(permutation, orders)
    if isinstance(written, dict) and set(written) == {"bank", "pair"}:
        pair = written["pair"]
        more = {} if pair is None else {"pair": tuple(tuple(entry) for entry in pair)}
        return Bank(written["bank"], cycles, **more)
    if not isinstance(written, str):
        raise TypeError(
            "generator must be a name, a bank with its pair, or searched with its permutation and orders, got "
            f"{checks.shown(written)}"
        )
    return written


def check(network: NetworkDefinition, arrays: Arrays, header: Mapping[str, Any]) -> None:
    """Raise a ValueError if a network that was read is not the one that was saved; older formats cannot tell."""
    if header["format"] < CHECKED:
        return
    if header["shapes"] != _shapes(arrays):
        raise ValueError(f"its arrays must have the shapes {header['shapes']}, they have {_shapes(arrays)}")
    if header["digest"] != network.digest():
        raise ValueError(f"its digest must be {header['digest']}, it is {network.digest()}: the file is damaged")


def dense_names(names: Collection[str]) -> list[str]:
    """Names of the arrays of `dense_arrays`, all of a file; a ValueError if one is missing or no such name."""
    layers = 0
    while f"weights_{layers}" in names:
        layers += 1
    known = {f"{name}_{k}" for name in ("weights", "bias") for k in range(layers)} | {"calibration"}
    if not layers or set(names) - known:
        raise ValueError(
            f"arrays must be weights_0, bias_0, weights_1, .. and calibration, got {', '.join(sorted(names)) or 'none'}"
        )
    return list(names)


def dense_arrays(arrays: Arrays) -> dict[str, Any]:
    """Arguments of `Network.from_arrays` from arrays ``weights_0, bias_0, weights_1, ..`` and ``calibration``.

    Weights are ``(n_outputs, n_inputs)``; a bias may be missing.
    """
    weights: list[NDArray[Any]] = []
    biases: list[NDArray[Any]] = []
    dense_names(arrays)
    while (name := f"weights_{len(weights)}") in arrays:
        matrix = checks.array(name, arrays[name])
        if matrix.ndim != 2 or 0 in matrix.shape:
            raise ValueError(f"{name} must have the shape (n_outputs, n_inputs), each at least 1, got {matrix.shape}")
        biases.append(arrays.get(f"bias_{len(weights)}", np.zeros(len(matrix))))
        weights.append(matrix)
    return {"weights": weights, "biases": biases, "calibration": arrays.get("calibration")}


def _array_name(number: int, name: str, place: int) -> str:
    """Name in a file of format `number` of an array of the layer at `place`."""
    return f"{name}_{place}" if number < CHECKED else f"layers.{place}.{name}"


def _shapes(arrays: Arrays) -> dict[str, list[int]]:
    return {name: list(array.shape) for name, array in arrays.items()}


def _listed(name: str, value: Any, kind: type[Any] = list) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be {'a list' if kind is list else 'an object'}, got {value!r:.50}")
    return value


def _same(what: str, wanted: Collection[str], given: Collection[str]) -> None:
    if set(wanted) != set(given):
        raise ValueError(
            f"{what} must be {', '.join(sorted(wanted)) or 'none'}, got {', '.join(sorted(given)) or 'none'}"
        )
