"""Blocks of samples: counts, wrong images and files add up to those of the whole run, bit for bit."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from sc_neurocore import Faults, MemristorModel, Network
from sc_neurocore.datasets import Dataset, load_digits
from sc_neurocore.evaluation import (
    BlockRow,
    BlockTask,
    EstimateTask,
    ResultStore,
    Row,
    Task,
    joined,
    paired,
    sample_order,
)
from sc_neurocore.evaluation.classification import Classification
from sc_neurocore.layers.options import CircuitOptions

ALARM = 1e-9
IMAGES = 90
CASES = (
    {"generator": "bernoulli"},
    {"generator": "bernoulli", "weight_streams": "stored"},
    {"generator": "bernoulli", "encoding": "bipolar", "accumulate": "mux"},
    {"generator": "searched", "faults": Faults.flips(0.05)},
    {"generator": "sobol"},
    {"generator": "lattice", "faults": Faults(product_flips=0.01)},
    {"generator": "lfsr", "faults": Faults(stuck_lines=0.1)},
    {"generator": "halton", "device": MemristorModel.preset("taox")},
    {"generator": "vdc", "length": (16, 24)},
    {"generator": "ramp", "share": "shift"},
)


@pytest.fixture(scope="module")
def subject():
    digits = load_digits()
    data = Dataset.held_out("digits", digits.x_test[:IMAGES], digits.y_test[:IMAGES], digits.x_train, digits.y_train)
    return Classification.of(Network.load(Path(__file__).parent / "files" / "digits.safetensors"), data, clip=False)


def task_of(options):
    options = CircuitOptions(**{"length": 16, **options})
    return Task.of(options, 1, version="0", network="n", data="d")


def splits(rng, pieces):
    """Random blocks, in a random order."""
    ends = [0, *np.sort(rng.choice(np.arange(1, IMAGES), pieces - 1, replace=False)).tolist(), IMAGES]
    return rng.permutation(list(pairwise(ends))).tolist()


def assert_adds_up(subject, task):
    whole = subject.measure(task)
    rng = np.random.default_rng(1)
    circuit = subject.circuit(task)
    for pieces in (1, 2, 7):
        blocks = [subject.measure_block(task, *block, circuit=circuit) for block in splits(rng, pieces)]
        assert all(len(block.task.places) == block.images for block in blocks)
        row = joined(blocks).row()
        assert replace(row, elapsed_ns=whole.elapsed_ns) == whole
        assert (row.wrong, row.float_wrong) == (whole.wrong, whole.float_wrong)
        assert row.elapsed_ns == sum(block.elapsed_ns for block in blocks)
    one = subject.measure_block(task, 10, 11)  # a circuit of its own
    assert one.wrong.mask()[0] == whole.wrong.mask()[sample_order(IMAGES)[10]]


@pytest.mark.parametrize("options", CASES, ids=str)
def test_blocks_add_up(subject, options):
    assert_adds_up(subject, task_of(options))


def test_fixed_point(subject):
    task = replace(task_of({"faults": Faults.flips(0.01)}), generator="fixed-point", bits=8, length=1)
    assert_adds_up(subject, task)


def test_calibrated(subject):
    network = subject.network.calibrate(subject.data.x_train[:200], length=16, generator="searched")
    assert_adds_up(replace(subject, network=network), task_of({"generator": "searched"}))


def test_blocks_tell_seeds_and_samples_apart(subject):
    tasks = [
        task_of({"generator": "bernoulli", "length": 4}),
        task_of({"generator": "bernoulli", "length": 4, "seed": 1}),
    ]
    found = {
        subject.measure_block(task, *block).wrong.packed for task in tasks for block in ((0, 45), (45, 90), (1, 46))
    }
    assert len(found) == 6


# ---------------------------------------------------------------- the order


def test_the_order_is_pinned_and_a_permutation():
    assert sample_order(12).tolist() == [
        4,
        1,
        6,
        8,
        9,
        7,
        10,
        11,
        5,
        2,
        3,
        0,
    ]  # files of results refer to it: never change it
    for total in (1, 2, 97, 540):
        assert sorted(sample_order(total).tolist()) == list(range(total))
        assert not sample_order(total).flags.writeable
    with pytest.raises(ValueError, match="total must be an integer of at least 1, got 0"):
        sample_order(0)


def uniformity(orders):
    """p-value of the chi-square test that the first half is a random sample: how often each twentieth is in it."""
    shares = [np.bincount(20 * order[: len(order) // 2] // len(order), minlength=20) for order in orders]
    return stats.chisquare(np.sum(shares, 0)).pvalue


def test_a_part_is_a_random_sample():
    totals = range(2000, 2400, 20)
    assert uniformity([sample_order(total) for total in totals]) > ALARM
    assert uniformity([np.sort(sample_order(total)) for total in totals]) < ALARM


# ---------------------------------------------------------------- rows and files


TASK = task_of({"generator": "sobol"})


def row_of(start, stop, correct, total=10):
    return BlockRow(BlockTask.of_task(TASK, start, stop, total), stop - start, correct, correct, correct, 5)


def test_ids_are_pinned_and_differ():
    blocks = [(0, 5, 10), (0, 6, 10), (1, 5, 10), (0, 5, 11)]
    ids = {BlockTask.of_task(TASK, *block).id for block in blocks} | {TASK.id}
    assert len(ids) == 5
    pinned = Task("0.1.0", "ab", "cd", "sobol", 256)
    assert BlockTask.of_task(pinned, 0, 5, 10).id == "6e201a8e53c43b2b"  # a file refers to it: never change it


def test_what_is_refused(subject):
    for block, message in [
        ((0, 0, 10), r"stop must be an integer in 1\.\.10, got 0"),
        ((5, 5, 10), r"start must be an integer in 0\.\.4, got 5"),
        ((0, 11, 10), r"stop must be an integer in 1\.\.10, got 11"),
        ((-1, 5, 10), r"start must be an integer in 0\.\.4, got -1"),
    ]:
        with pytest.raises(ValueError, match=message):
            BlockTask.of_task(TASK, *block)
    with pytest.raises(ValueError, match=r"stop must be an integer in 1\.\.90, got 91"):
        subject.measure_block(TASK, 0, 91)
    with pytest.raises(ValueError, match="task must be a whole one that counts streams to be run in blocks"):
        subject.measure_block(EstimateTask("0", "n", "d", "bernoulli", 16), 0, 5)
    with pytest.raises(ValueError, match="task must be a whole one"):
        subject.measure_block(BlockTask.of_task(TASK, 0, 5, IMAGES), 0, 5)
    estimate = subject.circuit(EstimateTask("0", "n", "d", "bernoulli", 16))
    with pytest.raises(ValueError, match="circuit must count streams to be run in blocks"):
        subject.measure_block(TASK, 0, 5, circuit=estimate)
    with pytest.raises(ValueError, match="images must be 5, as of the block"):
        BlockRow(BlockTask.of_task(TASK, 0, 5, 10), 6, 1, 1, 1, 1)


def test_joining():
    assert joined([row_of(5, 10, 3), row_of(0, 5, 4)]) == replace(row_of(0, 10, 7), elapsed_ns=10)
    part = joined([row_of(2, 5, 3), row_of(5, 6, 0)])
    assert (part.task.start, part.task.stop, part.correct) == (2, 6, 3)
    with pytest.raises(ValueError, match=r"block must hold all 10 samples, got 2\.\.6"):
        part.row()
    other = replace(row_of(5, 10, 3), task=replace(row_of(5, 10, 3).task, seed=9))
    for rows, message in [
        ([], "rows must hold at least one block, got none"),
        ([row_of(0, 5, 1), row_of(6, 10, 1)], r"rows must be blocks that follow each other, got 0\.\.5, 6\.\.10"),
        ([row_of(0, 5, 1), row_of(4, 10, 1)], "rows must be blocks that follow each other"),
        ([row_of(0, 5, 1), row_of(0, 5, 1)], "rows must be blocks that follow each other"),
        ([row_of(0, 5, 1), other], "rows must be blocks of one task"),
        ([row_of(0, 5, 1), row_of(5, 10, 1, 11)], "rows must be blocks of one task"),
    ]:
        with pytest.raises(ValueError, match=message):
            joined(rows)


def test_files(subject, tmp_path):
    store = ResultStore(tmp_path / "blocks.csv", blocks=True)
    rows = [subject.measure_block(TASK, *block) for block in ((0, 45), (45, 90))]
    for row in rows:
        store.append(row)
    read = ResultStore(tmp_path / "blocks.csv", blocks=True).read()
    assert list(read.values()) == rows
    assert [(row.wrong, row.float_wrong) for row in read.values()] == [(row.wrong, row.float_wrong) for row in rows]
    assert {path.name for path in store.paths} == {"blocks.csv", "blocks-wrong.bits"}
    with pytest.raises(ValueError, match="its header differs"):
        ResultStore(tmp_path / "blocks.csv").read()
    with pytest.raises(ValueError, match="estimates and blocks must not both be true"):
        ResultStore(tmp_path / "blocks.csv", estimates=True, blocks=True)


def test_pairs_are_of_the_same_samples(subject):
    first, second = (subject.measure_block(TASK, *block) for block in ((0, 45), (45, 90)))
    paired(first.wrong, first.float_wrong)
    with pytest.raises(ValueError, match="must be of the same images"):
        paired(first.wrong, second.wrong)


def test_rows_of_all_samples_are_those_of_evaluate(subject):
    assert isinstance(joined([row_of(0, 10, 5)]).row(), Row)
    assert joined([row_of(0, 10, 5)]).row().id == TASK.id
