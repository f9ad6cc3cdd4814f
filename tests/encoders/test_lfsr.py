"""The shift register: taps, period, states, lines, drawing."""

import numpy as np
import pytest
from line_helpers import and_ratio, or_ratio

from sc_neurocore.encoders import LFSR, Encoder
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
@pytest.mark.parametrize("bits", range(1, 17))
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
    (1, None, 1), (2, None, 3), (3, None, 1), (4, (4, 1), 9),
    (8, None, 255), (8, (8, 4, 3, 2), 17), (12, None, 4095), (32, None, 2**32 - 1),
])  # fmt: skip
def test_states_of_a_plain_simulation(bits, taps, seed, insert_zero):
    register = LFSR(bits, taps, seed, insert_zero=insert_zero)
    expected = simulate(bits, taps or TAPS[bits], seed, insert_zero, 600)
    assert register.sequence(600).tolist() == expected
    assert [register.state] + [register.step() for _ in range(99)] == expected[:100]


def order_of_x(taps, bits):
    """Steps of the multiplication by x until 1 comes back, one by one."""
    polynomial = 1 | sum(1 << tap for tap in taps)
    state, steps = 1, 0
    while (state != 1 or steps == 0) and steps <= 2**bits:
        state <<= 1
        if state >> bits:
            state ^= polynomial
        steps += 1
    return steps


@pytest.mark.parametrize("bits", range(1, 33))
def test_default_taps_are_primitive(bits):
    taps = TAPS[bits]
    assert taps[0] == bits
    assert len(taps) % 2 == (bits == 1)  # an even number of terms beside the 1: x + 1 does not divide it
    assert is_primitive(taps, bits)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 7, 8])
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


@pytest.mark.parametrize("bits", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("mask", [0, 1])
def test_number_is_what_wires_and_inverters_make_of_the_state(bits, mask):
    mask *= (1 << bits) // 2 | 1
    states = LFSR(bits).sequence(2**bits).tolist()
    reversed_states = [int(f"{state:0{bits}b}"[::-1], 2) for state in states]
    assert LFSR(bits, mask=mask).sequence(2**bits).tolist() == [state ^ mask for state in states]
    register = LFSR(bits, mask=mask, reverse=True)
    assert register.sequence(2**bits).tolist() == [state ^ mask for state in reversed_states]
    assert register.sequence(2**bits).dtype == np.uint32
    assert [register.state] + [register.step() for _ in range(9)] == simulate(bits, TAPS[bits], 1, True, 10)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 7, 12, 31, 32])
def test_jump_ahead_is_stepping(bits):
    taps = {7: (7, 3), 12: (12, 11, 8, 6)}.get(bits, TAPS[bits])
    register = LFSR(bits, taps, (1 << bits) * 2 // 3, insert_zero=False)
    states = register.sequence(2001)
    for cycles in (0, 1, 2, 5, 63, 64, 1000, 2000):
        assert register.ahead(cycles).seed == states[cycles]
        assert register.ahead(cycles).taps == taps
        assert register.ahead(cycles).ahead(-cycles) == register
    assert register.ahead(2**bits - 1) == register
    far = (1 << bits) // 3
    assert register.ahead(far).ahead(2 * far) == register.ahead(3 * far)


def test_jump_ahead_does_not_count_the_inserted_zero():
    register = LFSR(5, seed=9)
    states = register.sequence(32).tolist()
    zero = states.index(0)
    for cycles in range(31):
        assert register.ahead(cycles).seed == states[cycles + (cycles >= zero)]
    assert register.ahead(3).insert_zero
    assert LFSR(5, mask=3, reverse=True).ahead(3) == LFSR(5, seed=9, mask=3, reverse=True)


@pytest.mark.parametrize("options", [{}, {"reverse": True}, {"mask": 5}], ids=str)
@pytest.mark.parametrize("bits", [3, 4, 6, 9, 10])
def test_lines_are_as_independent_as_bernoulli_streams(bits, options):
    register = LFSR(bits, seed=bits, **options)
    lines = [register.decorrelated(index) for index in range(register.n_lines)]
    assert lines[0] == register
    assert 14 <= len(set(lines)) == len(lines) <= 32
    assert {line.taps for line in lines[::2]} == {register.taps}
    assert {line.taps for line in lines[1::2]} == {register.decorrelated(1).taps}
    assert {(line.mask, line.reverse) for line in lines} == {(register.mask, register.reverse)}
    numbers = np.stack([line.sequence(2**bits) for line in lines])
    assert len(np.unique(numbers, axis=0)) == len(lines)
    assert and_ratio(numbers) < 1.1
    assert or_ratio(numbers) < 1.5
    # The bounds are ones that lines one clock apart do not keep.
    near = np.stack([np.roll(numbers[0], k) for k in range(3)])
    assert bits < 8 or (and_ratio(near) > 1.1 and or_ratio(near) > 1.5)


@pytest.mark.parametrize("bits", [7, 8, 10, 12, 14, 16, 24, 32])
def test_lines_of_one_polynomial_are_far_apart(bits):
    lines = [LFSR(bits).decorrelated(2 * k) for k in range(4)]
    for line in lines:
        near = line.sequence((bits + 1) // 2 - 2).tolist()[1:]
        assert not {other.seed for other in lines} & set(near)


def test_or_of_three_lines():
    """At 1024 cycles .375 came out of [0, .25, .25] while lines 1 and 2 were one clock apart."""
    for bits in (10, 12, 14):
        length = 2**bits
        encoder = Encoder(3, length, LFSR(bits), share="independent")
        first, second, third = encoder.encode([0, 0.25, 0.25]).bits()
        value = 1 - 0.75**2
        assert abs((first | second | third).mean() - value) < 1.5 * np.sqrt(value * (1 - value) / length)


def test_too_many_lines_are_an_error():
    """Rows 0 and 255 of 400 were the same stream."""
    register = LFSR(8)
    assert register.n_lines == 22
    with pytest.raises(ValueError, match=r"a circuit needs 23 independent lines, got .* with 22; .*'bernoulli' has as"):
        register.decorrelated(22)
    with pytest.raises(
        ValueError, match=r'share="independent" with n = 400 needs 799 independent lines, got .* with 22'
    ):
        Encoder(400, 256, register, share="independent")
    assert (
        len({row.tobytes() for row in Encoder(11, 256, register, share="independent").encode([0.5] * 11).bits()}) == 11
    )
    for bits in (1, 2):  # of one polynomial, its own reciprocal
        assert LFSR(bits).n_lines == 1
        with pytest.raises(ValueError, match=r"a circuit needs 2 independent lines, got .* with 1;"):
            LFSR(bits).decorrelated(1)


def test_equality_and_repr():
    assert LFSR(8) == LFSR(8, (8, 6, 5, 4), 1)
    assert LFSR(8) != LFSR(8, seed=2)
    assert LFSR(8) != LFSR(8, insert_zero=False)
    assert LFSR(8) != "LFSR"
    assert hash(LFSR(8)) == hash(LFSR(8))
    assert repr(LFSR(4, seed=3)) == "LFSR(bits=4, taps=(4, 3), seed=3)"
    assert len({LFSR(8), LFSR(8, mask=1), LFSR(8, reverse=True), LFSR(8, mask=1, reverse=True)}) == 4
    for register in (LFSR(5, (5, 2), 7), LFSR(5, insert_zero=False), LFSR(5, mask=30, reverse=True)):
        assert eval(repr(register)) == register


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


DRAWING_1 = """\
LFSR, 1 bits, x + 1, period 2
      +----+
 +--->|  1 |
 |    +----+
 |      |
 +------+   (inverted)"""

DRAWING_2 = """\
LFSR, 2 bits, x^2 + x + 1, period 4
      +----+----+
 +--->|  1 |  2 |
 |    +----+----+
 |      |    |
 +-----XOR---+   (XOR NOR of bits 1)
number, highest bit first: 1, not 2"""


def test_drawings():
    assert str(LFSR(1)) == DRAWING_1
    assert str(LFSR(2, mask=1, reverse=True)) == DRAWING_2
    assert str(LFSR(3, mask=6)).endswith("number, highest bit first: not 3, not 2, 1")
    assert str(LFSR(3, insert_zero=False)) == DRAWING_3
    assert str(LFSR(8)) == DRAWING_8
    assert "x^12 + x^6 + x^4 + x + 1" in str(LFSR(12))


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({"bits": 0}, ValueError, r"bits must be an integer in 1\.\.32, got 0"),
    ({"bits": 33}, ValueError, r"bits must be an integer in 1\.\.32, got 33"),
    ({"bits": 4, "mask": 16}, ValueError, r"mask must be an integer in 0\.\.15, got 16"),
    ({"bits": 4, "mask": -1}, ValueError, r"mask must be an integer in 0\.\.15, got -1"),
    ({"bits": 4, "reverse": 1}, TypeError, r"reverse must be True or False, got 1"),
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
