"""Winner-take-all: against plain sorting, against the race cycle by cycle, and against its exact probabilities."""

import pickle

import numpy as np
import pytest
from layer_helpers import FALSE_ALARM, LENGTHS, binomial_p_value
from scipy import stats

from sc_neurocore import Bitstream, Encoder, WinnerTakeAll

# ---------------------------------------------------------------- numbers


def plain_winners(row, k):
    return sorted(range(len(row)), key=lambda i: (-row[i], i))[:k]


@pytest.mark.parametrize("levels", [2, 5, 10**6])
@pytest.mark.parametrize("n", [1, 2, 9, 130])
def test_numbers(n, levels):
    x = np.random.default_rng(n).integers(-levels, levels, (3, 4, n)) / levels
    for k in {1, min(2, n), n // 2 + 1, n}:
        wta = WinnerTakeAll(n, k)
        kept, winners = wta.apply(x), wta.winners(x)
        assert kept.shape == x.shape
        assert winners.shape == (3, 4, k)
        for s in np.ndindex(3, 4):
            want = plain_winners(x[s].tolist(), k)
            assert winners[s].tolist() == want
            assert np.array_equal(kept[s], np.where(np.isin(np.arange(n), want), x[s], 0))


def test_ties_go_to_the_lowest_index_and_exactly_k_survive():
    wta = WinnerTakeAll(6, k=3)
    assert wta.winners([0.5, 0.9, 0.5, 0.5, 0.9, 0.5]).tolist() == [1, 4, 0]
    assert wta.apply([0.5, 0.9, 0.5, 0.5, 0.9, 0.5]).tolist() == [0.5, 0.9, 0, 0, 0.9, 0]
    assert np.count_nonzero(wta.apply(np.ones((50, 6))), axis=-1).tolist() == [3] * 50
    assert WinnerTakeAll(4).winners([0.0, -0.0, -1, 0.0]).tolist() == [0]


def test_the_input_is_left_alone_and_any_layout_will_do():
    x = np.random.default_rng(0).random((7, 5, 11)).transpose(2, 1, 0)
    before = x.copy()
    wta = WinnerTakeAll(7, 2)
    np.testing.assert_array_equal(wta.apply(x), wta.apply(np.ascontiguousarray(x)))
    np.testing.assert_array_equal(x, before)
    assert wta.apply(x[:0]).shape == (0, 5, 7)
    assert wta.winners(x[:0]).shape == (0, 5, 2)
    assert WinnerTakeAll(3).apply([1, 2, 3]).dtype == np.float64


@pytest.mark.parametrize("levels", [50, 10**9])
def test_ten_of_a_hundred_thousand(levels):
    x = np.random.default_rng(7).integers(0, levels, (2, 100_000)) / levels
    wta = WinnerTakeAll(100_000, 10)
    order = np.argsort(-x, axis=-1, kind="stable")[:, :10]
    np.testing.assert_array_equal(wta.winners(x), order)
    kept = wta.apply(x)
    assert np.count_nonzero(kept, axis=-1).tolist() == [10, 10]
    np.testing.assert_array_equal(np.take_along_axis(kept, order, -1), np.take_along_axis(x, order, -1))


# ---------------------------------------------------------------- streams


def race(bits, k, target):
    """The circuit a cycle at a time: winners of streams ``(n, L)`` in the order in which they are full."""
    n, length = bits.shape
    counters, winners, cycle = [0] * n, [], 0
    while len(winners) < k:
        for i in range(n):
            counters[i] += int(bits[i, cycle]) if cycle < length else 1
            if counters[i] == target and i not in winners and len(winners) < k:
                winners.append(i)
        cycle += 1
    return winners


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("n", [1, 2, 7])
def test_streams_are_the_circuit_on_bits(n, length):
    rng = np.random.default_rng(length)
    streams = Bitstream.from_bits(rng.random((2, 3, n, length)) < rng.choice([0, 0.3, 0.35, 0.6, 1], (2, 3, n, 1)))
    bits = streams.bits()
    for k in {1, min(2, n), n}:
        for target in {None, 1, length // 3 + 1, length}:
            wta = WinnerTakeAll(n, k, target=target)
            winners, kept = wta.winners_bitstream(streams), wta.apply_bitstream(streams)
            assert winners.shape == (2, 3, k)
            assert (kept.length, kept.encoding) == (length, "unipolar")
            for s in np.ndindex(2, 3):
                want = race(bits[s], k, target or length)
                assert winners[s].tolist() == want
                mask = np.isin(np.arange(n), want)[:, None]
                np.testing.assert_array_equal(kept.bits()[s], bits[s] * mask)


def test_without_a_target_the_counts_decide():
    streams = Bitstream.from_bits(np.random.default_rng(3).random((50, 9, 100)) < 0.5)
    wta = WinnerTakeAll(9, 4)
    np.testing.assert_array_equal(wta.winners_bitstream(streams), wta.winners(streams.counts()))
    np.testing.assert_array_equal(wta.apply_bitstream(streams).value(), wta.apply(streams.value()))


@pytest.mark.parametrize("generator", ["sobol", "vdc", "ramp", "halton"])
def test_correlated_streams_are_ranked_without_error(generator):
    x = np.random.default_rng(5).integers(0, 257, (200, 20)) / 256
    streams = Encoder(20, 256, generator, share="one").encode(x)
    wta = WinnerTakeAll(20, 5)
    if generator != "halton":  # of which 256 numbers are no permutation
        np.testing.assert_array_equal(wta.apply_bitstream(streams).value(), wta.apply(x))
    np.testing.assert_array_equal(wta.winners_bitstream(streams), wta.winners(streams.value()))


# ---------------------------------------------------------------- how often the right one wins


def win_probabilities(rates, length, target):
    """Exact probability that each unit of independent Bernoulli streams fills its counter first.

    Counter i is full by cycle t if t bits have `target` ones; past the end every cycle is one.
    """
    cycles = np.arange(length + target + 1)
    drawn, still = np.minimum(cycles, length), target - np.maximum(cycles - length, 0)
    full = stats.binom.sf(still - 1, drawn, np.asarray(rates)[:, None])  # P(time <= t)
    at, later, not_yet = np.diff(full), 1 - full[:, 1:], 1 - full[:, :-1]
    return np.array(
        [
            np.sum(at[i] * later[:i].prod(0) * not_yet[i + 1 :].prod(0))  # of a tie the lower index wins
            for i in range(len(rates))
        ]
    )


@pytest.mark.parametrize("target", [1, 2, 3, 4])
def test_the_law_is_that_of_all_streams(target):
    """Every one of the 4096 triples of four-bit streams races, weighted by its probability."""
    rates, length = np.array([0.3, 0.65, 0.6]), 4
    bits = (np.arange(2 ** (3 * length))[:, None] >> np.arange(3 * length) & 1).reshape(-1, 3, length)
    weights = np.where(bits, rates[:, None], 1 - rates[:, None]).prod((1, 2))
    winners = WinnerTakeAll(3, target=target).winners_bitstream(Bitstream.from_bits(bits))[:, 0]
    wins = np.bincount(winners, weights, minlength=3)
    np.testing.assert_allclose(wins, win_probabilities(rates, length, target), atol=1e-12)
    assert abs(wins.sum() - 1) < 1e-12


def test_the_law_of_two_is_the_comparison_of_two_binomials():
    p, q, length = 0.6, 0.5, 64
    a, b = (stats.binom.pmf(np.arange(length + 1), length, rate) for rate in (p, q))
    above, tie = np.sum(a * np.cumsum(b)) - a @ b, a @ b
    assert abs(win_probabilities([p, q], length, length)[0] - above - tie) < 1e-12
    assert abs(win_probabilities([q, p], length, length)[1] - above) < 1e-12
    normal = stats.norm.cdf((p - q) * np.sqrt(length / (p * (1 - p) + q * (1 - q))))
    assert abs(above + tie / 2 - normal) < 0.002


RACES = 20_000


def wins_of_the_best(rates, length, target):
    streams = Encoder(len(rates), length, "bernoulli", seed=8).encode(np.tile(rates, (RACES, 1)))
    winners = WinnerTakeAll(len(rates), target=target).winners_bitstream(streams)
    return np.count_nonzero(winners == np.argmax(rates))


@pytest.mark.parametrize("target", [None, 8])
@pytest.mark.parametrize("length", [16, 64, 256])
@pytest.mark.parametrize("rates", [(0.6, 0.5), (0.5, 0.6), (0.3, 0.4, 0.2, 0.35)])
def test_the_right_one_wins_as_often_as_the_law_says_and_a_biased_stream_is_found_out(rates, length, target):
    best = int(np.argmax(rates))
    law = win_probabilities(rates, length, target or length)[best]
    assert binomial_p_value(wins_of_the_best(rates, length, target), RACES, law) > FALSE_ALARM
    biased = tuple(rate + 0.04 * (i == best) for i, rate in enumerate(rates))
    assert binomial_p_value(wins_of_the_best(biased, length, target), RACES, law) < FALSE_ALARM


def test_table_of_the_documentation():
    """docs/primitives.md: probability that .5 + margin beats .5, the mean over who is first."""

    def right(margin, length, target=None):
        rates = [0.5 + margin, 0.5]
        first = win_probabilities(rates, length, target or length)[0]
        return (first + win_probabilities(rates[::-1], length, target or length)[1]) / 2

    for margin, percent in {
        0.2: (87.66, 99.01, 100.00, 100.00),
        0.1: (71.41, 87.24, 98.87, 100.00),
        0.05: (61.07, 71.42, 87.14, 98.83),
        0.02: (54.47, 58.94, 67.45, 81.73),
    }.items():
        assert [round(100 * right(margin, length), 2) for length in (16, 64, 256, 1024)] == list(percent)
    early = [round(100 * right(0.1, 256, target), 2) for target in (8, 32, 128, 256)]
    assert early == [70.24, 85.99, 98.49, 98.87]


# ---------------------------------------------------------------- the rest


def test_repr_and_pickle():
    wta = WinnerTakeAll(10, 3, target=5)
    assert repr(wta) == "WinnerTakeAll(10, k=3, target=5, encoding='unipolar', backend='numba')"
    assert repr(WinnerTakeAll(10)) == "WinnerTakeAll(10, k=1, encoding='unipolar', backend='numba')"
    x = np.random.default_rng(0).random((2, 10))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(wta)).winners(x), wta.winners(x))


def test_there_is_no_state():
    wta = WinnerTakeAll(10, 3)
    x = np.random.default_rng(0).random((2, 10))
    before = wta.winners(x)
    wta.load_state_dict(wta.state_dict())
    wta.reset()
    np.testing.assert_array_equal(wta.winners(x), before)
    with pytest.raises(ValueError, match=r"state must have the keys of state_dict\(\); missing \[\], unknown \['v'\]"):
        wta.load_state_dict({"v": 1})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_neurons": 0}, "n_neurons must be an integer of at least 1, got 0"),
        ({"k": 0}, r"k must be an integer in 1\.\.4, got 0"),
        ({"k": 5}, r"k must be an integer in 1\.\.4, got 5"),
        ({"target": 0}, "target must be an integer of at least 1, got 0"),
    ],
)
def test_bad_arguments(arguments, error):
    with pytest.raises(ValueError, match=error):
        WinnerTakeAll(**{"n_neurons": 4, **arguments})
    with pytest.raises(TypeError, match="k must be an integer"):
        WinnerTakeAll(4, 1.5)


@pytest.mark.parametrize("method", ["apply", "winners"])
def test_bad_rates(method):
    call = getattr(WinnerTakeAll(3), method)
    with pytest.raises(ValueError, match=r"^rates must be finite, got nan$"):
        call([0.1, np.nan, 0.2])
    with pytest.raises(ValueError, match=r"^rates must be finite, got inf$"):
        call([0.1, np.inf, 0.2])
    with pytest.raises(ValueError, match=r"^rates must have shape \(\.\.\., 3\), got \(2,\)$"):
        call([0.1, 0.2])
    with pytest.raises(TypeError, match=r"^rates must be an array of real numbers, got str of <U3$"):
        call("abc")


@pytest.mark.parametrize("method", ["apply_bitstream", "winners_bitstream"])
def test_bad_streams(method):
    call = getattr(WinnerTakeAll(2, target=5), method)
    with pytest.raises(TypeError, match=r"^streams must be a Bitstream, got ndarray$"):
        call(np.zeros((2, 8)))
    with pytest.raises(ValueError, match=r"^streams must be unipolar, got bipolar$"):
        call(Bitstream.from_bits(np.zeros((2, 8)), "bipolar"))
    with pytest.raises(ValueError, match=r"^streams must have shape \(\.\.\., 2\), got \(3,\)$"):
        call(Bitstream.from_bits(np.zeros((3, 8))))
    with pytest.raises(ValueError, match=r"^streams must have a length of at least target = 5, got 4$"):
        call(Bitstream.from_bits(np.zeros((2, 4))))
