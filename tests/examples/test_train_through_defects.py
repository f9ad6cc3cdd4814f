"""The example of worn chips: training through defects wins back most of what they cost."""

from examples.train_through_defects import draw, study


def test_most_of_the_lost_accuracy_is_won_back():
    injected, through = study(rates=(0.1,), chips=2, epochs=10).mean((0, 1))
    assert injected < 0.8
    assert through > 0.9


def test_the_picture_is_drawn(tmp_path):
    import numpy as np

    found = np.linspace(0.5, 0.95, 10).reshape(5, 1, 2)
    draw(found, 0.97).savefig(tmp_path / "defects.png")
    assert (tmp_path / "defects.png").stat().st_size > 1000
