"""Backends: interchangeable sets of kernels that compute on packed bitstreams, on CPU or GPU.

`choose` gives a backend, a module with the kernels of the protocol `Kernels`: `reference` defines every kernel in
plain NumPy; `compiled` (Numba) is the default and returns the same integers; `cuda` (CuPy) makes random streams and
does products on a GPU; `xla` (JAX) makes streams, products and spiking neurons on XLA devices. A kernel that a backend
does not have, it takes from `compiled`: see `capabilities`.
"""

from .choice import available, capabilities, checked_backend, choose, runs_on
from .kernels import Kernels

__all__ = ["Kernels", "available", "capabilities", "checked_backend", "choose", "runs_on"]
