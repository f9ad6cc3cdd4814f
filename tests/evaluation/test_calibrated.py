"""Calibrated circuits of an evaluation: each found once, kept in a file, run beside the circuit as mapped."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from sc_neurocore import Faults, MemristorModel, Network
from sc_neurocore.datasets import load_digits
from sc_neurocore.evaluation import ResultStore, Task, default_model, evaluate, fault_study
from sc_neurocore.evaluation import calibrated as module
from sc_neurocore.evaluation.calibrated import CalibratedNetworks, CalibrationSamples, CalibrationTask, with_faults
from sc_neurocore.layers.options import CircuitOptions

OPTIONS = {"lengths": (16, 64), "generators": ("bernoulli", "sobol")}
CIRCUITS = [("bernoulli", 16), ("bernoulli", 64), ("sobol", 16), ("sobol", 64)]


def searches(network):
    """Generator and length of every search that was asked for, in turn."""
    return [call[1:3] for call in network.calls if call[0] == "calibrate"]


def timeless(rows):
    return [replace(row, elapsed_ns=1) for row in rows]


def test_each_circuit_is_calibrated_once_and_run_beside_that_as_mapped(network, trainable):
    found = evaluate(network, trainable, **OPTIONS, repeats=3, seed=7)
    assert searches(network) == CIRCUITS
    assert {call[3] for call in network.calls if call[0] == "calibrate"} == {50}
    plain = evaluate(network, trainable, **OPTIONS, repeats=3, seed=7, calibrate="none")
    assert searches(network) == CIRCUITS
    assert plain.uncalibrated is None
    assert plain.note == found.uncalibrated.note == ""
    assert timeless(found.uncalibrated.rows) == timeless(plain.rows)
    (digest,) = {row.task.calibration for row in found.rows}
    assert [replace(row.task, calibration="") for row in found.rows] == [row.task for row in plain.rows]
    for row in found.rows:
        circuit = {"length": row.task.length, "generator": row.task.generator}
        options = CircuitOptions(**circuit).keywords(*module.CIRCUIT_OPTIONS)
        ready = network.calibrate(trainable.x_train, seed=0, without=(), clip=False, backend=None, **options)
        seed = np.random.SeedSequence(7, spawn_key=(row.task.repeat,))
        classes = ready.circuit(**options, seed=seed).predict(trainable.x_test)
        assert row.correct == (classes == trainable.y_test).sum()
    assert digest
    assert found.note == "each circuit is calibrated for itself, on samples out of 50"


def test_lines_verdicts_and_the_table_are_those_of_calibrated_circuits(network, trainable):
    found = evaluate(network, trainable, (16, 64, 256), "sobol")
    twin = found.uncalibrated
    assert all(a.correct > b.correct for a, b in zip(found.line("sobol"), twin.line("sobol"), strict=True))
    assert found.needed_length("sobol") < twin.needed_length("sobol")
    lines = found.table().splitlines()
    assert lines[0].split()[2:5] == ["accuracy", "%", "uncalibrated"]
    for line, point, other in zip(lines[1:], found.points, twin.points, strict=False):
        assert line.split()[2:4] == [f"{100 * point.accuracy:.2f}", f"{100 * other.accuracy:.2f}"]
    assert lines[-2:] == [f"sobol: {found.verdict('sobol')}", found.note]
    assert "uncalibrated" not in twin.table()


def test_without_samples_nothing_is_calibrated_and_a_line_says_so(network, data):
    found = evaluate(network, data, (16,), "sobol")
    assert searches(network) == []
    assert found.uncalibrated is None
    assert {row.task.calibration for row in found.rows} == {""}
    assert found.note.startswith("not calibrated: the data have no training samples")
    assert found.table().endswith(found.note)


def test_given_samples_come_first(network, trainable, data):
    x = trainable.x_train[:20]
    found = [evaluate(network, each, (16,), "sobol", calibration=x.tolist()) for each in (trainable, data)]
    assert [call[3] for call in network.calls if call[0] == "calibrate"] == [20, 20]
    assert found[0].rows[0].task == found[1].rows[0].task
    assert found[0].rows[0].task != evaluate(network, trainable, (16,), "sobol").rows[0].task


def test_a_calibrated_network_is_run_as_it_is(network, trainable):
    options = CircuitOptions(16, "sobol").keywords(*module.CIRCUIT_OPTIONS)
    ready = network.calibrate(trainable.x_train, seed=0, without=(), clip=False, backend=None, **options)
    found = evaluate(ready, trainable, (16,), "sobol")
    assert len(searches(network)) == 1
    assert (found.uncalibrated, found.note) == (None, "")
    assert timeless(found.rows) == [
        replace(row, elapsed_ns=1, task=found.rows[0].task) for row in evaluate(network, trainable, (16,), "sobol").rows
    ]
    with pytest.raises(ValueError, match=r"calibrated for .*length=16"):
        evaluate(ready, trainable, (64,), "sobol")


def test_fixed_point_is_not_calibrated(trainable):
    real = Network.from_arrays([np.random.default_rng(0).normal(size=(3, 2))])
    found = evaluate(real, trainable, (16,), ("sobol", "fixed-point"))
    assert [(row.task.generator, bool(row.task.calibration)) for row in found.rows] == [
        ("sobol", True), ("fixed-point", False),
    ]  # fmt: skip
    assert [row.task.generator for row in found.uncalibrated.rows] == ["sobol"]
    alone = evaluate(real, trainable, (16,), "fixed-point")
    assert alone.uncalibrated is None
    assert timeless(alone.rows) == timeless(found.rows[1:])


def test_circuits_that_take_too_long_are_not_calibrated(network, trainable):
    longest = 1 << 16
    found = evaluate(network, trainable, (longest, longest + 1, (16, longest + 1)), "sobol")
    assert searches(network) == [("sobol", longest)]
    assert [bool(row.task.calibration) for row in found.rows] == [True, False, False]
    assert [row.task.length for row in found.uncalibrated.rows] == [longest]


CIRCUIT = Task("0.1.0", "ab", "cd", "sobol", 16, calibration="ef")
CHANGES = {
    "network": "x", "generator": "lfsr", "length": (8, 16), "encoding": "bipolar", "accumulate": "or", "share": "one",
    "bits": 8, "weight_streams": "stored", "device": "{}", "stream_version": 3, "calibration": "x",
    "weight_share": "one",
}  # fmt: skip


def test_what_a_calibration_depends_on():
    tasks = [CIRCUIT, *(replace(CIRCUIT, **{name: value}) for name, value in CHANGES.items())]
    assert len({CalibrationTask.of(task).id for task in tasks}) == len(CHANGES) + 1
    free = {"version": "0.2.0", "data": "x", "seed": 1, "repeat": 1, "clip": True, "faults": '{"stuck_lines": 0.1}'}
    assert set(CHANGES) | set(free) == set(Task.__dataclass_fields__)
    assert {CalibrationTask.of(replace(CIRCUIT, **{name: value})) for name, value in free.items()} == {
        CalibrationTask.of(CIRCUIT)
    }
    assert CalibrationTask.of(CIRCUIT).label == "calibrating sobol, L = 16"


@pytest.mark.parametrize("change", ["number", "shape", "version", "search"])
def test_the_digest_tells_samples_and_rules_apart(change, monkeypatch):
    x = np.arange(12.0).reshape(4, 3)
    before = CalibrationSamples(x).digest
    assert before == CalibrationSamples(np.asfortranarray(x)).digest
    if change == "number":
        x = np.where(x == 7, np.nextafter(7, 8), x)
    elif change == "shape":
        x = x.reshape(3, 4)
    elif change == "version":
        monkeypatch.setattr(module, "CALIBRATION_VERSION", 2)
    else:
        monkeypatch.setattr(module, "SEARCH", {"seed": 0, "without": ("offsets",)})
    assert CalibrationSamples(x).digest != before


def test_options_reach_the_search(network, trainable, monkeypatch):
    seen = []
    monkeypatch.setattr(type(network), "calibrate", lambda self, x, **options: seen.append(options) or self)
    given = {
        "encoding": "bipolar",
        "accumulate": "mux",
        "bits": 5,
        "share": "rotate",
        "weight_streams": "fresh",
        "weight_share": "one",
    }
    given |= {"device": MemristorModel(levels=4, variability=0.1), "clip": True}
    faults = Faults(stuck_lines=0.1)
    evaluate(network, trainable, [(16, 64)], "sobol", **given, faults=faults, seed=9, repeats=2)
    expected = {**given, "length": (16, 64), "generator": "sobol", "seed": 0, "without": (), "backend": None}
    assert seen == [expected]


def test_networks_are_kept_and_found_again(network, trainable, tmp_path):
    first = evaluate(network, trainable, **OPTIONS, out=tmp_path)
    assert sorted(first.uncalibrated.written) == sorted(first.written)
    assert [path.name for path in first.written] == ["results.csv", "wrong.bits", "record.json", "calibrated"]
    names = {CalibrationTask.of(row.task).file_name for row in first.rows}
    assert {file.name for file in (tmp_path / "calibrated").iterdir()} == names
    assert len(names) == len(CIRCUITS)
    network.calls.clear()
    again = evaluate(network, trainable, **OPTIONS, out=tmp_path)
    assert (again.rows, again.uncalibrated.rows, network.calls) == (first.rows, first.uncalibrated.rows, [])
    assert (again.reused, again.uncalibrated.reused, again.written) == (4, 4, ())
    more = evaluate(network, trainable, **OPTIONS, seed=1, faults=Faults(stuck_lines=0.1), out=tmp_path)
    assert searches(network) == []
    assert more.reused == 0
    assert (tmp_path / "calibrated") not in more.written
    other = replace(network, name="other")
    assert evaluate(other, trainable, (16,), "sobol", out=tmp_path).reused == 0
    assert searches(network) == [("sobol", 16)]


def test_rows_of_both_kinds_live_in_one_file(network, trainable, tmp_path):
    plain = evaluate(network, trainable, **OPTIONS, calibrate="none", out=tmp_path)
    both = evaluate(network, trainable, **OPTIONS, out=tmp_path)
    assert (both.reused, both.uncalibrated.reused) == (0, 4)
    assert both.uncalibrated.rows == plain.rows
    kept = ResultStore(tmp_path / "results.csv").read()
    assert kept == {row.id: row for row in (*plain.rows, *both.rows)}
    assert all(row.wrong is not None for row in kept.values())
    assert evaluate(network, trainable, **OPTIONS, calibrate="none", out=tmp_path).reused == 4


@pytest.mark.parametrize("damage", ["torn", "empty", "not there", "of another circuit", "of another network", "plain"])
def test_a_file_that_does_not_fit_is_made_anew(network, trainable, tmp_path, damage):
    first = evaluate(network, trainable, (16, 64), "sobol", out=tmp_path)
    one, other = (tmp_path / "calibrated" / CalibrationTask.of(row.task).file_name for row in first.rows)
    whole = one.read_bytes()
    if damage == "not there":
        one.unlink()
    elif damage == "of another network":
        replace(network.load(one), name="other").save(one)
    elif damage == "plain":
        network.save(one)
    else:
        one.write_bytes({"torn": whole[3:], "empty": b"", "of another circuit": other.read_bytes()}[damage])
    network.calls.clear()
    evaluate(network, trainable, (16, 64), "sobol", seed=1, out=tmp_path)
    assert searches(network) == [("sobol", 16)]
    assert one.read_bytes() == whole
    assert len(list((tmp_path / "calibrated").iterdir())) == 2


def test_progress_and_interrupt(network, trainable, tmp_path):
    def interrupted(at):
        """Calls of `progress` up to the one with this number, which is a Ctrl-C."""
        calls = []

        def progress(done, total, task):
            calls.append((done, total, task.label))
            if len(calls) == at:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            evaluate(network, trainable, **OPTIONS, out=tmp_path, progress=progress)
        return calls

    labels = [f"{generator}, L = {length}" for generator, length in CIRCUITS]
    searching = [(0, 8, f"calibrating {label}") for label in labels]
    assert interrupted(3) == searching[:3]
    assert searches(network) == CIRCUITS[:2]
    assert interrupted(7) == [*searching, *((done, 8, label) for done, label in enumerate(labels[:3]))]
    assert searches(network) == CIRCUITS
    assert len(ResultStore(tmp_path / "results.csv").read()) == 2
    calls = []
    found = evaluate(network, trainable, **OPTIONS, out=tmp_path, progress=lambda *call: calls.append(call))
    assert searches(network) == CIRCUITS
    assert [(done, total) for done, total, _ in calls] == [(2, 8)] * 2 + [(done, 8) for done in range(2, 9)]
    assert found.reused == 2
    assert timeless(found.rows) == timeless(evaluate(network, trainable, **OPTIONS).rows)


def test_an_interrupted_search_leaves_no_file(network, trainable, tmp_path, monkeypatch):
    def interrupted(self, x, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(type(network), "calibrate", interrupted)
    with pytest.raises(KeyboardInterrupt):
        evaluate(network, trainable, **OPTIONS, out=tmp_path / "report")
    assert not list(tmp_path.iterdir())


def test_record(network, trainable, data, tmp_path):
    evaluate(network, trainable, **OPTIONS, out=tmp_path)
    evaluate(network, data, **OPTIONS, out=tmp_path)
    evaluate(network, trainable, **OPTIONS, seed=1, calibrate="none", out=tmp_path)
    runs = json.loads((tmp_path / "record.json").read_text())["runs"]
    assert [run["options"]["calibrate"] for run in runs] == ["auto", "auto", "none"]
    samples = CalibrationSamples(trainable.x_train)
    assert runs[0]["calibration"] == {
        "samples": 50, "digest": samples.digest, "version": module.CALIBRATION_VERSION, "seed": 0, "without": [],
    }  # fmt: skip
    for name, kept in runs[0]["calibrated"].items():
        found = network.load(tmp_path / kept["file"])
        assert (found.digest(), kept["steps"]) == (kept["network"], [])
        assert f"{found.calibration.options.generator} {found.calibration.options.length}" == name
    assert len(runs[0]["calibrated"]) == len(CIRCUITS)
    for run in runs[1:]:
        assert (run["calibration"], run["calibrated"]) == (None, {})
    assert evaluate(network, trainable, **runs[0]["options"], out=tmp_path).reused == 4


def test_counts_do_not_depend_on_the_executor(network, trainable):
    with ThreadPoolExecutor(3) as threads:
        found = evaluate(network, trainable, **OPTIONS, repeats=2, executor=threads)
    assert searches(network) == CIRCUITS
    alone = evaluate(network, trainable, **OPTIONS, repeats=2)
    assert timeless(found.rows) == timeless(alone.rows)
    assert timeless(found.uncalibrated.rows) == timeless(alone.uncalibrated.rows)


@pytest.mark.usefixtures("frequent_switches")
def test_several_writers_at_once(network, trainable, tmp_path):
    samples = CalibrationSamples(trainable.x_train)
    task = Task("0", network.digest(), "d", "sobol", 16, calibration=samples.digest)
    every = [CalibratedNetworks(network, samples, tmp_path / "calibrated", False, None) for _ in range(8)]
    together, found = threading.Barrier(len(every)), []

    def find(networks):
        together.wait()
        found.append(networks.network(task).digest())

    threads = [threading.Thread(target=find, args=(networks,)) for networks in every]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (file,) = (tmp_path / "calibrated").iterdir()
    assert found == [network.load(file).digest()] * len(every)


def test_a_fault_study_calibrates_once_for_all_rates(network, trainable, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[evaluate.__module__], "FIXED_BITS", 8)
    built = []
    circuit = type(network).circuit

    def counted(self, *a, **k):
        built.append((self.calibration is not None, k["faults"]))
        return circuit(self, *a, **k)

    monkeypatch.setattr(type(network), "circuit", counted)
    monkeypatch.setattr("sc_neurocore.evaluation.classification.FixedPoint", fixed_point(network))
    study = fault_study(network, trainable, "product-flips", [0.1, 0.2], (16, 64), ("sobol",), out=tmp_path)
    assert searches(network) == [("sobol", 16), ("sobol", 64)]
    assert [faults for ready, faults in built if ready] == [
        None, None, *[Faults(product_flips=0.1)] * 2, *[Faults(product_flips=0.2)] * 2,
    ]  # fmt: skip
    for evaluation in study.evaluations:
        assert evaluation.uncalibrated is None
        assert [bool(row.task.calibration) for row in evaluation.rows] == [True, True, False]
    for file in (tmp_path / "calibrated").iterdir():
        assert network.load(file).calibration.options.faults is None
    plain = fault_study(network, trainable, "product-flips", [0.1], (16,), "sobol", calibrate="none")
    assert {row.task.calibration for evaluation in plain.evaluations for row in evaluation.rows} == {""}
    assert len(searches(network)) == 2


def fixed_point(network):
    """Stands for the network in fixed point."""

    class Fixed:
        generator_descriptions = ()

        def __init__(self, network, **options):
            pass

        def reset(self):
            pass

        def predict(self, x):
            return network.float_predict(x)

    return Fixed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"calibrate": "always"}, "calibrate must be one of auto, none, got 'always'"),
        ({"calibrate": "none", "calibration": [[0.0, 0.5]]}, "calibration must be None with calibrate='none', got"),
        ({"calibration": [[0.0, 0.5, 1.0]]}, r"calibration must have shape \(any, 2\), got \(1, 3\)"),
        ({"calibration": np.empty((0, 2))}, "calibration must hold at least one sample, got none"),
        ({"calibration": [[0.0, np.nan]]}, "calibration must be finite, got nan"),
        ({"calibration": [[0.0, 0.5], [2.0, 0.5]]}, r"input 0 must lie in .* \[0, 1\], got 2 in calibration sample 1"),
    ],
)
def test_bad_options_write_nothing(network, trainable, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        evaluate(network, trainable, (16,), **options, out=tmp_path / "report")
    assert not list(tmp_path.iterdir())
    assert network.calls == []


def test_clip_lets_calibration_samples_through(network, data):
    evaluate(network, data, (16,), "sobol", calibration=[[0.0, 0.5], [2.0, 0.5]], clip=True)
    assert searches(network) == [("sobol", 16)]


def test_samples_for_a_network_that_is_calibrated_are_refused(network, trainable):
    with pytest.raises(ValueError, match="calibration must be None for a network that is calibrated already"):
        evaluate(replace(network, calibration=1), trainable, (16,), calibration=trainable.x_train)


def test_calibrated_is_a_folder(network, trainable, tmp_path):
    (tmp_path / "calibrated").write_text("mine")
    with pytest.raises(OSError, match="calibrated must be a folder, it is a file"):
        evaluate(network, trainable, **OPTIONS, out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["calibrated"]


def test_digits(tmp_path):
    """Real streams: what is run is what the file holds, and eight cycles are enough."""
    digits = load_digits()
    network = default_model(digits)
    found = evaluate(network, digits, 8, "searched", out=tmp_path)
    (row,) = found.rows
    ready = Network.load(tmp_path / "calibrated" / CalibrationTask.of(row.task).file_name)
    assert ready.ideal.digest() == network.digest() == row.task.network
    assert row.correct == (ready.circuit(seed=row.task.circuit_seed).predict(digits.x_test) == digits.y_test).sum()
    assert found.points[0].accuracy > found.uncalibrated.points[0].accuracy + 0.01
    dead = Faults(dead_generator="weights")
    (row,) = evaluate(network, digits, 8, "searched", faults=dead, out=tmp_path).rows
    faulty = with_faults(ready, dead).circuit(faults=dead, seed=row.task.circuit_seed)
    assert row.correct == (faulty.predict(digits.x_test) == digits.y_test).sum()
