"""Sweeps on every engine: the rows are those of `evaluate`, whoever runs them, and nothing is lost on the way."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from sc_neurocore import Faults, MemristorModel, Network, sweeps
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import ResultStore, evaluate
from sc_neurocore.sweeps import StopWhen
from sc_neurocore.sweeps.engines import Processes, Serial, engine_of

POINTS = sweeps.grid(generator=["bernoulli", "sobol"], length=[4, 16], seed=[0, 1])


def counts(result):
    """Rows of points without the time that they took, but with wrong images."""
    return [
        (row.settings, replace(row.block, elapsed_ns=1), row.block.wrong, row.block.float_wrong, row.stopped)
        for row in result
    ]


def stored(folder):
    """Rows of a folder without times, by id, with their wrong images."""
    rows = ResultStore(folder / "blocks.csv", blocks=True).read()
    return {name: (replace(row, elapsed_ns=1), row.wrong, row.float_wrong) for name, row in rows.items()}


def assert_once(folder):
    """Every block has one row in the file."""
    lines = [line.split(",")[0] for line in (folder / "blocks.csv").read_text().splitlines()[1:]]
    assert len(lines) == len(set(lines))


# ---------------------------------------------------------------- what is counted


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        ({}, {}),
        ({"length": (4, 8)}, {}),
        ({"generator": "fixed-point", "bits": 4}, {"bits": 4}),
        ({"encoding": "bipolar", "accumulate": "mux"}, {"encoding": "bipolar", "accumulate": "mux"}),
        ({"share": "shift"}, {"share": "shift"}),
        ({"generator": "bernoulli", "weight_streams": "stored"}, {"weight_streams": "stored"}),
        ({"generator": "bernoulli", "weight_share": "one"}, {"weight_share": "one"}),
        ({"bits": 3, "seed": 5, "clip": True}, {"bits": 3, "seed": 5, "clip": True}),
        ({"flips": 0.1}, {"faults": Faults.flips(0.1)}),
        ({"product_flips": 0.1, "input_flips": 0.01}, {"faults": Faults(product_flips=0.1, input_flips=0.01)}),
        ({"stuck_lines": 0.2}, {"faults": Faults(stuck_lines=0.2)}),
        ({"dead_generator": "weights"}, {"faults": Faults(dead_generator="weights")}),
        ({"device": "taox"}, {"device": MemristorModel.preset("taox")}),
        ({"device": "hfo2", "stuck_rate": 0.1}, {"device": MemristorModel.preset("hfo2").with_rates(0.1)}),
        ({"variability": 0.2}, {"device": MemristorModel(variability=0.2)}),
        ({"device": MemristorModel(levels=3)}, {"device": MemristorModel(levels=3)}),
        ({"repeat": 2}, {"repeats": 3}),
    ],
    ids=str,
)
def test_points_are_rows_of_evaluate(network, data, settings, options):
    settings = {"length": 8, **settings}
    (row,) = sweeps.collect(sweeps.listed([settings]), network, data, block=32, workers=1)
    generator = settings.get("generator", "searched")
    found = evaluate(network, data, [settings["length"]], [generator], **options)
    wanted = found.rows[-1]
    assert replace(row.block.row(), elapsed_ns=1) == replace(wanted, elapsed_ns=1)
    assert (row.block.row().wrong, row.block.row().float_wrong) == (wanted.wrong, wanted.float_wrong)
    assert row.task.id == wanted.task.id
    defaults = {name: axis.default for name, axis in sweeps.AXES.items() if name not in ("model", "data")}
    if isinstance(settings.get("device"), MemristorModel):
        settings["device"] = settings["device"].changes()
    if settings.get("variability"):
        defaults["device"] = "ideal"
    if generator == "fixed-point":
        settings["length"] = 1
    given = {**defaults, "calibrate": "none", **settings}  # there is nothing to calibrate on
    assert row.settings == {"model": "model", "data": "points", **given}


def test_calibrated_points_are_rows_of_evaluate(network, trainable, tmp_path):
    points = sweeps.grid(generator=["sobol", "lfsr"], length=8, calibrate=["auto", "none"], flips=[0, 0.01])
    result = sweeps.collect(points, network, trainable, workers=1, out=tmp_path)
    for flips in (0, 0.01):
        found = evaluate(network, trainable, [8], ["sobol", "lfsr"], faults=Faults.flips(flips))
        for calibrate, rows in (("auto", found.rows), ("none", found.uncalibrated.rows)):
            own = [row.block.row() for row in result.where(calibrate=calibrate, flips=flips)]
            assert [replace(row, elapsed_ns=1) for row in own] == [replace(row, elapsed_ns=1) for row in rows]
    assert len(list((tmp_path / "calibrated").iterdir())) == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Network, "calibrate", None)  # networks are taken from the folder
        again = sweeps.collect(
            sweeps.grid(generator="sobol", length=8, seed=[0, 7]), network, trainable, workers=1, out=tmp_path
        )
    assert again.reused == 1


def test_points_that_are_the_same_are_one(network, data):
    points = sweeps.grid(generator=["fixed-point", "sobol"], length=[4, 8])
    result = sweeps.collect(points, network, data, workers=1)
    assert [(row.task.generator, row.task.length) for row in result] == [("fixed-point", 1), ("sobol", 4), ("sobol", 8)]


def test_models_and_data(network, data):
    other = Network.from_arrays([np.random.default_rng(5).normal(size=(4, 6))], input_range=network.input_range)
    few = Dataset.held_out("few", data.x_test[:20], data.y_test[:20], n_classes=4)
    models, sets = {"deep": network, "flat": other}, {"many": data, "few": few}
    result = sweeps.collect(sweeps.grid(length=[4, 8]), models, sets, workers=1)
    assert [(row.model, row.data, row.total) for row in result.where(length=4)] == [
        ("deep", "many", 100), ("deep", "few", 20), ("flat", "many", 100), ("flat", "few", 20),
    ]  # fmt: skip
    points = sweeps.listed([{"model": "flat", "data": "few", "length": 4}, {"model": "deep", "length": 4}])
    named = sweeps.collect(points, models, sets, workers=1)
    assert [(row.model, row.data) for row in named] == [("flat", "few"), ("deep", "many"), ("deep", "few")]
    assert counts(named.where(model="flat")) == counts(result.where(model="flat", data="few", length=4))


# ---------------------------------------------------------------- stopping


def test_stopping(network, data):
    whole = sweeps.collect(POINTS, network, data, block=10, workers=1)
    rule = StopWhen(threshold=0.6, error=0.1)
    stopped = sweeps.collect(POINTS, network, data, stop=rule, block=10, workers=1)
    for row, full in zip(stopped, whole, strict=True):
        masks = [part.block.wrong.mask()[: row.images] for part in (row, full)]
        assert np.array_equal(*masks)
        ends = range(10, row.images + 1, 10)
        reasons = [rule.reason(int((~masks[1][:end]).sum()), end, 100) for end in ends]
        assert reasons == [None] * (len(reasons) - 1) + [row.stopped]
    assert {row.stopped for row in stopped} >= {"above"}
    assert min(row.images for row in stopped) < 100
    some = sweeps.collect(POINTS, network, data, stop=StopWhen(samples=35), block=10, workers=1)
    assert {(row.images, row.stopped) for row in some} == {(35, "samples")}
    narrow = sweeps.collect(POINTS, network, data, stop=StopWhen(width=0.3), block=10, workers=1)
    assert {row.stopped for row in narrow} == {"width"}


def test_a_rule_takes_what_is_there(network, data, tmp_path):
    options = {"block": 10, "workers": 1, "out": tmp_path}
    rule = StopWhen(threshold=0.6, error=0.1)
    first = sweeps.collect(POINTS, network, data, stop=rule, **options)
    before = stored(tmp_path)
    assert sum(row.images for row in first) == sum(row.images for row, *_ in before.values())
    assert sweeps.collect(POINTS, network, data, stop=rule, **options).reused == len(POINTS)
    whole = sweeps.collect(POINTS, network, data, **options)
    assert {row.images for row in whole} == {100}
    assert before.items() <= stored(tmp_path).items()
    assert_once(tmp_path)
    again = sweeps.collect(POINTS, network, data, stop=rule, **options)
    assert counts(again) == counts(first)
    assert again.written == ()


# ---------------------------------------------------------------- engines


class Backwards:
    """An executor that runs its last job first, when so many wait or nobody hands over more."""

    def __init__(self):
        self.jobs = []

    def submit(self, call, *arguments):
        future = Future()
        self.jobs.append((future, call, arguments))
        threading.Timer(0.02, self.run).start()
        return future

    def run(self):
        while self.jobs:
            future, call, arguments = self.jobs.pop()
            if future.set_running_or_notify_cancel():
                future.set_result(call(*arguments))


@pytest.fixture(scope="module")
def reference(network, trainable):
    rules = {None: None, "threshold": StopWhen(threshold=0.6, error=0.1)}
    return {
        name: counts(sweeps.collect(POINTS, network, trainable, stop=rule, block=10, workers=1))
        for name, rule in rules.items()
    }


@pytest.fixture(scope="module")
def processes():
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("rule", [None, "threshold"])
@pytest.mark.parametrize("name", ["threads", "backwards", "processes", "own"])
def test_rows_do_not_depend_on_the_engine(network, trainable, reference, processes, tmp_path, name, rule):
    stop = None if rule is None else StopWhen(threshold=0.6, error=0.1)
    options = {"stop": stop, "block": 10, "out": tmp_path}
    with ThreadPoolExecutor(3) as threads:
        executors = {"threads": threads, "backwards": Backwards(), "processes": processes, "own": None}
        how = {"workers": 2} if name == "own" else {"executor": executors[name]}
        result = sweeps.collect(POINTS, network, trainable, **options, **how)
    assert counts(result) == reference[rule]
    assert_once(tmp_path)
    images = {row.task.id: 0 for row in result}
    for row, *_ in stored(tmp_path).values():
        images[row.task.whole.id] += row.images
    assert images == {row.task.id: row.images for row in result}


def test_one_point_is_shared_among_workers(network, data, tmp_path):
    """With fewer points than workers, the blocks of a point are handed over in pieces."""
    jobs = []

    class Counted(Serial):
        slots, here = 3, False

        def submit(self, call, *arguments):
            jobs.append(arguments[0])
            return super().submit(call, *arguments)

    points = sweeps.grid(length=8)
    result = sweeps.collect(points, network, data, block=10, executor=Counted(), out=tmp_path)
    assert len(jobs) >= 6
    assert counts(result) == counts(sweeps.collect(points, network, data, block=10, workers=1))
    assert len(stored(tmp_path)) == 10


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_killed_process_is_replaced(network, trainable, tmp_path):
    """Its jobs are run again: nothing is lost, nothing counted twice."""
    points = sweeps.grid(generator=["bernoulli"], length=[256], seed=range(60))
    wanted = counts(sweeps.collect(points, network, trainable, block=10, workers=1))
    engine = Processes(2)
    kills = 0
    rows = sweeps.iter_collect(points, network, trainable, block=10, executor=engine, out=tmp_path)
    found = {}
    for row in rows:
        found[row.task.id] = row
        if kills < 3:
            workers = multiprocessing.active_children()
            os.kill(workers[-1].pid, signal.SIGKILL)
            kills += 1
    assert kills == 3
    assert counts([found[row.task.id] for row in sweeps.load(tmp_path)]) == counts(found.values())
    assert sorted(map(str, counts(found.values()))) == sorted(map(str, wanted))
    assert_once(tmp_path)


class Failing:
    """An executor whose jobs are cancelled or fail now and then, as those of lost workers."""

    def __init__(self, error=None, every=3):
        self.count, self.error, self.every = 0, error, every

    def submit(self, call, *arguments):
        future = Future()
        self.count += 1
        if self.count % self.every:
            future.set_result(call(*arguments))
        elif self.error is None:
            future.cancel()
            future.set_running_or_notify_cancel()
        else:
            future.set_exception(self.error)
        return future


def test_cancelled_jobs_are_run_again(network, data, reference, tmp_path):
    executor = Failing()
    points = sweeps.grid(generator=["bernoulli", "sobol"], length=[4, 16], seed=[0, 1], calibrate="none")
    result = sweeps.collect(points, network, data, block=10, executor=executor, out=tmp_path)
    assert executor.count > len(points)
    assert counts(result) == counts(sweeps.collect(points, network, data, block=10, workers=1))
    assert_once(tmp_path)


def test_what_always_fails_is_an_error(network, data, tmp_path):
    with pytest.raises(ZeroDivisionError):
        sweeps.collect(POINTS, network, data, executor=Failing(ZeroDivisionError(), every=6), out=tmp_path)
    kept = sweeps.load(tmp_path)  # what was finished before it
    assert 0 < len(kept) < len(POINTS)
    with pytest.raises(CancelledError):
        sweeps.collect(POINTS, network, data, executor=Failing(every=1))


def test_leaving_keeps_what_is_finished(network, data, tmp_path):
    rows = sweeps.iter_collect(POINTS, network, data, workers=1, out=tmp_path)
    first = list(islice(rows, 2))
    rows.close()
    assert {row.task.id for row in sweeps.load(tmp_path)} >= {row.task.id for row in first}
    record = json.loads((tmp_path / "record.json").read_text())["runs"][-1]
    assert set(record["computed"]) == set(stored(tmp_path))
    result = sweeps.collect(POINTS, network, data, workers=1, out=tmp_path)
    assert result.reused >= 2
    assert_once(tmp_path)


def test_an_interrupt_while_rows_are_kept_loses_none(network, data, tmp_path, monkeypatch):
    plain, calls = ResultStore.extend, []

    def extend(store, rows, writer=None):
        calls.append(len(rows))
        if len(calls) == 1:
            raise KeyboardInterrupt
        plain(store, rows, writer)

    monkeypatch.setattr(ResultStore, "extend", extend)
    with pytest.raises(KeyboardInterrupt):
        sweeps.collect(POINTS, network, data, workers=1, out=tmp_path)
    assert len(stored(tmp_path)) == calls[0] > 0
    assert_once(tmp_path)


def test_rows_come_when_they_are_kept(network, data, tmp_path):
    for row in sweeps.iter_collect(POINTS, network, data, workers=1, out=tmp_path):
        assert row.block.task.whole.id in {each.task.whole.id for each, *_ in stored(tmp_path).values()}


def test_an_error_of_the_disk_ends_the_sweep(network, data, tmp_path, monkeypatch):
    def full(self, rows, writer=None):
        raise OSError("disk full")

    monkeypatch.setattr(ResultStore, "extend", full)
    with pytest.raises(OSError, match="disk full"):
        sweeps.collect(POINTS, network, data, workers=1, out=tmp_path)


def test_progress(network, data):
    calls = []
    sweeps.collect(POINTS, network, data, block=10, workers=1, progress=lambda *call: calls.append(call))
    assert [done for done, _, row in calls if row] == list(range(1, len(POINTS) + 1))
    assert {points for _, points, _ in calls} == {len(POINTS)}


def test_engines():
    assert isinstance(engine_of(None, 1), Serial)
    pool = engine_of(None, 3)
    assert (type(pool), pool.slots, pool.threads) == (Processes, 3, 1)
    pool.close()
    assert engine_of(pool, None) is pool
    with ThreadPoolExecutor(1) as threads, pytest.raises(ValueError, match="workers must be None with an executor"):
        engine_of(threads, 2)
    with pytest.raises(ValueError, match=r"workers must be an integer in 1\.\.1024, got 0"):
        engine_of(None, 0)
    with pytest.raises(TypeError, match="executor must have submit"):
        engine_of(3, None)


# ---------------------------------------------------------------- what is refused before anything runs


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"points": []}, ValueError, "points must hold at least one point, got none"),
        ({"points": [{"lengths": 4}]}, ValueError, "an axis must be one of"),
        ({"points": [{"model": "other"}]}, ValueError, "model must be one of model, got 'other'"),
        ({"points": [{"data": "other"}]}, ValueError, "data must be one of points, got 'other'"),
        (
            {"points": [{"weight_streams": "stored"}]},
            ValueError,
            "point weight_streams = stored: weight_streams must be",
        ),
        ({"points": [{"flips": 0.1, "input_flips": 0.1}]}, ValueError, "input_flips must be 0 with flips"),
        (
            {"points": [{"generator": "fixed-point", "device": "hfo2"}]},
            ValueError,
            "device must be none with generator",
        ),
        (
            {"points": [{"generator": "fixed-point", "dead_generator": "inputs"}]},
            ValueError,
            "dead_generator must be None",
        ),
        ({"points": [{"length": (4, 4, 4)}]}, ValueError, "length must be one number, or 2, one for each layer"),
        ({"points": [{"encoding": "unipolar"}]}, ValueError, "encoding unipolar needs"),
        ({"models": {}}, ValueError, "models must hold at least one, got none"),
        ({"models": "net"}, TypeError, "models must be a Network"),
        ({"data": {"a": 3}}, TypeError, r"data\['a'\] must be a Dataset"),
        ({"stop": 3}, TypeError, "stop must be a StopWhen"),
        ({"block": 0}, ValueError, "block must be an integer of at least 1, got 0"),
        ({"backend": "abacus"}, ValueError, "backend must be one of"),
        (
            {"calibration": np.zeros((3, 2))},
            ValueError,
            "model 'model' must fit data 'points': calibration must have shape",
        ),
    ],
    ids=str,
)
def test_what_is_refused(network, data, tmp_path, change, error, message):
    arguments = {"points": POINTS, "models": network, "data": data, "out": tmp_path / "out", "workers": 1, **change}
    with pytest.raises(error, match=message):
        sweeps.iter_collect(**arguments)
    assert not (tmp_path / "out").exists()


def test_data_outside_the_range(network, data):
    wide = Dataset.held_out("wide", data.x_test * 9, data.y_test, n_classes=4)
    with pytest.raises(ValueError, match=r"model 'model' must fit data 'wide': input . must lie in"):
        sweeps.collect(sweeps.grid(length=8, clip=[False, True]), network, wide, workers=1)
    (row,) = sweeps.collect(sweeps.grid(length=8, clip=True), network, wide, workers=1)
    assert row.images == 100


def test_names_of_the_same_network(network, data):
    with pytest.raises(ValueError, match=r"models and data must differ, got the same ones as \('a', 'points'\) and as"):
        sweeps.iter_collect(POINTS, {"a": network, "b": network}, data, workers=1)


def test_a_job_that_ends_its_processes_again_and_again(network, data, tmp_path):
    class Broken(Serial):
        calls = 0

        def submit(self, call, *arguments):
            self.calls += 1
            future = Future()
            future.set_exception(BrokenProcessPool("ended"))
            return future

        def is_loss(self, error):
            return True

    engine = Broken()
    with pytest.raises(OSError, match=r"processes of the sweep were ended, 20 times with the same job"):
        sweeps.collect(POINTS[:1], network, data, executor=engine, out=tmp_path / "out")
    assert engine.calls == 20


def test_folders_of_other_kinds_and_versions(network, data, tmp_path, monkeypatch):
    (tmp_path / "blocks.csv").write_text("something else\n")
    with pytest.raises(ValueError, match="its header differs"):
        sweeps.collect(POINTS, network, data, workers=1, out=tmp_path)
    assert (tmp_path / "blocks.csv").read_text() == "something else\n"
    out = tmp_path / "out"
    sweeps.collect(POINTS[:1], network, data, workers=1, out=out)
    monkeypatch.setattr("sc_neurocore.sweeps.plan.package_version", lambda: "0.2.0")
    for call in (lambda: sweeps.collect(POINTS, network, data, workers=1, out=out), lambda: sweeps.load(out)):
        with pytest.raises(ValueError, match=r"out must hold rows of this version, 0\.2\.0 .* got some of 0\.1\.0"):
            call()


def test_a_model_goes_to_a_worker_once(network, data):
    """Later jobs carry keys only."""
    sent = []

    class Watched(Serial):
        here = False

        def submit(self, call, job, threads, parcels):
            sent.append(len(parcels))
            return super().submit(call, job, threads, parcels)

    moved = Dataset.held_out("moved", data.x_test[::-1], data.y_test[::-1], n_classes=4)  # nobody has it yet
    sweeps.collect(POINTS, network, moved, executor=Watched())
    assert sent == [0, 1, *[0] * (len(POINTS) - 1)]


SCRIPT = """
import numpy as np
from sc_neurocore import Network, sweeps
from sc_neurocore.datasets import Dataset

print("once")
network = Network.from_arrays([np.eye(2)])
data = Dataset.held_out("corners", np.eye(2), [0, 1])
result = sweeps.collect(sweeps.grid(length=[8, 16, 32]), network, data, workers=2)
print([row.correct for row in result])
"""


def test_a_script_without_a_guard_is_run_once(tmp_path):
    """Processes that imported it would start others, and these the next."""
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("once\n[2, 2, 2]\n", "")
