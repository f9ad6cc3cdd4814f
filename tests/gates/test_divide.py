import numpy as np
import pytest
from gate_helpers import LENGTHS, SIGMAS, bernoulli, column, correlated, every_stream, tail_is_zero, z_score

from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.gates import divide, divide_expected, square_root, square_root_expected


def test_every_pair_against_a_loop():
    a = every_stream(5)
    bits = a.bits()
    got = divide(column(a), a).bits()
    for i, j in np.ndindex(32, 32):
        held, plain = 0, []
        for dividend, divisor in zip(bits[i], bits[j], strict=True):
            held = dividend if divisor else held
            plain.append(held)
        assert got[i, j].tolist() == plain


def test_ends_of_the_range():
    a = Bitstream.from_bits([[0, 1, 1, 0, 1]])
    one, zero = Bitstream.from_bits([1] * 5), Bitstream.from_bits([0] * 5)
    np.testing.assert_array_equal(divide(a, one).bits(), a.bits())
    assert divide(zero, a).counts() == 0
    assert divide(a, zero).counts() == 0
    assert divide(a, a).bits().tolist() == [[0, 1, 1, 1, 1]]


def test_quotient_of_correlated_streams_and_its_variance():
    rows, length, bits, a, b = 4000, 1000, 8, 48, 128
    law = float(divide_expected(a / 256, b / 256))
    assert law == 0.375
    means, spreads = [], []
    for bias in (0, 4):  # the second is the biased twin
        pair = correlated(1, np.tile([a + bias, b], (rows, 1)), length, bits)
        left, right = (Bitstream(np.ascontiguousarray(pair.words[:, i]), length) for i in (0, 1))
        late = divide(left, right).bits()[:, 100:].mean(-1)
        means.append(z_score(late, law))
        spreads.append(z_score((late - law) ** 2, law * (1 - law) * (2 - 0.5) / (0.5 * 900)))
    assert means[0] < SIGMAS < means[1]
    assert spreads[0] < SIGMAS < spreads[1]


def test_uncorrelated_streams_do_not_divide():
    rows, length = 2000, 1000
    law = divide_expected(0.25, 0.5, scc=0.0)
    assert law == 0.25
    b = bernoulli(2, np.full(rows, 0.5), length)
    z_scores = [
        z_score(divide(bernoulli(1, np.full(rows, value), length), b).bits()[:, 100:].mean(-1), law)
        for value in (0.25, 0.25 + 2**-6)
    ]
    assert z_scores[0] < SIGMAS < z_scores[1]


def test_divide_expected():
    np.testing.assert_allclose(divide_expected([0.2, 0.9, 0.3], [0.4, 0.5, 0.0]), [0.5, 1.0, 0.0])


def test_square_root_law():
    rows, length, bits, x = 1000, 2000, 5, 0.25
    law = float(square_root_expected(x, bits))
    first, second = np.random.default_rng(3).integers(2**bits, size=(2, rows, length), dtype=np.uint32)
    z_scores = []
    for value in (x, x + 2**-5):
        root = square_root(bernoulli(4, np.full(rows, value), length), first, second, bits)
        z_scores.append(z_score(root.bits()[:, 500:].mean(-1), law))
    assert z_scores[0] < SIGMAS < z_scores[1]


@pytest.mark.parametrize("bits", [1, 2, 5])
def test_square_root_expected_is_the_stationary_mean_of_the_chain(bits):
    n = 2**bits
    c = np.arange(n + 1) / n
    for x in (0.1, 0.5, 0.9):
        chain = np.zeros((n + 1, n + 1))
        for k in range(n + 1):
            for bit, p_bit in ((1, x), (0, 1 - x)):
                for down, p_down in ((1, c[k] ** 2), (0, 1 - c[k] ** 2)):
                    chain[k, min(max(k + bit - down, 0), n)] += p_bit * p_down
        share = np.linalg.matrix_power(chain, 2**16)[0]
        assert square_root_expected(x, bits) == pytest.approx(share @ c, abs=1e-9)


def test_square_root_expected_tends_to_the_root():
    x = np.linspace(0, 1, 101)
    for bits in (6, 8, 10, 12):
        error = (square_root_expected(x, bits) - np.sqrt(x)) * 2**bits
        np.testing.assert_allclose(error[10:], -(1 - x[10:]) / 4, atol=0.02)
        assert error[0] == error[-1] == 0


def test_square_root_of_the_ends():
    length = 2000
    first, second = np.random.default_rng(5).integers(2**4, size=(2, length), dtype=np.uint32)
    out = square_root(Bitstream.from_bits(np.stack([np.zeros(length), np.ones(length)])), first, second, 4).bits()
    assert out[0, 1000:].sum() <= 1000 * 0.02  # the last count leaves with probability 1 / 256 a cycle
    assert out[1, 1000:].all()


@pytest.mark.parametrize("length", LENGTHS)
def test_tail_bits_and_shapes(length):
    x = bernoulli(6, np.full((2, 3), 1.0), length)
    sequence = np.zeros(length, np.uint32)
    for out in (divide(x, x), square_root(x, sequence, sequence), square_root(x, np.tile(sequence, (3, 1)), sequence)):
        assert out.shape == (2, 3)
        assert tail_is_zero(out)


def test_bad_operands():
    a = every_stream(3)
    sequence = np.zeros(3, np.uint32)
    with pytest.raises(ValueError, match=r"^a must be unipolar here, got bipolar$"):
        divide(every_stream(3, "bipolar"), a)
    with pytest.raises(ValueError, match=r"^b must lie in \[0, 1\], got 1.5$"):
        divide_expected(0.5, 1.5)
    with pytest.raises(ValueError, match=r"^stream must be unipolar here, got bipolar$"):
        square_root(every_stream(3, "bipolar"), sequence, sequence)
    with pytest.raises(ValueError, match=r"^second must be below 2\*\*4, got 16$"):
        square_root(a, sequence, sequence + np.uint32(16), 4)
    with pytest.raises(ValueError, match=r"^first must have shape \(\.\.\., 3\), got \(2,\)$"):
        square_root(a, sequence[:2], sequence)
    with pytest.raises(ValueError, match=r"^shapes of first and stream must broadcast, got \(2,\) and \(8,\)$"):
        square_root(a, np.zeros((2, 3), np.uint32), sequence)
    with pytest.raises(ValueError, match=r"^shape of first must broadcast to \(8, 3\), got \(2, 8, 3\)$"):
        square_root(a, np.zeros((2, 8, 3), np.uint32), sequence)
    with pytest.raises(TypeError, match=r"^first must be a uint32 array, got list$"):
        square_root(a, [0, 0, 0], sequence)
    with pytest.raises(ValueError, match=r"^bits must be an integer in 1\.\.30, got 31$"):
        square_root(a, sequence, sequence, 31)
    with pytest.raises(ValueError, match=r"^x must lie in \[0, 1\], got 2\.0$"):
        square_root_expected(2.0)
