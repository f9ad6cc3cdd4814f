"""Searches of a calibration: permutations for given operands by annealing, thresholds by coordinate descent."""

import numpy as np
from numba import int64, uint64

from ..annealing import GOLDEN, temperature
from ..splitmix import MULTIPLIER_1, MULTIPLIER_2, SHIFT_1, SHIFT_2, SHIFT_3
from ..threads import over_rows
from ..types import Counts, CycleCounts, Floats, Indices
from .jit import inline, jit

_temperature = inline(temperature)


@jit
def _pair_counts(inputs, groups, weights, counts, start, stop):  # type: ignore[no-untyped-def]
    n_samples, fan_in = inputs.shape
    for j in range(start, stop):
        first = j * n_samples
        for s in range(n_samples):
            for i in range(fan_in):
                a, w = inputs[s, i], weights[j, i]
                if a * w != 0:
                    counts[groups[s, i], abs(w), abs(a), first + s] += 1 if (a > 0) == (w > 0) else -1
        last = first + n_samples
        for g in range(counts.shape[0]):
            for w in range(1, counts.shape[1]):
                for a in range(1, counts.shape[2]):
                    here, left = counts[g, w, a], counts[g, w, a - 1]
                    for r in range(first, last):
                        here[r] += left[r]
            for w in range(2, counts.shape[1]):
                for a in range(1, counts.shape[2]):
                    here, above = counts[g, w, a], counts[g, w - 1, a]
                    for r in range(first, last):
                        here[r] += above[r]


def pair_counts(inputs: Indices, groups: Indices, weights: Indices, n_groups: int, length: int) -> CycleCounts:
    rows = len(inputs) * len(weights)
    counts = np.zeros((n_groups, length + 1, length + 1, rows), np.int32)
    work = rows * (inputs.shape[1] + 2 * n_groups * (length + 1) ** 2)
    over_rows(_pair_counts, (inputs, groups, weights, counts), len(weights), work)
    return counts


@inline
def _random(state):  # type: ignore[no-untyped-def]
    """Output of SplitMix64 for a state, which moves on by a step a number."""
    z = (state ^ (state >> uint64(SHIFT_1))) * uint64(MULTIPLIER_1)
    z = (z ^ (z >> uint64(SHIFT_2))) * uint64(MULTIPLIER_2)
    return z ^ (z >> uint64(SHIFT_3))


@inline
def _below(word, n):  # type: ignore[no-untyped-def]
    """A number in 0 .. n-1 from the high half of a random word."""
    return int64(((word >> uint64(32)) * uint64(n)) >> uint64(32))


@inline
def _moved(corner, upper, left, inner, errors, change, unit):  # type: ignore[no-untyped-def]
    """Changes of the errors of a neuron's sums when a rectangle of the table moves by `unit`; of squares and total."""
    squares, shift = int64(0), int64(0)
    for s in range(errors.size):
        moved = unit * int64(corner[s] - upper[s] - left[s] + inner[s])
        change[s] = moved
        squares += moved * (2 * errors[s] + moved)
        shift += moved
    return squares, shift


@jit
def _anneal(pairs, exact, importance, permutations, steps, seed, found):  # type: ignore[no-untyped-def]
    n_groups, length = permutations.shape
    n_neurons, n_samples = exact.shape
    errors = np.empty(exact.size, np.int64)
    change = np.empty(exact.size, np.int64)
    totals = np.zeros(n_neurons, np.int64)
    shifts = np.zeros(n_neurons, np.int64)
    for j in range(n_neurons):
        for s in range(n_samples):
            errors[j * n_samples + s] = -exact[j, s]
    for g in range(n_groups):
        for t in range(length):
            number = permutations[g, t]
            every, low = pairs[g, length, length], pairs[g, t, length]
            left, corner = pairs[g, length, number], pairs[g, t, number]
            for r in range(exact.size):
                errors[r] += length * (every[r] - low[r] - left[r] + corner[r])
    cost = 0.0
    for j in range(n_neurons):
        squares = int64(0)
        for r in range(j * n_samples, (j + 1) * n_samples):
            squares += errors[r] * errors[r]
            totals[j] += errors[r]
        cost += importance[j] * (n_samples * squares - totals[j] * totals[j])
    least = cost
    state = uint64(seed)
    for step in range(steps):
        state += uint64(GOLDEN)
        g = _below(_random(state), n_groups)
        state += uint64(GOLDEN)
        first = _below(_random(state), length)
        state += uint64(GOLDEN)
        second = _below(_random(state), length - 1)
        second += 1 if second >= first else 0
        first, second = min(first, second), max(first, second)
        u, v = permutations[g, first], permutations[g, second]
        unit = -length if u < v else length
        low, high = min(u, v), max(u, v)
        corner, upper = pairs[g, second, high], pairs[g, first, high]
        left, inner = pairs[g, second, low], pairs[g, first, low]
        worse = 0.0
        for j in range(n_neurons):
            part = slice(j * n_samples, (j + 1) * n_samples)
            squares, shift = _moved(
                corner[part], upper[part], left[part], inner[part], errors[part], change[part], unit
            )
            shifts[j] = shift
            worse += importance[j] * (n_samples * squares - shift * (2 * totals[j] + shift))
        state += uint64(GOLDEN)
        if worse > 0.0:
            y = worse / (cost * _temperature(step, steps) + 1e-300)
            chance = 1.0 / (1.0 + y * (1.0 + y * (0.5 + y / 6.0)))
            if (_random(state) >> uint64(11)) * 2.0**-53 >= chance:
                continue
        for r in range(exact.size):
            errors[r] += change[r]
        for j in range(n_neurons):
            totals[j] += shifts[j]
        permutations[g, first], permutations[g, second] = v, u
        cost += worse
        if cost < least:
            least = cost
            found[:] = permutations


def anneal(
    pairs: CycleCounts, exact: Counts, importance: Floats, permutations: Indices, steps: int, seed: int
) -> Indices:
    start = permutations.astype(np.int64)
    found = start.copy()
    _anneal(pairs, exact, importance, start, steps, np.uint64(seed), found)
    return found


@jit
def _fit_levels(codes, targets, levels, products, wanted, passes, start, stop):  # type: ignore[no-untyped-def]
    n_lines, n_samples = codes.shape
    n_levels, n_codes = products.shape
    errors, sums, counts = np.empty(n_samples), np.empty(n_codes), np.empty(n_codes)
    for j in range(start, stop):
        for t in range(n_samples):
            errors[t] = -targets[j, t]
        for i in range(n_lines):
            row = products[levels[j, i]]
            for t in range(n_samples):
                errors[t] += row[codes[i, t]]
        for _ in range(passes):
            moved = False
            for i in range(n_lines):
                sums[:] = 0.0
                counts[:] = 0.0
                for t in range(n_samples):
                    sums[codes[i, t]] += errors[t]
                    counts[codes[i, t]] += 1.0
                total = 0.0
                for c in range(n_codes):
                    total += sums[c]
                here = levels[j, i]
                best, least = here, -1e-9
                for level in (here - 1, here + 1):
                    if level < 0 or level >= n_levels or abs(level - wanted[j, i]) > 1.0:
                        continue
                    squares, shift = 0.0, 0.0
                    for c in range(n_codes):
                        change = products[level, c] - products[here, c]
                        squares += change * (2.0 * sums[c] + change * counts[c])
                        shift += change * counts[c]
                    worse = squares - shift * (2.0 * total + shift) / n_samples
                    if worse < least:
                        best, least = level, worse
                if best != here:
                    moved = True
                    levels[j, i] = best
                    for t in range(n_samples):
                        errors[t] = errors[t] + products[best, codes[i, t]] - products[here, codes[i, t]]
            if not moved:
                break


def fit_levels(
    codes: Indices, targets: Floats, levels: Indices, products: Floats, wanted: Floats, passes: int
) -> Indices:
    fitted = levels.astype(np.int64)
    work = levels.size * codes.shape[1] * (1 + passes)
    over_rows(_fit_levels, (codes.astype(np.int32), targets, fitted, products, wanted, passes), len(levels), work)
    return fitted
