"""A choice as a whole: what it answers, what it keeps, and what it refuses."""

import json

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.choosing import choose
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import ResultStore, evaluate

OPTIONS = {"lengths": (4, 16, 64), "generators": ("sobol", "lfsr"), "encodings": "split"}


@pytest.fixture(scope="module")
def network():
    rng = np.random.default_rng(0)
    return Network.from_arrays([rng.normal(size=(8, 6)), rng.normal(size=(3, 8))])


@pytest.fixture(scope="module")
def data(network):
    rng = np.random.default_rng(1)
    x, train = rng.random((700, 6)), rng.random((300, 6))
    return Dataset("made", train, network.float_predict(train), x, network.float_predict(x))


@pytest.fixture(scope="module")
def choice(network, data, tmp_path_factory):
    return choose(network, data, 6, **OPTIONS, out=tmp_path_factory.mktemp("choice"))


def test_the_answer(choice, network, data):
    best = choice.chosen
    assert best is not None
    assert best.verdict == "within"
    assert 100 * best.high < 6
    assert choice.cost(best) == min(choice.cost(each) for each in choice.tested if each.verdict == "within")
    costs = [choice.cost(each) for each in choice.tested]
    assert costs == sorted(costs, reverse=True)
    verdicts = [each.verdict for each in choice.tested]
    assert verdicts == sorted(verdicts, key=["within", "not shown", "not tested"].index)
    assert choice.row.images == 700
    assert choice.row.correct == 700 - best.worse + best.better - (700 - choice.float_correct)
    assert best.candidate.circuit in choice.verdict()
    assert choice.runners_up == tuple(reversed([each for each in choice.tested if each.verdict == "within"]))[1:]
    front = [100 * each.below_float for each in choice.front]
    assert front == sorted(front, reverse=True)
    assert "150 samples that are not held out; circuits are calibrated on 150 others" in choice.judged_on


def test_the_counts_are_those_of_evaluate(choice, network, data):
    with np.load(choice.calibration) as file:
        samples = file["x"]
    assert len(samples) == 150
    assert {tuple(sample) for sample in samples} < {tuple(sample) for sample in data.x_train}
    task = choice.chosen.candidate.task
    given = {"calibration": samples} if task.calibration else {"calibrate": "none"}
    found = evaluate(network, data, [task.length], task.generator, **given)
    assert found.rows[0].task == task
    assert found.rows[0].correct == choice.row.correct
    assert found.rows[0].wrong == choice.row.wrong


def test_again_from_its_folder(choice, network, data):
    folder = choice.calibration.parents[1]
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    again = choose(network, data, 6, **OPTIONS, out=folder)
    assert again.reused == len(ResultStore(folder / "choose.csv", blocks=True).read())
    assert (again.tested, again.row, again.screened) == (choice.tested, choice.row, choice.screened)
    assert again.written == ()
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()} == before
    (run,) = json.loads((folder / "record.json").read_text())["runs"]
    assert run["choice"]["within"] == 6
    assert [each["circuit"] for each in run["choice"]["nominees"]] == [each.candidate.circuit for each in choice.tested]


def test_an_interrupted_choice_goes_on(network, data, tmp_path):
    class Stop(KeyboardInterrupt):
        pass

    blocks = []

    def progress(state):
        blocks.append(state.label)
        if sum("samples" in label and "lengths" not in label for label in blocks) == 4:
            raise Stop

    with pytest.raises(Stop):
        choose(network, data, 6, **OPTIONS, out=tmp_path, progress=progress)
    rows = ResultStore(tmp_path / "choose.csv", blocks=True).read()
    assert len(rows) == 3
    found = choose(network, data, 6, **OPTIONS, out=tmp_path)
    assert found.reused == 3
    assert found.tested == choose(network, data, 6, **OPTIONS).tested


def test_progress(network, data):
    states = []
    found = choose(network, data, 6, **OPTIONS, progress=states.append)
    assert [state.done for state in states] == list(range(len(states)))
    assert all(state.done <= state.total for state in states)
    assert states[0].circuits == 6
    assert (states[-1].circuits, states[-1].done, states[-1].label) == (0, states[-1].total, "done")
    assert states[-1].best == found.chosen.candidate.circuit
    assert any(state.label.startswith("calibrating") for state in states)


def test_nothing_is_near_enough(network, data):
    found = choose(network, data, 0.0, lengths=(2, 4), generators="bernoulli", encodings="split", calibrate="none")
    assert found.chosen is None
    assert found.row is None
    assert found.runners_up == ()
    said = found.verdict()
    assert said.startswith("no circuit is shown to be within 0 points of float at 95 % confidence; the nearest is")
    assert "no number of images like these" in said
    assert found.nearest == min(found.tested, key=lambda each: each.high)
    assert "--lengths" in found.command()


def test_too_few_images_for_any_claim(network, data):
    few = Dataset("few", [], [], data.x_test[:150], data.y_test[:150])
    found = choose(network, few, 1.0, lengths=(64,), generators="sobol", encodings="split")
    assert found.warnings() == (
        "with 100 images even a circuit that never differs cannot be shown to be within 1 point at 95 %: that takes "
        "268",
    )


def test_without_samples_a_third_is_for_the_first_look(network, data, tmp_path):
    alone = Dataset("alone", [], [], data.x_test, data.y_test)
    found = choose(network, alone, 10, **OPTIONS, out=tmp_path)
    assert {each.total for each in found.tested} == {467}
    assert all(each.row.task.start == 233 for each in found.tested)
    assert found.row.images == 700
    assert found.calibration is None
    assert not any(each.candidate.task.calibration for each in found.tested)
    assert "233 of the held-out samples, which the test leaves out" in found.judged_on
    task = found.chosen.candidate.task
    assert evaluate(network, alone, [task.length], task.generator).rows[0].correct == found.row.correct


@pytest.mark.slow
def test_other_objectives(network, data):
    both = {**OPTIONS, "encodings": ("split", "bipolar")}
    found = {name: choose(network, data, 8, objective=name, **both) for name in ("cycles", "area", "area-time")}
    for name, choice in found.items():
        costs = [choice.cost(each)[0] for each in choice.tested]
        assert costs == sorted(costs, reverse=True)
        assert choice.objective == name
    least = {name: choice.chosen.candidate.cost for name, choice in found.items()}
    assert least["area"].area <= least["cycles"].area
    assert least["cycles"].cycles <= least["area"].cycles


def test_confidence_and_margin_have_an_effect(network, data):
    options = {**OPTIONS, "calibrate": "none", "per_layer": False}
    ends = [choose(network, data, 6, confidence=c, **options).tested[0].high for c in (0.8, 0.95, 0.999)]
    assert ends == sorted(ends)
    assert len(set(ends)) == 3
    cycles = [choose(network, data, within, **options).chosen.candidate.cost.cycles for within in (4, 60)]
    assert cycles[0] > cycles[1]


def test_bits_and_accumulates(network, data):
    options = {**OPTIONS, "calibrate": "none", "per_layer": False, "bits": (3, None), "accumulates": ("sum", "mean")}
    found = choose(network, data, 6, **options)
    seen = {(each.candidate.task.bits, each.candidate.task.accumulate) for each in found.screened}
    assert seen == {(3, "sum"), (None, "sum"), (3, "mean"), (None, "mean")}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"within": -1}, ValueError, "within must be"),
        ({"within": "a"}, TypeError, "within must be"),
        ({"objective": "price"}, ValueError, "objective must be one of"),
        ({"confidence": 0.3}, ValueError, "confidence must be"),
        ({"confidence": 1.0}, ValueError, "confidence must be below 1"),
        ({"lengths": ()}, ValueError, "lengths must have at least one entry"),
        ({"lengths": 0}, ValueError, "lengths must be an integer of at least 1, got 0"),
        ({"generators": []}, ValueError, "generators must have at least one entry"),
        ({"generators": "dice"}, ValueError, "generator must be"),
        ({"encodings": "morse"}, ValueError, "encoding must be"),
        ({"accumulates": ()}, ValueError, "accumulates must have at least one entry"),
        ({"bits": ()}, ValueError, "bits must have at least one entry"),
        ({"bits": 0}, ValueError, "bits must be"),
        ({"seed": -1}, ValueError, "seed must be"),
        ({"per_layer": "yes"}, TypeError, "per_layer must be"),
        ({"calibrate": "maybe"}, ValueError, "calibrate must be one of"),
    ],
)
def test_bad_input(network, data, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        choose(network, data, **{"lengths": (4,), "generators": "sobol", **options}, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_calibrated_network_is_refused(network, data):
    calibrated = network.calibrate(data.x_train, length=4)
    with pytest.raises(ValueError, match="network must not be calibrated"):
        choose(calibrated, data)
