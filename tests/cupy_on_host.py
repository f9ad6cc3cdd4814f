"""A stand-in for CuPy without a GPU: arrays of NumPy, and the text of CUDA kernels, compiled by g++ for the host.

It has what `sc_neurocore.backends.cuda` uses of CuPy, and raises where a GPU does something undefined: a kernel gets
other types than its text says, a grid or block is larger than a device allows, something is written beside an array,
lanes of a warp go apart. Memory that is not set holds garbage. `traffic` counts the bytes between host and device.
"""

import ctypes
import functools
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np

HEADER = Path(__file__).with_name("cuda_on_host.h")
TYPES = {"word": np.uint64, "place": np.int64, "unsigned": np.uint32, "double": np.float64}
FLAGS = "-std=c++17 -O2 -ffp-contract=off -U_FORTIFY_SOURCE -shared -fPIC -Wall -Wextra -Werror"
GUARD, GARBAGE = 64, 0xA5
MOST_BLOCKS, MOST_THREADS, WARP = (2**31 - 1, 65535, 65535), 1024, 32
_turn = threading.Lock()
"""The fibers of the host are one device for all threads of the interpreter."""


def possible():
    """Whether there is a compiler, and the fibers of glibc."""
    return sys.platform == "linux" and shutil.which("g++") is not None


class Traffic:
    """Bytes between host and device, bytes in use there and the most so far, and the kernels launched."""

    def __init__(self):
        self.clear()

    def clear(self):
        self.sent = self.received = self.in_use = self.most = 0
        self.launched = []

    def hold(self, nbytes):
        self.in_use += nbytes
        self.most = max(self.most, self.in_use)


traffic = Traffic()


class ndarray:  # noqa: N801 - CuPy's name
    """An array "on the device": NumPy cannot look into it, only `get` copies it to the host."""

    def __init__(self, shape, dtype):
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        self._memory = np.full(size + 2 * GUARD, GARBAGE, np.uint8)
        self.values = self._memory[GUARD : GUARD + size].view(dtype).reshape(shape)
        self.shape, self.dtype, self.size, self.nbytes = self.values.shape, np.dtype(dtype), self.values.size, size
        traffic.hold(size)

    def __del__(self):
        traffic.hold(-self.nbytes)

    def __len__(self):
        return len(self.values)

    def __array__(self, *_, **__):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`")

    def check(self):
        """An error if something was written beside the array."""
        if (self._memory[:GUARD] != GARBAGE).any() or (self._memory[-GUARD:] != GARBAGE).any():
            raise IndexError("a kernel wrote beside an array")

    def _view(self, values):
        made = object.__new__(ndarray)
        made.__dict__ |= self.__dict__ | {"values": values, "shape": values.shape, "size": values.size}
        made.nbytes = 0  # of memory of its own
        return made

    def reshape(self, *shape):
        return self._view(self.values.reshape(*shape))

    def __getitem__(self, key):
        return self._view(self.values[key])

    def get(self):
        traffic.received += self.values.nbytes
        return self.values.copy()


def empty(shape, dtype=np.float64):
    return ndarray(shape, dtype)


def zeros(shape, dtype=np.float64):
    made = ndarray(shape, dtype)
    made.values[...] = 0
    return made


def asarray(array):
    if isinstance(array, ndarray):
        return array
    made = ndarray(array.shape, array.dtype)
    made.values[...] = array
    traffic.sent += made.nbytes
    return made


def ascontiguousarray(array):
    if array.values.flags.c_contiguous:
        return array
    made = ndarray(array.shape, array.dtype)
    made.values[...] = array.values
    return made


def kernels_of(code):
    """Names and arguments, (type, whether it is an array), of the kernels of a text."""
    found = {}
    for name, arguments in re.findall(r'extern "C" __global__ void (\w+)\(([^)]*)\)', code):
        split = [re.fullmatch(r"\s*(?:const )?(\w+)(\*?) \w+\s*", argument) for argument in arguments.split(",")]
        found[name] = [(TYPES[one[1]], one[2] == "*") for one in split]
    return found


@functools.lru_cache(maxsize=8)
def _compiled(code):
    """The text as a library of the host, with a function ``run_NAME(blocks, threads, ..)`` for every kernel."""
    calls = []
    for name, arguments in re.findall(r'extern "C" __global__ void (\w+)\(([^)]*)\)', code):
        names = ", ".join(argument.split()[-1] for argument in arguments.split(","))
        calls.append(
            f'extern "C" const char* run_{name}(unsigned blocks, unsigned threads, {arguments})\n'
            f"{{ return host::launch(blocks, threads, [&] {{ {name}({names}); }}); }}\n"
        )
    with tempfile.TemporaryDirectory() as folder:
        text, library = Path(folder, "kernels.cpp"), Path(folder, "kernels.so")
        text.write_text(f'#include "{HEADER}"\n{code}\n{"".join(calls)}')
        done = subprocess.run(["g++", *FLAGS.split(), str(text), "-o", str(library)], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return ctypes.CDLL(str(library))


class RawModule:
    def __init__(self, code):
        self._library, self._kernels = _compiled(code), kernels_of(code)

    def get_function(self, name):
        run, types = getattr(self._library, f"run_{name}"), self._kernels[name]
        run.restype = ctypes.c_char_p
        return functools.partial(_launch, name, run, types)


def _launch(name, run, types, grid, block, arguments):
    if not 1 <= len(grid) <= 3 or not all(1 <= n <= most for n, most in zip(grid, MOST_BLOCKS, strict=False)):
        raise ValueError(f"invalid grid {grid}")
    if len(grid) > 1 or len(block) > 1 or not 1 <= block[0] <= MOST_THREADS or block[0] % WARP:
        raise ValueError(f"the host runs blocks of whole warps, of one dimension, got {grid} and {block}")
    if len(arguments) != len(types):
        raise TypeError(f"{name} takes {len(types)} arguments, got {len(arguments)}")
    for number, (argument, (dtype, is_array)) in enumerate(zip(arguments, types, strict=True)):
        if isinstance(argument, ndarray) != is_array or np.dtype(argument.dtype) != dtype:
            raise TypeError(f"{name} takes {np.dtype(dtype)} as argument {number}, got {argument!r}")
        if is_array and not argument.values.flags.c_contiguous:
            raise ValueError(f"{name} takes arrays in the order of memory, argument {number} is not")
    given = [
        ctypes.c_void_p(argument.values.ctypes.data) if is_array else np.ctypeslib.as_ctypes_type(dtype)(argument)
        for argument, (dtype, is_array) in zip(arguments, types, strict=True)
    ]
    with _turn:
        traffic.launched.append(name)
        trouble = run(ctypes.c_uint(grid[0]), ctypes.c_uint(block[0]), *given)
    if trouble:
        raise RuntimeError(f"{name}: {trouble.decode()}")
    for argument in arguments:
        if isinstance(argument, ndarray):
            argument.check()


cuda = SimpleNamespace(
    runtime=SimpleNamespace(getDeviceCount=lambda: 1, getDeviceProperties=lambda _: {"name": b"the host"})
)
