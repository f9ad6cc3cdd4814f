"""The GPU's kernels, compiled for the host: any size of grid and of memory, and what crosses the bus."""

import ctypes
import importlib.util
from pathlib import Path

import cupy_on_host
import numpy as np
import pytest

from sc_neurocore.backends import cuda, reference, runs_on
from sc_neurocore.backends.kept import Kept
from sc_neurocore.backends.kernels import kernel_names
from sc_neurocore.backends.packing import pack
from sc_neurocore.backends.types import SPLIT, FreshWeights, Wiring

from .test_conformance import CASES, arrays

OWN = [kernel for kernel in kernel_names() if runs_on(cuda, kernel) == "cupy"]
COUNTS = [kernel for kernel in OWN if kernel.endswith("_counts")]
STREAMS = ["bernoulli", "compare", "gather"]


def streams(rng, *shape):
    return pack(rng.random(shape) < 0.4)


def large(kernel, rng):
    """Arguments with a few hundred results and streams of 19 words."""
    length = 64 * 18 + 5
    if kernel == "bernoulli":
        rows = rng.integers(0, 2**63, 50).astype(np.uint64)
        return 5, rows, rng.integers(0, 2**16 + 1, 50).astype(np.uint64), 16, length
    if kernel == "compare":
        return rng.integers(0, 256, (7, length)).astype(np.uint32), rng.integers(0, 257, (9, 7)).astype(np.uint64)
    if kernel == "gather":
        return streams(rng, 17, length), rng.integers(0, 17, (9, 7)).astype(np.uint64)
    if kernel == "encode_rows":
        numbers, first = rng.uniform(-1, 1, (9, 7)), rng.integers(0, 2, 7) * 17
        return numbers, streams(rng, 34, length), first, 16, SPLIT, length
    if kernel == "join_rows":
        return streams(rng, 5, 30, 23), 23
    if kernel == "popcount":
        return (streams(rng, 9, 7, length),)
    x = streams(rng, 3, 8, 11, length)
    if kernel == "and_counts":
        return x, streams(rng, 3, 6, 11, length)
    if kernel == "window_counts":
        return x, streams(rng, 3, 2, 3, 4, length), rng.integers(0, 11, (2, 5, 4)), length
    indptr = np.array([0, 0, 4, 5, 30])
    if kernel == "fresh_counts":
        weights = FreshWeights(2**63 + 5, np.array([9, 2**40, 0]), True, rng.integers(-256, 257, 30), 8)
        return x[..., :5], indptr, rng.integers(0, 11, 30), weights, 64 * 5, False
    return x, streams(rng, 3, 9, length), Wiring(indptr, rng.integers(0, 11, 30), rng.integers(0, 9, 30))


def kept(value):
    """Words on the device; anything else as it is."""
    is_words = isinstance(value, np.ndarray) and value.dtype == np.uint64 and value.ndim > 1
    return Kept(cupy_on_host.asarray(value)) if is_words else value


def nbytes(given):
    """Bytes of the arrays among the arguments."""
    return sum(array.nbytes for array in arrays(given) if array.ndim)


@pytest.mark.parametrize("kernel", OWN)
def test_a_grid_of_any_size_does_all(kernel, gpu_on_host, monkeypatch):
    """Of arguments on the host and, as far as they are words, on the device."""
    for most in (1, 3):
        monkeypatch.setattr(cuda, "MOST_BLOCKS", most)
        for length in (7, 64, 150):
            rng = np.random.default_rng(length)
            for given in [*CASES[kernel](rng, length), large(kernel, rng)]:
                want = getattr(reference, kernel)(*given)
                np.testing.assert_array_equal(getattr(cuda, kernel)(*given), want)
                np.testing.assert_array_equal(getattr(cuda, kernel)(*map(kept, given)), want)
    assert gpu_on_host.launched


def test_more_groups_than_a_grid_has_rows(gpu_on_host):
    """The second axis of a grid ends at 65,535, where groups once were."""
    words = np.random.default_rng(1).integers(0, 2**64, (65_537, 1, 1, 1), np.uint64)
    ones = np.bitwise_count(words[..., 0]).astype(np.int64)
    np.testing.assert_array_equal(cuda.and_counts(words, words), ones)
    wiring = Wiring(*(np.array(part) for part in ([0, 1], [0], [0])))
    np.testing.assert_array_equal(cuda.wired_counts(words, words[:, 0], wiring), ones)


@pytest.mark.parametrize("block", [1, 1000, 5000])
@pytest.mark.parametrize("kernel", [*COUNTS, *STREAMS])
def test_what_does_not_fit_into_memory_goes_in_blocks(kernel, block, gpu_on_host, monkeypatch):
    monkeypatch.setattr(cuda, "BLOCK_BYTES", block)
    given = large(kernel, np.random.default_rng(2))
    found = getattr(cuda, kernel)(*given)
    np.testing.assert_array_equal(found, getattr(reference, kernel)(*given))
    assert len(gpu_on_host.launched) > 1
    assert gpu_on_host.in_use == 0
    if block > 1:  # streams and results, and what all blocks share: wiring, windows, sequences
        shared = {"compare": 0, "gather": 0, "window_counts": 2, "wired_counts": 2, "fresh_counts": 1}
        once = nbytes(given[shared[kernel] :]) if kernel in shared else 0
        assert gpu_on_host.most <= 2 * block + once
        assert once < gpu_on_host.most


@pytest.mark.parametrize("kernel", COUNTS)
def test_only_operands_and_counts_cross_the_bus(kernel, gpu_on_host, monkeypatch):
    """Each word once, in one block or in several along the streams."""
    given = large(kernel, np.random.default_rng(3))
    for block in (cuda.BLOCK_BYTES, 9_000):
        monkeypatch.setattr(cuda, "BLOCK_BYTES", block)
        gpu_on_host.clear()
        counts = getattr(cuda, kernel)(*given)
        assert (gpu_on_host.sent, gpu_on_host.received) == (nbytes(given), counts.nbytes)
    assert len(gpu_on_host.launched) > 1


@pytest.mark.parametrize("kernel", STREAMS)
def test_streams_stay_on_the_device(kernel, gpu_on_host):
    """Numbers go there, nothing comes back, and kernels take the streams where they are."""
    given = large(kernel, np.random.default_rng(4))
    want = getattr(reference, kernel)(*given)
    words = getattr(cuda, kernel)(*given)
    assert (gpu_on_host.sent, gpu_on_host.received) == (nbytes(given), 0)
    assert (words.shape, words.dtype, words.nbytes) == (want.shape, want.dtype, want.nbytes)
    gpu_on_host.clear()
    rows = words.reshape(-1, words.shape[-1])[None]
    ones = cuda.popcount(rows)
    counts = cuda.and_counts(rows[..., None, :], rows[:, :, None])
    wiring = Wiring(*np.array([[0, 2], [1, 4], [2, 3]]))
    wired = cuda.wired_counts(rows[:, None], rows, wiring)
    assert gpu_on_host.sent == 6 * 8
    assert gpu_on_host.received == ones.nbytes + counts.nbytes + wired.nbytes
    flat = want.reshape(1, -1, want.shape[-1])
    np.testing.assert_array_equal(ones, reference.popcount(flat))
    np.testing.assert_array_equal(counts, reference.and_counts(flat[:, :, None], flat[:, :, None]))
    np.testing.assert_array_equal(wired, reference.wired_counts(flat[:, None], flat, wiring))
    np.testing.assert_array_equal(words, want)
    assert gpu_on_host.received == ones.nbytes + counts.nbytes + wired.nbytes + want.nbytes


def test_nothing_is_launched_for_nothing(gpu_on_host):
    none = np.empty(0, np.uint64)
    assert cuda.bernoulli(1, none, none, 8, 70).shape == (0, 2)
    assert cuda.compare(np.zeros((1, 70), np.uint32), none.reshape(0, 3)).shape == (0, 3, 2)
    no_inputs = (np.empty((2, rows, 0, 2), np.uint64) for rows in (3, 4))
    assert cuda.and_counts(*no_inputs).tolist() == [[[0] * 4] * 3] * 2
    assert not gpu_on_host.launched


def test_arguments_of_any_layout(gpu_on_host):
    rng = np.random.default_rng(5)
    x, w = streams(rng, 4, 6, 5, 200)[::-2, 1::2], streams(rng, 2, 3, 5, 200).swapaxes(0, 1).copy().swapaxes(0, 1)
    x.flags.writeable = False
    np.testing.assert_array_equal(cuda.and_counts(x, w), reference.and_counts(x, w))


def test_the_name_of_the_device(gpu_on_host):
    assert cuda.available()
    assert cuda.device_name() == "the host"


def nvrtc():
    """The compiler that CuPy calls, of the package nvidia-cuda-nvrtc-cu12 or -cu13, which needs no GPU; or None."""
    spec = importlib.util.find_spec("nvidia")
    folders = map(Path, (spec and spec.submodule_search_locations) or ())
    return next((path for folder in folders for path in sorted(folder.rglob("libnvrtc.so.*"))), None)


@pytest.mark.skipif(nvrtc() is None, reason="needs nvidia-cuda-nvrtc-cu12")
def test_the_compiler_of_the_device_takes_the_text():
    library, program, size = ctypes.CDLL(str(nvrtc())), ctypes.c_void_p(), ctypes.c_size_t()
    assert library.nvrtcCreateProgram(ctypes.byref(program), cuda.source().encode(), b"cuda.cu", 0, None, None) == 0
    options = (ctypes.c_char_p * 1)(b"--gpu-architecture=compute_80")
    failed = library.nvrtcCompileProgram(program, 1, options)
    library.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    library.nvrtcGetProgramLog(program, log)
    assert (failed, log.value) == (0, b"")  # no warning either
    library.nvrtcGetPTXSize(program, ctypes.byref(size))
    code = ctypes.create_string_buffer(size.value)
    library.nvrtcGetPTX(program, code)
    kernels = cupy_on_host.kernels_of(cuda.source())
    assert len(kernels) > 6
    assert [kernel for kernel in kernels if f".entry {kernel}(".encode() not in code.value] == []
