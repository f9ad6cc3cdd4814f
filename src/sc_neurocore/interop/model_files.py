"""Networks from model files, whose bytes tell the format, and from models of other libraries."""

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from .. import checks
from ..archives import read_npz
from ..files import checked_path
from ..networks import Network
from ..networks.definition import Kind
from ..networks.files import dense_names
from ..networks.input_range import Ends
from .nir import from_nir
from .onnx import from_onnx
from .pytorch import from_torch
from .recognising import format_of
from .scikit_learn import from_sklearn


def load_network(
    path: Any,
    calibration: ArrayLike | None = None,
    *,
    input_shape: Sequence[int] | None = None,
    ceiling_quantile: float | None = None,
    input_range: Ends | None = None,
    kind: Kind | None = None,
    classes: Sequence[str] | None = None,
    dt_ms: float | None = None,
    duration: float | None = None,
) -> Network:
    """The network in a model file, or of a trained model.

    Parameters
    ----------
    path
        A file, whose bytes tell its format: what `Network.save` wrote; arrays ``weights_0``
        ``(n_outputs, n_inputs)``, ``bias_0``, ``weights_1``, .. of a ReLU classifier with inputs in [0, 1], as
        safetensors or npz, of which an array ``calibration`` of training inputs ``(N, n_inputs)`` sets the ranges; an
        ONNX model, see `from_onnx`; or a NIR graph, see `from_nir`. Or a model: a PyTorch Module, a model of
        scikit-learn, an ``onnx.ModelProto``, a ``nir.NIRGraph``, or a `Network`, which is returned as it is.
    calibration, input_shape, ceiling_quantile, input_range, kind, classes, dt_ms, duration
        As for the reader of the format, `from_onnx`, `from_nir`, `from_torch` or `from_sklearn`, where that takes them;
        a file of arrays or of a network has its own. None: the reader's default.

    Raises
    ------
    ImportError
        If the library is missing that reads the format.
    TypeError
        If `path` is no path and no model of these libraries.
    ValueError
        If the file has another format, or is damaged, is a folder, a pipe or a device, or holds something else; if a
        keyword is given that the reader does not take, or one is missing that it needs.
    OSError
        If there is no such file, or it cannot be opened.

    Examples
    --------
    >>> import numpy as np, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(folder + "/mine.npz", weights_0=np.eye(2))
    ...     load_network(folder + "/mine.npz")
    Network(2-2, identity, inputs in [0, 1], classifier)
    """
    given = {
        "calibration": calibration,
        "input_shape": input_shape,
        "ceiling_quantile": ceiling_quantile,
        "input_range": input_range,
        "kind": kind,
        "classes": classes,
        "dt_ms": dt_ms,
        "duration": duration,
    }
    options = {name: value for name, value in given.items() if value is not None}
    if not isinstance(path, str | os.PathLike):
        what, reader = _reader(path)
        return _read(reader, path, what, options)
    file = checked_path("path", path)
    name = format_of(file)
    return _read(_FILES[name], file, f"{file}, a {name} file", options)


def _npz(path: Path) -> Network:
    return Network.from_named_arrays(read_npz(path, dense_names), path)


def _itself(network: Network) -> Network:
    return network


_FILES: Mapping[str, Callable[..., Network]] = {
    "safetensors": Network.load,
    "npz": _npz,
    "onnx": from_onnx,
    "NIR": from_nir,
}
"""Readers of files by format, see `format_of`."""
_LIBRARIES: Mapping[str, Callable[..., Network]] = {
    "torch": from_torch,
    "sklearn": from_sklearn,
    "onnx": from_onnx,
    "nir": from_nir,
}
"""Readers of models by the library that their class, or a base of it, comes from."""


def _reader(model: Any) -> tuple[str, Callable[..., Network]]:
    """What reads a model, by where its class comes from: no library is imported for it."""
    if isinstance(model, Network):
        return "a Network", _itself
    libraries = [base.__module__.partition(".")[0] for base in type(model).__mro__]
    if "keras" in libraries:  # its models are also modules of PyTorch, where that computes
        raise TypeError(
            "path must be a file or a model; a model of Keras comes in as ONNX: model.export(path, format='onnx')"
        )
    for library in libraries:
        if library in _LIBRARIES:
            return f"a model of {library}", _LIBRARIES[library]
    libraries_read = ", ".join(_LIBRARIES)
    raise TypeError(f"path must be a path, a Network or a model of {libraries_read}, got {checks.shown(model)}")


def _read(reader: Callable[..., Network], model: Any, what: str, options: Mapping[str, Any]) -> Network:
    """What a reader makes of a model; a ValueError for options that it does not take, or that it needs."""
    _, *parameters = inspect.signature(reader).parameters.values()
    known = {each.name for each in parameters}
    for name in options:
        if name not in known:
            raise ValueError(f"{name} must not be given for {what}, got {checks.shown(options[name])}")
    for each in parameters:
        if each.default is inspect.Parameter.empty and each.name not in options:
            raise ValueError(f"{each.name} must be given for {what}")
    return reader(model, **options)
