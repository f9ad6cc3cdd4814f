"""Neurons and their noise: backends against `reference`, polynomials against libraries, normals as random numbers."""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.backends import normal, reference
from sc_neurocore.backends.philox import philox4x32
from sc_neurocore.backends.reference import standard_normals
from sc_neurocore.backends.types import FixedMembrane, Membrane

ALARM = 1e-9
KEY = 0x0123456789ABCDEF


def plain(noise=0.0, **changes):
    return Membrane(0.0, -0.1, 0.3, 20.0, 0.5, 1.3, noise, 2, False)._replace(**changes)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("membrane", [plain(), plain(0.05), plain(0.3, soft=True, v_rest=0.05), plain(refractory=0)])
@pytest.mark.parametrize(("rows", "sources", "steps", "step"), [
    (1, 1, 7, 0), (33, 1, 100, 61), (34, 2, 130, 3), (17, 17, 200, 4 * 4096 + 63), (16, 4, 1, 2**36 + 5), (5, 1, 0, 3),
])  # fmt: skip
@pytest.mark.kernels("lif")
def test_lif_equal(backend, rows, sources, steps, step, membrane, threads, split_over):
    split_over(threads)
    rng = np.random.default_rng(rows + steps)
    counts = rng.integers(0, 4, (sources, steps)).astype(np.int32)
    levels = 0.01 + 0.1 * (np.arange(4) / 3)
    v, left = rng.uniform(-0.2, 0.3, rows), rng.integers(0, 3, rows)
    for values, table in ((counts, levels), (levels[counts], np.empty(0))):
        arguments = KEY, values, table, step, membrane, v, left
        for trace in (False, True):
            mine, theirs = (kernels.lif(*arguments, trace) for kernels in (backend, reference))
            for a, b in zip(mine, theirs, strict=True):
                assert a.dtype == b.dtype
                np.testing.assert_array_equal(a, b)
        assert steps < 30 or mine[0].any()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.kernels("lif_fixed")
def test_lif_fixed_equal(backend, threads, split_over):
    split_over(threads)
    rng = np.random.default_rng(2)
    for soft in (False, True):
        membrane = FixedMembrane(3, -5, 150, 13, 256, 8, 511, 2, soft)
        for rows, sources in ((1, 1), (7, 1), (7, 7)):
            drive = rng.integers(-300, 400, (sources, 101))
            v, left = rng.integers(-50, 50, rows), rng.integers(0, 3, rows)
            mine, theirs = (kernels.lif_fixed(drive, membrane, v, left) for kernels in (backend, reference))
            for a, b in zip(mine, theirs, strict=True):
                assert a.dtype == b.dtype
                np.testing.assert_array_equal(a, b)
            assert mine[0].any()
            assert mine[3].any()


def test_polynomials():
    m, r = np.linspace(0.5**0.5, 2**0.5, 100_001), np.linspace(-np.pi / 4, np.pi / 4, 100_001)
    assert np.max(np.abs(normal.log_near_one(m) - np.log(m))) < 2e-14
    assert np.max(np.abs(normal.sine(r) - np.sin(r))) < 3e-14
    assert np.max(np.abs(normal.cosine(r) - np.cos(r))) < 2e-15


def test_normals_are_box_and_muller_of_philox():
    """Radius from words 0 and 2, angle from 1 and 3; the lanes of the angle by its two highest bits."""
    for row, step in ((0, 0), (5, 2**34 + 4)):
        call = step // 4
        words = philox4x32([row, 0, call & 0xFFFFFFFF, call >> 32], [KEY & 0xFFFFFFFF, KEY >> 32]).tolist()
        want = []
        for a, b in (words[:2], words[2:]):
            radius = np.sqrt(-2 * np.log((a + 0.5) / 2**32))
            angle = ((b % 2**30) + 0.5 - 2**29) * 2 * np.pi / 2**32
            pair = radius * np.cos(angle), radius * np.sin(angle)
            pair = pair[::-1] if b >> 30 & 1 else pair
            want += [-x if b >> 31 else x for x in pair]
        np.testing.assert_allclose(standard_normals(KEY, row + 1, step, step + 4)[row], want, rtol=0, atol=1e-12)


def test_largest_and_smallest_radius():
    words = np.array([0, 2**32 - 1], np.uint32)
    first, second = normal.box_muller(words, np.zeros(2, np.uint32))
    radius = np.hypot(first, second)
    np.testing.assert_allclose(radius, np.sqrt(-2 * np.log((words + 0.5) / 2**32)), rtol=1e-6)
    assert radius[0] < 6.77


def test_a_normal_depends_on_key_row_and_step_only():
    whole = standard_normals(KEY, 7, 0, 50)
    for start, stop in ((0, 1), (3, 9), (17, 50), (50, 50)):
        np.testing.assert_array_equal(standard_normals(KEY, 5, start, stop), whole[:5, start:stop])
    assert not np.any(standard_normals(KEY ^ 1, 7, 0, 50) == whole)
    assert np.unique(whole).size == whole.size


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    ("rows", "start", "stop"), [(1, 0, 1), (33, 5, 106), (17, 3, 4), (16, 2**36 + 2, 2**36 + 70), (5, 9, 9)]
)
@pytest.mark.kernels("standard_normals")
def test_normals_equal(backend, rows, start, stop, threads, split_over):
    split_over(threads)
    want = standard_normals(KEY, rows, start, stop)
    np.testing.assert_array_equal(backend.standard_normals(KEY, rows, start, stop), want)


def fit(sample):
    """P-value of a chi-square test in 64 cells of equal probability."""
    cells = np.bincount(np.floor(stats.norm.cdf(sample.ravel()) * 64).astype(int), minlength=64)
    return stats.chisquare(cells).pvalue


def uncorrelated(a, b):
    return stats.pearsonr(a.ravel(), b.ravel()).pvalue


def test_normals_are_normal():
    sample = standard_normals(KEY, 500, 0, 2000)
    assert fit(sample) > ALARM
    for phase in range(4):
        assert fit(sample[:, phase::4]) > ALARM
    assert fit(1.01 * sample) < ALARM  # 1 % too wide
    assert fit(sample + 0.01) < ALARM  # off by a hundredth
    tail = np.sum(np.abs(sample) > 4)
    assert stats.binomtest(int(tail), sample.size, 2 * stats.norm.sf(4)).pvalue > ALARM


@pytest.mark.parametrize("power", [1, 2])
def test_normals_are_independent(power):
    sample = standard_normals(KEY, 400, 0, 2000) ** power
    for lag in (1, 2, 3, 4, 8):
        assert uncorrelated(sample[:, :-lag], sample[:, lag:]) > ALARM
    for distance in (1, 2, 16):
        assert uncorrelated(sample[:-distance], sample[distance:]) > ALARM
    echo = sample.copy()
    echo[:, 1:] += 0.02 * sample[:, :-1]
    assert uncorrelated(echo[:, :-1], echo[:, 1:]) < ALARM
