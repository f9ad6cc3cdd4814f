"""The examples of the learning layer: they run, draw, and their stories hold."""

import numpy as np
import pytest

from examples import stdp, unsupervised_digits


@pytest.mark.slow
def test_digits_without_labels(tmp_path):
    """One look at each image: far above chance, and above what the random start can do."""
    path, digits = tmp_path / "digits.png", unsupervised_digits.load()
    looks = (0, unsupervised_digits.CHUNK, len(digits.x_train))
    moments, names = unsupervised_digits.learned(digits, 1, 0, looks)
    unsupervised_digits.draw(moments, names, digits).savefig(path)
    assert moments[-1].accuracy > 0.7
    assert 1000 < path.stat().st_size < 150_000
    assert moments[0].accuracy < 0.5


def test_window_and_groups(tmp_path):
    path = tmp_path / "stdp.png"
    certain, chance, groups = stdp.window(True, 1), stdp.window(False, 2), stdp.selectivity()
    stdp.draw(certain, chance, groups).savefig(path)
    assert 1000 < path.stat().st_size < 150_000
    assert certain[:, 0].argmax() == stdp.REACH + 1
    last = groups.means[-1]
    assert np.all(last.max(1) > 5 * last.min(1))
