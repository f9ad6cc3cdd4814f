"""The page and the pictures of predictive coding: they run, and their story holds."""

from pathlib import Path

import numpy as np
import pytest

from examples import predictive_coding as example

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "predictive_coding.md").read_text()


@pytest.fixture(scope="module")
def streams():
    return [example.novelty(seed) for seed in range(example.STREAMS)]


@pytest.fixture(scope="module")
def unseen():
    return example.unseen_digits(example.tasks())


@pytest.mark.slow
def test_pictures(streams, unseen, tmp_path):
    figures = example.pictures(streams[example.PICTURED], unseen)
    assert set(figures) == set(example.PICTURES)
    for name, figure in figures.items():
        figure.savefig(tmp_path / name)
        assert 10_000 < (tmp_path / name).stat().st_size < 150_000


def test_a_new_pattern_gives_an_alarm_and_an_old_one_none(streams):
    new, old, elsewhere = example.score(streams)
    said = (
        f"{len(streams)} streams: alarm at {new} of 60 new patterns, at {old} of 60 that come again, {elsewhere} else"
    )
    assert said in PAGE
    firsts = np.array([found.surprise.reshape(-1, example.REGIME)[:, :10].max(1) for found in streams])
    new = [i for i, name in enumerate(example.ORDER) if i and name not in example.ORDER[:i]]
    old = [i for i, name in enumerate(example.ORDER) if name in example.ORDER[:i]]
    least, *most = firsts[:, new].min(), *np.sort(firsts[:, old], axis=None)[-2:]
    assert least > example.ALARM + 0.02
    assert most[1] < example.ALARM
    assert most[0] < example.ALARM - 0.02  # one of 60 comes near the level
    assert f"surprise by {least:.3f} or more, old ones by at most {most[1]:.3f}".replace("0.", ".") in PAGE
    assert "all but one of the 60 old ones by less than .16" in PAGE


def test_a_digit_never_seen_surprises_more(unseen):
    areas = unseen.areas
    assert areas["k = 1"].min() > 0.8
    assert 0 < areas["k-means, float"].mean() - areas["k = 1"].mean() < 0.03
    for row in ("k = 1", "one neuron that learns all"):
        cells = " | ".join(f"{area:.3f}"[1:] for area in (*areas[row], areas[row].mean()))
        assert f"| {row} | {cells} |" in PAGE


def test_area_under_the_curve():
    rng = np.random.default_rng(0)
    novel, known = rng.integers(2, 9, 30), rng.integers(0, 7, 50)  # with ties
    area = example.roc(novel, known)[2]
    above, equal = novel[:, None] > known, novel[:, None] == known
    assert area == pytest.approx((above + equal / 2).mean())


def test_xor_of_one_sequence_and_of_two():
    x = np.linspace(0, 1, 65)
    for w in (0.25, 0.5):
        np.testing.assert_allclose(example.xor_of(w, x, share=True), abs(w - x), atol=1 / 512)
        np.testing.assert_allclose(example.xor_of(w, x, share=False), w + x - 2 * w * x, atol=0.02)
