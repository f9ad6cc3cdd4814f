"""Evaluation of a fake network: counts, files, resuming, refusals."""

import json
import platform
from dataclasses import replace

import numpy as np
import pytest

from sc_neurocore import LFSR, Faults, MemristorModel
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import Evaluation, ResultStore, Row, Task, classification, evaluate
from sc_neurocore.evaluation.classification import WARM_UP
from sc_neurocore.networks import Network

OPTIONS = {"lengths": (16, 64), "generators": ("bernoulli", "sobol")}


def test_counts(network, data):
    result = evaluate(network, data, **OPTIONS, repeats=3, seed=7)
    assert (result.images, result.float_correct, result.reused) == (200, 190, 0)
    assert len(result.rows) == 2 * 2 * 3
    wanted = data.y_test
    for row in result.rows:
        seed = np.random.SeedSequence(7, spawn_key=(row.task.repeat,))
        found = network.circuit(row.task.length, row.task.generator, seed=seed).predict(data.x_test)
        assert (row.correct, row.agree) == (
            (found == wanted).sum(),
            (found == network.float_predict(data.x_test)).sum(),
        )
        assert (row.images, row.float_correct) == (200, 190)
    assert [(point.generator, point.length, point.repeats) for point in result.points] == [
        ("bernoulli", 16, 3), ("bernoulli", 64, 3), ("sobol", 16, 3), ("sobol", 64, 3),
    ]  # fmt: skip
    assert result.points[0].correct == sum(row.correct for row in result.rows[:3])
    assert len({row.correct for row in result.rows}) > 2  # repeats differ


def test_warm_up_comes_first_and_is_small(network, data):
    evaluate(network, data, (16,), ("sobol",), repeats=2)
    for repeat in (0, 1):
        calls = network.calls[5 * repeat : 5 * repeat + 5]
        whole = ("sobol", 16, (repeat,), 200)
        assert calls == [("sobol", 16, (repeat,), WARM_UP), "reset", whole, "reset", whole]
    assert len(network.calls) == 10


def test_long_runs_are_timed_once(network, data, monkeypatch):
    monkeypatch.setattr(classification, "SHORT_NS", 0)
    evaluate(network, data, (16,), ("sobol",))
    assert network.calls.count(("sobol", 16, (0,), 200)) == 1


@pytest.mark.parametrize(
    ("generator", "generator_options"),
    [
        ("sobol", {"share": "rotate", "weight_streams": "fresh", "weight_share": "one"}),
        ("bernoulli", {"share": "one", "weight_streams": "stored", "weight_share": "neurons"}),
    ],
)
def test_options_reach_the_circuit(network, data, monkeypatch, generator, generator_options):
    seen = []
    circuit = network.circuit
    monkeypatch.setattr(network, "circuit", lambda *a, **k: (seen.append(k), circuit(*a, **k))[1], raising=False)
    options = {
        "encoding": "bipolar",
        "accumulate": "mux",
        "bits": 5,
        "faults": Faults(input_flips=0.25, weight_flips=0.25),
        "device": MemristorModel(levels=4, variability=0.1),
        "clip": True,
    }
    options |= generator_options
    task = evaluate(network, data, (16,), (generator,), **options).rows[0].task
    assert {name: seen[-1][name] for name in options} == options
    texts = {"faults": '{"input_flips": 0.25, "weight_flips": 0.25}', "device": '{"levels": 4, "variability": 0.1}'}
    assert {name: getattr(task, name) for name in options} == options | texts
    assert (task.fault_model, task.device_model) == (options["faults"], options["device"])


def test_the_backend_reaches_the_circuit_but_not_the_task(network, data, monkeypatch):
    seen = []
    circuit = network.circuit
    monkeypatch.setattr(network, "circuit", lambda *a, **k: (seen.append(k), circuit(*a, **k))[1], raising=False)
    monkeypatch.setattr("sc_neurocore.layers.options.checked_backend", seen.append)
    plain, chosen = (evaluate(network, data, (16,), ("sobol",), backend=name).rows[0] for name in (None, "abacus"))
    assert "abacus" in seen  # asked for, before anything is run
    assert [options.get("backend") for options in seen if isinstance(options, dict)] == [None, "abacus"]
    assert plain.task == chosen.task


def test_a_length_for_each_layer(network, data, tmp_path):
    result = evaluate(network, data, [16, (64, 256), (32,)], ("sobol",), out=tmp_path)
    assert [point.length for point in result.points] == [16, 32, (64, 256)]
    assert [point.cycles for point in result.points] == [16, 32, 160]
    assert "sobol,64-256," in (tmp_path / "results.csv").read_text()
    assert "64-256" in result.table()
    again = evaluate(network, data, [16, [64, 256], 32], ("sobol",), out=tmp_path)
    assert (again.reused, again.rows) == (3, tuple(result.rows[place] for place in (0, 1, 2)))


def test_a_circuit_is_built_once_a_task(network, data, tmp_path, monkeypatch):
    built = []
    circuit = network.circuit
    monkeypatch.setattr(network, "circuit", lambda *a, **k: (built.append(k), circuit(*a, **k))[1], raising=False)

    def key(options):
        return options["generator"], options["length"], options["seed"].spawn_key[0]

    evaluate(network, data, **OPTIONS, repeats=3, out=tmp_path)
    assert len(built) == len(set(map(key, built))) == 12
    built.clear()
    evaluate(network, data, **OPTIONS, repeats=4, out=tmp_path)
    assert sorted(map(key, built)) == [(name, length, 3) for name in ("bernoulli", "sobol") for length in (16, 64)]


def test_files_and_resume(network, data, tmp_path):
    out = tmp_path / "a" / "report"
    first = evaluate(network, data, (16,), ("bernoulli",), out=out)
    network.calls.clear()
    second = evaluate(network, data, **OPTIONS, out=out)
    assert second.reused == 1
    assert first.rows[0] == second.rows[0]
    assert ("bernoulli", 16, (0,), 200) not in network.calls
    network.calls.clear()
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    third = evaluate(network, data, **OPTIONS, out=out)
    assert (third.reused, third.rows, network.calls) == (4, second.rows, [])
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before
    assert set(before) == {"results.csv", "wrong.bits", "record.json"}
    # Another network, other data, another seed: nothing is reused, all is kept.
    assert evaluate(type(network)("other"), data, **OPTIONS, out=out).reused == 0
    other = Dataset.held_out("points", data.x_test[:100], data.y_test[:100])
    assert evaluate(network, other, **OPTIONS, out=out).reused == 0
    assert evaluate(network, data, **OPTIONS, seed=1, out=out).reused == 0
    assert len(ResultStore(out / "results.csv").read()) == 16


def test_resumed_is_uninterrupted(network, data, tmp_path):
    whole = evaluate(network, data, **OPTIONS)
    evaluate(network, data, (64,), ("sobol",), out=tmp_path)
    pieces = evaluate(network, data, **OPTIONS, out=tmp_path)
    assert [replace(row, elapsed_ns=1) for row in pieces.rows] == [replace(row, elapsed_ns=1) for row in whole.rows]


def test_record(network, data, tmp_path):
    result = evaluate(network, data, **OPTIONS, repeats=2, seed=5, out=tmp_path)
    (run,) = json.loads((tmp_path / "record.json").read_text())["runs"]
    assert run["python"] == platform.python_version()
    assert run["libraries"]["numpy"] == np.__version__
    assert run["network"] == {"digest": network.digest(), "inputs": 2, "outputs": 3}
    assert run["data"] == {"name": "points", "digest": data.digest(), "images": 200, "float_correct": 190}
    assert run["seeds"] == [f"numpy.random.SeedSequence(5, spawn_key=({r},))" for r in (0, 1)]
    assert run["generators"]["sobol 64"] == ["fake generator"]
    assert run["tasks"] == run["computed"] == [row.task.id for row in result.rows]
    # What the record says is enough to ask for the same again.
    assert evaluate(network, data, **run["options"], out=tmp_path).reused == 8


def test_interrupt_keeps_rows_and_resumes(network, data, tmp_path, monkeypatch):
    done = []

    def stop(finished, total, task):
        done.append((finished, total))
        if finished == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(network, data, **OPTIONS, out=tmp_path, progress=stop)
    assert done == [(0, 4), (1, 4), (2, 4)]
    kept = ResultStore(tmp_path / "results.csv").read()
    (run,) = json.loads((tmp_path / "record.json").read_text())["runs"]
    assert run["computed"] == list(kept) == run["tasks"][:2]
    calls = []
    assert evaluate(network, data, **OPTIONS, out=tmp_path, progress=lambda *a: calls.append(a[:2])).reused == 2
    assert calls == [(2, 4), (3, 4), (4, 4)]


def test_torn_row_is_run_again(network, data, tmp_path):
    whole = evaluate(network, data, **OPTIONS, out=tmp_path)
    file = tmp_path / "results.csv"
    file.write_bytes(file.read_bytes()[:-9])
    again = evaluate(network, data, **OPTIONS, out=tmp_path)
    assert again.reused == 3
    assert [row.correct for row in again.rows] == [row.correct for row in whole.rows]
    assert len(ResultStore(file).read()) == 4


def test_duplicates_run_once(network, data):
    assert len(evaluate(network, data, (16, 16), ("sobol", "sobol")).rows) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lengths": (0,)}, "lengths must be an integer of at least 1, got 0"),
        ({"lengths": ()}, "at least one entry"),
        ({"generators": ()}, "at least one entry"),
        ({"generators": ("sobol", "dice")}, "generator must be one of"),
        ({"repeats": 0}, "repeats must be an integer in 1..10000, got 0"),
        ({"seed": -1}, "seed must be an integer of at least 0, got -1"),
        ({"bits": 0}, "bits must be an integer of at least 1, got 0"),
        ({"share": "all"}, "share must be one of one, shift, rotate, independent, got 'all'"),
        ({"weight_streams": "old"}, "weight_streams must be one of fresh, stored, got 'old'"),
        ({"weight_share": "all"}, "weight_share must be one of independent, neurons, one, got 'all'"),
        ({"lengths": ((),)}, "length must have a number for each layer, got none"),
    ],
)
def test_bad_options_write_nothing(network, data, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        evaluate(network, data, **{**OPTIONS, **change}, out=tmp_path / "report")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"faults": 0.1}, "faults must be a Faults or None, got float"),
        ({"device": "pcm"}, "device must be a MemristorModel or None, got str"),
        ({"bit_flip_rate": 0.1}, "unexpected keyword argument 'bit_flip_rate'"),
        ({"lengths": ("64",)}, "lengths must be an integer of at least 1, got '64'"),
    ],
)
def test_wrong_types_write_nothing(network, data, tmp_path, change, message):
    with pytest.raises(TypeError, match=message):
        evaluate(network, data, **{**OPTIONS, **change}, out=tmp_path / "report")
    assert not list(tmp_path.iterdir())


def test_bad_data_writes_nothing(network, data, tmp_path, make_network):
    def refused(match, net=network, x=data.x_test, y=data.y_test):
        with pytest.raises(ValueError, match=match):
            evaluate(net, Dataset.held_out("bad", x, y), **OPTIONS, out=tmp_path / "report")
        assert not list(tmp_path.iterdir())

    refused("data must have 2 inputs a sample for this network, got 1", x=data.x_test[:, :1])
    refused(r"input 1 must lie in the network's range \[0, 1\], got 1.5 in sample 3", x=_with(data.x_test, (3, 1), 1.5))
    refused("labels must be one of the network's classes 0, 1, 2, got 3", y=_with(data.y_test, 0, 3))
    refused("labels must be one of the network's classes 0, 1, 2, got -1", y=_with(data.y_test, 0, -1))
    refused("labels must be one of the network's classes 4, 7, 9, got 0", net=make_network(classes=["4", "7", "9"]))
    refused("labels must be the index of one of the network's classes, 0..2, got 5",
            net=make_network(classes=["a", "b", "c"]), y=_with(data.y_test, 0, 5))  # fmt: skip
    regressor = make_network()
    regressor.kind = "regressor"
    refused("network must be a classifier to have an accuracy, got a regressor", net=regressor)


def _with(array, place, value):
    changed = array.copy()
    changed[place] = value
    return changed


def test_clip_lets_inputs_through(network, data):
    outside = Dataset.held_out("far", _with(data.x_test, (3, 1), 1.5), data.y_test)
    assert evaluate(network, outside, (16,), clip=True).images == 200


def test_labels_by_name_of_class(data, make_network):
    names = Dataset.held_out("named", data.x_test, np.array([4, 7, 9])[data.y_test])
    assert evaluate(make_network(classes=["4", "7", "9"]), names, (16,)).float_correct == 190
    assert evaluate(make_network(classes=["4.0", "7.0", "9.0"]), names, (16,)).float_correct == 190
    assert evaluate(make_network(classes=["a", "b", "c"]), data, (16,)).float_correct == 190


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": 1}', '{"format": 99, "runs": []}', '{"format":1,"runs":[7]}']
)
def test_foreign_record(network, data, tmp_path, content):
    (tmp_path / "record.json").write_text(content)
    with pytest.raises(ValueError, match=r"record\.json must be a record of"):
        evaluate(network, data, **OPTIONS, out=tmp_path)
    assert [file.read_text() for file in tmp_path.iterdir()] == [content]


def test_out_must_be_a_folder(network, data, tmp_path):
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "report"):
        with pytest.raises(NotADirectoryError):
            evaluate(network, data, **OPTIONS, out=out)


def made(counts, images=1000, float_correct=980):
    rows = [
        Row(Task("1", "n", "d", "sobol", 2**place), images, count, float_correct, count, 10**9)
        for place, count in enumerate(counts)
    ]
    return Evaluation(tuple(rows), "made", images, float_correct)


@pytest.mark.parametrize(
    ("counts", "needed"),
    [
        ((969, 970, 985), 2),
        ((970, 969, 970), 4),  # back below at L = 2: not "from there on"
        ((990, 990, 990), 1),
        ((970, 970, 969), None),
    ],
)
def test_needed_length(counts, needed):
    assert made(counts).needed_length("sobol") == needed


def test_repeats_add_up_but_are_no_new_images():
    rows = made((970,)).rows
    twice = Evaluation((rows[0], replace(rows[0], task=replace(rows[0].task, repeat=1), correct=960)), "m", 1000, 980)
    (point,) = twice.points
    assert (point.correct, point.repeats, point.images, point.accuracy) == (1930, 2, 1000, 0.965)
    assert point.images_per_second == 1000
    assert point.interval() == made((965,)).points[0].interval()


def test_table():
    text = made((960, 975)).table()
    assert "96.00" in text
    assert "sobol: within one point of float from L = 2" in text
    assert "sobol: not within one point of float up to L = 1" in made((960,)).table()


def test_real_rows_are_those_of_a_new_circuit():
    network = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]])
    x = np.random.default_rng(2).random((100, 2))
    data = Dataset.held_out("real", x, network.float_predict(x))
    for row in evaluate(
        network, data, (16,), ("bernoulli", "lfsr", "sobol"), seed=3, repeats=2, faults=Faults.flips(0.05)
    ).rows:
        seed = np.random.SeedSequence(3, spawn_key=(row.task.repeat,))
        circuit = network.circuit(16, row.task.generator, seed=seed, faults=Faults.flips(0.05))
        assert row.correct == (circuit.predict(x) == data.y_test).sum()


@pytest.mark.parametrize(
    ("lengths", "generators", "tasks"),
    [
        (256, "sobol", [("sobol", 256)]),
        (np.int64(16), ["lfsr", "sobol"], [("lfsr", 16), ("sobol", 16)]),
        (np.array([16, 32]), np.array(["sobol"]), [("sobol", 16), ("sobol", 32)]),
        ([np.array([16, 32])], ("sobol",), [("sobol", (16, 32))]),
        ({16: "a", 32: "b"}.keys(), "fixed-point", [("fixed-point", 1)]),
    ],
)
def test_one_value_is_a_list_of_one(data, lengths, generators, tasks):
    rng = np.random.default_rng(0)
    network = Network.from_arrays([rng.normal(size=(4, 2)), rng.normal(size=(3, 4))])
    found = evaluate(network, data, lengths, generators)
    assert [(row.task.generator, row.task.length) for row in found.rows] == tasks
    assert all(type(row.task.generator) is str for row in found.rows)  # what JSON and CSV hold


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lengths": "256"}, "lengths must be an integer of at least 1, got '256'"),
        ({"lengths": None}, "lengths must be an integer of at least 1, got None"),
        ({"lengths": 256.0}, "lengths must be an integer of at least 1, got 256.0"),
        ({"lengths": [[16, "a"]]}, "lengths must be an integer of at least 1, got 'a'"),
        ({"generators": [None]}, "generators must be names, got None"),
        ({"generators": [LFSR(8)]}, "generators must be names, got LFSR"),
    ],
)
def test_wrong_lists_write_nothing(network, data, tmp_path, change, message):
    with pytest.raises(TypeError, match=message):
        evaluate(network, data, **{**OPTIONS, **change}, out=tmp_path / "report")
    assert not list(tmp_path.iterdir())
