"""``python -m verification.lfsr_pairs``: registers whose streams may meet, for every power of two up to 16,384.

Of a width, every register with a primitive polynomial and the zero state inserted makes all numbers in one period, in
an order that the polynomial decides; the bits of a number may be read in reverse, and inverted. Two such lines are
compared at some distance of their phases. How much the error of their products spreads is mostly a matter of
polynomials, order of bits and phase; which bits are inverted decides the mean, which is what sums of products suffer
from. So phases are ranked by their spread, then masks are searched for the best of them. A search has a fixed seed.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import chain, combinations
from pathlib import Path

import numba
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from sc_neurocore.encoders import LFSR
from sc_neurocore.encoders.independence import AIM, IndependentLines, and_error, or_error, zeros_of
from sc_neurocore.encoders.lfsr import is_primitive
from sc_neurocore.encoders.lfsr_lines import Entry, lfsr_line, taps_of
from sc_neurocore.encoders.product_error import bernoulli_dot_rmse, dot_rmse
from sc_neurocore.files import atomic_write

from .pair_errors import best_masks, rank_of_number

Ints = NDArray[np.int64]
Pair = tuple[float, Entry, Entry]
"""Dot RMSE of two lines, and the lines."""

WIDTHS = range(1, 15)
ONE_BIT: list[Entry] = [(1, 1, 0, 0), (1, 1, 1, 0)]
"""All lines of two cycles: a bit that alternates, and its complement."""
LINES = 32
"""Most lines of one length."""
POLYNOMIALS = 96
"""Most polynomials of a width that are searched."""
_STEPS = 101


def polynomials(degree: int) -> Iterator[tuple[int, ...]]:
    """Taps of all primitive polynomials of a degree.

    >>> list(polynomials(4))
    [(4, 1), (4, 3)]
    """
    for rest in range(1 << degree - 1):
        taps = (degree, *(tap for tap in range(degree - 1, 0, -1) if rest >> tap - 1 & 1))
        if is_primitive(taps, degree):
            yield taps


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _spreads(ranks: Ints, meetings: Ints, steps: int) -> NDArray[np.float64]:
    """Standard deviation of the error of a product, operands 0, 1/steps, .., 1, for (line, other line, its phase)."""
    length = ranks.shape[1]
    found = np.empty(len(meetings))
    ones = np.empty((steps + 1, steps + 1))
    for k in range(len(meetings)):
        first, second, phase = meetings[k]
        ones[:] = 0.0
        for cycle in range(length):
            ones[ranks[first, cycle], ranks[second, (cycle + phase) % length]] += 1.0
        total, squares = 0.0, 0.0
        for a in range(steps + 1):
            row = 0.0
            for b in range(steps + 1):
                row += ones[a, b]
                ones[a, b] = row + (ones[a - 1, b] if a > 0 else 0.0)
                error = ones[a, b] / length - a * b / steps**2
                total += error
                squares += error * error
        mean = total / (steps + 1) ** 2
        found[k] = math.sqrt(max(squares / (steps + 1) ** 2 - mean * mean, 0.0))
    return found


class Search:
    """The search at one width.

    Parameters
    ----------
    bits
        Width n of the registers; streams have 2**n cycles.
    effort
        Cells of tables of products to look at when phases are ranked, and again when masks are searched.
    """

    def __init__(self, bits: int, effort: float = 6e9) -> None:
        self.bits, self.length, self.effort = bits, 1 << bits, effort
        self.rng = np.random.default_rng(bits)
        taps = list(polynomials(bits))
        chosen = self.rng.choice(len(taps), min(len(taps), POLYNOMIALS), replace=False)
        self.readings = [(taps[k], reverse) for k in sorted(chosen) for reverse in (False, True)]
        self.states = [LFSR(bits, each).sequence(self.length).astype(np.int64) for each, _ in self.readings]
        self.rows = np.stack([
            LFSR(bits, each, reverse=reverse).sequence(self.length).astype(np.int64) for each, reverse in self.readings
        ])  # fmt: skip
        self.rank = rank_of_number(self.length, self.length)

    def meetings(self) -> Ints:
        """Lines, other lines and phases, ``(m, 3)``, by the spread of the error of their products, least first.

        All of them, or a sample where they are many; the spread on a grid of operands where these are many.
        """
        readings, steps = len(self.readings), min(self.length, _STEPS)
        number = int(self.effort / (self.length + 2 * steps**2))
        if number >= readings**2 * self.length // 2:
            grid = np.indices((readings, readings, self.length)).reshape(3, -1).T
            found = grid[grid[:, 0] <= grid[:, 1]]
        else:
            found = np.sort(self.rng.integers(0, readings, (number, 2)), axis=1)
            found = np.column_stack([found, self.rng.integers(0, self.length, number)])
        found = found[(found[:, 0] != found[:, 1]) | (found[:, 2] > 0)].astype(np.int64)
        spreads = _spreads(rank_of_number(steps, self.length)[self.rows], found, steps)
        return np.asarray(found[np.argsort(spreads, kind="stable")])

    def pair(self, meeting: Sequence[int], starts: int) -> Pair:
        """A meeting under the best masks found, and its dot RMSE."""
        i, j, phase = meeting
        first, second = self.rows[i], np.roll(self.rows[j], -phase)
        # Up to 8 bits each step of the search looks at the dot RMSE, above at the mean error alone.
        error, *masks = best_masks(first, second, self.rank, self.bits, starts, self.bits <= 8, False, phase)
        states = self.states[i], np.roll(self.states[j], -phase)
        start = int(np.flatnonzero(np.minimum(*states))[0])  # a register does not start from 0
        one, other = (
            (sum(1 << (tap - 1) for tap in taps), int(state[start]), int(mask), int(reverse))
            for (taps, reverse), state, mask in zip((self.readings[i], self.readings[j]), states, masks, strict=True)
        )
        return error, one, other

    def pairs(self) -> list[Pair]:
        """Pairs by their dot RMSE, least first."""
        cells = self.length**2 if self.bits > 8 else self.length**2 * 10 * self.bits**2
        number = max(64, min(4000, int(self.effort / (cells + self.length * 10 * self.bits**2))))
        meetings = self.meetings()
        # The first are often relatives of each other; some of the others make more lines go together.
        places = np.unique([*range(number), *np.linspace(0, len(meetings) // 4, number // 4).astype(int)])
        meetings = meetings[places[places < len(meetings)]]
        found = {tuple(meeting): self.pair(meeting, 4) for meeting in meetings.tolist()}
        for meeting in sorted(found, key=lambda meeting: found[meeting])[:8]:
            found[meeting] = min(found[meeting], self.pair(meeting, 32))
        return sorted(found.values())

    def lines(self) -> list[Entry]:
        """Lines of which any two may be ANDed and any three ORed: the best pair, then as many more as are found."""
        (_, *best), *others = self.pairs()
        found: list[Entry] = []
        for _ in range(12):
            kept = self._together([(first, second) for _, first, second in others], best)
            if len(kept) > len(found):
                found = kept
            if len(found) == LINES:
                break
            # Good pairs are often relatives, which leave no room for others: first in order, then in any.
            others = [others[k] for k in self.rng.permutation(len(others))]
        return found

    def _together(self, pairs: list[tuple[Entry, Entry]], best: Sequence[Entry]) -> list[Entry]:
        """The best pair, those of the pairs that go with all before, in order, and then single lines of pairs."""
        kept, together = list(best), IndependentLines(self.length)
        rows = [self._numbers(line) for line in best]
        for row in rows:
            together.append(row)
        for lines in chain(pairs, ([line] for pair in pairs for line in pair)):
            new = [self._numbers(line) for line in lines]
            if not uncorrelated([*rows, *new]) or not all(map(together.admits, new)):
                continue
            if len(new) == 2:
                first, second, *others = (zeros_of(row, self.length) for row in new + rows)
                if any(or_error(first, second, other, self.length) > AIM for other in others):
                    continue
            for row in new:
                together.append(row)
            rows += new
            kept += lines
            if len(kept) >= LINES:
                break
        return kept[:LINES]

    def _numbers(self, line: Entry) -> NDArray[np.uint32]:
        return lfsr_line(self.length, line).sequence(self.length)


def uncorrelated(lines: Sequence[NDArray[np.uint32]]) -> bool:
    """Whether no correlation of the numbers of two lines is above 1.5 standard deviations of that of random ones.

    Of short streams the RMSE alone would let equal lines pass.
    """
    correlations = np.asarray(np.corrcoef(lines))[np.triu_indices(len(lines), 1)]
    return bool(np.abs(correlations).max() <= 1.5 / math.sqrt(len(lines[0]) - 1))


def started(length: int, lines: Sequence[Entry]) -> list[Entry]:
    """The lines from another cycle on, the same for all: where the ones of the first pair come evenly from the start.

    Which cycle comes first changes no count. The number of ones in a prefix of a stream is a running sum less its value
    at the start, so that their squared error over all prefixes is least where the sum is at its mean. Signals are the
    streams of 1/8, 2/8, .., 7/8 of either line, and of products of 1/4, 1/2 and 3/4.
    """
    states = np.stack(
        [LFSR(lfsr_line(length, each).bits, taps_of(each[0]), each[1]).sequence(length) for each in lines]
    )
    first, second = (lfsr_line(length, each).sequence(length) for each in lines[:2])
    signals = [numbers < k * length // 8 for numbers in (first, second) for k in range(1, 8)]
    signals += [(first < j * length // 4) & (second < k * length // 4) for j in range(1, 4) for k in range(1, 4)]
    running = np.cumsum([each - each.mean() for each in np.asarray(signals, np.float64)], axis=1)
    before = np.concatenate([np.zeros((len(running), 1)), running[:, :-1]], axis=1)  # at the start of a cycle
    error = ((before - running.mean(axis=1, keepdims=True)) ** 2).sum(axis=0)
    error[(states == 0).any(axis=0)] = np.inf  # no register starts from zero
    cycle = int(np.argmin(error.round(9)))
    return [[each[0], int(state), *each[2:]] for each, state in zip(lines, states[:, cycle], strict=True)]


def table(found: dict[int, list[Entry]]) -> Table:
    """Dot RMSE of the first pair of each length, and the largest errors of its lines."""
    shown = Table(title="LFSR: RMSE of a sum of 784 products, and of lines in units of Bernoulli streams")
    for name in ("L", "dot RMSE", "Bernoulli", "lines", "AND of 2", "OR of 3"):
        shown.add_column(name, justify="right")
    for length, lines in found.items():
        numbers = [lfsr_line(length, line).sequence(length) for line in lines]
        zeros = [zeros_of(each, length) for each in numbers]
        shown.add_row(
            str(length),
            f"{dot_rmse(numbers[0], numbers[1], length):.4f}",
            f"{bernoulli_dot_rmse(length):.3f}",
            str(len(lines)),
            f"{max((and_error(*pair, length) for pair in combinations(numbers, 2)), default=0.0):.2f}",
            f"{max((or_error(*triple, length) for triple in combinations(zeros, 3)), default=0.0):.2f}",
        )
    return shown


def main(arguments: Sequence[str] | None = None) -> int:
    """Search, write and print."""
    parser = argparse.ArgumentParser(
        prog="python -m verification.lfsr_pairs", description="Search registers for the generator 'lfsr'."
    )
    parser.add_argument("--bits", type=int, nargs="+", default=list(WIDTHS), help="widths to search (default: 1 .. 14)")
    parser.add_argument("--file", type=Path, required=True, help="JSON file whose entries of these widths are replaced")
    options = parser.parse_args(arguments)
    stored = json.loads(options.file.read_text(encoding="utf-8")) if options.file.exists() else {}
    for bits in options.bits:
        start = time.perf_counter()
        lines = ONE_BIT if bits == 1 else started(1 << bits, Search(bits).lines())
        entries = {int(length): each for length, each in stored.get("lfsr", {}).items()} | {1 << bits: lines}
        stored["lfsr"] = {str(length): entries[length] for length in sorted(entries)}
        with atomic_write(options.file) as path:
            path.write_text(json.dumps(stored, separators=(",", ":")), encoding="utf-8")
        Console(width=None if sys.stdout.isatty() else 110).print(table({1 << bits: lines}))
        print(f"{time.perf_counter() - start:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
