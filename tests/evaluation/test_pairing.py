"""Wrong images of two circuits, and the difference of their error rates."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import multinomial

from sc_neurocore.evaluation import WrongImages, evaluate, paired, paired_interval
from sc_neurocore.evaluation.pairing import packed_size


@pytest.mark.parametrize("images", [1, 7, 8, 9, 540, 10_000])
def test_bits_round_trip(images):
    flags = np.random.default_rng(images).random(images) < 0.3
    wrong = WrongImages.of("d", flags)
    np.testing.assert_array_equal(wrong.mask(), flags)
    assert wrong.count == flags.sum()
    assert len(wrong.packed) == packed_size(images) == -(-images // 8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("d", 0, b""), "images must be an integer of at least 1, got 0"),
        (("d", 9, b"\1"), "packed must have 2 bytes, got 1"),
        (("d", 9, b"\0\2"), "packed must have no bit behind those of the 9 images"),
    ],
)
def test_wrong_bits_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        WrongImages(*arguments)


def drawn(rng, rates, images, data="d"):
    return [WrongImages.of(data, rng.random(images) < rate) for rate in rates]


def test_one_run_is_tangos_interval():
    one, other = drawn(np.random.default_rng(0), (0.3, 0.2), 333)
    first_only = int((one.mask() & ~other.mask()).sum())
    second_only = int((other.mask() & ~one.mask()).sum())
    found = paired(one, other)
    assert found.difference == (one.count - other.count) / 333
    assert found[1:] == paired_interval(first_only, second_only, 333)
    assert paired(other, one) == (-found.difference, -found.high, -found.low)
    wide = paired(one, other, 0.999)
    assert wide.low < found.low < found.high < wide.high


def test_a_repeat_of_the_same_answers_is_no_new_image():
    one, other = drawn(np.random.default_rng(1), (0.3, 0.2), 200)
    assert paired([one] * 5, [other] * 5) == pytest.approx(paired(one, other), abs=1e-12)


def test_independent_repeats_average_their_noise():
    """Circuits whose errors are noise alone: five runs have a fifth of the variance."""
    rng, images, runs = np.random.default_rng(2), 20_000, 5
    right = WrongImages.of("d", np.zeros(images, bool))
    noisy = drawn(rng, [0.2] * runs, images)
    found, single = paired(noisy, [right] * runs), paired(noisy[0], right)
    assert found.difference == pytest.approx(np.mean([each.count for each in noisy]) / images)
    ratio = ((found.high - found.low) / (single.high - single.low)) ** 2
    assert ratio == pytest.approx(1 / runs, rel=0.05)


@pytest.mark.parametrize(("hard", "chance", "clustered"), [(0.25, 0.9, True), (0.2, 1.0, True), (1.0, 0.25, False)])
def test_the_interval_of_two_repeats_covers(hard, chance, clustered):
    """Exact coverage for 20 images that float gets right; in each of two repeats a hard one is wrong by chance."""
    images = 20
    flags = np.array(list(product((False, True), repeat=2)))
    share = (1 - hard) * ~flags.any(axis=1) + hard * np.where(flags, chance, 1 - chance).prod(axis=1)
    floats = [WrongImages.of("d", np.zeros(images, bool))] * 2
    covered = doubled = total = 0.0
    for counts in compositions(images, 4):
        weight = float(multinomial.pmf(counts, images, share))
        low, high = paired([WrongImages.of("d", run) for run in np.repeat(flags, counts, axis=0).T], floats)[1:]
        covered += weight * (low <= hard * chance <= high)
        # The biased twin takes the two repeats of an image for two images.
        low, high = paired_interval(np.dot(counts, flags.sum(axis=1)), 0, 2 * images)
        doubled += weight * (low <= hard * chance <= high)
        total += weight
    assert total == pytest.approx(1)
    assert 0.93 < covered < 0.985
    assert (doubled < 0.9) == clustered


def compositions(total, parts):
    """All tuples of `parts` whole numbers with the sum `total`."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in compositions(total - first, parts - 1):
            yield (first, *rest)


def test_other_images_are_not_paired():
    rng = np.random.default_rng(3)
    (one,), (other,), (short,) = drawn(rng, [0.5], 50), drawn(rng, [0.5], 50, "e"), drawn(rng, [0.5], 49)
    for second in (other, short):
        with pytest.raises(ValueError, match="of the same images in the same order"):
            paired(one, second)
    for first, second in (([], []), ([one], [one, one])):
        with pytest.raises(ValueError, match="as many runs, at least 1"):
            paired(first, second)


def test_rows_and_points_know_their_wrong_images(network, data):
    result = evaluate(network, data, (16, 64), ("bernoulli", "sobol"), repeats=2)
    floats = network.float_predict(data.x_test) != data.y_test
    for row in result.rows:
        seed = np.random.SeedSequence(0, spawn_key=(row.task.repeat,))
        found = network.circuit(row.task.length, row.task.generator, seed=seed).predict(data.x_test)
        np.testing.assert_array_equal(row.wrong.mask(), found != data.y_test)
        np.testing.assert_array_equal(row.float_wrong.mask(), floats)
        assert row.wrong.data == data.digest()
    for point in result.points:
        below = point.below_float()
        assert below == paired(point.wrong, point.float_wrong)
        assert below.difference == pytest.approx(result.float_accuracy - point.accuracy)
        assert below.low <= below.difference <= below.high
        assert point.below_float_texts()[0] == f"{100 * below.difference:.2f}"
    assert "below float" in result.table()
    short, long = result.line("sobol")
    assert paired(short.wrong, long.wrong).difference == pytest.approx(long.accuracy - short.accuracy)


def test_other_types_are_refused_by_name():
    wrong = WrongImages.of("digest", [True, False])
    for bad, message in ((None, "first must be a sequence, got None"), ([3], "first must be a WrongImages, got 3")):
        with pytest.raises(TypeError, match=message):
            paired(bad, wrong)
        with pytest.raises(TypeError, match=message.replace("first", "second")):
            paired(wrong, bad)
    with pytest.raises(TypeError, match="packed must be a bytes, got 7"):
        WrongImages("digest", 8, 7)
    with pytest.raises(ValueError, match=r"wrong must be 0 or 1, got 0\.5"):
        WrongImages.of("digest", [0.0, 0.5])
