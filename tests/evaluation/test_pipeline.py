"""Plans of tasks: rows are kept as they come, whatever runs them."""

import json
import multiprocessing
import threading
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

import pytest

from sc_neurocore import Network
from sc_neurocore.datasets import Dataset, load_digits
from sc_neurocore.evaluation import evaluate, fault_study, reservoir_study
from sc_neurocore.evaluation.pipeline import Plan
from sc_neurocore.evaluation.rows import digest_of
from sc_neurocore.evaluation.store import RowStore


@dataclass(frozen=True)
class Square:
    number: int

    @cached_property
    def id(self):
        return digest_of(self)

    @property
    def label(self):
        return str(self.number)


@dataclass(frozen=True)
class Result:
    task: Square
    value: float

    @property
    def id(self):
        return self.task.id


SQUARES = [Square(number) for number in range(8)]


def squared(task):
    return Result(task, task.number**2 / 3)


def plan(out=None, tasks=SQUARES):
    return Plan(tasks, out, lambda folder: RowStore(folder / "squares.csv", Result))


class Backwards:
    """An executor that runs the last task first."""

    def __init__(self):
        self.waiting = []

    def submit(self, job):
        future = Future()
        self.waiting.append((future, job))
        if len(self.waiting) == len(SQUARES):
            for waiting, work in reversed(self.waiting):
                waiting.set_result(work())
        return future


@pytest.mark.parametrize("executor", [None, "threads", "backwards"])
def test_rows_do_not_depend_on_the_executor(executor, tmp_path):
    with ThreadPoolExecutor(3) as threads:
        given = {None: None, "threads": threads, "backwards": Backwards()}[executor]
        rows = plan(tmp_path).run(lambda task: partial(squared, task), {}, given)
    assert list(rows.values()) == [squared(task) for task in SQUARES]
    assert list(rows) == [task.id for task in SQUARES]
    assert RowStore(tmp_path / "squares.csv", Result).read() == rows


def test_progress_comes_before_a_task_in_this_thread_and_after_it_elsewhere():
    calls = []
    plan().run(lambda task: calls.append(task) or partial(squared, task), {}, None, lambda *call: calls.append(call))
    assert calls[:4] == [(0, 8, SQUARES[0]), SQUARES[0], (1, 8, SQUARES[1]), SQUARES[1]]
    assert calls[-1] == (8, 8, None)
    calls.clear()
    with ThreadPoolExecutor(1) as pool:
        plan().run(lambda task: partial(squared, task), {}, pool, lambda *call: calls.append(call[:2]))
    assert calls == [*((done, 8) for done in range(1, 9)), (8, 8)]


def test_the_longest_task_starts_first():
    order = []

    def job(task):
        order.append(task.number)
        return partial(squared, task)

    with ThreadPoolExecutor(1) as pool:
        plan().run(job, {}, pool, work=lambda task: -abs(task.number - 3))
    assert order == [3, 2, 4, 1, 5, 0, 6, 7]


def test_pending_and_reused(tmp_path):
    plan(tmp_path, SQUARES[:3]).run(lambda task: partial(squared, task), {"facts": 1})
    again = plan(tmp_path)
    assert again.pending == tuple(SQUARES[3:])
    assert (again.reused(SQUARES), again.reused(SQUARES[2:4])) == (3, 1)
    again.run(lambda task: partial(squared, task), {"facts": 2})
    assert again.reused(SQUARES) == 3
    runs = json.loads((tmp_path / "record.json").read_text())["runs"]
    assert [(run["facts"], len(run["tasks"]), len(run["computed"])) for run in runs] == [(1, 3, 3), (2, 8, 5)]


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupt_keeps_finished_rows_and_cancels_the_rest(pooled, error, tmp_path):
    started, go_on = [], threading.Event()

    def work(task):
        started.append(task)
        if pooled and len(started) == 4:
            go_on.wait(10)
        return squared(task)

    def stop(done, total, task):
        if done == 3:
            raise error

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(error):
            plan(tmp_path).run(lambda task: partial(work, task), {}, pool if pooled else None, stop)
        go_on.set()
    assert len(started) < len(SQUARES)
    kept = RowStore(tmp_path / "squares.csv", Result).read()
    assert list(kept) == [task.id for task in SQUARES[:3]]
    (run,) = json.loads((tmp_path / "record.json").read_text())["runs"]
    assert run["computed"] == list(kept)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_interrupt_keeps_rows_that_are_finished_but_not_stored_yet(error, tmp_path):
    """All tasks end while the first row is being stored, and then comes the interrupt."""

    def stop(done, total, task):
        pool.shutdown()
        raise error

    with ThreadPoolExecutor(2) as pool, pytest.raises(error):
        plan(tmp_path).run(lambda task: partial(squared, task), {}, pool, stop)
    kept = RowStore(tmp_path / "squares.csv", Result).read()
    assert set(kept) == {task.id for task in SQUARES}
    (run,) = json.loads((tmp_path / "record.json").read_text())["runs"]
    assert run["computed"] == list(kept)


def test_an_error_of_the_store_cancels_the_rest_too(tmp_path, monkeypatch):
    started, go_on = [], threading.Event()

    def work(task):
        started.append(task)
        if len(started) == 2:
            go_on.wait(10)
        return squared(task)

    def full(self, row, writer):
        threading.Timer(0.2, go_on.set).start()
        raise OSError("disk full")

    monkeypatch.setattr(RowStore, "extend", full)
    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="disk full"):
        plan(tmp_path).run(lambda task: partial(work, task), {}, pool)
    assert len(started) <= 2  # the second may have begun before the first was stored


FILES = Path(__file__).parent / "files"


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    network = Network.load(FILES / "digits.safetensors")
    return network, Dataset.held_out("digits", data.x_test[:60], data.y_test[:60])


def counts(rows):
    return [replace(row, elapsed_ns=1) for row in rows]


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def test_evaluate_by_threads_and_processes(digits, processes):
    options = {"lengths": [16, 32], "generators": ["bernoulli", "lfsr", "fixed-point"], "repeats": 2, "seed": 4}
    alone = evaluate(*digits, **options)
    with ThreadPoolExecutor(3) as threads:
        for executor in (threads, processes):
            assert counts(evaluate(*digits, **options, executor=executor).rows) == counts(alone.rows)


def test_fault_study_by_threads(digits):
    options = {"kind": "bit-flips", "rates": [0.1], "lengths": [16], "generators": ["sobol"]}
    alone = fault_study(*digits, **options)
    with ThreadPoolExecutor(3) as threads:
        pooled = fault_study(*digits, **options, executor=threads)
    for one, other in zip(alone.evaluations, pooled.evaluations, strict=True):
        assert counts(one.rows) == counts(other.rows)


def test_reservoirs_by_a_process(processes):
    options = {"lengths": [16], "kinds": ["sobol"], "neurons": [10], "train": 100, "test": 50, "repeats": 1}
    assert reservoir_study(**options, executor=processes).rows == reservoir_study(**options).rows
