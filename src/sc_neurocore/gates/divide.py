"""Division and square root by sequential circuits."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose
from ..bitstreams import Bitstream
from ..chunks import in_chunks
from .arguments import check_pair, check_sequence, check_stream, common_shape, rows, sequence_rows
from .correlated import overlap

_UNIPOLAR = ("unipolar",)


def divide(a: Bitstream, b: Bitstream) -> Bitstream:
    """A flip-flop and a multiplexer (CORDIV) output a where b is one, and repeat the last such bit elsewhere.

    ::

        a ------------|1\\
                      |  |--+-- a / b
            +--[D]----|0/   |
            |          |    |
            |          b    |
            +---------------+

    Parameters
    ----------
    a, b
        Dividend and divisor, a <= b: unipolar streams of one length whose ones overlap (SCC = +1,
        made from one shared sequence); their shapes broadcast. The flip-flop starts at 0.

    Returns
    -------
    Bitstream
        Quotients, unipolar; all zeros where b has no ones.

    Raises
    ------
    TypeError
        If an operand is not a Bitstream.
    ValueError
        If the lengths differ, a stream is not unipolar, or the shapes do not broadcast.

    Notes
    -----
    Error law: the output is the share of the ones of b that lie over ones of a: a / b at
    SCC = +1 (1 if a > b), but a at SCC = 0; see `divide_expected`. A bit is repeated for 1 / b cycles
    on average, so for Bernoulli streams the variance about the quotient q is
    q (1 - q) (2 - b) / (b L), and the start costs less than q / (b L).

    References
    ----------
    T.-H. Chen, J. P. Hayes, "Design of division circuits for stochastic computing", ISVLSI 2016.

    Examples
    --------
    >>> quotient = divide(Bitstream.from_bits([1, 0, 0, 0]), Bitstream.from_bits([1, 0, 1, 0]))
    >>> quotient.bits(), quotient.value()
    (array([1, 1, 0, 0], dtype=uint8), array(0.5))
    """
    first, left, right = check_pair(a, b, _UNIPOLAR)
    shape = common_shape(a=left.shape[:-1], b=right.shape[:-1])
    words = choose().divide(rows(left, shape), rows(right, shape), first.length)
    return Bitstream.owning(words.reshape(*shape, words.shape[-1]), first.length)


def divide_expected(a: ArrayLike, b: ArrayLike, scc: float = 1.0) -> NDArray[np.float64]:
    """Value of `divide` for infinitely long streams of values `a` and `b` and correlation `scc`; 0 at b = 0.

    >>> divide_expected([0.25, 0.25], [0.5, 0.0])
    array([0.5, 0. ])
    >>> float(divide_expected(0.25, 0.5, scc=0.0))
    0.25
    """
    dividend, divisor = checks.array("a", a, 0, 1), checks.array("b", b, 0, 1)
    common_shape(a=dividend.shape, b=divisor.shape)
    both = overlap(dividend, divisor, scc)
    return np.minimum(both / np.where(divisor == 0, 1, divisor), 1.0)


def square_root(stream: Bitstream, first: NDArray[np.uint32], second: NDArray[np.uint32], bits: int = 8) -> Bitstream:
    """A counter goes up with the input and down with the square of its own output, until both balance.

    ::

        x --> up   +---------+ C   +-----------+
                   | counter |==+=>| first < C |--+---------- y = sqrt(x)
          +-> down +---------+  |  +-----------+  +--+-----+
          |                     |  +------------+    | AND |--+
          |                     +=>| second < C |----+-----+  |
          |                        +------------+             |
          +---------------------------------------------------+

    Parameters
    ----------
    stream
        Unipolar streams ``(...)``.
    first, second
        Two sequences that are independent of each other and of the input, uint32 ``(L,)`` or
        ``(..., L)``, each number below ``2**bits``.
    bits
        Size of the counter, 1..30: it counts in 0 .. ``2**bits`` and starts at half of that.

    Returns
    -------
    Bitstream
        Square roots, unipolar: the stream y.

    Raises
    ------
    TypeError
        If `stream` is not a Bitstream or a sequence not a uint32 array.
    ValueError
        If the stream is not unipolar, or a sequence has the wrong shape or too large a number.

    Notes
    -----
    Error law: the circuit reaches its steady state after about 2**bits / (2 sqrt(x)) cycles. From there on, for
    Bernoulli input and sequences, the mean of the output is exactly `square_root_expected`, which
    lies below sqrt(x) by about (1 - x) / 4 of a count, that is (1 - x) 2**-bits / 4. More bits take
    longer to get there and fluctuate less.

    References
    ----------
    B. R. Gaines, "Stochastic computing systems", Advances in Information Systems Science 2 (1969),
    https://doi.org/10.1007/978-1-4899-5841-9_2.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = Bitstream.from_bits(rng.random(20_000) < 0.25)
    >>> first, second = rng.integers(2**6, size=(2, 20_000), dtype=np.uint32)
    >>> bool(abs(square_root(x, first, second, bits=6).value() - 0.5) < 0.03)
    True
    """
    x = check_stream("stream", stream, _UNIPOLAR)
    size = checks.whole("bits", bits, 1, 30)
    one, two = (check_sequence(name, value, x.length, size) for name, value in (("first", first), ("second", second)))
    one, two = sequence_rows("first", one, x.shape), sequence_rows("second", two, x.shape)
    words = choose().square_root(rows(x.words), x.length, one, two, size, 2 ** (size - 1))
    return Bitstream.owning(words.reshape(x.words.shape), x.length)


def square_root_expected(x: ArrayLike, bits: int = 8) -> NDArray[np.float64]:
    """Mean output of `square_root` in its steady state, for Bernoulli inputs of value `x` ``(...)``.

    The counter is a birth-death chain: from C = c 2**bits it goes up with probability
    x (1 - c**2) and down with (1 - x) c**2. Detailed balance gives the share of time in each state,
    and the mean of c is the output. `bits` is at most 20 here, for memory.

    >>> square_root_expected([0.0, 0.25, 1.0], bits=10).round(3)
    array([0. , 0.5, 1. ])
    """
    p = checks.array("x", x, 0, 1)
    size = 2 ** checks.whole("bits", bits, 1, 20)
    c = np.arange(size + 1) / size
    log_ratio = np.log1p(-(c[:-1] ** 2)) - 2 * np.log(c[1:])

    def run(p: NDArray[np.float64]) -> NDArray[np.float64]:
        inner = np.clip(p, np.finfo(float).tiny, 1 - np.finfo(float).epsneg)
        log_odds = np.log(inner) - np.log1p(-inner)
        log_share = np.zeros((*p.shape, size + 1))
        np.cumsum(log_ratio + log_odds[..., None], axis=-1, out=log_share[..., 1:])
        share = np.exp(log_share - log_share.max(-1, keepdims=True))
        mean = (share * c).sum(-1) / share.sum(-1)
        return np.asarray(np.where(p == 0, 0.0, np.where(p == 1, 1.0, mean)))

    return in_chunks(run, 40 * size, p.reshape(-1)).reshape(p.shape)
