"""The pictures of primitives: they are drawn, and their numbers hold."""

import numpy as np

from examples.primitives import (
    IMAGE_LENGTHS,
    RACES,
    STRENGTH,
    inhibited,
    mach_bands,
    odds,
    photograph,
    race,
    saturation,
)


def test_pictures(tmp_path):
    (bands, errors), (races, off), (sites, missing) = mach_bands(), race(), saturation()
    for figure in (bands, races, sites):
        figure.savefig(tmp_path / "picture.png")
        assert 1000 < (tmp_path / "picture.png").stat().st_size < 165_000
    for length in IMAGE_LENGTHS:  # the units, their inhibition and the difference are rounded to 1 / L each
        assert errors[length] <= (2 + STRENGTH) / (2 * length) + STRENGTH * 1e-3
    assert off < 5 * np.sqrt(0.25 / (2 * RACES))
    assert missing["one branch"] > 0.1
    assert missing["two branches"] < 0.001


def test_a_photograph_has_mach_bands():
    """Beside the edge of a roof the sky is brighter than the sky, and the roof darker than the roof."""
    image = photograph()
    exact, circuits = inhibited(image)
    wide = circuits[IMAGE_LENGTHS[-1]]
    dark = image < 0.5
    dark = (np.flatnonzero(row < 0.5) for row in image[16:76])
    ends = {row: int(found[-1]) for row, found in enumerate(dark, 16) if len(found)}  # the roof's last pixel in a row
    assert len(ends) > 50
    for values in (exact, wide):
        sky = {row: np.median(values[row, end + 12 :]) for row, end in ends.items()}
        brighter = [values[row, end + 1 : end + 4].max() / sky[row] for row, end in ends.items()]
        darker = [values[row, end - 1 : end + 1].min() / sky[row] for row, end in ends.items()]
        assert np.median(brighter) > 1.5
        assert np.quantile(brighter, 0.1) > 1.1
        assert np.quantile(darker, 0.9) < 0.5


def test_odds_of_two_binomials():
    assert abs(odds(0.2, 16) - 0.8766) < 5e-5
    assert abs(odds(0.1, 256, 8) - 0.7024) < 5e-5
    assert odds(0.0, 33) == np.float64(0.5) or abs(odds(0.0, 33) - 0.5) < 1e-12
