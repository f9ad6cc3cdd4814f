"""Stochastic-computing neural layers, simulated bit for bit.

A number becomes a probability, the probability a bitstream; gates combine streams, a count turns
them back into numbers. Names load when they are first used (SPEC 1).
"""

from typing import Any

import lazy_loader

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """A public name, loaded now; ``__version__`` is that of the installed package."""
    if name == "__version__":
        from importlib.metadata import version

        return version("sc-neurocore-layers")
    return _load(name)
