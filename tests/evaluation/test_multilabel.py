"""Networks of several labels are counted by subset accuracy, from scikit-learn's model to the printed table."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, make_multilabel_classification
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, StandardScaler

from sc_neurocore import Network
from sc_neurocore.cli import main
from sc_neurocore.datasets import Dataset, load_npz
from sc_neurocore.evaluation import evaluate, fault_study, joined
from sc_neurocore.evaluation.classification import Classification
from sc_neurocore.evaluation.results import SUBSET
from sc_neurocore.interop import from_sklearn
from sc_neurocore.networks import FixedPoint
from sc_neurocore.plots import save_accuracy, save_faults

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
NAMES = ("sun", "rain", "wind", "snow")


@pytest.fixture(scope="module")
def made():
    """A fitted pipeline, its network, and samples with labels."""
    x, y = make_multilabel_classification(500, n_features=12, n_classes=4, random_state=0)
    model = make_pipeline(MaxAbsScaler(), MLPClassifier((16,), max_iter=300, alpha=1.0, random_state=0))
    model.fit(x[:350], y[:350])
    data = Dataset("weather", x[:350], y[:350], x[350:], y[350:], classes=NAMES)
    return model, replace(from_sklearn(model, x), classes=NAMES), data


def test_float_is_the_score_of_the_model(made):
    model, network, data = made
    evaluation = evaluate(network, data, 256, ("searched", "sobol", "fixed-point"), calibrate="none")
    assert evaluation.multilabel
    assert evaluation.float_accuracy == model.score(data.x_test, data.y_test)
    assert 0.3 < evaluation.float_accuracy < 0.95
    for point in evaluation.points:
        assert abs(point.accuracy - evaluation.float_accuracy) < 0.05
    (fixed,) = evaluation.line("fixed-point")
    assert fixed.correct == (FixedPoint(network, 8).predict(data.x_test) == data.y_test).all(1).sum()


def test_counts_are_of_whole_rows(made):
    _, network, data = made
    evaluation = evaluate(network, data, 16, "sobol", calibrate="none")
    found, float_found = network.circuit(16, "sobol").predict(data.x_test), network.float_predict(data.x_test)
    (row,) = evaluation.rows
    right = (found == data.y_test).all(1)
    assert row.correct == right.sum()
    assert row.agree == (found == float_found).all(1).sum()
    assert np.array_equal(row.wrong.mask(), ~right)
    assert np.array_equal(row.float_wrong.mask(), (float_found != data.y_test).any(1))
    assert row.correct < (found == data.y_test).mean() * len(found)


def test_blocks_add_up_to_whole_rows(made):
    _, network, data = made
    subject = Classification.of(network, data, clip=False)
    (whole,) = evaluate(network, data, 16, "bernoulli", calibrate="none").rows
    parts = [subject.measure_block(whole.task, start, stop) for start, stop in ((0, 70), (70, 150))]
    row = joined(parts).row()
    assert replace(row, elapsed_ns=whole.elapsed_ns) == whole
    assert (row.wrong, row.float_wrong) == (whole.wrong, whole.float_wrong)


def test_calibrated_circuits_estimates_and_faults(made, tmp_path):
    _, network, data = made
    evaluation = evaluate(network, data, 8, "searched", out=tmp_path)
    assert evaluation.points[0].accuracy > evaluation.uncalibrated.points[0].accuracy
    again = evaluate(network, data, 8, "searched", out=tmp_path)
    assert (again.rows, again.reused) == (evaluation.rows, 1)
    assert SUBSET in evaluation.table().splitlines()
    assert json.loads((tmp_path / "record.json").read_text())["runs"][0]["network"]["kind"] == "multilabel"
    estimate = evaluate(network, data, 1024, estimate=True, calibrate="none")
    counted = evaluate(network, data, 1024, "bernoulli", calibrate="none")
    assert abs(estimate.points[0].accuracy - counted.points[0].accuracy) < 0.08
    study = fault_study(network, data, "bit-flips", 0.2, 64, "sobol", calibrate="none")
    assert study.evaluations[1].points[0].accuracy < study.evaluations[0].points[0].accuracy
    save_accuracy(tmp_path / "a.png", evaluation)
    save_faults(tmp_path / "b.png", study)


def test_labels_by_name(made):
    _, network, data = made
    order = [2, 0, 3, 1]
    names = tuple(NAMES[place] for place in order)
    turned = Dataset("a", (), (), data.x_test, data.y_test[:, order], classes=names)
    plain = Dataset("a", (), (), data.x_test, data.y_test)
    counts = [evaluate(network, each, 16, "sobol").rows[0].correct for each in (turned, plain)]
    assert counts[0] == counts[1]
    other = Dataset("a", (), (), data.x_test, data.y_test, classes=("sun", "rain", "wind", "fog"))
    with pytest.raises(ValueError, match=r"labels must be those of the network \['sun'.*, got \['sun', .* 'fog'\]"):
        evaluate(network, other, 16)


def test_a_class_is_a_row_of_one_label(made):
    _, network, data = made
    one = data.y_test.sum(1) == 1
    x, y = data.x_test[one], data.y_test[one]
    assert one.sum() > 20
    rows = Dataset("a", (), (), x, y)
    assert not rows.multilabel
    named = Dataset("a", (), (), x, [NAMES[place] for place in y.argmax(1)])
    counts = {evaluate(network, each, 64, "sobol").rows[0].correct for each in (rows, named)}
    assert counts == {(network.circuit(64, "sobol").predict(x) == y).all(1).sum()}
    single = Network.from_arrays([[[1.0, -1.0]]], kind="multilabel")
    data = Dataset.held_out("a", [[0.9, 0.1], [0.1, 0.9], [0.8, 0.2]], [1, 0, 0])
    assert evaluate(single, data, 64, "sobol").float_correct == 2


def test_what_does_not_fit(made):
    _, network, data = made
    classifier = Network.from_arrays([np.ones((4, 12))], input_range=(0.0, 60.0))
    with pytest.raises(ValueError, match="data must have one class a sample for a network of kind classifier"):
        evaluate(classifier, data, 16)
    wide = Dataset("a", (), (), data.x_test, np.ones((150, 5), int))
    with pytest.raises(ValueError, match="data must have 4 labels, one for each output of the network, got 5"):
        evaluate(network, wide, 16)
    with pytest.raises(ValueError, match="network must be a classifier to have an accuracy, got a regressor"):
        evaluate(Network.from_arrays([np.ones((4, 12))], kind="regressor"), data, 16)


def status(words):
    with pytest.raises(SystemExit) as caught:
        main([str(word) for word in words])
    return caught.value.code or 0


def test_on_the_command_line(made, tmp_path, capsys):
    _, network, data = made
    network.save(tmp_path / "a.safetensors")
    arrays = {"x": data.x_test, "y": data.y_test, "x_train": data.x_train, "y_train": data.y_train}
    np.savez(tmp_path / "a.npz", **arrays)
    assert np.array_equal(load_npz(tmp_path / "a.npz").y_test, data.y_test)
    command = ["evaluate", "--model", tmp_path / "a.safetensors", "--data", tmp_path / "a.npz", "--lengths", "16,64"]
    command += ["--generators", "searched,fixed-point", "--out", tmp_path / "report"]
    assert status(command) == 0
    printed = capsys.readouterr().out
    assert "12 inputs, 4 labels" in printed
    assert SUBSET in " ".join(printed.split())
    assert (tmp_path / "report" / "accuracy.png").exists()
    np.savez(tmp_path / "a.npz", x=data.x_test, y=data.y_test[:, :3])
    assert status(command) == 2
    assert "data must have 4 labels" in capsys.readouterr().err


def test_raw_breast_cancer():
    """Thirty features from 0.003 to 4254: a scaler in the pipeline gives each its own range."""
    x, y = load_breast_cancer(return_X_y=True)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.4, random_state=0, stratify=y)
    model = make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=500, random_state=0)).fit(x, y)
    network = from_sklearn(model, x)
    data = Dataset("breast cancer", x, y, x_test, y_test)
    mapped, calibrated = (
        evaluate(network, data, 256, "searched", calibrate=calibrate, clip=True) for calibrate in ("none", "auto")
    )
    assert mapped.float_accuracy == model.score(x_test, y_test)
    assert mapped.float_accuracy > 0.94
    for evaluation in (mapped, calibrated):
        assert evaluation.points[0].accuracy > evaluation.float_accuracy - 0.02
