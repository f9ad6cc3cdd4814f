"""The libraries that read and run ONNX models, imported when they are first needed."""

from importlib import import_module
from typing import Any

MISSING = "from_onnx needs the onnx package: pip install onnx, or this package with its extra onnx"


def onnx() -> Any:
    """The package `onnx`, or an ImportError that says what to install."""
    try:
        import onnx as found
    except ImportError as error:
        raise ImportError(MISSING) from error
    return found


def part(name: str) -> Any:
    """A module of the package `onnx` by its name, such as ``"helper"``."""
    onnx()
    return import_module(f"onnx.{name}")


def onnxruntime() -> Any:
    """The package `onnxruntime`, or None where it is not installed."""
    try:
        import onnxruntime as found
    except ImportError:
        return None
    return found
