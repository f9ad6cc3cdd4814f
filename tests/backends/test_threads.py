"""The thread pool: ranges cover the rows, results do not depend on it, forks and callers do not upset it."""

import inspect
import os
import select
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sc_neurocore.backends import compiled, reference, threads
from sc_neurocore.backends.types import Wiring


def some_work(rng):
    """Name, function and arguments of every kernel, with more than MIN_WORK word operations each."""
    words = rng.integers(0, 2**64, (1, 80, 30, 9), dtype=np.uint64)
    weights = rng.integers(0, 2**64, (1, 90, 30, 9), dtype=np.uint64)
    wiring = Wiring(np.arange(0, 2701, 30), np.tile(np.arange(30), 90), np.arange(2700))
    length, flat = 576, weights.reshape(1, 2700, 9)
    select_ = rng.integers(0, 2**32, (1, 80, length), dtype=np.uint32)
    thresholds = rng.integers(0, 257, (400, 30), dtype=np.uint64)
    sequences = rng.integers(0, 256, (1, 130), dtype=np.uint32)
    table = rng.integers(0, 2**64, (257, 17), dtype=np.uint64)
    many = rng.integers(0, 2**64, (3011, 70), dtype=np.uint64)
    return {
        "and_counts, more neurons": (compiled.and_counts, words, weights),
        "and_counts, more samples": (compiled.and_counts, weights, words),
        "and_counts, groups": (compiled.and_counts, words.reshape(2, 40, 30, 9), weights.reshape(2, 45, 30, 9)),
        "wired_counts": (compiled.wired_counts, words, flat, wiring),
        "cycle_counts": (compiled.cycle_counts, words, flat, wiring, length, True),
        "or_streams": (compiled.or_streams, words, flat, wiring, length, True),
        "mux_streams": (compiled.mux_streams, words, flat, wiring, select_, length, False),
        "compare": (compiled.compare, sequences, thresholds),
        "gather": (compiled.gather, table, np.tile(thresholds, (5, 1))),
        "encode_rows": (compiled.encode_rows, rng.random((3011, 70)), table, np.empty(0, np.int64), 256, 0, 7),
        "encode_rows, long": (
            compiled.encode_rows,
            rng.random((311, 70)),
            table,
            np.empty(0, np.int64),
            256,
            0,
            1088,
        ),
        "join_rows": (compiled.join_rows, many[:, :, None] >> np.uint64(51), 13),
        "popcount": (compiled.popcount, many),
        "moore": (compiled.moore, many[:1001], 4444, 8, 4, rng.integers(0, 3, 16, dtype=np.uint8)),
        "saturate": (compiled.saturate, words, flat, wiring, length, True, np.array([[1]]), True, True),
        "select_numbers": (compiled.select_numbers, 3, np.arange(333), 1001),
        "bernoulli": (compiled.bernoulli, 3, np.arange(1501, dtype=np.uint64), thresholds.ravel()[:1501], 8, 500),
    }


def test_large_kernels_split_and_give_the_same_at_any_thread_count(monkeypatch):
    work = some_work(np.random.default_rng(3))
    ranges = []
    over_rows = threads.over_rows

    def watched(kernel, args, rows, size, align=1):
        def note(*given):
            ranges.append(given[-2:])
            kernel(*given)

        over_rows(note, args, rows, size, align)

    for module in {inspect.getmodule(kernel) for kernel, *_ in work.values()}:
        monkeypatch.setattr(module, "over_rows", watched)
    for name, (kernel, *arguments) in work.items():
        results = []
        for count in (1, 2, 3):
            ranges.clear()
            threads.set_threads(count)
            results.append(kernel(*arguments))
            assert (len(set(ranges)) > 1) == (count > 1), name
        np.testing.assert_array_equal(results[1], results[0], err_msg=name)
        np.testing.assert_array_equal(results[2], results[0], err_msg=name)


def test_ranges_run_at_the_same_time():
    together = threading.Barrier(3)
    threads.set_threads(3)
    threads.over_rows(lambda start, stop: together.wait(timeout=30), (), 3, threads.MIN_WORK)


def test_large_product_equals_reference():
    rng = np.random.default_rng(4)
    x, w = (rng.integers(0, 2**64, (1, rows, 30, 9), dtype=np.uint64) for rows in (41, 91))
    threads.set_threads(2)
    np.testing.assert_array_equal(compiled.and_counts(x, w), reference.and_counts(x, w))
    np.testing.assert_array_equal(compiled.and_counts(w, x), reference.and_counts(w, x))


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("align", [1, 2, 4, 16])
def test_ranges_cover_every_row_once(count, align):
    threads.set_threads(count)
    for rows in (0, 1, 2, 3, 16, 17, 100, 1001):
        for work in (0, threads.MIN_WORK):
            ranges = []
            threads.over_rows(lambda keep, a, b: keep.append((a, b)), (ranges,), rows, work, align)
            assert [row for a, b in sorted(ranges) for row in range(a, b)] == list(range(rows))
            assert all(a % align == 0 for a, _ in ranges)
            assert len(ranges) <= (count if work else 1)


def test_an_error_in_a_thread_reaches_the_caller():
    def fail(start, stop):
        if start:
            raise RuntimeError("row range failed")

    threads.set_threads(2)
    with pytest.raises(RuntimeError, match="row range failed"):
        threads.over_rows(fail, (), 100, threads.MIN_WORK)


def test_thread_count():
    assert threads.thread_count() >= 1
    threads.set_threads(5)
    assert threads.thread_count() == 5
    threads.set_threads(np.int64(2))
    assert threads.thread_count() == 2
    threads.set_threads(None)
    assert threads.thread_count() >= 1


@pytest.mark.parametrize("bad", [0, -1])
def test_thread_count_is_positive(bad):
    with pytest.raises(ValueError, match=f"count must be an integer of at least 1, got {bad}"):
        threads.set_threads(bad)
    with pytest.raises(TypeError, match=r"count must be an integer of at least 1, got 2\.0"):
        threads.set_threads(2.0)


def test_kernels_from_several_python_threads_at_once():
    work = some_work(np.random.default_rng(5))
    threads.set_threads(2)
    want = {name: kernel(*arguments) for name, (kernel, *arguments) in work.items()}
    ready = threading.Barrier(4)
    found = {}

    def caller(number):
        ready.wait(timeout=30)
        order = list(work)[:: 1 if number % 2 else -1]
        found[number] = {name: work[name][0](*work[name][1:]) for name in order * 2}

    callers = [threading.Thread(target=caller, args=(number,)) for number in range(4)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join(60)
    assert sorted(found) == [0, 1, 2, 3]
    for results in found.values():
        for name, result in results.items():
            np.testing.assert_array_equal(result, want[name], err_msg=name)


def covered(rows=100):
    """Ranges that a large piece of work was cut into, checked to cover every row once."""
    ranges = []
    threads.over_rows(lambda start, stop: ranges.append((start, stop)), (), rows, threads.MIN_WORK)
    assert sorted(row for a, b in ranges for row in range(a, b)) == list(range(rows))
    return ranges


def test_the_caller_does_all_where_no_thread_can_be_had(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    threads.set_threads(3)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert len(covered()) == 3


def test_the_caller_does_all_where_the_pool_is_busy():
    threads.set_threads(2)
    all_busy, go_on = threading.Barrier(5), threading.Event()

    def occupy(start, stop):
        all_busy.wait(30)
        go_on.wait(30)

    with ThreadPoolExecutor(2) as others:
        held = [others.submit(threads.over_rows, occupy, (), 2, threads.MIN_WORK) for _ in range(2)]
        all_busy.wait(30)  # two callers, and both threads of the pool
        start = time.perf_counter()
        assert len(covered()) == 2
        assert time.perf_counter() - start < 10
        go_on.set()
        for each in held:
            each.result(30)


def test_threads_may_be_set_while_kernels_run():
    stop = threading.Event()

    def change():
        while not stop.is_set():
            for count in (2, 3):
                threads.set_threads(count)

    with ThreadPoolExecutor(1) as other:
        changing = other.submit(change)
        try:
            for _ in range(300):
                covered()
        finally:
            stop.set()
        changing.result(30)


def test_kernels_run_while_the_interpreter_shuts_down():
    program = """
import atexit, threading
import numpy as np
from sc_neurocore.backends import compiled, threads
threads.set_threads(2)
words = np.ones((3000, 80), np.uint64)
def last():
    print(int(compiled.popcount(words).sum()))
atexit.register(last)
threading._register_atexit(last)  # before the pools of concurrent.futures end, and after
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["240000"] * 2, "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_pool_works_in_a_forked_child():
    kernel, *arguments = some_work(np.random.default_rng(6))["popcount"]
    threads.set_threads(2)
    want = kernel(*arguments).tobytes()  # the parent's pool runs now
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of any fork with threads
        warnings.simplefilter("ignore", RuntimeWarning)  # and so does JAX, if another test of this process uses it
        child = os.fork()
    if child == 0:  # leave by _exit only: the child is no test session
        try:
            os.write(writer, b"same" if kernel(*arguments).tobytes() == want else b"different")
        finally:
            os._exit(0)
    os.close(writer)
    ready, _, _ = select.select([reader], [], [], 30)
    answer = os.read(reader, 16) if ready else b"the child hangs"
    os.close(reader)
    if not ready:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert answer == b"same"
    assert kernel(*arguments).tobytes() == want  # and the parent's pool still does


def test_the_gil_is_released():
    """While a kernel runs in one thread, Python code runs in another."""
    words = np.ones((1, 1500, 784, 4), np.uint64)
    threads.set_threads(1)
    compiled.and_counts(words[:, :1], words[:, :1])  # compiled now
    ticks = []
    worker = threading.Thread(target=compiled.and_counts, args=(words, words[:, :500]))
    worker.start()
    while worker.is_alive():
        ticks.append(time.perf_counter())
        time.sleep(0.001)
    assert len(ticks) >= 5
