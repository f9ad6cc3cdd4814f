"""Counter layout of the Philox random numbers: which counter belongs to which use and place.

Philox is a function of a key and a counter of four 32-bit words, so what is random at a place depends on the
place only. `USES` says for every use what the four words are; `counter` makes them, on arrays in `reference` and
on numbers in `compiled`. Different places of one use never share a counter. Places of different uses do, so a key
belongs to one use: layers spawn one for each purpose (`layers.base`), banks of synapses for their gates.

NumPy's generator of the same name, used for masks and shifts that are drawn once, has words of 64 bits and is
another function.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .philox import philox4x32
from .types import Draws

Layout = tuple[tuple[np.uint64, np.uint64, np.uint64], ...]
"""For each counter word: the field it comes from, the shift to the right, and the mask."""

USES = {
    # Four words are the seed (the first two) and the gamma of a SplitMix64 generator, see `bernoulli` in `reference`.
    "bernoulli": ("stream", "stream >> 32", "0", "0"),
    # Four words drive a multiplexer for four cycles: call = cycle // 4.
    "select": ("sample", "sample >> 32", "call", "0"),
    # Four words make normals for four steps of a row: call = step // 4.
    "normals": ("row", "0", "call", "call >> 32"),
    # Four words of the synapse from an input to a neuron, for four cycles: call = cycle // 4. Both the words that
    # weights are compared with and those that open gates, under two keys.
    "synapses": ("input", "neuron", "call", "call >> 32"),
    # Four words for the lines 4 call .. 4 call + 3 of a reservoir: rounding. Word 0 of call 0: digital shift. Under
    # two keys.
    "reservoir": ("call", "step", "step >> 32", "sample"),
}
"""Contents of the words 0 .. 3 of a counter, for every use; each is cut to 32 bits. The gates of `predictive` and the
flips of faults are Bernoulli streams."""


def fields(use: str) -> tuple[str, ...]:
    """Names of the fields of a use's counter, in the order in which `counter` takes them.

    >>> fields("synapses")
    ('input', 'neuron', 'call')
    """
    return tuple(dict.fromkeys(word.removesuffix(" >> 32") for word in USES[use] if word != "0"))


def _layout(use: str) -> Layout:
    names = fields(use)
    found = []
    for word in USES[use]:
        field = 0 if word == "0" else names.index(word.removesuffix(" >> 32"))
        found.append((field, 32 if word.endswith(" >> 32") else 0, 0 if word == "0" else 0xFFFFFFFF))
    return tuple((np.uint64(field), np.uint64(shift), np.uint64(mask)) for field, shift, mask in found)


BERNOULLI, SELECT, NORMALS, SYNAPSES, RESERVOIR = (_layout(use) for use in USES)


def counter(layout: Layout, place: tuple[Any, ...]) -> tuple[Any, Any, Any, Any]:
    """The four 32-bit counter words for the given `fields` of a use (64 bits each), scalars or arrays."""
    first, second, third, fourth = layout
    return (
        (place[first[0]] >> first[1]) & first[2],
        (place[second[0]] >> second[1]) & second[2],
        (place[third[0]] >> third[1]) & third[2],
        (place[fourth[0]] >> fourth[1]) & fourth[2],
    )


def random_words(key: int, layout: Layout, *place: ArrayLike) -> Draws:
    """Random words ``(..., 4)`` of the given `fields` of a use, which are broadcast against each other.

    >>> random_words(7, SELECT, [[0], [1]], range(3)).shape
    (2, 3, 4)
    """
    words = counter(layout, tuple(np.asarray(field, np.uint64) for field in place))
    return philox4x32(np.stack(np.broadcast_arrays(*words), axis=-1), [key & 0xFFFFFFFF, key >> 32])
