"""Sweeps as TOML files."""

import pytest

from sc_neurocore import sweeps
from sc_neurocore.sweeps import StopWhen
from sc_neurocore.sweeps.toml_file import read_toml

WHOLE = """
data = "mine.npz"
block = 128
backend = "reference"
calibration = "more.npz"
random = 3
random_seed = 5

[models]
small = "small.safetensors"
large = "large.safetensors"

[axes]
length = [16, 64, [16, 64]]
generator = ["sobol", "lfsr"]
share = ["none", "shift"]
clip = true

[stop]
threshold = 0.95
error = 0.05
"""


@pytest.fixture
def read(tmp_path):
    def call(text):
        (tmp_path / "sweep.toml").write_text(text)
        return read_toml(tmp_path / "sweep.toml")

    return call


def test_all_of_it(read):
    found = read(WHOLE)
    axes = {"length": [16, 64, (16, 64)], "generator": ["sobol", "lfsr"], "share": [None, "shift"], "clip": True}
    assert found.made_points() == sweeps.sample(3, random_seed=5, **axes)
    assert found.rule() == StopWhen(threshold=0.95, error=0.05)
    assert found.models == {"small": "small.safetensors", "large": "large.safetensors"}
    assert (found.data, found.block, found.backend) == ({"data": "mine.npz"}, 128, "reference")
    assert found.calibration == "more.npz"


def test_a_list_of_points(read):
    found = read('model = "a.npz"\ndataset = "digits"\n[[points]]\nlength = 4\n[[points]]\nlength = [4, 8]')
    assert found.made_points() == ({"length": 4}, {"length": (4, 8)})
    assert (found.models, found.dataset, found.rule()) == ({"model": "a.npz"}, "digits", None)
    assert read("axes.length = [4, 8]").made_points() == sweeps.grid(length=[4, 8])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("axes = [", "must be a TOML file"),
        ("axis.length = 4", "a key of .* must be one of axes, points, .*, got 'axis'"),
        ("random = '3'", "random in .* must be another kind of value, got '3'"),
        ("block = true", "block in .* must be another kind of value, got True"),
        ("model = 'a'\nmodels.b = 'b'", "must not have both model and models"),
        ("models.a = 3", r"models\.a in .* must be a str"),
        ("points = [3]", "a point in .* must be a dict"),
        ("data = 'a'\ndataset = 'digits'", "must not have both data and dataset"),
        ("a = " + "[" * 50_000, "must be a TOML file that is not nested as deeply as this one is"),
    ],
)
def test_what_is_refused(read, text, message):
    with pytest.raises((ValueError, TypeError), match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a grid must have at least one axis, got none"),
        ("axes.lenght = 4", "an axis must be one of"),
        ("random_seed = 5\naxes.length = 4", "random_seed must come with random, a number of points, got 5"),
        ("random = 1\nrandom_seed = -1\naxes.length = 4", "random_seed must be an integer of at least 0, got -1"),
        ("axes.length = 4\n[[points]]\nlength = 8", "points must not be given with axes or random"),
        ("random = 9\naxes.length = [4, 8]", r"n must be an integer in 1\.\.2, got 9"),
    ],
)
def test_points_that_are_refused(read, text, message):
    with pytest.raises(ValueError, match=message):
        read(text).made_points()


def test_rules_that_are_refused(read):
    with pytest.raises(ValueError, match="a key of stop must be one of samples, width, threshold, error, got 'time'"):
        read("stop.time = 4").rule()
    with pytest.raises(ValueError, match="a rule must have samples, width or threshold"):
        read("stop.error = 0.1").rule()


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_toml(tmp_path / "none.toml")
