"""The address book of Philox: one counter for each place of a use, on arrays and on numbers alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sc_neurocore.backends import addresses, plasticity
from sc_neurocore.backends.addresses import USES, counter, fields, random_words
from sc_neurocore.backends.normal import box_muller
from sc_neurocore.backends.philox import philox4x32
from sc_neurocore.backends.splitmix import gamma_of, outputs

LAYOUTS = dict(
    zip(
        USES,
        (addresses.BERNOULLI, addresses.SELECT, addresses.NORMALS, addresses.SYNAPSES, addresses.RESERVOIR),
        strict=True,
    )
)
EACH_USE = pytest.mark.parametrize("use", USES)
KEY = 0x0123456789ABCDEF
LOW = 0xFFFFFFFF


def width(use, field):
    """Bits of a field that reach the counter."""
    return 64 if f"{field} >> 32" in USES[use] else 32


def places(use):
    numbers = (st.integers(0, 2 ** width(use, field) - 1) for field in fields(use))
    return st.tuples(*numbers)


@EACH_USE
def test_words_say_what_the_table_says(use):
    place = dict(zip(fields(use), (0x1111222233334444, 0x5555666677778888, 0x9999AAAABBBBCCCC), strict=False))
    named = {"0": 0} | {name: number & LOW for name, number in place.items()}
    named |= {f"{name} >> 32": number >> 32 for name, number in place.items()}
    want = [named[word] for word in USES[use]]
    numbers = tuple(place.values())
    assert list(counter(LAYOUTS[use], numbers)) == want
    arrays = counter(LAYOUTS[use], tuple(np.array([number] * 2, np.uint64) for number in numbers))
    assert np.array(arrays).T.tolist() == [want] * 2
    key = [KEY & LOW, KEY >> 32]
    assert random_words(KEY, LAYOUTS[use], *numbers).tolist() == philox4x32(want, key).tolist()


@EACH_USE
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_two_places_of_a_use_never_share_a_counter(use, data):
    first, second = data.draw(places(use)), data.draw(places(use))
    place = data.draw(st.integers(0, len(first) - 1))
    neighbour = (*first[:place], first[place] ^ 1 << data.draw(st.integers(0, width(use, fields(use)[place]) - 1)))
    for other in (second, (*neighbour, *first[place + 1 :])):
        assert (counter(LAYOUTS[use], first) == counter(LAYOUTS[use], other)) == (first == other)


@EACH_USE
def test_every_field_reaches_the_counter(use):
    """No two fields share a bit of the counter, and none is lost: it has as many bits as its fields."""
    bits = sum(width(use, field) for field in fields(use))
    whole = counter(LAYOUTS[use], (2**64 - 1,) * len(fields(use)))
    assert sum(int(word).bit_count() for word in whole) == bits
    assert list(whole).count(0) == USES[use].count("0")


def test_kernels_are_at_these_addresses(every_backend):
    """The first draws of each use, as an unlike reader of the table would find them."""
    sample, row, step = 2**33 + 5, 3, 2**35 + 8
    words = random_words(KEY, addresses.SELECT, sample, [0, 1])
    selected = every_backend.select_numbers(KEY, np.array([sample]), 7)
    np.testing.assert_array_equal(selected[0], words.reshape(-1)[:7])
    words = random_words(KEY, addresses.NORMALS, row, step // 4)
    normals = every_backend.standard_normals(KEY, row + 1, step, step + 4)[row]
    pairs = [np.ravel(box_muller(words[first : first + 1], words[first + 1 : first + 2])) for first in (0, 2)]
    np.testing.assert_array_equal(normals, np.concatenate(pairs))
    four = random_words(KEY, addresses.BERNOULLI, sample).astype(object)
    gamma = gamma_of(np.array([four[2] | four[3] << 32], np.uint64))[0]
    first = outputs(np.uint64(four[0] | four[1] << 32), gamma, np.array([2 * 128], np.uint64))
    half = every_backend.bernoulli(KEY, np.array([sample], np.uint64), np.array([1], np.uint64), 1, 64, 2)
    np.testing.assert_array_equal(~half[0], first)
    words = random_words(KEY, addresses.SYNAPSES, [[0, 1]], [[0], [1], [2]], step // 4)
    np.testing.assert_array_equal(plasticity.synapse_words(KEY, 3, 2, step + 1), words[..., 1])
