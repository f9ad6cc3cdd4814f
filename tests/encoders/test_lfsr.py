"""The shift register: taps, period, states, drawing."""

import numpy as np
import pytest

from sc_neurocore.encoders import LFSR
from sc_neurocore.encoders.lfsr import TAPS, is_primitive


def simulate(bits, taps, seed, insert_zero, length):
    """The register as a list of flip-flops, stage 1 first."""
    stages = [seed >> k & 1 for k in range(bits)]
    states = []
    for _ in range(length):
        states.append(sum(bit << k for k, bit in enumerate(stages)))
        entering = 0
        for tap in taps:
            entering ^= stages[tap - 1]
        if insert_zero and not any(stages[:-1]):
            entering ^= 1
        stages = [entering, *stages[:-1]]
    return states


@pytest.mark.parametrize("insert_zero", [True, False])
@pytest.mark.parametrize("bits", range(3, 17))
def test_full_period(bits, insert_zero):
    register = LFSR(bits, insert_zero=insert_zero)
    assert register.period == 2**bits - (not insert_zero)
    states = register.sequence(register.period + 1)
    assert states.dtype == np.uint32
    assert (np.sort(states[:-1]) == np.arange(0 if insert_zero else 1, 2**bits)).all()
    assert states[-1] == states[0] == 1


def test_zero_comes_after_the_highest_bit_alone():
    for bits in (3, 8, 12):
        states = LFSR(bits).sequence(2**bits).tolist()
        assert states[states.index(0) - 1] == 1 << (bits - 1)
        without = LFSR(bits, insert_zero=False).sequence(2**bits - 1).tolist()
        assert [state for state in states if state] == without


@pytest.mark.parametrize("insert_zero", [True, False])
@pytest.mark.parametrize(("bits", "taps", "seed"), [
    (3, None, 1), (4, (4, 1), 9), (8, None, 255), (8, (8, 4, 3, 2), 17), (12, None, 4095), (32, None, 2**32 - 1),
])  # fmt: skip
def test_states_of_a_plain_simulation(bits, taps, seed, insert_zero):
    register = LFSR(bits, taps, seed, insert_zero=insert_zero)
    expected = simulate(bits, taps or TAPS[bits], seed, insert_zero, 600)
    assert register.sequence(600).tolist() == expected
    assert [register.state] + [register.step() for _ in range(99)] == expected[:100]


def order_of_x(taps, bits):
    """Steps of the multiplication by x until 1 comes back, one by one."""
    polynomial = 1 | sum(1 << tap for tap in taps)
    state, steps = 2, 1
    while state != 1 and steps <= 2**bits:
        state <<= 1
        if state >> bits:
            state ^= polynomial
        steps += 1
    return steps


@pytest.mark.parametrize("bits", range(3, 33))
def test_default_taps_are_primitive(bits):
    taps = TAPS[bits]
    assert taps[0] == bits
    assert len(taps) % 2 == 0  # an even number of terms beside the 1: x + 1 does not divide it
    assert is_primitive(taps, bits)


@pytest.mark.parametrize("bits", [3, 4, 5, 6, 7, 8])
def test_primitive_by_trial(bits):
    """All polynomials of a degree; as many are primitive as Euler's function says."""
    found = 0
    for rest in range(2 ** (bits - 1)):
        taps = (bits, *(k for k in range(bits - 1, 0, -1) if rest >> (k - 1) & 1))
        assert is_primitive(taps, bits) == (order_of_x(taps, bits) == 2**bits - 1)
        found += is_primitive(taps, bits)
    order = 2**bits - 1
    assert found == sum(np.gcd(k, order) == 1 for k in range(order)) // bits


def test_state_step_reset():
    register = LFSR(4, seed=5)
    assert register.state == 5
    stepped = [register.step() for _ in range(3)]
    assert stepped == register.sequence(4)[1:].tolist()
    assert register.state == stepped[-1]
    register.sequence(100)
    assert register.state == stepped[-1]
    register.reset()
    assert register.state == 5
    assert isinstance(register.step(), int)


@pytest.mark.parametrize("bits", [3, 8, 13])
def test_reciprocal_partner(bits):
    """The partner's bits are those of the register in reverse order."""
    register = LFSR(bits, insert_zero=False)
    partner = register.decorrelated(1)
    assert sorted(partner.taps) == sorted([bits, *(bits - tap for tap in register.taps if tap != bits)])
    assert is_primitive(partner.taps, bits)
    period = register.period
    ours = register.sequence(period) & 1
    theirs = partner.sequence(2 * period) & 1
    reverse = bytes(ours[::-1].astype(np.uint8))
    assert reverse in bytes(theirs.astype(np.uint8))
    assert partner.decorrelated(1) == register


def test_other_partners_have_other_phases():
    partners = [LFSR(8).decorrelated(index) for index in range(2 * 255)]
    assert partners[0] == LFSR(8)
    assert len(set(partners)) == 2 * 255
    assert {partner.taps for partner in partners[::2]} == {(8, 6, 5, 4)}
    assert {partner.taps for partner in partners[1::2]} == {(8, 4, 3, 2)}
    assert LFSR(8, insert_zero=False).decorrelated(3).insert_zero is False


def test_equality_and_repr():
    assert LFSR(8) == LFSR(8, (8, 6, 5, 4), 1)
    assert LFSR(8) != LFSR(8, seed=2)
    assert LFSR(8) != LFSR(8, insert_zero=False)
    assert LFSR(8) != "LFSR"
    assert hash(LFSR(8)) == hash(LFSR(8))
    assert repr(LFSR(4, seed=3)) == "LFSR(bits=4, taps=(4, 3), seed=3)"
    for register in (LFSR(5, (5, 2), 7), LFSR(5, insert_zero=False)):
        assert eval(repr(register)) == register


def test_with_at_least_bits():
    assert LFSR(5, seed=3).with_at_least_bits(5) == LFSR(5, seed=3)
    assert LFSR(5, seed=3).with_at_least_bits(9) == LFSR(9, seed=3)


DRAWING_3 = """\
LFSR, 3 bits, x^3 + x^2 + 1, period 7
      +----+----+----+
 +--->|  1 |  2 |  3 |
 |    +----+----+----+
 |           |    |
 +----------XOR---+"""

DRAWING_8 = """\
LFSR, 8 bits, x^8 + x^6 + x^5 + x^4 + 1, period 256
      +----+----+----+----+----+----+----+----+
 +--->|  1 |  2 |  3 |  4 |  5 |  6 |  7 |  8 |
 |    +----+----+----+----+----+----+----+----+
 |                     |    |    |         |
 +--------------------XOR--XOR--XOR--------+   (XOR NOR of bits 1..7)"""


def test_drawings():
    assert str(LFSR(3, insert_zero=False)) == DRAWING_3
    assert str(LFSR(8)) == DRAWING_8
    assert "x^12 + x^6 + x^4 + x + 1" in str(LFSR(12))


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"bits": 2}, ValueError, r"bits must be an integer in 3\.\.32, got 2"),
    ({"bits": 33}, ValueError, r"bits must be an integer in 3\.\.32, got 33"),
    ({"bits": 4, "taps": (4, 2)}, ValueError, r"taps must be .* a primitive polynomial of degree 4, got \(4, 2\)"),
    ({"bits": 4, "taps": (4, 3, 2, 1)}, ValueError, "primitive"),  # irreducible, of order 5
    ({"bits": 4, "taps": (3, 1)}, ValueError, "primitive"),
    ({"bits": 4, "taps": ()}, ValueError, "primitive"),
    ({"bits": 4, "taps": (5, 1)}, ValueError, r"taps must be an integer in 1\.\.4, got 5"),
    ({"bits": 4, "taps": 4}, TypeError, r"taps must be a tuple of integers or None, got 4"),
    ({"bits": 4, "seed": 0}, ValueError, r"seed must be an integer in 1\.\.15, got 0"),
    ({"bits": 4, "seed": 16}, ValueError, r"seed must be an integer in 1\.\.15, got 16"),
    ({"bits": 4, "insert_zero": 1}, TypeError, r"insert_zero must be True or False, got 1"),
])  # fmt: skip
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        LFSR(**arguments)
