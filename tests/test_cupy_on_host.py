"""The host as a GPU: lanes of a warp meet as on a device, and what a device leaves undefined is an error."""

import cupy_on_host as cupy
import numpy as np
import pytest

pytestmark = pytest.mark.skipif(not cupy.possible(), reason="needs g++ on Linux")

CODE = """
typedef unsigned long long word;
typedef long long place;
#define ME (blockIdx.x * blockDim.x + threadIdx.x)
extern "C" __global__ void places(place* out, place n) {
    for (place i = ME; i < n; i += gridDim.x * blockDim.x) out[i] = blockIdx.x * 1000 + threadIdx.x;
}
extern "C" __global__ void shifted(const place* x, place* out, place n, place step) {
    for (place i = ME; i < n; i += gridDim.x * blockDim.x) {
        place once = __shfl_down_sync(0xffffffff, x[i], step);
        out[i] = __shfl_down_sync(0xffffffff, once, step);
    }
}
extern "C" __global__ void votes(const place* x, word* out) { out[ME] = __ballot_sync(0xffffffff, x[ME]); }
extern "C" __global__ void unequal(place* out) { if (ME % 2) out[ME] = __shfl_down_sync(0xffffffff, out[ME], 1); }
extern "C" __global__ void beside(place* out, place where) { if (ME == 0) out[where] = 1; }
"""


def launch(name, grid, block, *arguments):
    cupy.RawModule(code=CODE).get_function(name)((grid,), (block,), arguments)


def test_threads_and_blocks():
    out = cupy.zeros(200, np.int64)
    launch("places", 2, 64, out, np.int64(200))
    wanted = [i // 64 % 2 * 1000 + i % 64 for i in range(200)]
    assert out.get().tolist() == wanted


@pytest.mark.parametrize("step", [1, 5, 16])
def test_shuffles(step):
    x = np.random.default_rng(step).integers(-(2**62), 2**62, 4 * 96)
    out = cupy.zeros(x.size, np.int64)
    launch("shifted", 2, 96, cupy.asarray(x), out, np.int64(x.size), np.int64(step))
    lanes = np.arange(32)
    wanted = x.reshape(-1, 32)
    for _ in range(2):  # a lane without a partner keeps its own
        wanted = wanted[:, np.where(lanes + step < 32, lanes + step, lanes)]
    np.testing.assert_array_equal(out.get(), wanted.ravel())


def test_ballots():
    x = np.random.default_rng(1).integers(0, 2, 128)
    out = cupy.empty(128, np.uint64)
    launch("votes", 2, 64, cupy.asarray(x), out)
    wanted = (x.reshape(-1, 32) << np.arange(32)).sum(1)
    np.testing.assert_array_equal(out.get(), np.repeat(wanted, 32))


def test_lanes_that_go_apart():
    with pytest.raises(RuntimeError, match="unequal: lanes of a warp met unequally often"):
        launch("unequal", 1, 32, cupy.zeros(32, np.int64))


@pytest.mark.parametrize("where", [-1, 32])
def test_writing_beside_an_array(where):
    with pytest.raises(IndexError, match="a kernel wrote beside an array"):
        launch("beside", 1, 32, cupy.zeros(32, np.int64), np.int64(where))
    launch("beside", 1, 32, cupy.zeros(32, np.int64), np.int64(31))


def test_arguments_of_other_types():
    right = cupy.zeros(32, np.int64), np.int64(32)
    for wrong, error in (
        ((cupy.zeros(32, np.int32), np.int64(32)), "places takes int64 as argument 0"),
        ((right[0], np.int32(32)), "places takes int64 as argument 1"),
        ((np.zeros(32, np.int64), np.int64(32)), "places takes int64 as argument 0"),
        (right[:1], "places takes 2 arguments, got 1"),
    ):
        with pytest.raises(TypeError, match=error):
            launch("places", 1, 32, *wrong)


def test_grids_and_blocks_that_no_device_has():
    run = cupy.RawModule(code=CODE).get_function("places")
    for grid, block in (((1, 65536), (32,)), ((0,), (32,)), ((2**31,), (32,)), ((1,), (1056,)), ((1,), (33,))):
        with pytest.raises(ValueError, match=r"invalid grid|blocks of whole warps"):
            run(grid, block, (cupy.zeros(32, np.int64), np.int64(32)))


def test_numpy_cannot_look_into_an_array():
    array = cupy.asarray(np.arange(3))
    with pytest.raises(TypeError, match="get"):
        np.asarray(array)
    assert array.get().tolist() == [0, 1, 2]


def test_text_that_does_not_compile():
    with pytest.raises(RuntimeError, match="error"):
        cupy.RawModule(code='extern "C" __global__ void bad(place* out) { nothing(out); }')
