"""Words on a device: an array of NumPy to all but the kernels of the device, and in one place at a time."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import cupy_on_host
import numpy as np
import pytest

from sc_neurocore.backends.kept import Kept, on_host

SHAPE = (1, 3, 4, 1, 2)


@pytest.fixture
def words():
    return np.random.default_rng(1).integers(0, 2**64, SHAPE, np.uint64)


@pytest.fixture
def kept(words):
    return Kept(cupy_on_host.asarray(words))


def test_what_an_array_says_of_itself(kept, words):
    for name in ("shape", "ndim", "size", "nbytes", "dtype"):
        assert getattr(kept, name) == getattr(words, name)
    assert len(kept) == len(words)
    assert kept.on_device() is not None


VIEWS = [
    lambda a: a.reshape(3, 8),
    lambda a: a.reshape(-1),
    lambda a: a.reshape((2, -1, 2)),
    lambda a: a[0],
    lambda a: a[None],
    lambda a: a[..., None, :],
    lambda a: a[:, :, :, 0],
    lambda a: a[:, :, :, -1],
    lambda a: a[...],
    lambda a: next(iter(a)),
]
MOVES = [
    lambda a: a[:, 0],
    lambda a: a[..., 1],
    lambda a: a[:, 1:],
    lambda a: a[:, ::-1],
    lambda a: a[:, [2, 1, 0]],
    lambda a: a[:, np.array([True, False, True])],
    lambda a: a[0, 0, 0, 0, 1],
    lambda a: a + np.uint64(1),
    lambda a: np.uint64(1) & a,
    lambda a: ~a,
    lambda a: a == a,
    lambda a: np.bitwise_or(a, a),
    lambda a: np.bitwise_xor.reduce(a, axis=1),
    lambda a: np.stack([a, np.zeros(SHAPE, np.uint64)]),
    lambda a: np.concatenate([a, a], axis=2),
    lambda a: np.ascontiguousarray(np.moveaxis(a, 1, 0)),
    lambda a: np.expand_dims(a, 1),
    lambda a: a.swapaxes(1, 2),
    lambda a: a.sum(),
    lambda a: a.astype(np.float64),
    lambda a: np.asarray(a, np.float32),
    lambda a: np.array(a),
    lambda a: np.array(a.tolist(), np.uint64),
    lambda a: pickle.loads(pickle.dumps(a)),
    copy.copy,
    copy.deepcopy,
]


@pytest.mark.parametrize("number", range(len(VIEWS)))
def test_views_stay_on_the_device(number, kept, words):
    view, want = VIEWS[number](kept), VIEWS[number](words)
    assert isinstance(view, Kept)
    assert view.shape == want.shape
    np.testing.assert_array_equal(view.on_device().get(), want)
    assert kept.on_device() is not None
    np.testing.assert_array_equal(view, want)


@pytest.mark.parametrize("number", range(len(MOVES)))
def test_all_else_moves_to_the_host(number, kept, words):
    found, want = MOVES[number](kept), MOVES[number](words)
    assert type(found) is type(want)
    assert kept.on_device() is None
    assert np.asarray(found).dtype == np.asarray(want).dtype
    np.testing.assert_array_equal(found, want)


def test_there_is_one_copy(kept, words):
    """What is written through a view, or into a slice that NumPy has, is seen by all, and on no device."""
    view, part = kept.reshape(3, 8), kept[:, 1:]
    part ^= np.uint64(5)
    words[:, 1:] ^= np.uint64(5)
    view[0] = 7
    words.reshape(3, 8)[0] = 7
    kept[..., 1] |= kept[..., 0]
    words[..., 1] |= words[..., 0]
    assert view.on_device() is kept.on_device() is None
    np.testing.assert_array_equal(kept, words)
    np.testing.assert_array_equal(view, words.reshape(3, 8))
    np.add(kept, kept, out=view.reshape(SHAPE))
    np.testing.assert_array_equal(kept, words + words)
    same = kept
    same += np.uint64(1)
    np.testing.assert_array_equal(kept, words + words + np.uint64(1))


def test_threads_move_it_once(kept, words):
    with ThreadPoolExecutor(8) as pool:
        moved = list(pool.map(np.asarray, [kept] * 64))
    assert len({array.ctypes.data for array in moved}) == 1
    np.testing.assert_array_equal(moved[0], words)


def test_memory_of_the_device_is_given_back(words):
    cupy_on_host.traffic.clear()
    kept = Kept(cupy_on_host.asarray(words))
    view = kept[0]
    assert cupy_on_host.traffic.in_use == words.nbytes
    np.asarray(view)
    assert cupy_on_host.traffic.in_use == 0
    assert kept.on_device() is None


def test_on_host(kept, words):
    assert on_host(3) == 3
    assert on_host(words) is words
    assert type(on_host(kept)) is np.ndarray
    assert repr(kept) == repr(words)


def test_unknown_attributes(kept):
    for name in ("nothing", "_nothing", "__nothing__"):
        with pytest.raises(AttributeError):
            getattr(kept, name)
    with pytest.raises(TypeError):
        hash(kept)
