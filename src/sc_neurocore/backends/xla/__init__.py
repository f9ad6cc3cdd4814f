"""Backend "jax": streams, their products and spiking neurons on XLA devices, with the bits of `reference`.

This package is the only place of the backends that imports JAX. Its functions of JAX arrays are traced by whoever calls
them, the kernels are these functions compiled. No global flag is read or set: what needs 64-bit numbers, such as the
words of streams, runs in a context of its own (without the flag JAX truncates them silently).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from .. import compiled
from ..compiled import *  # noqa: F403 - what is not defined below runs there
from ..kept import Kept, with_words_of_host
from ..kernels import kernel_names
from ..types import BIPOLAR, NUMBER_DIGITS, SPLIT, Counts, Draws, Floats, Indices, Thresholds, Wiring, Words

try:
    import jax
except ImportError as error:
    raise ImportError('JAX is not installed: pip install "sc-neurocore-layers[jax]"') from error

from . import counting, random_bits
from . import words as traced_words
from .devices import Devices as Devices
from .devices import devices_with_ids as devices_with_ids
from .spiking import lif_run as lif_run
from .spiking import lif_step as lif_step

name = "jax"
Kernel = TypeVar("Kernel", bound=Callable[..., Any])
_bernoulli = jax.jit(random_bits.bernoulli, static_argnames="length")
_select_numbers = jax.jit(random_bits.select_numbers, static_argnames="length")
_compared = jax.jit(traced_words.compared)
_joined = jax.jit(traced_words.joined, static_argnames="length")
_popcount = jax.jit(counting.popcount)
_and_counts = jax.jit(counting.and_counts)
_window_counts = jax.jit(counting.window_counts)
_wired_counts = jax.jit(counting.wired_counts)
_gather = jax.jit(lambda table, rows: table[rows])


def _on_64_bits(kernel: Kernel) -> Kernel:
    """A kernel that runs with 64-bit numbers enabled, for its thread only."""

    @wraps(kernel)
    def run(*arguments: Any, **keywords: Any) -> Any:
        with jax.enable_x64(True):
            return kernel(*arguments, **keywords)

    return cast(Kernel, run)


def _put(array: NDArray[Any], dtype: type[np.generic]) -> Any:
    """The array for a compiled function; it may be on the device already."""
    if isinstance(array, Kept) and (device := array.on_device()) is not None:
        return device
    return np.asarray(array, dtype)


def _kept(device: Any) -> Words:
    """Words that stay on the device until somebody else reads them."""
    return cast(Words, Kept(device, np.array))


# ------------------------------------------------------------ streams


@_on_64_bits  # type: ignore[no-redef]
def bernoulli(
    key: int, streams: Thresholds, thresholds: Thresholds, bits: int, length: int, first_word: int = 0
) -> Words:
    digits = np.asarray(thresholds, np.uint64) << np.uint64(NUMBER_DIGITS - bits)
    numbers = np.asarray(streams, np.uint64)
    return _kept(_bernoulli(np.uint64(key), numbers, digits, length=int(length), first_word=np.uint64(first_word)))


@_on_64_bits  # type: ignore[no-redef]
def select_numbers(key: int, samples: Indices, length: int) -> Draws:
    numbers = _select_numbers(np.uint64(key), np.asarray(samples, np.uint64), length=int(length))
    return np.asarray(numbers).astype(np.uint32)


@_on_64_bits  # type: ignore[no-redef]
def compare(sequences: Draws, thresholds: Thresholds) -> Words:
    return _kept(_compared(np.asarray(sequences, np.uint64), np.asarray(thresholds, np.uint64)))


@_on_64_bits  # type: ignore[no-redef]
def gather(table: Words, rows: Thresholds) -> Words:
    return _kept(_gather(_put(table, np.uint64), np.asarray(rows, np.int64)))


def encode_rows(  # type: ignore[no-redef]
    numbers: Floats, table: Words, first: Indices, modulus: int, encoding: int, length: int
) -> Words:
    # The places of streams in the table are found on the host: 8 bytes a stream, as many as a number has.
    parts = [(numbers + 1.0) / 2.0 if encoding == BIPOLAR else numbers]
    if encoding == SPLIT and (numbers < 0).any():
        parts = [np.maximum(numbers, 0.0), np.maximum(-numbers, 0.0)]
    places = np.floor(np.stack(parts, axis=1) * float(modulus) + 0.5).astype(np.int64)
    rows = (places + (first if first.size else 0)).astype(np.uint64)
    return join_rows(gather(table, rows), length)


@_on_64_bits  # type: ignore[no-redef]
def join_rows(words: Words, length: int) -> Words:
    return _kept(_joined(_put(words, np.uint64), length=int(length)))


# ------------------------------------------------------------ counts


@_on_64_bits  # type: ignore[no-redef]
def popcount(words: Words) -> Counts:
    device = words.on_device() if isinstance(words, Kept) else None
    if device is None:  # the host counts a word in less time than it takes to send it
        return compiled.popcount(np.asarray(words))
    return np.array(_popcount(device))


@_on_64_bits  # type: ignore[no-redef]
def and_counts(x: Words, w: Words) -> Counts:
    rows = (_put(words.reshape(*words.shape[:2], words.shape[2] * words.shape[3]), np.uint64) for words in (x, w))
    return np.array(_and_counts(*rows))


@_on_64_bits  # type: ignore[no-redef]
def window_counts(x: Words, w: Words, windows: Indices, length: int) -> Counts:
    return np.array(_window_counts(_put(x, np.uint64), _put(w, np.uint64), np.asarray(windows, np.int64)))


@_on_64_bits  # type: ignore[no-redef]
def wired_counts(x: Words, w: Words, wiring: Wiring) -> Counts:
    return np.array(_wired_counts(_put(x, np.uint64), _put(w, np.uint64), *wiring.spelled_out()))


for _kernel in kernel_names():
    if globals()[_kernel] is getattr(compiled, _kernel):
        globals()[_kernel] = with_words_of_host(globals()[_kernel])
