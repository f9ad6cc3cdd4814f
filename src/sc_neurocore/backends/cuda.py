"""Backend "cupy": products of large layers on an NVIDIA GPU, with the integers of `reference`."""

from functools import lru_cache
from typing import Any

import numpy as np

from .compiled import *  # noqa: F403 - what is not defined below runs there
from .types import Counts, Wiring, Words

name = "cupy"
_SOURCE = r"""
extern "C" __global__ void and_counts(
    const unsigned long long* x, const unsigned long long* w, long long* out,
    long long samples, long long neurons, long long width)
{   // one warp for one (group, sample, neuron)
    long long index = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32;
    long long lane = threadIdx.x % 32;
    long long pairs = samples * neurons;
    long long group = blockIdx.y;
    if (index >= pairs) return;
    const unsigned long long* a = x + (group * samples + index / neurons) * width;
    const unsigned long long* b = w + (group * neurons + index % neurons) * width;
    long long ones = 0;
    for (long long k = lane; k < width; k += 32) ones += __popcll(a[k] & b[k]);
    for (int step = 16; step; step /= 2) ones += __shfl_down_sync(0xffffffff, ones, step);
    if (lane == 0) out[group * pairs + index] = ones;
}
extern "C" __global__ void wired_counts(
    const unsigned long long* x, const unsigned long long* w, const long long* indptr,
    const long long* inputs, const long long* weights, long long* out,
    long long samples, long long neurons, long long lines, long long synapses, long long words)
{
    long long index = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32;
    long long lane = threadIdx.x % 32;
    long long group = blockIdx.y;
    if (index >= samples * neurons) return;
    long long sample = index / neurons, neuron = index % neurons;
    const unsigned long long* a = x + (group * samples + sample) * lines * words;
    const unsigned long long* b = w + group * synapses * words;
    long long start = indptr[neuron] * words, stop = indptr[neuron + 1] * words, ones = 0;
    for (long long k = start + lane; k < stop; k += 32) {
        long long s = k / words, q = k % words;
        ones += __popcll(a[inputs[s] * words + q] & b[weights[s] * words + q]);
    }
    for (int step = 16; step; step /= 2) ones += __shfl_down_sync(0xffffffff, ones, step);
    if (lane == 0) out[group * samples * neurons + index] = ones;
}
"""
_THREADS = 256


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
def _module() -> Any:
    import cupy

    return cupy.RawModule(code=_SOURCE)


def _launch(name: str, groups: int, pairs: int, arguments: tuple[Any, ...]) -> None:
    blocks = -(-pairs * 32 // _THREADS)
    _module().get_function(name)((blocks, groups), (_THREADS,), arguments)


def and_counts(x: Words, w: Words) -> Counts:  # type: ignore[no-redef]
    import cupy

    groups, samples, n, n_words = x.shape
    neurons = w.shape[1]
    out = cupy.zeros((groups, samples, neurons), np.int64)
    if out.size:
        sizes = tuple(np.int64(size) for size in (samples, neurons, n * n_words))
        device = cupy.ascontiguousarray(cupy.asarray(x)), cupy.ascontiguousarray(cupy.asarray(w))
        _launch("and_counts", groups, samples * neurons, (*device, out, *sizes))
    return np.asarray(cupy.asnumpy(out))


def wired_counts(x: Words, w: Words, wiring: Wiring) -> Counts:  # type: ignore[no-redef]
    import cupy

    groups, samples, lines, n_words = x.shape
    neurons = len(wiring.indptr) - 1
    out = cupy.zeros((groups, samples, neurons), np.int64)
    if out.size:
        sizes = tuple(np.int64(size) for size in (samples, neurons, lines, w.shape[1], n_words))
        device = tuple(cupy.ascontiguousarray(cupy.asarray(array)) for array in (x, w, *wiring))
        _launch("wired_counts", groups, samples * neurons, (*device, out, *sizes))
    return np.asarray(cupy.asnumpy(out))
