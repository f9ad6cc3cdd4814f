"""The search for orders of cycles: when each value of the counter comes, and where further lines are then.

Lines 2 i and 2 i + 1 of ``generator="searched"`` are ``permutation[order]`` and ``order`` for order i. Each order is
found by swaps (`annealing.arrange`). That of lines 0 and 1 spreads the ones of streams and of their products over
time; later ones spread them over the numbers of the lines before. The cost is a mean square: with K the kernel of
a family of boxes, ``sum over s, t of K[s, t] D[s] D[t]`` is the mean square of the mass D in a box.
"""

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from sc_neurocore.backends.packing import pack
from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.encoders.independence import IndependentLines, and_error
from sc_neurocore.gates.fsm import stanh, stanh_expected

from .annealing import arrange
from .circuits import BEST_PAIRS, SobolLines

Numbers = NDArray[np.int64]
Matrix = NDArray[np.float64]

_SUMS = 64
"""Sums that judge the start of an order."""


def search_orders(permutation: Numbers) -> Numbers:
    """Orders ``(k, L)`` of the cycles of a permutation, row i that of lines 2 i and 2 i + 1.

    There are three; of very short sequences fewer, since each line must be independent of those before.
    """
    first = order_in_time(permutation)
    second = order_of_select(permutation, first)
    third = order_of_third(permutation, first, second)
    found, independent = [], IndependentLines(len(permutation), partial(and_error, points=None))
    for order in (first, second, third):
        admitted = [independent.take(line.astype(np.uint32)) for line in lines(permutation, [order])]
        if order is first or all(admitted):
            found.append(order)
    return np.stack(found)


def lines(permutation: Numbers, orders: Numbers | Sequence[Numbers]) -> Numbers:
    """Number sequences ``(2 k, L)`` of k orders."""
    return np.stack([row for order in orders for row in (permutation[order], order)])


def order_in_time(permutation: Numbers) -> Numbers:
    """The order of lines 0 and 1: products, and ones of either line, are spread evenly over time.

    Several searches leave out ever longer waves, down to which the spread is even: adders want it even at once, the
    state machine of Stanh wants chance from one cycle to the next. Circuits decide.
    """
    length = len(permutation)
    if length <= 8:  # all of them, but for rotations
        rest = permutations(range(1, length))
        return min((best_start(permutation, np.array([0, *each])) for each in rest), key=lambda each: each[0])[1]
    first, second = thresholds_kernel(permutation), thresholds_kernel(np.arange(length))
    ties = centred(first) + centred(second) + 4 * centred(first * second)
    kernels = [intervals_kernel(length, waves) for waves in sorted({max(6, length // part) for part in (2, 4, 8, 16)})]
    found = []
    for seed, kernel in enumerate(kernels * _runs(length)):
        when = arrange(ties[None], kernel[None], _steps(length), 0.1, 0.0003, seed)
        found.append(best_start(permutation, np.argsort(when)))
    return min(found, key=lambda each: each[0])[1]


def order_of_select(permutation: Numbers, first: Numbers) -> Numbers:
    """The order of lines 2 and 3; line 2 selects the inputs of a multiplexer, whose products are to be even in each."""
    length = len(permutation)
    when = np.argsort(first)
    # Items are the counter's values in the first order, places the numbers of line 2: neighbours in both are alike.
    values = [permutation, np.arange(length)]
    kernels = [thresholds_kernel(each) for each in values]
    product = centred(kernels[0] * kernels[1])
    # The mean over boxes adds up over the inputs of a multiplexer to nearly nothing: half of its square counts.
    box = (length - permutation) * (length - np.arange(length)) / length**2
    product -= 0.5 * np.outer(box - box.mean(), box - box.mean())
    ties = np.stack([product, sum(map(centred, kernels), 0.3 * centred(thresholds_kernel(when)))])
    even = centred(thresholds_kernel(np.arange(length)))
    back = np.argsort(permutation)
    selects = sum((selects_kernel(length, n) for n in (2, 4, 8)), 0.1 * even)
    spread = np.stack([selects, 0.03 * (even + 0.1 * even[np.ix_(back, back)])])

    found = [arrange(ties, spread, _steps(length), 0.1, 0.0001, seed) for seed in range(_runs(length))]
    least = log_errors_of_sobol(length)[5:]
    numbers = min(found, key=lambda each: (log_errors_of_multiplexers(permutation, each) - least).max())
    return np.asarray(back[numbers[first]])


def order_of_third(permutation: Numbers, first: Numbers, second: Numbers) -> Numbers:
    """The order of lines 4 and 5: line 4 is the third independent input of an OR, beside lines 0 and 2."""
    length = len(permutation)
    when = np.argsort(first)
    kernels = [thresholds_kernel(line[when]) for line in lines(permutation, [first, second])]
    inputs = centred(kernels[0] * kernels[2])
    ties = sum(map(centred, kernels), 10 * inputs)
    even = centred(thresholds_kernel(np.arange(length)))
    back = np.argsort(permutation)
    spread = even + 0.003 * even[np.ix_(back, back)]

    def error(numbers: Numbers) -> float:
        return float((inputs * even[np.ix_(numbers, numbers)]).sum())

    found = [arrange(ties[None], spread[None], _steps(length), 0.1, 0.0001, seed) for seed in range(_runs(length))]
    return np.asarray(back[min(found, key=error)[first]])


def thresholds_kernel(numbers: Numbers) -> Matrix:
    """Share of the thresholds 1 .. L that lie above both of two numbers, ``(L, L)``: boxes that start at 0."""
    return (len(numbers) - np.maximum(numbers[:, None], numbers)) / len(numbers)


def intervals_kernel(length: int, waves: int) -> Matrix:
    """Kernel of all cyclic intervals of time, of whose Fourier components only the first `waves` count."""
    component = np.arange(length)
    component = np.minimum(component, length - component)
    weights = np.zeros(length)
    kept = (component > 0) & (component <= waves)
    weights[kept] = 1 / np.sin(np.pi * component[kept] / length) ** 2
    shift = np.fft.ifft(weights).real / (4 * length)
    return np.asarray(shift[(np.arange(length)[:, None] - np.arange(length)) % length])


def selects_kernel(length: int, inputs: int) -> Matrix:
    """Kernel of the numbers that select one input of a multiplexer, ``floor(number inputs / L)``."""
    passed = np.arange(length) * inputs // length
    return centred((passed[:, None] == passed).astype(float))


def centred(kernel: Matrix) -> Matrix:
    """The kernel of masses whose mean is taken out first: rows add up to 0."""
    return np.asarray(kernel - kernel.mean(0) - kernel.mean(1)[:, None] + kernel.mean())


def best_start(permutation: Numbers, order: Numbers) -> tuple[float, Numbers]:
    """The best of all rotations of an order and of its reverse, and its score: the largest error in units of Sobol's.

    They have the same error in cyclic intervals, but not the same remainder in a saturating adder at the end, nor the
    same start of a state machine.
    """
    length = len(order)
    shifts = (np.arange(length)[:, None] + np.arange(length)) % length
    variants = np.concatenate([order[shifts], order[::-1][shifts]])
    ratios = log_errors(permutation, variants) - log_errors_of_sobol(length)[:5, None]
    scores = ratios.max(axis=0) + 0.1 * ratios.mean(axis=0)
    best = int(np.argmin(scores))
    return float(scores[best]), variants[best]


def saturated(steps: NDArray[np.int32], low: int) -> NDArray[np.int32]:
    """Net outputs ``(...)`` of a saturating adder for the sums of its cycles ``(..., L)``; one is `low` .. 1."""
    held = np.zeros(steps.shape[:-1], np.int32)
    total = np.zeros_like(held)
    for cycle in range(steps.shape[-1]):
        held += steps[..., cycle]
        given = np.clip(held, low, 1)
        total += given
        held -= given
    return total


def log_errors(permutation: Numbers, orders: Numbers) -> Matrix:
    """Logarithms of the RMSE ``(5, V)`` of circuits, for orders ``(V, L)`` that are rotations of one, or reversed.

    Saturating adders of 4 unipolar and of 8 split products, Stanh with 4 and 8 states of either line, and products over
    L / 2 and L / 4 cycles from any cycle on.
    """
    length = len(permutation)
    rng = np.random.default_rng(length)
    found = []
    for inputs, low in ((4, 0), (8, -1)):
        x, w = (rng.integers(low * length, length + 1, (_SUMS, inputs, 1)) for _ in range(2))
        products = np.sign(x * w) * ((permutation < abs(x)) & (np.arange(length) < abs(w)))
        steps = products.sum(1).astype(np.int32)[:, orders]  # (sums, V, L)
        outputs = saturated(steps, low) / length
        found.append(_log_rms(outputs - np.clip((x * w).sum(1) / length**2, low, 1)))
    thresholds = np.unique(np.linspace(0, length, 33).astype(np.int64))
    values = 2 * thresholds[:, None] / length - 1
    errors = []
    for numbers in (permutation, np.arange(length)):
        streams = Bitstream(pack((numbers < thresholds[:, None])[:, orders]), length, "bipolar")
        errors += [stanh(streams, n_states).value() - stanh_expected(values, n_states) for n_states in (4, 8)]
    found.append(_log_rms(np.concatenate(errors)))
    grid = np.unique(np.linspace(0, length, 17).astype(np.int64))[1:, None]
    ones = ((permutation < grid)[:, None] & (np.arange(length) < grid))[..., orders[0]].reshape(len(grid) ** 2, length)
    running = np.cumsum(np.concatenate([np.zeros((len(ones), 1)), ones, ones], axis=1), axis=1)
    for part in (2, 4):
        window = max(length // part, 1)
        counts = running[:, window : window + length] - running[:, :length]
        wrong = _log_rms((counts / window - (grid * grid.T).reshape(-1, 1) / length**2).reshape(-1, 1))
        found.append(np.broadcast_to(wrong, len(orders)))
    return np.stack(found)


def log_errors_of_multiplexers(permutation: Numbers, numbers: Numbers) -> NDArray[np.float64]:
    """Logarithms of the RMSE ``(3,)`` of means of 2, 4 and 8 products.

    `numbers` ``(L,)`` select, one for each value of the counter.
    """
    length = len(permutation)
    rng = np.random.default_rng(length)
    found = []
    for inputs in (2, 4, 8):
        x, w = (rng.integers(0, length + 1, (2000, inputs, 1)) for _ in range(2))
        passed = numbers * inputs // length
        cycles = np.arange(length)
        counts = ((permutation < x[:, passed, 0]) & (cycles < w[:, passed, 0])).sum(-1)
        found.append(_log_rms(counts / length - (x * w).mean(1)[:, 0] / length**2))
    return np.array(found)


@lru_cache(maxsize=256)
def log_errors_of_sobol(length: int) -> NDArray[np.float64]:
    """Both kinds of errors ``(8,)`` of the better of two pairs of Sobol dimensions; between powers of two, log-log."""
    if length not in BEST_PAIRS:
        known = np.stack([log_errors_of_sobol(each) for each in BEST_PAIRS])
        scale = np.log(list(BEST_PAIRS))
        return np.array([np.interp(np.log(length), scale, column) for column in known.T])
    found = []
    for pair in ((1, 2), BEST_PAIRS[length]):
        first, second, third = (SobolLines(length, *pair, line).sequence(length).astype(np.int64) for line in range(3))
        when = np.argsort(second)
        timed, selected = log_errors(first[when], second[None]), log_errors_of_multiplexers(first[when], third[when])
        found.append(np.concatenate([timed[:, 0], selected]))
    return np.minimum(*found)


def _log_rms(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the first axis."""
    return np.asarray(np.log(np.mean(errors**2, axis=0) + 1e-9) / 2)


def _steps(length: int) -> int:
    """Swaps of a search."""
    return 60_000 * length if _runs(length) > 1 else 1_000_000


def _runs(length: int) -> int:
    """Searches: many where they are quick, and for powers of two, whose Sobol sequences are hard to beat."""
    return 12 if length <= 32 else 6 if length & (length - 1) == 0 else 1
