import numpy as np
import pytest
from gate_helpers import FALSE_ALARM, LENGTHS, bernoulli, binomial_p_value, column, every_stream, tail_is_zero

from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.gates import multiply

SPLIT_DIGITS = [(0, 0), (1, 0), (0, 1)]


def test_every_unipolar_pair_is_the_product_of_bits():
    a = every_stream(5)
    bits = a.bits()
    product = multiply(column(a), a)
    np.testing.assert_array_equal(product.bits(), bits[:, None] * bits)
    assert product.encoding == "unipolar"


def test_every_bipolar_pair_is_the_product_of_signs():
    a = every_stream(5, "bipolar")
    signs = 2 * a.bits().astype(int) - 1
    product = multiply(column(a), a)
    np.testing.assert_array_equal(2 * product.bits().astype(int) - 1, signs[:, None] * signs)
    assert product.encoding == "bipolar"


def test_every_split_pair_is_the_product_of_signed_digits():
    digits = np.stack(np.meshgrid(*[range(3)] * 3, indexing="ij"), -1).reshape(-1, 3)
    parts = np.moveaxis(np.array(SPLIT_DIGITS)[digits], -1, 0)
    a = Bitstream.from_bits(parts, "split")
    signs = parts[0] - parts[1]
    product = multiply(column(a), a)
    bits = product.bits().astype(int)
    np.testing.assert_array_equal(bits[0] - bits[1], signs[:, None] * signs)
    assert product.shape == (27, 27)
    assert not np.any(bits[0] & bits[1])


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
@pytest.mark.parametrize("length", LENGTHS)
def test_tail_bits_are_zero(encoding, length):
    values = [0.25, 0.5, 0.75]
    product = multiply(bernoulli(1, values, length, encoding), bernoulli(2, values, length, encoding))
    assert tail_is_zero(product)
    assert product.shape == (3,)


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
def test_batches_broadcast(encoding):
    a = bernoulli(1, np.full((4, 1, 3), 0.5), 70, encoding)
    b = bernoulli(2, np.full((2, 3), 0.5), 70, encoding)
    product = multiply(a, b)
    assert product.shape == (4, 2, 3)
    part = (slice(None),) if encoding == "split" else ()
    one = multiply(Bitstream(a.words[(*part, 3, 0, 2)], 70, encoding), Bitstream(b.words[(*part, 1, 2)], 70, encoding))
    np.testing.assert_array_equal(product.words[(*part, 3, 1, 2)], one.words)
    assert one.shape == ()


@pytest.mark.parametrize(("encoding", "a", "b"), [("unipolar", 0.75, 0.5), ("bipolar", -0.5, 0.75)])
def test_random_product(encoding, a, b):
    length, rows = 1000, 500
    right = bernoulli(12, np.full(rows, b), length, encoding)
    wanted = a * b if encoding == "unipolar" else (a * b + 1) / 2
    p_values = []
    for value in (a, a + 2**-6):  # the second is the biased twin
        ones = multiply(bernoulli(11, np.full(rows, value), length, encoding), right).counts().sum()
        p_values.append(binomial_p_value(ones, rows * length, wanted))
    assert p_values[0] > FALSE_ALARM > p_values[1]


def test_bad_operands():
    a = every_stream(3)
    with pytest.raises(ValueError, match=r"^a and b must have one encoding, got unipolar and bipolar$"):
        multiply(a, every_stream(3, "bipolar"))
    with pytest.raises(ValueError, match=r"^a and b must have one length, got 3 and 4$"):
        multiply(a, every_stream(4))
    with pytest.raises(TypeError, match=r"^b must be a Bitstream, got ndarray$"):
        multiply(a, a.bits())
    with pytest.raises(ValueError, match=r"^shapes of a and b must broadcast, got \(8,\) and \(3,\)$"):
        multiply(a, Bitstream.from_bits(a.bits()[:3]))
