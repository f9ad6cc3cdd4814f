"""Choice of a backend by name, and which ones are available: the only module that knows their names."""

import os
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import NamedTuple

from .. import checks
from .kernels import Kernels, kernel_names


class _Backend(NamedTuple):
    """Entry of the table of backends; a backend is imported when it is chosen, since Numba and JAX take seconds."""

    module: str
    """Where in this package its own kernels are defined."""
    load: Callable[[], Kernels]
    missing: Callable[[], str]
    """Returns why it cannot be used and what to install, or an empty string if it can."""


def _reference() -> Kernels:
    from . import reference

    return reference


def _numba() -> Kernels:
    from . import compiled

    return compiled


def _cupy() -> Kernels:
    from . import cuda

    return cuda


def _jax() -> Kernels:
    from . import xla

    return xla


def _jit_disabled() -> str:
    """Why Numba's JIT is off, or an empty string: without it only `reference` works, all others use `compiled`."""
    value = os.environ.get("NUMBA_DISABLE_JIT", "").strip()
    return "needs NUMBA_DISABLE_JIT to be unset" if value not in ("", "0") else ""


def _no_device() -> str:
    if _jit_disabled():
        return _jit_disabled()
    from . import cuda

    return "" if cuda.available() else 'needs an NVIDIA GPU and pip install "sc-neurocore-layers[cuda]"'


def _no_jax() -> str:
    return _jit_disabled() or ("" if find_spec("jax") else 'needs pip install "sc-neurocore-layers[jax]"')


_BACKENDS = {
    "numba": _Backend("compiled", _numba, _jit_disabled),
    "cupy": _Backend("cuda", _cupy, _no_device),
    "jax": _Backend("xla", _jax, _no_jax),
    "reference": _Backend("reference", _reference, str),
}


@lru_cache(maxsize=64)
def choose(backend: str | None = None, use_gpu: bool = False) -> Kernels:
    """The backend to compute with: a module with all kernels. Results are cached.

    Parameters
    ----------
    backend
        One of `available`; None: a GPU if `use_gpu` and there is one, else Numba, or the reference where
        Numba is switched off (environment variable ``NUMBA_DISABLE_JIT``).
    use_gpu
        Use a GPU if there is one. A `backend` that is given wins.

    Raises
    ------
    ValueError
        If the name is unknown, or the backend is not there; the message says what to install.

    Examples
    --------
    >>> choose("reference").name
    'reference'
    >>> choose("fpga")
    Traceback (most recent call last):
    ValueError: backend must be one of numba, cupy, jax, reference, or None, got 'fpga'
    """
    if backend is None:
        wanted = ("cupy", "numba", "reference") if use_gpu else ("numba", "reference")
        backend = next(name for name in wanted if not _BACKENDS[name].missing())
    elif backend not in _BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(_BACKENDS)}, or None, got {checks.shown(backend)}")
    missing = _BACKENDS[backend].missing()
    if missing:
        raise ValueError(f"backend must be one that is there, got {backend!r}, which {missing}")
    return _BACKENDS[backend].load()


def checked_backend(backend: str | None) -> str | None:
    """`backend` itself, if it is one that is there, or None; else an error.

    >>> checked_backend("reference")
    'reference'
    """
    try:
        choose(backend)
    except TypeError as error:  # what cannot be looked up, such as an array
        raise TypeError(f"backend must be a name or None, got {checks.shown(backend)}") from error
    return backend


def available() -> tuple[str, ...]:
    """Names of the backends that work on this machine, the default one first.

    >>> "reference" in available()
    True
    """
    return tuple(name for name, backend in _BACKENDS.items() if not backend.missing())


def capabilities() -> dict[str, dict[str, str]]:
    """For every kernel and every available backend, the name of the backend whose code runs.

    >>> capabilities()["and_counts"]["reference"]
    'reference'
    """
    found = [choose(name) for name in available()]
    return {kernel: {backend.name: runs_on(backend, kernel) for backend in found} for kernel in kernel_names()}


def runs_on(backend: Kernels, kernel: str) -> str:
    """Name of the backend whose code runs when `backend` calls a kernel: it may take it from another one.

    >>> runs_on(choose("reference"), "popcount")
    'reference'
    """
    return _backend_of(getattr(backend, kernel).__module__)


@lru_cache(maxsize=64)
def _backend_of(module: str) -> str:
    home = module.removeprefix(f"{__package__}.").split(".")[0]
    return next(name for name, entry in _BACKENDS.items() if entry.module == home)
