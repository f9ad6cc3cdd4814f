"""Fault studies: rows of streams and of fixed point, kept and resumed; what is tolerated."""

import numpy as np
import pytest

from sc_neurocore import Faults, Network
from sc_neurocore.evaluation import ResultStore, evaluate, fault_study
from sc_neurocore.evaluation.fault_study import rated_faults


@pytest.fixture
def network():
    """Classes by the second input, as the labels of `data` are."""
    return Network.from_arrays([[[0.0, -2.0], [0.0, 0.0], [0.0, 2.0]]], [[0.8, 0.1, -1.2]])


def test_study(network, data, tmp_path):
    calls = []
    study = fault_study(
        network,
        data,
        "product-flips",
        [0.3, 0.01],
        [16, 64],
        ["sobol"],
        out=tmp_path,
        progress=lambda *a: calls.append(a),
    )
    assert study.rates == (0.0, 0.01, 0.3)
    assert list(study.lines) == [("sobol", 16), ("sobol", 64), ("fixed-point", 1)]
    rows = ResultStore(tmp_path / "results.csv").read()
    assert len(rows) == 9
    assert {row.task.faults for row in rows.values()} == {"", '{"product_flips": 0.01}', '{"product_flips": 0.3}'}
    assert [call[0] for call in calls] == sorted(call[0] for call in calls)
    assert calls[-1] == (9, 9, None)
    alone = evaluate(network, data, [64], ["sobol"], faults=Faults(product_flips=0.3))
    assert alone.points[0].correct == study.lines["sobol", 64][2].correct
    again = fault_study(network, data, "product-flips", [0.01, 0.3], [16, 64], ["sobol"], out=tmp_path)
    assert [e.reused for e in again.evaluations] == [3, 3, 3]
    assert again.lines == study.lines


def test_tolerated(network, data):
    study = fault_study(network, data, "bit-flips", [0.001, 0.5], [256], ["sobol"])
    assert study.tolerated("sobol", 256) in (0.0, 0.001)
    line = study.lines["sobol", 256]
    assert line[2].correct < line[0].correct - 0.01 * line[0].images


def test_rated_faults():
    assert rated_faults("bit-flips", [0.2]) == [(0.0, Faults()), (0.2, Faults(input_flips=0.2, weight_flips=0.2))]
    with pytest.raises(ValueError, match=r"kind must be one of input-flips, .* got 'rust'"):
        rated_faults("rust", [0.1])
    with pytest.raises(ValueError, match="rates must have at least one entry, got none"):
        rated_faults("stuck-lines", [])
    with pytest.raises(ValueError, match=r"stuck-lines must be a number in \[0, 1\], got 1.5"):
        rated_faults("stuck-lines", [1.5])


def test_one_value_is_a_list_of_one(network, data):
    study = fault_study(network, data, "bit-flips", 0.1, 64, "sobol")
    assert study.rates == (0.0, 0.1)
    same = fault_study(network, data, "bit-flips", np.array([0.1]), [64], ["sobol"])
    assert [row.task for e in study.evaluations for row in e.rows] == [r.task for e in same.evaluations for r in e.rows]
    assert list(study.lines) == [("sobol", 64), ("fixed-point", 1)]


def test_faults_come_from_the_rates(network, data):
    with pytest.raises(TypeError, match=r"faults must not be given beside kind and rates, got Faults\(input_flips=0.5"):
        fault_study(network, data, "bit-flips", [0.1], 64, "sobol", faults=Faults(input_flips=0.5))


def test_fixed_point_among_the_generators(network, data):
    found = evaluate(network, data, [16, 64], ["sobol", "fixed-point"])
    assert [(p.generator, p.length) for p in found.points] == [("sobol", 16), ("sobol", 64), ("fixed-point", 1)]
    assert found.rows[-1].task.bits == 8
    coarse = evaluate(network, data, [16], ["fixed-point"], bits=2)
    assert coarse.rows[0].task.bits == 2
    assert coarse.points[0].agreement < found.points[-1].agreement
    with pytest.raises(ValueError, match="dead_generator must be None in fixed point"):
        evaluate(network, data, [16], ["fixed-point"], faults=Faults(dead_generator="inputs"))
    assert np.isfinite(found.points[-1].accuracy)
