"""The example of two eyes: it runs, draws, and its story holds."""

import numpy as np

from examples.fusion_digits import LENGTHS, TwoEyes, draw, sweep_length, sweep_noise


def test_two_eyes(tmp_path):
    path, eyes = tmp_path / "fusion.png", TwoEyes()
    noises, lengths = sweep_noise(eyes, 1), sweep_length(eyes, 1)
    draw(noises, lengths, eyes).savefig(path)
    assert 1000 < path.stat().st_size < 150_000
    accuracy = noises.accuracy
    alone = np.maximum(accuracy["left eye"], accuracy["right eye"])
    assert (accuracy["half each"] - alone)[0] > 0.03  # clear: the halves complete each other
    assert (accuracy["half each"] - alone)[-1] < -0.05  # noisy: a fixed half is too much
    assert (accuracy["best share"] - alone).min() > -0.01
    assert (np.diff(noises.right_weight) <= 0.125).all()
    assert noises.right_weight[-1] < noises.right_weight[0]
    assert abs(lengths.accuracy["sobol"][LENGTHS.index(64) :] - lengths.floating).max() < 0.01
    assert lengths.accuracy["bernoulli"][0] < lengths.accuracy["sobol"][0] - 0.01
