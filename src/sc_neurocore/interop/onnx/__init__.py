"""ONNX and QONNX: networks from models of any framework that exports them."""

from .reading import from_onnx

__all__ = ["from_onnx"]
