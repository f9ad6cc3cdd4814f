"""Labelled samples from data sets and loaders of PyTorch."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import checks
from .dataset import Dataset
from .pictures import pixels
from .samples import on_host

_PIECE = 1024
"""Samples that are put into one array at a time."""


def from_torch(test: Any, train: Any = None, name: str = "torch") -> Dataset:
    """Data from data sets or loaders of PyTorch that give pairs of a sample and its label.

    Each is read once, in its order: shuffling, transforms and what a loader drops are part of it. So give a loader that
    does not shuffle, where results are to be found again.

    Parameters
    ----------
    test, train
        ``torch.utils.data.Dataset`` of any kind, or any sequence or iterable, of pairs of a sample ``(inputs,)``,
        ``(height, width)`` or ``(channels, height, width)`` and its label; or a ``DataLoader`` of batches of them. A
        sample may be a tensor, an array or a picture of Pillow; a label a whole number, a name or a vector of 0
        and 1, one-hot or of several labels, see `Dataset`.
        Images of bytes (uint8) are divided by 255, see `Dataset`. `test` is held out; `train` may be None.
    name
        What the data is called in tables and plots.

    Returns
    -------
    Dataset
        The pixels of an image follow each other row by row, channel by channel.

    Raises
    ------
    ValueError, TypeError
        If `test` or `train` gives something else than pairs, or samples or labels of different shapes or types; if
        there is no sample, or one does not suit `Dataset`.

    Examples
    --------
    >>> from_torch([([0.0, 0.5], 0), ([1.0, 0.25], 1)])
    Dataset('torch', 0 training and 2 held-out samples of 2 inputs, 2 classes)
    """
    parts = [_read("test", test)]
    if train is not None:
        parts.append(_read("train", train))
    x, y = parts[0]
    if not len(x):
        raise ValueError("test must have at least one sample, got none")
    return Dataset.held_out(name, x, y, *(array for array in parts[1] if len(array)) if train is not None else ())


class _Column:
    """Arrays of one shape and type that follow each other, put together piece by piece."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._first: NDArray[Any] | None = None
        self._loose: list[NDArray[Any]] = []
        self._pieces: list[NDArray[Any]] = []

    def add(self, values: NDArray[Any], place: int) -> None:
        """Add values ``(n, ..)``, of which the first is number `place`."""
        if self._first is None:
            self._first = values[:1]
        if values.shape[1:] != self._first.shape[1:] or _type(values) != _type(self._first):
            raise ValueError(
                f"{self.what} must all be as the first one, of shape {self._first.shape[1:]} and {self._first.dtype}, "
                f"got {values.shape[1:]} and {values.dtype} at place {place}"
            )
        self._loose.append(values)
        if len(values) > 1 or len(self._loose) == _PIECE:
            self._close()

    def _close(self) -> None:
        self._pieces.append(np.concatenate(self._loose))
        self._loose = []

    def array(self) -> NDArray[Any]:
        """All of them."""
        if self._loose:
            self._close()
        return np.concatenate(self._pieces) if self._pieces else np.empty(0)


def _type(values: NDArray[Any]) -> Any:
    return "text" if values.dtype.kind == "U" else values.dtype


def _read(name: str, source: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Samples and labels of one part."""
    batched = _is_batched(source)
    x, y = _Column(f"samples of {name}"), _Column(f"labels of {name}")
    place = 0
    for pair in _entries(name, source):
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            got = f"{len(pair)} things" if isinstance(pair, list | tuple) else type(pair).__name__
            raise TypeError(f"{name} must give pairs of a sample and its label, got {got} at place {place}")
        sample, label = _array(x.what, pair[0]), _array(y.what, pair[1])
        if not batched:
            sample, label = sample[None], label[None]
        if not sample.ndim or not label.ndim or len(sample) != len(label):
            raise ValueError(f"{name} must give as many labels as samples, got {sample.shape} and {label.shape}")
        x.add(sample, place)
        y.add(label, place)
        place += len(sample)
    return x.array(), y.array()


def _is_batched(source: Any) -> bool:
    """Whether a value is a loader that gives many samples at a time."""
    try:
        from torch.utils.data import DataLoader
    except ImportError:  # then there are no loaders
        return False
    return isinstance(source, DataLoader) and source.batch_sampler is not None


def _entries(name: str, source: Any) -> Iterator[Any]:
    """What a data set gives, by iteration or, where it has none, by place."""
    if isinstance(source, Iterable):
        yield from source
    elif hasattr(source, "__getitem__") and hasattr(source, "__len__"):
        for place in range(len(source)):
            yield source[place]
    else:
        raise TypeError(f"{name} must be a data set or loader of PyTorch, got {checks.shown(source)}")


def _array(what: str, value: Any) -> NDArray[Any]:
    """A copy of a sample or a label, which a data set may give in memory that it uses again."""
    if hasattr(value, "getbands"):  # a picture of Pillow
        try:
            return pixels(value).copy()
        except ValueError as error:
            raise ValueError(f"{what} {error}") from None
    return np.array(checks.unmasked(what, on_host(value)))
