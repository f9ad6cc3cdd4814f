"""Backend "cupy": random streams, comparators and products on an NVIDIA GPU, with the integers of `reference`.

The kernels are the text `cuda.cu`, compiled for the device when they are first called. Tests compile the same text for
the host and run this module on it.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import compiled, philox, splitmix, types
from .compiled import *  # noqa: F403 - what is not defined below runs there
from .kept import Kept, on_host, with_words_of_host
from .kernels import kernel_names
from .packing import WORD_BITS, tail_mask, words_for
from .types import BIPOLAR, SPLIT, Counts, Draws, Floats, FreshWeights, Indices, Thresholds, Wiring, Words

name = "cupy"
BLOCK_BYTES = 1 << 28
"""Memory that the streams, and that the results, of a launch may take on the device: larger calls go in blocks."""
MOST_BLOCKS = 1 << 16
"""Blocks of threads in a launch; what is more, they take in turns."""
_THREADS = 256
_WARP = 32


def source() -> str:
    """The text of the kernels, with the constants of the random numbers."""
    constants = {
        "SHIFT_1": splitmix.SHIFT_1,
        "SHIFT_2": splitmix.SHIFT_2,
        "SHIFT_3": splitmix.SHIFT_3,
        "MULTIPLIER_1": splitmix.MULTIPLIER_1,
        "MULTIPLIER_2": splitmix.MULTIPLIER_2,
        "FEW": splitmix.FEW,
        "ALTERNATING": splitmix.ALTERNATING,
        "PHILOX_ROUNDS": philox.ROUNDS,
        "PHILOX_0": philox.MULTIPLIER_0,
        "PHILOX_1": philox.MULTIPLIER_1,
        "WEYL_0": philox.WEYL_0,
        "WEYL_1": philox.WEYL_1,
        "NUMBER_DIGITS": types.NUMBER_DIGITS,
        "SHARED_DIGITS": types.SHARED_DIGITS,
        "WORD_STEP": types.WORD_STEP,
    }
    lines = [f"#define {word} {value}{'ull' if value >> 31 else ''}\n" for word, value in constants.items()]
    return "".join(lines) + Path(__file__).with_suffix(".cu").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def available() -> bool:
    """Whether CuPy is installed and sees a device."""
    try:
        import cupy

        return int(cupy.cuda.runtime.getDeviceCount()) > 0
    except Exception:
        # CuPy without a driver raises errors of its own.
        return False


def device_name() -> str:
    """Name of the first device, or why there is none."""
    try:
        import cupy
    except ImportError:
        return 'none (CuPy is not installed: pip install "sc-neurocore-layers[cuda]")'
    try:
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"]
    except Exception as error:  # whatever is wrong with the driver: this is only a report
        return f"none ({' '.join(str(error).split())})"
    return name.decode() if isinstance(name, bytes) else str(name)


@lru_cache(maxsize=1)
def module() -> Any:
    """The compiled kernels."""
    import cupy

    return cupy.RawModule(code=source())


def _put(array: NDArray[Any], dtype: type[np.generic], part: tuple[slice, ...] = ()) -> Any:
    """The array, or a part of it, on the device, in the order of memory; it may be there already."""
    import cupy

    if isinstance(array, Kept) and (device := array.on_device()) is not None:
        return cupy.ascontiguousarray(device[part])
    return cupy.asarray(np.ascontiguousarray(on_host(array)[part], dtype))


def _zeros(shape: tuple[int, ...], dtype: type[np.generic]) -> Any:
    """Zeros on the device."""
    import cupy

    return cupy.zeros(shape, dtype)


def _launch(kernel: str, threads: int, *arguments: Any) -> None:
    """Run a kernel that has work for so many threads; integers of Python are passed as ``place``."""
    blocks = min(-(-threads // _THREADS), MOST_BLOCKS)
    given = tuple(np.int64(argument) if type(argument) is int else argument for argument in arguments)
    module().get_function(kernel)((blocks,), (_THREADS,), given)


def _parts(count: int, item_bytes: int) -> Iterator[slice]:
    """Slices that cover ``range(count)``, each of at most `BLOCK_BYTES` where an item takes `item_bytes`."""
    step = max(1, BLOCK_BYTES // max(1, item_bytes))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


# ------------------------------------------------------------ streams


def bernoulli(  # type: ignore[no-redef]
    key: int, streams: Thresholds, thresholds: Thresholds, bits: int, length: int, first_word: int = 0
) -> Words:
    def make(rows: slice, out: Any) -> None:
        given = np.uint64(key), _put(streams, np.uint64, (rows,)), _put(thresholds, np.uint64, (rows,)), out
        _launch("bernoulli", out.size, *given, *out.shape, int(bits), int(first_word), tail_mask(length))

    return _by_rows(make, streams.size, words_for(length), 16)


def compare(sequences: Draws, thresholds: Thresholds) -> Words:  # type: ignore[no-redef]
    (n_sequences, length), n, flat = sequences.shape, thresholds.shape[1], thresholds.reshape(-1)
    numbers = _put(sequences, np.uint32)

    def make(rows: slice, out: Any) -> None:
        given = numbers, _put(flat, np.uint64, (rows,)), out
        _launch("compare", _WARP * out.size, *given, *out.shape, length, n_sequences, rows.start, n)

    return _by_rows(make, flat.size, words_for(length), 8).reshape(*thresholds.shape, words_for(length))


def gather(table: Words, rows: Thresholds) -> Words:  # type: ignore[no-redef]
    streams, flat = _put(table, np.uint64), rows.reshape(-1)

    def make(part: slice, out: Any) -> None:
        _launch("gather", out.size, streams, _put(flat, np.uint64, (part,)), out, *out.shape)

    return _by_rows(make, flat.size, table.shape[1], 8).reshape(*rows.shape, table.shape[1])


def encode_rows(  # type: ignore[no-redef]
    numbers: Floats, table: Words, first: Indices, modulus: int, encoding: int, length: int
) -> Words:
    one = encoding != SPLIT or not (numbers < 0).any()
    places = _zeros((len(numbers), 1 if one else 2, numbers.shape[1]), np.uint64)
    if places.size:
        given = _put(numbers, np.float64), _put(first, np.int64), places, *places.shape
        _launch("table_places", places.size, *given, int(modulus), first.size, int(encoding == BIPOLAR))
    words = gather(table, Kept(places))  # type: ignore[arg-type]
    rows = join_rows(words.reshape(-1, *words.shape[2:]), length)
    return rows.reshape(*words.shape[:2], rows.shape[1])


def join_rows(words: Words, length: int) -> Words:  # type: ignore[no-redef]
    rows, n, n_words = words.shape
    if length >= WORD_BITS:
        return words.reshape(rows, n * n_words)
    device = words.on_device() if isinstance(words, Kept) else None
    if device is None:
        return compiled.join_rows(on_host(words), length)
    out = _zeros((rows, words_for(n * length)), np.uint64)
    if out.size:
        _launch("join_rows", out.size, device, out, *out.shape, n, length)
    return Kept(out)


def _by_rows(make: Callable[[slice, Any], None], rows: int, n_words: int, row_bytes: int) -> Words:
    """Streams ``(R, W)``, which stay on the device, or if they are more than a block, go to the host block by block.

    ``make(part, out)`` makes a part of the rows, for which it takes `row_bytes` each beside their words.
    """

    def made(part: slice) -> Any:
        out = _zeros((part.stop - part.start, n_words), np.uint64)
        if out.size:
            make(part, out)
        return out

    if rows * (8 * n_words + row_bytes) <= BLOCK_BYTES:
        return Kept(made(slice(0, rows)))  # type: ignore[return-value]  # it acts as an array
    words = np.empty((rows, n_words), np.uint64)
    for part in _parts(rows, 8 * n_words + row_bytes):
        words[part] = made(part).get()
    return words


# ------------------------------------------------------------ counts


def popcount(words: Words) -> Counts:  # type: ignore[no-redef]
    device = words.on_device() if isinstance(words, Kept) else None
    if device is None:  # the host counts a word in less time than it takes to send it
        return compiled.popcount(on_host(words))
    counts = _zeros(words.shape[:-1], np.int64)
    if counts.size:
        _launch("popcount", _WARP * counts.size, device, counts, counts.size, words.shape[-1])
    return np.asarray(counts.get())


def and_counts(x: Words, w: Words) -> Counts:  # type: ignore[no-redef]
    groups, samples, n, n_words = x.shape
    neurons, width = w.shape[1], n * n_words  # the words of all inputs, one after another
    rows_x, rows_w = x.reshape(groups, samples, 1, width), w.reshape(groups, neurons, width)
    return _counted("and_counts", rows_x, rows_w, (neurons,), (neurons,))


def window_counts(x: Words, w: Words, windows: Indices, length: int) -> Counts:  # type: ignore[no-redef]
    (parts, n_windows, n), neurons = windows.shape, w.shape[2]
    rows_w = w.reshape(len(w), parts * neurons * n, w.shape[-1])
    sizes = x.shape[2], parts, n_windows, neurons, n
    return _counted("window_counts", x, rows_w, (parts, n_windows, neurons), sizes, windows)


def wired_counts(x: Words, w: Words, wiring: Wiring) -> Counts:  # type: ignore[no-redef]
    neurons = len(wiring.indptr) - 1
    return _counted("wired_counts", x, w, (neurons,), (neurons, x.shape[2], w.shape[1]), *wiring.spelled_out())


def fresh_counts(  # type: ignore[no-redef]
    x: Words, indptr: Indices, inputs: Indices, weights: FreshWeights, length: int, xnor: bool
) -> Counts:
    groups, samples, lines, n_words = x.shape
    key, numbers, apart, codes, bits = weights
    out = np.zeros((groups, samples, len(indptr) - 1), np.int64)
    if not out.size:
        return out
    wires, thresholds = (_put(indptr, np.int64), _put(inputs, np.int64)), _put(codes, np.int64)
    flags = inputs.size, codes.size, int(apart), int(bits), int(xnor)

    def counted(g: slice, b: slice) -> Counts:
        counts = _zeros(out[g, b].shape, np.int64)
        given = _put(x, np.uint64, (g, b)), *wires, _put(numbers, np.int64, (g,)), thresholds, counts
        sizes = *counts.shape, lines, n_words, *flags
        _launch("fresh_counts", _WARP * counts.size, *given, np.uint64(key), tail_mask(length), *sizes)
        return np.asarray(counts.get())

    return _in_blocks(counted, out, 8 * max(lines * n_words, out.shape[2]), 0)


def _counted(
    kernel: str, x: Words, w: Words, results: tuple[int, ...], sizes: tuple[int, ...], *tables: Indices
) -> Counts:
    """Counts ``(G, B, *results)`` of a kernel over lines ``(G, B, lines, W)`` and weights ``(G, rows, W)``.

    Blocks of samples stay on the device while the words of their streams come by, each of which is sent once where
    the results fit into one block.
    """
    groups, samples, lines, n_words = x.shape
    out = np.zeros((groups, samples, *results), np.int64)
    if not out.size:
        return out
    placed, every = [_put(table, np.int64) for table in tables], slice(None)

    def counted(g: slice, b: slice) -> Counts:
        counts = _zeros(out[g, b].shape, np.int64)
        rows = len(counts) * (counts.shape[1] * lines + w.shape[1])
        for q in _parts(n_words, 8 * rows):
            add(counts, _put(x, np.uint64, (g, b, every, q)), _put(w, np.uint64, (g, every, q)), q.stop - q.start)
        return np.asarray(counts.get())

    def add(counts: Any, x: Any, w: Any, words: int) -> None:
        _launch(kernel, _WARP * counts.size, x, w, *placed, counts, *counts.shape[:2], *sizes, words)

    return _in_blocks(counted, out, 8 * max(prod(results), lines), 8 * w.shape[1])


def _in_blocks(counted: Callable[[slice, slice], Counts], out: Counts, sample_bytes: int, group_bytes: int) -> Counts:
    """`out` ``(G, B, ..)``, filled with ``counted(groups, samples)``, for which each takes so much memory."""
    groups, samples = out.shape[:2]
    for g in _parts(groups, samples * sample_bytes + group_bytes):
        for b in _parts(samples, (g.stop - g.start) * sample_bytes):
            out[g, b] = counted(g, b)
    return out


for _kernel in kernel_names():
    if globals()[_kernel] is getattr(compiled, _kernel):
        globals()[_kernel] = with_words_of_host(globals()[_kernel])
