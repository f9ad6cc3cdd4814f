"""Functions of one number by a finite-state machine: a saturating counter whose state picks the output.

::

            0      1            N-2     N-1
          +---+  +---+         +---+  +---+      a 1 moves right, a 0 moves left,
        +-|   |--|   |-- ... --|   |--|   |-+    and the ends hold
        +-|   |  |   |         |   |  |   |-+
          +---+  +---+         +---+  +---+

For independent input bits that are one with probability p, state i is visited in proportion to
r**i, r = p / (1 - p), and the state does not depend on the bit of the same cycle: so the laws below
are exact. The counter starts at N // 2; it forgets that within about N / abs(x) cycles, N**2 at most.
Its output bits are correlated over as many cycles, so an output has a larger variance than a Bernoulli
stream of its value. The laws do not hold for deterministic inputs such as a ramp.

References
----------
B. D. Brown, H. C. Card, "Stochastic neural computation I: computational elements", IEEE Transactions
on Computers 50(9), 2001, https://doi.org/10.1109/12.954505.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import checks
from ..backends import choose
from ..bitstreams import Bitstream
from ..bitstreams.encodings import Encoding
from ..chunks import in_chunks
from .arguments import check_stream, rows

_ALTERNATE = 2


def stanh(stream: Bitstream, n_states: int) -> Bitstream:
    """An up/down counter whose most significant bit is the output: tanh(x N / 2).

    ::

        x --> [ counter 0 .. N-1 ] ==> state >= N/2 --> tanh((N/2) atanh x)

    Parameters
    ----------
    stream
        Bipolar streams ``(...)``.
    n_states
        N, even, at least 2. N = 2 is a delay of one cycle.

    Returns
    -------
    Bitstream
        Bipolar streams ``(...)``.

    Raises
    ------
    TypeError
        If `stream` is not a Bitstream or `n_states` not an integer.
    ValueError
        If the stream is not bipolar or `n_states` is odd or below 2.

    Notes
    -----
    Error law: for independent input bits the mean output tends to exactly tanh((N / 2) atanh x), which
    is near tanh(x N / 2) for small x; see `stanh_expected`.

    References
    ----------
    B. D. Brown, H. C. Card, 2001, https://doi.org/10.1109/12.954505.

    Examples
    --------
    >>> stanh(Bitstream.from_bits([0, 0, 1, 1, 1], "bipolar"), 4).bits()
    array([1, 0, 0, 0, 1], dtype=uint8)
    """
    n = _even(n_states)
    upper = np.arange(n) >= n // 2
    return _machine(stream, n, np.repeat(upper, 2).astype(np.uint8), "bipolar")


def stanh_expected(x: ArrayLike, n_states: int) -> NDArray[np.float64]:
    """Mean output of `stanh` for infinitely long Bernoulli streams of value `x`: tanh((N / 2) atanh x).

    >>> stanh_expected([-1.0, 0.0, 0.5, 1.0], 2)
    array([-1. ,  0. ,  0.5,  1. ])
    """
    n = _even(n_states)
    p = (checks.array("x", x, -1, 1) + 1) / 2
    most = np.maximum(p, 1 - p)  # scaled by the larger, so that no power overflows
    up, down = (p / most) ** (n // 2), ((1 - p) / most) ** (n // 2)
    return np.asarray((up - down) / (up + down))


def sexp(stream: Bitstream, n_states: int, gain: int) -> Bitstream:
    """An up/down counter that outputs zeros in its top G states: exp(-2 G x) for x > 0.

    ::

        x --> [ counter 0 .. N-1 ] ==> state < N - G --> exp(-2 G x)

    Parameters
    ----------
    stream
        Bipolar streams ``(...)``.
    n_states
        N, at least 2.
    gain
        G, 1 .. N - 1.

    Returns
    -------
    Bitstream
        Unipolar streams ``(...)``.

    Raises
    ------
    TypeError
        If `stream` is not a Bitstream, or `n_states` or `gain` not an integer.
    ValueError
        If the stream is not bipolar, or `n_states` or `gain` is out of range.

    Notes
    -----
    Error law: for independent input bits the mean output tends to exactly (1 - r**(N-G)) / (1 - r**N)
    with r = (1 + x) / (1 - x): near exp(-2 G x) for small positive x and N much larger than G, and 1
    for negative x; see `sexp_expected`.

    References
    ----------
    B. D. Brown, H. C. Card, 2001, https://doi.org/10.1109/12.954505.

    Examples
    --------
    >>> sexp(Bitstream.from_bits([1, 1, 1, 0, 0], "bipolar"), 4, gain=1).bits()
    array([1, 0, 0, 0, 1], dtype=uint8)
    """
    n, g = _exponential(n_states, gain)
    return _machine(stream, n, np.repeat(np.arange(n) < n - g, 2).astype(np.uint8), "unipolar")


def sexp_expected(x: ArrayLike, n_states: int, gain: int) -> NDArray[np.float64]:
    """Mean output of `sexp` for infinitely long Bernoulli streams of value `x`: (1 - r**(N-G)) / (1 - r**N).

    >>> sexp_expected([-1.0, 0.0, 1.0], 4, 1)
    array([1.  , 0.75, 0.  ])
    """
    n, g = _exponential(n_states, gain)
    p = (checks.array("x", x, -1, 1) + 1) / 2
    state = np.arange(n)

    def run(p: NDArray[np.float64]) -> NDArray[np.float64]:
        most = np.maximum(p, 1 - p)
        share = (p / most)[..., None] ** state * ((1 - p) / most)[..., None] ** (n - 1 - state)
        return np.asarray(share[..., : n - g].sum(-1) / share.sum(-1))

    return in_chunks(run, 32 * n, p.reshape(-1)).reshape(p.shape)


def relu(stream: Bitstream, n_states: int) -> Bitstream:
    """An up/down counter that passes the input in its upper half and the value zero in its lower half.

    ::

        x --+---------------------------------|1\\
            +--> [ counter 0 .. N-1 ]         |  |--> max(x, 0)
                          |      0 1 0 1 .. --|0/
                          +- state >= N/2 -----|

    Parameters
    ----------
    stream
        Bipolar streams ``(...)``.
    n_states
        N, even, at least 2.

    Returns
    -------
    Bitstream
        Bipolar streams ``(...)``. Zero is a bit that alternates with the cycle: 0 1 0 1 and so on.

    Raises
    ------
    TypeError
        If `stream` is not a Bitstream or `n_states` not an integer.
    ValueError
        If the stream is not bipolar or `n_states` is odd or below 2.

    Notes
    -----
    Error law: for independent input bits the mean output tends to exactly
    x (1 + tanh((N / 2) atanh x)) / 2, a smooth ReLU that is sharper the larger N; see `relu_expected`.

    References
    ----------
    The state machine is that of B. D. Brown, H. C. Card, 2001, https://doi.org/10.1109/12.954505.

    Examples
    --------
    >>> relu(Bitstream.from_bits([0, 0, 0, 0, 1, 1, 1, 1, 1, 1], "bipolar"), 4).bits()
    array([0, 1, 0, 1, 0, 1, 1, 1, 1, 1], dtype=uint8)
    """
    n = _even(n_states)
    output = np.full((n, 2), _ALTERNATE, np.uint8)
    output[n // 2 :] = (0, 1)
    return _machine(stream, n, output.reshape(-1), "bipolar")


def relu_expected(x: ArrayLike, n_states: int) -> NDArray[np.float64]:
    """Mean output of `relu` for infinitely long Bernoulli streams of value `x`: x (1 + tanh((N / 2) atanh x)) / 2.

    >>> relu_expected([-1.0, 0.0, 0.5, 1.0], 2)
    array([-0.   ,  0.   ,  0.375,  1.   ])
    """
    return np.asarray(checks.array("x", x, -1, 1) * (1 + stanh_expected(x, n_states)) / 2)


def _machine(stream: Bitstream, n: int, output: NDArray[np.uint8], encoding: Encoding) -> Bitstream:
    x = check_stream("stream", stream, ("bipolar",))
    words = choose().moore(rows(x.words), x.length, n, n // 2, output)
    return Bitstream.owning(words.reshape(x.words.shape), x.length, encoding)


def _even(n_states: int) -> int:
    n = checks.count("n_states", n_states, 2)
    if n % 2:
        raise ValueError(f"n_states must be even, got {n}")
    return n


def _exponential(n_states: int, gain: int) -> tuple[int, int]:
    n = checks.count("n_states", n_states, 2)
    return n, checks.whole("gain", gain, 1, n - 1)
