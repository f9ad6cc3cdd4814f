"""The examples of the learning layer: they run, draw, and their stories hold."""

import numpy as np

from examples import stdp, unsupervised_digits


def test_digits_without_labels(tmp_path, capsys):
    """One look at each image: far above chance, and above what the random start can do."""
    path = tmp_path / "digits.png"
    accuracy = unsupervised_digits.main(["--picture", str(path), "--epochs", "1"])
    assert accuracy > 0.7
    assert 1000 < path.stat().st_size < 150_000
    start = float(capsys.readouterr().out.split("seen: ")[1].split("%")[0]) / 100
    assert start < 0.5


def test_window_and_groups(tmp_path, capsys):
    path = tmp_path / "stdp.png"
    window, groups = stdp.main(["--picture", str(path), "--repeats", "2"])
    assert 1000 < path.stat().st_size < 150_000
    assert "largest distance" in capsys.readouterr().out
    assert window.argmax() == stdp.REACH + 1
    last = groups.means[-1]
    assert np.all(last.max(1) > 5 * last.min(1))
