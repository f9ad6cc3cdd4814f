"""What is shown: the table of `describe`, the presets, the letters, the page in docs."""

from pathlib import Path

import numpy as np
import pytest

from examples import crossbar, letters
from sc_neurocore.synapses import PRESETS, MemristorModel

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "memristors.md").read_text()


def test_describe_shows_what_is_on():
    model = MemristorModel(
        levels=8, variability=0.05, stuck_low_rate=0.1, drift_exponent=0.05, drift_time=100.0, wire_resistance=5.0,
        read_noise=0.02, adc_bits=6,
    )  # fmt: skip
    w = np.random.default_rng(0).uniform(-1, 1, (6, 10))
    text = model.describe(w, seed=2)
    assert [line.split()[0] for line in text.splitlines()[2:7]] == ["levels", "variability", "stuck", "drift", "wires"]
    chip = model.defects(w.shape, 2, pairs=True)
    error = model.program(w, chip) - w
    assert f"stuck: {chip.stuck_low_mask.sum()} low, 0 high" in text
    row = next(line for line in text.splitlines() if line.startswith("all of it"))
    assert f"{np.sqrt(np.square(error).mean()):.4f}" in row
    assert f"{abs(error).max():.4f}" in row
    assert "read noise: 0.0283 of a weight" in text
    assert "converter: 6 bits" in text
    drift = next(line for line in text.splitlines() if line.startswith("drift"))
    assert f"{np.sqrt(np.square(w * (1 - 100**-0.05)).mean()):.4f}" in drift


def test_describe_of_ideal_cells():
    lines = MemristorModel().describe(np.ones((2, 3))).splitlines()
    assert len(lines) == 3
    assert "(single)" in lines[0]
    assert "0.0000" in lines[-1]
    with pytest.raises(ValueError, match="weights must have a value, got shape"):
        MemristorModel().describe(np.ones((0, 3)))


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name):
    preset = PRESETS[name]
    assert MemristorModel.preset(name) == MemristorModel(**preset.parameters)
    assert (preset.reference == "none") == (name == "ideal")
    assert f"| `{name}` | {preset.cell} | {preset.cited} | {preset.typical} | {preset.reference} |" in PAGE
    MemristorModel.preset(name).describe(np.eye(4) - np.eye(4)[::-1])


def test_the_page_shows_what_the_examples_print():
    assert MemristorModel.preset("al2o3-tio2").describe(crossbar.gallery()) in PAGE


@pytest.fixture(scope="module")
def trainings():
    return {stuck: letters.train(letters.cells(stuck)) for stuck in letters.STUCK}


def test_letters(trainings):
    """All of 200 clean chips learn the thirty patterns in about 20 epochs; stuck cells make it harder."""
    clean, some, many = trainings.values()
    assert clean.errors.shape == (letters.EPOCHS + 1, 200)
    assert clean.solved.all()
    assert 15 < clean.epochs.mean() < 30
    assert (clean.errors[60:] == 0).all()  # and stay there
    assert clean.epochs.mean() < some.epochs.mean() < many.epochs.mean()
    assert some.solved.mean() > 0.97
    assert 0.85 < many.solved.mean() < 1
    # What a good chip has learnt does not work around the faults of another.
    assert (letters.copied(clean, letters.cells(0.2)) == 0).mean() < 0.5
    assert not [row for row in letters.quotes(letters.numbers_of(trainings)) if row not in PAGE]


def test_letters_task():
    assert len({tuple(pattern) for pattern in letters.PATTERNS.tolist()}) == 30
    ideal = letters.PATTERNS[[0, 10, 20]]
    distance = abs(letters.PATTERNS - np.repeat(ideal, 10, axis=0)).sum(1)
    np.testing.assert_array_equal(distance, ([0] + [1] * 9) * 3)


def test_letters_picture(tmp_path, trainings):
    letters.draw(trainings).savefig(tmp_path / "letters.png")
    assert (tmp_path / "letters.png").stat().st_size > 5000
