"""Points: grids, lists, random parts of grids, and what is refused."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from sc_neurocore import MemristorModel, sweeps
from sc_neurocore.sweeps.axes import shown_value

ALARM = 1e-9


def test_a_grid_is_all_combinations_in_order():
    points = sweeps.grid(generator=["sobol", "lfsr"], length=[4, (4, 8)], seed=range(2))
    assert [tuple(point.values()) for point in points] == list(product(["sobol", "lfsr"], [4, (4, 8)], [0, 1]))
    assert {tuple(point) for point in points} == {("generator", "length", "seed")}
    assert sweeps.grid(length=[4, 4, 8]) == ({"length": 4}, {"length": 8})


def test_a_sample_is_a_part_of_the_grid():
    axes = {"generator": ["sobol", "lfsr"], "length": range(1, 30), "seed": range(3)}
    grid = [tuple(point.values()) for point in sweeps.grid(**axes)]
    for n in (1, 5, 100, len(grid)):
        found = [tuple(point.values()) for point in sweeps.sample(n, **axes)]
        assert len(set(found)) == len(found) == n
        assert found == sorted(found, key=grid.index)
    assert sweeps.sample(5, **axes) == sweeps.sample(5, **axes) != sweeps.sample(5, random_seed=1, **axes)
    assert [point["seed"] for point in sweeps.sample(3, seed=range(10**6))] == [217261, 285858, 997912]


def uniformity(first):
    """p-value that every place of 20 is drawn as often as the others, in draws of 3."""
    drawn = [point["seed"] for seed in range(2000) for point in first(seed)]
    return stats.chisquare(np.bincount(drawn, minlength=20)).pvalue


@pytest.mark.parametrize("n", [3, 12])  # few of them are drawn anew where there are two alike, many are sorted
def test_every_point_is_as_likely(n):
    assert uniformity(lambda seed: sweeps.sample(n, random_seed=seed, seed=range(20))) > ALARM
    assert uniformity(lambda seed: sweeps.sample(n, random_seed=seed, seed=range(20))[:2]) < ALARM


def test_a_list():
    points = [{"length": 4}, {"device": "hfo2", "stuck_rate": 0.1}]
    assert sweeps.listed(points) == tuple(points)
    model = MemristorModel(levels=4)
    assert sweeps.listed([{"device": model}]) == ({"device": model},)


@pytest.mark.parametrize(
    ("axes", "error", "message"),
    [
        ({}, ValueError, "a grid must have at least one axis, got none"),
        ({"lenght": [4]}, ValueError, r"an axis must be one of model, data, generator, .*, got 'lenght'"),
        ({"length": []}, ValueError, "length must have at least one value, got none"),
        ({"length": [0]}, ValueError, "length must be an integer of at least 1, got 0"),
        ({"length": [()]}, ValueError, "length must have a number for each layer, got none"),
        ({"length": [4.0]}, TypeError, r"length must be an integer of at least 1, got 4\.0"),
        ({"generator": ["dice"]}, ValueError, "generator must be one of .*, got 'dice'"),
        ({"flips": [2]}, ValueError, "flips must be a number in .*, got 2"),
        ({"device": ["rram"]}, ValueError, "device must be one of"),
        ({"clip": [1]}, TypeError, "clip must be True or False, got 1"),
        ({"calibrate": [None]}, ValueError, "calibrate must be one of auto, none"),
        ({"length": range(1, 2000), "seed": range(1000)}, ValueError, "a grid must have at most 1000000 points"),
    ],
    ids=str,
)
def test_what_is_refused(axes, error, message):
    with pytest.raises(error, match=message):
        sweeps.grid(**axes)


def test_what_lists_and_samples_refuse():
    with pytest.raises(ValueError, match="points must hold at least one point, got none"):
        sweeps.listed([])
    with pytest.raises(TypeError, match="a point must be a Mapping"):
        sweeps.listed([("length", 4)])
    with pytest.raises(ValueError, match=r"n must be an integer in 1\.\.2, got 3"):
        sweeps.sample(3, length=[4, 8])
    with pytest.raises(ValueError, match="random_seed must be an integer of at least 0, got -1"):
        sweeps.sample(1, random_seed=-1, length=[4, 8])
    with pytest.raises(ValueError, match="the grid must have fewer than 1099511627776 points"):
        sweeps.sample(1, length=range(1, 10**5), seed=range(10**5), repeat=range(10**5))


def test_every_axis_reads_what_it_shows():
    values = {
        "model": "a", "data": "b", "generator": "fixed-point", "length": (16, 64), "encoding": "bipolar",
        "accumulate": "mux", "share": None, "weight_share": "one", "weight_streams": "stored", "bits": 8,
        "device": "hfo2", "stuck_rate": 0.25, "variability": None, "flips": 0.01, "input_flips": 1e-6,
        "weight_flips": 0.0, "product_flips": 1.0, "stuck_lines": 0.5, "dead_generator": "inputs",
        "calibrate": "none", "clip": True, "seed": 3, "repeat": 2,
    }  # fmt: skip
    assert set(values) == set(sweeps.AXES)
    for name, value in values.items():
        assert sweeps.AXES[name].read(shown_value(value)) == value
        assert sweeps.AXES[name].about
