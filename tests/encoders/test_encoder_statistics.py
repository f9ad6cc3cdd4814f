"""Bernoulli streams of an encoder, at a false-alarm rate of 1e-9 on fixed seeds; each test has a biased twin."""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.encoders import Encoder

ALARM = 1e-9
SAMPLES, LENGTH = 500, 1000


def share(bits, p):
    """Exact binomial test of the share of ones."""
    return stats.binomtest(int(bits.sum(dtype=np.int64)), bits.size, p).pvalue


def overlap(first, second, p):
    """Exact binomial test of the ones that two independent streams of probability p have in common."""
    return share(first & second, p * p)


def draw(p, n=4, encoding="unipolar", **options):
    encoder = Encoder(n, LENGTH, "bernoulli", encoding, **{"seed": 1234} | options)
    return encoder.encode(np.full((SAMPLES, n), p)).bits()


@pytest.mark.parametrize("p", [1 / 65536, 0.1, 0.25, 0.5, 0.8])
def test_share_of_ones(p):
    p = np.floor(p * 65536 + 0.5) / 65536  # the default width is 16 bits
    bits = draw(p)
    assert share(bits, p) > ALARM
    biased = draw(min(1, p * 1.02 + 1e-4))
    assert share(biased, p) < ALARM


@pytest.mark.parametrize("v", [-0.75, -0.1, 0.0, 0.5])
def test_share_of_ones_of_other_encodings(v):
    v = np.floor(v * 32768) / 32768
    assert share(draw(v, encoding="bipolar"), (v + 1) / 2) > ALARM
    assert share(draw(v + 0.02, encoding="bipolar"), (v + 1) / 2) < ALARM
    if v:
        half = draw(v, encoding="split")[int(v < 0)]
        assert share(half, abs(v)) > ALARM
        assert share(draw(v * 0.98, encoding="split")[int(v < 0)], abs(v)) < ALARM


def test_width_of_a_threshold():
    """With 3 bits, .3 is 2/8."""
    bits = draw(0.3, bits=3)
    assert share(bits, 0.25) > ALARM
    assert share(bits, 0.3) < ALARM


@pytest.mark.parametrize("p", [0.125, 0.5, 0.75])
def test_inputs_are_independent(p):
    bits = draw(p)
    for i in range(4):
        for j in range(i):
            assert overlap(bits[:, i], bits[:, j], p) > ALARM
    together = draw(p, share="one")
    assert overlap(together[:, 0], together[:, 1], p) < ALARM


@pytest.mark.parametrize("p", [0.125, 0.5, 0.75])
def test_samples_are_independent(p):
    for policy in ("independent", "one"):
        bits = draw(p, share=policy)
        assert overlap(bits[1:, 0], bits[:-1, 0], p) > ALARM
        assert overlap(bits[1:, 0], bits[:-1, 3], p) > ALARM
    assert overlap(bits[1:, 0], bits[1:, 0], p) < ALARM


@pytest.mark.parametrize("p", [0.125, 0.5, 0.75])
def test_keys_are_independent(p):
    """Inputs and weights of a layer take two children of one seed."""
    inputs, weights = np.random.SeedSequence(5).spawn(2)
    x, w = draw(p, seed=inputs), draw(p, seed=weights)
    assert overlap(x, w, p) > ALARM
    assert overlap(x, draw(p, seed=6), p) > ALARM
    assert overlap(x, draw(p, seed=inputs), p) < ALARM


@pytest.mark.parametrize("p", [0.125, 0.5, 0.75])
def test_roles_are_independent(p):
    """One seed serves the inputs and the weights."""
    x, w = draw(p, partner=0), draw(p, partner=1)
    assert overlap(x, w, p) > ALARM
    assert overlap(w, draw(p, partner=2), p) > ALARM
    assert overlap(x, draw(p, partner=0), p) < ALARM


def test_cycles_are_independent():
    bits = draw(0.5)
    for lag in (1, 63, 64):
        assert overlap(bits[..., lag:], bits[..., :-lag], 0.5) > ALARM
    held = np.repeat(bits, 2, axis=-1)
    assert overlap(held[..., 1:], held[..., :-1], 0.5) < ALARM


def test_products():
    x, w = draw(0.5, seed=1), draw(0.75, seed=2)
    assert share(x & w, 0.375) > ALARM
    assert share(x & draw(0.75, seed=1), 0.375) < ALARM  # one seed: the streams overlap


def test_random_shifts_are_uniform():
    """The masks of a digital shift: first bits of the streams of 1/2 are fair coins."""
    first = Encoder(4096, 16, "sobol", share="shift", seed=3).encode(np.full(4096, 0.5)).bits()[:, 0]
    assert share(first, 0.5) > ALARM
    unshifted = Encoder(4096, 16, "sobol", share="one").encode(np.full(4096, 0.5)).bits()[:, 0]
    assert share(unshifted, 0.5) < ALARM
