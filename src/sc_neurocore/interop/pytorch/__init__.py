"""PyTorch: networks from trained modules, by the graph that `torch.export` gives."""

from .reading import from_torch

__all__ = ["from_torch"]
