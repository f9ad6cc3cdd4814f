"""Streams that stay on a device as long as only its kernels read them."""

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .types import Words


def _from_cupy(device: Any) -> Words:
    return np.asarray(device.get())


class _Memory:
    """The words of an array and of its views: on the device at first, on the host for good once that asks."""

    def __init__(self, device: Any, fetch: Callable[[Any], Words]) -> None:
        self.device: Any = device
        self._fetch = fetch
        self._host: Words | None = None
        self._lock = threading.Lock()

    def host(self) -> Words:
        with self._lock:
            if self._host is None:
                self._host, self.device = self._fetch(self.device), None
            return self._host


class Kept(NDArrayOperatorsMixin):
    """An array of words on a device, as kernels hand it to each other.

    Where anything else reads or writes it, it moves to the host and is an array of NumPy from then on, which its views
    share: so there is only one copy, and whoever does not know of devices meets an array.

    Parameters
    ----------
    device
        An array of CuPy, or another one with `fetch`.
    fetch
        Returns a copy of it on the host, which may be edited.
    """

    def __init__(self, device: Any, fetch: Callable[[Any], Words] = _from_cupy) -> None:
        self._memory, self.shape = _Memory(device, fetch), tuple(device.shape)

    dtype = np.dtype(np.uint64)
    ndim = property(lambda self: len(self.shape))
    size = property(lambda self: int(np.prod(self.shape)))
    nbytes = property(lambda self: 8 * self.size)

    def _view(self, shape: tuple[int, ...]) -> "Kept":
        made = object.__new__(Kept)
        made._memory, made.shape = self._memory, shape
        return made

    def on_device(self) -> Any:
        """The array on the device, None if it is on the host."""
        device = self._memory.device
        return None if device is None else device.reshape(self.shape)

    def reshape(self, *shape: Any) -> "Kept":
        """A view of another shape."""
        return self._view(_nothing(self.shape).reshape(*shape).shape)

    def __getitem__(self, key: Any) -> Any:
        if all(map(_is_plain, key if isinstance(key, tuple) else (key,))):
            chosen = _nothing(self.shape)[key]
            if chosen.size == self.size:  # a number was the place on an axis of length 1
                return self._view(chosen.shape)
        return np.asarray(self)[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        np.asarray(self)[key] = value

    def __len__(self) -> int:
        return int(self.shape[0])

    def __iter__(self) -> Any:
        return (self[place] for place in range(len(self)))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self._memory.host().reshape(self.shape), dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if "out" in options:
            options["out"] = tuple(map(on_host, options["out"]))
        return getattr(ufunc, method)(*map(on_host, inputs), **options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(np.asarray(self), name)

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()

    def __repr__(self) -> str:
        return repr(np.asarray(self))


def _nothing(shape: tuple[int, ...]) -> Any:
    """An array of that shape that takes no memory."""
    return np.broadcast_to(np.empty((), np.uint64), shape)


def _is_plain(part: Any) -> bool:
    """Whether a part of an index leaves the order of words as it is."""
    return part is None or part is Ellipsis or type(part) is int or (isinstance(part, slice) and part == slice(None))


def on_host(value: Any) -> Any:
    """A kept array as one of NumPy; anything else as it is."""
    return np.asarray(value) if isinstance(value, Kept) else value


def with_words_of_host(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """A kernel of another backend, which gets kept arrays as those of NumPy."""

    @wraps(kernel)
    def run(*arguments: Any, **keywords: Any) -> Any:
        return kernel(*map(on_host, arguments), **{key: on_host(value) for key, value in keywords.items()})

    return run
