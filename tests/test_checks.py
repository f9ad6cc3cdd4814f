"""Each check: what it returns, and the whole sentence of what it refuses."""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from sc_neurocore import checks


def raises(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.int8(3)])
def test_whole_takes_integers(value):
    assert checks.whole("length", value, 1) == 3
    assert type(checks.whole("length", value, 3, 3)) is int


def test_whole_at_its_ends():
    assert [checks.whole("k", value, -2, 2) for value in (-2, 0, 2)] == [-2, 0, 2]
    assert checks.whole("seed", 2**200, 0) == 2**200


@pytest.mark.parametrize("value", [True, False, np.True_, 3.0, np.float64(3), "3", None, [3], np.array([3])])
def test_whole_refuses_other_types(value):
    with raises(TypeError, f"length must be an integer of at least 1, got {value!r}"):
        checks.whole("length", value, 1)


def test_whole_refuses_values():
    with raises(ValueError, "length must be an integer of at least 1, got 0"):
        checks.whole("length", 0, 1)
    with raises(ValueError, "bits must be an integer in 1..32, got 33"):
        checks.whole("bits", np.int64(33), 1, 32)
    with raises(ValueError, "bits must be an integer in 1..32, got 0"):
        checks.whole("bits", 0, 1, 32)
    with raises(TypeError, "bits must be an integer in 1..32, got 'a'"):
        checks.whole("bits", "a", 1, 32)


@pytest.mark.parametrize("value", [True, False, np.True_, np.False_])
def test_flag_takes_bools(value):
    assert type(checks.flag("signed", value)) is bool
    assert checks.flag("signed", value) == value


@pytest.mark.parametrize("value", [0, 1, np.int64(1), 1.0, None, "True", [True]])
def test_flag_refuses_the_rest(value):
    with raises(TypeError, f"signed must be True or False, got {value!r}"):
        checks.flag("signed", value)


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), np.float32(0.5), np.float16(0.5)])
def test_real_takes_floats(value):
    assert checks.real("gain", value, 0, 1) == 0.5
    assert type(checks.real("gain", value, 0, 1)) is float


@pytest.mark.parametrize("value", [1, np.int64(1), np.uint8(1)])
def test_real_takes_integers(value):
    assert checks.real("gain", value, 0, 1) == 1.0
    assert type(checks.real("gain", value, 0, 1)) is float


@pytest.mark.parametrize("value", [True, np.True_, "0.5", None, 1j, [0.5], np.array([0.5])])
def test_real_refuses_other_types(value):
    with raises(TypeError, f"gain must be a number in [0, 1], got {value!r}"):
        checks.real("gain", value, 0, 1)


@pytest.mark.parametrize("value", [-0.001, 1.001, 2, float("nan"), float("inf")])
def test_real_refuses_values(value):
    with raises(ValueError, f"gain must be a number in [0, 1], got {value}"):
        checks.real("gain", value, 0, 1)


def test_positive():
    assert checks.positive("tau", np.float32(0.5)) == 0.5
    assert type(checks.positive("tau", 2)) is float
    for bad in (0, -1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"tau must be a finite number above 0, got {bad}"):
            checks.positive("tau", bad)
    for wrong in ("1", True, None):
        with pytest.raises(TypeError, match="tau must be a finite number above 0"):
            checks.positive("tau", wrong)


def test_option():
    assert checks.option("mode", "or", ("and", "or")) == "or"
    assert checks.option("mode", "or", {"and": 1, "or": 2}) == "or"
    for bad in ("xor", "", "OR", None, 1):
        with raises(ValueError, f"mode must be one of and, or, got {bad!r}"):
            checks.option("mode", bad, ("and", "or"))


@pytest.mark.parametrize(
    "value", [[0, 1], (0.0, 1.0), np.array([0, 1], np.uint8), np.array([0, 1], np.float32), [Fraction(0), Fraction(1)]]
)
def test_array_gives_float64(value):
    numbers = checks.array("x", value, 0, 1, (2,))
    assert numbers.dtype == np.float64
    assert numbers.tolist() == [0.0, 1.0]


def test_array_shapes():
    assert checks.array("x", 0.5).shape == ()
    assert checks.array("x", np.zeros((3, 4)), shape=(3, None)).shape == (3, 4)
    assert checks.array("x", np.zeros((2, 3, 4)), last=4).shape == (2, 3, 4)
    assert checks.array("x", np.zeros((0, 4)), 0, 1, last=4).shape == (0, 4)
    with raises(ValueError, "x must have shape (3, any), got (2, 4)"):
        checks.array("x", np.zeros((2, 4)), shape=(3, None))
    with raises(ValueError, "x must have shape (3, any), got (3,)"):
        checks.array("x", np.zeros(3), shape=(3, None))
    with raises(ValueError, "x must have shape (..., 4), got (4, 3)"):
        checks.array("x", np.zeros((4, 3)), last=4)
    with raises(ValueError, "x must have shape (..., 1), got ()"):
        checks.array("x", 0.5, last=1)


@pytest.mark.parametrize("make", [list, np.array, lambda x: np.array(x, np.float32)])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_array_refuses_what_is_not_finite(bad, make):
    with raises(ValueError, f"x must be finite, got {bad}"):
        checks.array("x", make([0.5, bad, 9.0]), 0, 1)
    with raises(ValueError, f"x must be finite, got {bad}"):
        checks.array("x", make([0.5, bad]))


@pytest.mark.parametrize("make", [list, np.array, lambda x: np.array(x, np.float32)])
@pytest.mark.parametrize(("values", "bad"), [([0.5, -0.25], -0.25), ([0.5, 1.5], 1.5), ([-0.25, 1.5], -0.25)])
def test_array_refuses_what_is_outside(values, bad, make):
    with raises(ValueError, f"x must lie in [0, 1], got {bad}"):
        checks.array("x", make(values), 0, 1)


def test_array_does_not_copy_float64():
    for given in (np.array([0.0, 1.0]), np.empty((0, 2)), np.array(0.5)):
        assert checks.array("x", given, 0, 1) is given


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("0.5", "str of <U3"),
        (["a", "b"], "list of <U1"),
        (np.array(["0.5"]), "ndarray of <U3"),
        (np.array([1 + 0j]), "ndarray of complex128"),
        ([1j], "list of complex128"),
        (np.array(["2020-01-01"], "M8[D]"), "ndarray of datetime64[D]"),
        (np.array([3], "m8[s]"), "ndarray of timedelta64[s]"),
        (np.zeros((0, 3), complex), "ndarray of complex128"),
        (np.array(["0.5", 1], object), "ndarray with '0.5'"),
        (np.array([1, 2 + 1j], object), "ndarray with (2+1j)"),
        (np.array([np.complex128(1)], object), "ndarray with np.complex128(1+0j)"),
        ([0.5, None], "list with None"),
        (None, "NoneType with None"),
        ({"a": 1}, "dict with {'a': 1}"),
    ],
)
def test_array_refuses_other_types(value, got):
    with raises(TypeError, f"x must be an array of real numbers, got {got}"):
        checks.array("x", value)


@pytest.mark.parametrize("value", [[[1, 2], [3]], np.array([[1, 2], [3]], object)])
def test_array_refuses_rows_of_unequal_length(value):
    with pytest.raises(TypeError, match=r"^x must be an array of real numbers, got (list:|ndarray with) "):
        checks.array("x", value)


def test_array_refuses_what_another_library_does_not_hand_over():
    class Tensor:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("needs a gradient\nsecond line")

    with raises(TypeError, "x must be an array of real numbers, got Tensor: needs a gradient"):
        checks.array("x", Tensor())


def test_array_keeps_a_mask_from_getting_lost():
    hidden = np.ma.array([0.1, 0.2], mask=[False, True])
    for given in (hidden, [hidden, hidden], [[hidden], [hidden]], (hidden, [0.1, 0.2])):
        with pytest.raises(ValueError, match=r"^x must have no masked entry, got \w+ of shape \(.*\) with some$"):
            checks.array("x", given)
    for given in (np.ma.array([0.1, 0.2]), np.ma.array([0.1, 0.2], mask=[False, False])):
        numbers = checks.array("x", given)
        assert type(numbers) is np.ndarray
        assert numbers.tolist() == [0.1, 0.2]


def test_array_of_objects_that_are_real_numbers():
    mixed = np.array([Fraction(1, 3), Decimal("0.1"), True, np.float32(0.5), np.bool_(False)], object)
    assert checks.array("x", mixed).tolist() == [1 / 3, 0.1, 1.0, 0.5, 0.0]


@pytest.mark.parametrize("value", [10**400, [10**400], [-(10**5000)], np.array([1, 10**400], object)])
def test_array_refuses_integers_beyond_float64(value):
    with pytest.raises(ValueError, match=r"^x must be numbers that float64 holds, got (int|list|ndarray): "):
        checks.array("x", value)


def test_array_refuses_floats_beyond_float64():
    if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
        with raises(ValueError, "x must be finite, got inf"):
            checks.array("x", np.array([np.longdouble("1e4000")]))


def test_array_refuses_a_signalling_nan_without_a_warning():
    with raises(ValueError, "x must be finite, got nan"):
        checks.array("x", np.array([0x7F800001], np.uint32).view(np.float32))


def test_numbers_beyond_float64_and_python():
    for check in (lambda x: checks.real("x", x, 0, 1), lambda x: checks.real("x", x, -np.inf, np.inf)):
        with pytest.raises(ValueError, match=r"^x must be a number in .*, got an integer of 1329 bits$"):
            check(10**400)
    with raises(ValueError, "x must be a finite number above 0, got an integer of 16610 bits"):
        checks.positive("x", 10**5000)
    with raises(ValueError, "x must be an integer in 0..9, got an integer of 16610 bits"):
        checks.whole("x", 10**5000, 0, 9)
    with pytest.raises(TypeError, match="x must be an integer"):
        checks.whole("x", [10**5000], 0, 9)


@pytest.mark.parametrize("value", [np.timedelta64(3, "s"), Fraction(1, 2), Decimal(1), 1 + 0j, np.complex128(1)])
def test_other_numbers_are_no_reals(value):
    for check in (lambda: checks.real("x", value, 0, 9), lambda: checks.positive("x", value)):
        with pytest.raises(TypeError, match=r"^x must be a "):
            check()
    with pytest.raises(TypeError, match=r"^x must be an integer in 0\.\.9, got "):
        checks.whole("x", value, 0, 9)


def test_a_value_beside_its_bound_is_told_from_it():
    beside, bound = np.nextafter(1, 2), float(np.nextafter(0.1, 0))
    with raises(ValueError, "x must lie in [0, 1], got 1.0000000000000002"):
        checks.array("x", [0.5, beside], 0, 1)
    with raises(ValueError, "x must be a number in [0, 1], got 1.0000000000000002"):
        checks.real("x", np.float64(beside), 0, 1)
    with raises(ValueError, f"x must be a number in [0, {bound!r}], got 0.1"):
        checks.real("x", 0.1, 0, bound)
    with raises(ValueError, f"x must lie in [{bound!r}, 1], got {np.nextafter(bound, 0)}"):
        checks.array("x", np.nextafter(bound, 0), bound, 1)


def test_values_are_shown_in_one_short_line():
    for value in (
        "a" * 1000,
        list(range(10**5)),
        np.eye(30),
        {k: k for k in range(99)},
        10**5000,
        [10**5000],
        object(),
    ):
        text = checks.shown(value)
        assert len(text) < 100
        assert "\n" not in text
    with raises(TypeError, "x must be True or False, got [0, 1, 2, 3, 4, 5, ...]"):
        checks.flag("x", list(range(9)))


def test_each():
    assert checks.each("x", "sobol") == ["sobol"]
    assert checks.each("x", 256) == [256]
    assert checks.each("x", np.int64(256)) == [256]
    assert checks.each("x", np.array([64, 256])) == [64, 256]
    assert checks.each("x", (256, [8, 16], 256)) == [256, [8, 16], 256]
    assert checks.each("x", (k for k in (1, 2))) == [1, 2]
    for empty in ((), [], np.array([]), iter(())):
        with raises(ValueError, "x must have at least one entry, got none"):
            checks.each("x", empty)
