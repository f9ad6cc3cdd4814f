"""Searches of a calibration: permutations for given operands by annealing, thresholds by coordinate descent."""

import numpy as np

from ..annealing import GOLDEN, temperature
from ..splitmix import mix
from ..types import Counts, CycleCounts, Floats, Indices


def pair_counts(inputs: Indices, groups: Indices, weights: Indices, n_groups: int, length: int) -> CycleCounts:
    counts = np.zeros((len(weights), n_groups, length + 1, length + 1, len(inputs)), np.int32)
    samples = np.broadcast_to(np.arange(len(inputs))[:, None], inputs.shape)
    for own, row in zip(counts, weights, strict=True):
        levels = np.broadcast_to(abs(row), inputs.shape)
        np.add.at(own, (groups, levels, abs(inputs), samples), np.sign(inputs) * np.sign(row))
    cumulated = counts.cumsum(2, np.int32).cumsum(3, np.int32).transpose(1, 2, 3, 0, 4)
    return np.ascontiguousarray(cumulated).reshape(*cumulated.shape[:3], -1)


class _Draws:
    """Outputs of SplitMix64, one after the other."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def word(self) -> int:
        self.state = (self.state + GOLDEN) % (1 << 64)
        return int(mix(np.array([self.state], np.uint64))[0])

    def below(self, n: int) -> int:
        return (self.word() >> 32) * n >> 32


def anneal(
    pairs: CycleCounts, exact: Counts, importance: Floats, permutations: Indices, steps: int, seed: int
) -> Indices:
    here = permutations.astype(np.int64)
    n_groups, length = here.shape
    n_samples = exact.shape[1]
    wide = pairs.reshape(*pairs.shape[:3], *exact.shape).astype(np.int64)
    errors = -exact.astype(np.int64)
    for g in range(n_groups):
        for t, number in enumerate(here[g]):
            counted = wide[g, length, length] - wide[g, t, length] - wide[g, length, number] + wide[g, t, number]
            errors += length * counted

    def weighted(squares: Indices, sums: Indices, others: Indices) -> float:
        total = 0.0
        for each, square, product in zip(importance, squares, sums * others, strict=True):
            total += float(each) * float(n_samples * square - product)
        return total

    cost = weighted((errors**2).sum(1), errors.sum(1), errors.sum(1))
    found, least, draws = here.copy(), cost, _Draws(seed)
    for step in range(steps):
        g, first, second = draws.below(n_groups), draws.below(length), draws.below(length - 1)
        first, second = sorted((first, second + (second >= first)))
        u, v = here[g, first], here[g, second]
        low, high = min(u, v), max(u, v)
        moved = wide[g, second, high] - wide[g, first, high] - wide[g, second, low] + wide[g, first, low]
        moved *= -length if u < v else length
        shift = moved.sum(1)
        worse = weighted((moved * (2 * errors + moved)).sum(1), shift, 2 * errors.sum(1) + shift)
        word = draws.word()
        if worse > 0:
            y = worse / (cost * temperature(step, steps) + 1e-300)
            if (word >> 11) * 2.0**-53 >= 1.0 / (1.0 + y * (1.0 + y * (0.5 + y / 6.0))):
                continue
        errors += moved
        here[g, first], here[g, second] = v, u
        cost += worse
        if cost < least:
            found, least = here.copy(), cost
    return found


def fit_levels(
    codes: Indices, targets: Floats, levels: Indices, products: Floats, wanted: Floats, passes: int
) -> Indices:
    fitted = levels.astype(np.int64)
    n_samples, n_codes = codes.shape[1], products.shape[1]
    for j, own in enumerate(fitted):
        errors = -targets[j]
        for i, code in enumerate(codes):
            errors = errors + products[own[i], code]
        for _ in range(passes):
            before = own.copy()
            for i, code in enumerate(codes):
                sums, counts = np.zeros(n_codes), np.bincount(code, minlength=n_codes).astype(np.float64)
                np.add.at(sums, code, errors)
                best, least = own[i], -1e-9
                for level in (own[i] - 1, own[i] + 1):
                    if not 0 <= level < len(products) or abs(level - wanted[j, i]) > 1:
                        continue
                    change = products[level] - products[own[i]]
                    squares, shift, total = 0.0, 0.0, 0.0
                    for c in range(n_codes):
                        total += sums[c]
                        squares += change[c] * (2.0 * sums[c] + change[c] * counts[c])
                        shift += change[c] * counts[c]
                    worse = squares - shift * (2.0 * total + shift) / n_samples
                    if worse < least:
                        best, least = level, worse
                errors = errors + products[best, code] - products[own[i], code]
                own[i] = best
            if (own == before).all():
                break
    return fitted
