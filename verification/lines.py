"""``python -m verification.lines``: the file of lines of generators by name that measured well together.

``python -m verification.lines`` searches the lengths that the file lacks, ``--lengths 2..64`` some again, ``--names
sobol,lattice`` for some generators only. Instead, ``--check`` prints the figures of all lists, recomputed, and
``--every`` at which length of 16 .. 4096 pairs are worst, of the file or searched for at run-time. The file is written
after every length, in full or not at all; a search has a fixed seed.
"""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from functools import partial
from importlib import resources
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sc_neurocore.encoders.independence import LIMIT, IndependentLines, and_error, or_error, zeros_of
from sc_neurocore.encoders.line_search import (
    BASES,
    NAMES,
    Entry,
    bits_of,
    candidates,
    good_multipliers,
    lattice_means,
    line_of,
    searched_lines,
)
from sc_neurocore.encoders.product_error import bernoulli_dot_rmse
from sc_neurocore.files import atomic_write

from .arguments import spans
from .pair_errors import Ints, best_masks, dot_rmse, moments, rank_of_number, spreads

LENGTHS = sorted({2**n for n in range(1, 15)} | set(range(3, 257)))
"""Lengths of the file."""
FILE = Path(str(resources.files("sc_neurocore.encoders"))) / "lines.json"
MOST_LINES, MOST_LINES_OFF_POWERS = 32, 16
Lists = dict[str, dict[str, list[list[int]]]]
"""Entries of lines by generator and length."""


def is_power(length: int) -> bool:
    """Whether a length is a power of two."""
    return length & (length - 1) == 0


def numbers_of(name: str, length: int, entry: Entry) -> NDArray[np.uint32]:
    """The numbers of a line ``(L,)``."""
    return line_of(name, length, entry).sequence(length)


def modulus_of(name: str, length: int) -> int:
    """Modulus of all lines of a kind."""
    return length if name == "lattice" else 1 << bits_of(length)


# ---------------------------------------------------------------- pairs


def best_pair(name: str, length: int) -> tuple[Entry, Entry]:
    """The pair with the least dot RMSE of all that are tried."""
    if length == 2:  # two cycles have two sequences, which are as bad together as each with itself
        return {"sobol": ((1, 0), (1, 1)), "halton": ((2, 0), (2, 1)), "vdc": ((1, 0), (2, 1))}.get(
            name, ((1, 1), (1, 0))
        )
    if name == "lattice":
        return min(lattice_pairs(length), key=lambda pair: figure(name, length, pair))
    found = []
    for seed, (one, other, fixed) in enumerate(pairs_to_mask(name, length)):
        rank = rank_of_number(length, modulus_of(name, length))
        first, second = (numbers_of(name, length, (each, 0)).astype(np.int64) for each in (one, other))
        exact = length <= 1024
        starts = 8 if length <= 64 and is_power(length) else 3 if exact else 32 if name == "vdc" else 4
        found.append((best_masks(first, second, rank, bits_of(length), starts, exact, fixed, seed), one, other))
    (_, u, v), one, other = min(found)
    return (one, u), (other, v)


def pairs_to_mask(name: str, length: int) -> Iterator[tuple[int, int, bool]]:
    """Dimensions or bases whose masks are worth a search, and whether only the second needs one."""
    if name == "vdc":  # the ramp stays a counter
        yield 1, 2, True
        return
    if name == "sobol":
        firsts = np.arange(1, 65 if length <= 1024 else 25)
    else:
        firsts = np.array([base for base in BASES if base <= max(length, 3)][: 18 if length <= 1024 else 8])
    rank = rank_of_number(length, modulus_of(name, length))
    lines = np.stack([rank[numbers_of(name, length, (int(first), 0))] for first in firsts])
    deviations, pairs = spreads(lines)
    kept = min(len(pairs), max(8, (1 << (23 if is_power(length) else 18)) // length**2)) if length <= 1024 else 8
    for place in np.argsort(deviations, kind="stable")[:kept]:
        one, other = (int(firsts[each]) for each in pairs[place])
        yield one, other, is_power(length) and name == "sobol"


def lattice_pairs(length: int) -> Iterator[tuple[Entry, Entry]]:
    """Lattices and the counter: all of them up to 64, above the best multipliers and offsets."""
    multipliers, offsets = (64, 16) if length <= 256 else (24, 4)
    for multiplier in good_multipliers(length, multipliers):
        order = np.argsort(np.abs(lattice_means(length, multiplier)), kind="stable")
        for offset in order if length <= 64 else order[:offsets]:
            yield (multiplier, int(offset)), (1, 0)


def ranks(name: str, length: int, entry: Entry) -> Ints:
    """Ranks of a line, see `pair_errors`."""
    return rank_of_number(length, modulus_of(name, length))[numbers_of(name, length, entry)]


def figure(name: str, length: int, pair: tuple[Entry, Entry]) -> float:
    """Dot RMSE of two lines, exact."""
    return float(dot_rmse(ranks(name, length, pair[0]), ranks(name, length, pair[1])))


def exact_and_error(first: NDArray[np.uint32], second: NDArray[np.uint32], modulus: int) -> float:
    """RMSE of the product of two lines over that of Bernoulli streams, at all operands k / L."""
    rank = rank_of_number(len(first), modulus)
    return math.sqrt(moments(rank[first], rank[second])[1] * 36 * len(first) / 5)


# ---------------------------------------------------------------- more lines


def extended(name: str, length: int, pair: tuple[Entry, Entry]) -> list[Entry]:
    """The longest list of independent lines found that begins with a pair.

    Lines 2 i and 2 i + 1 meet in products, so of several lines that could be the second of two the one with the least
    dot RMSE is taken.
    """
    most = MOST_LINES if is_power(length) else MOST_LINES_OFF_POWERS
    pool = candidates(name, length, 512)
    longest: list[Entry] = []
    for turn in range(max(1, min(8, 256 // length))):
        order = [pool[place] for place in np.random.default_rng(turn).permutation(len(pool))]
        found = greedy(name, length, pair, order, most)
        longest = max(longest, found, key=len)
        if len(longest) == most:
            break
    return longest


def greedy(name: str, length: int, pair: tuple[Entry, Entry], pool: list[Entry], most: int) -> list[Entry]:
    """A list of lines that begins with `pair` and takes from `pool` what is independent of all before."""
    lines, found, rest = _lines(name, length), list(pair), list(pool)
    for entry in pair:
        lines.append(numbers_of(name, length, entry))
    while len(found) < most:
        wanted = 1 if len(found) % 2 == 0 else 6 if length <= 1024 else 2
        admitted = []
        kept = []
        for place, entry in enumerate(rest):
            if lines.admits(numbers_of(name, length, entry)):
                admitted.append(entry)
                kept.append(entry)
            if len(admitted) == wanted:
                kept += rest[place + 1 :]
                break
        if not admitted:
            break
        best = min(admitted, key=lambda entry: figure(name, length, (found[-1], entry))) if wanted > 1 else admitted[0]
        found.append(best)
        lines.append(numbers_of(name, length, best))
        rest = [entry for entry in kept if entry != best]  # who was refused once is refused ever after
    return found


def _lines(name: str, length: int) -> IndependentLines:
    """An empty list; above 256 cycles products are tried at a part of the operands, which ``--check`` makes up for."""
    return IndependentLines(modulus_of(name, length), exact_and_error if length <= 256 else and_error)


def worst_errors(name: str, length: int, entries: list[Entry], exact: bool) -> tuple[float, float]:
    """Largest error of an AND of two and of an OR of three lines of a list, over Bernoulli's; 0 where there is none."""
    numbers, modulus = [numbers_of(name, length, entry) for entry in entries], modulus_of(name, length)
    zeros = [zeros_of(each, modulus) for each in numbers]
    error = exact_and_error if exact else and_error
    ands = (error(one, other, modulus) for one, other in combinations(numbers, 2))
    ors = (or_error(*three, length) for three in combinations(zeros, 3))
    return max(ands, default=0.0), max(ors, default=0.0)


# ---------------------------------------------------------------- the file


def search(name: str, length: int) -> list[Entry]:
    """Lines of a generator for a length."""
    pair = best_pair(name, length)
    if name == "vdc":
        pair = pair[::-1]
    return extended(name, length, pair)


def read() -> Lists:
    """Lists of the file; none where there is no file."""
    found: Lists = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return {name: found.get(name, {}) for name in NAMES}


def write(lists: Lists) -> None:
    """Write the file, in full or not at all: a line for each list."""
    kinds = []
    for name in NAMES:
        rows = (f'  "{length}": {json.dumps(lists[name][str(length)], separators=(",", ":"))}' for length in LENGTHS
                if str(length) in lists[name])  # fmt: skip
        kinds.append(f' "{name}": {{\n' + ",\n".join(rows) + "\n }")
    with atomic_write(FILE) as path:
        path.write_text("{\n" + ",\n".join(kinds) + "\n}\n", encoding="utf-8")


def entries_of(lists: Lists, name: str, length: int) -> list[Entry]:
    """A list of the file as pairs of integers."""
    return [(first, second) for first, second in lists[name][str(length)]]


def report(name: str, length: int, entries: list[Entry], exact: bool) -> str:
    """Figures of a list in a line; above 2048 cycles products of all operands only if `exact`."""
    ands, ors = worst_errors(name, length, entries, exact or length <= 2048)
    rmse = figure(name, length, (entries[0], entries[1]))
    verdict = "" if max(ands, ors) <= LIMIT else f", ABOVE {LIMIT}"
    return (
        f"{name} {length}: dot RMSE {rmse:.4g} (Bernoulli {bernoulli_dot_rmse(length):.3g}), {len(entries)} lines, "
        f"AND {ands:.2f}, OR {ors:.2f} of Bernoulli's{verdict}"
    )


def worst_ratio(name: str, lengths: Sequence[int], lists: Lists) -> tuple[float, int]:
    """Largest dot RMSE of the pair of a length over Bernoulli's, and that length."""
    found = []
    for length in lengths:
        if str(length) in lists[name]:
            lines = [line_of(name, length, entry) for entry in entries_of(lists, name, length)[:2]]
        else:
            lines = list(searched_lines(name, length))
        rank = rank_of_number(length, lines[0].modulus)
        first, second = (rank[line.sequence(length)] for line in lines)
        found.append((float(dot_rmse(first, second)) / bernoulli_dot_rmse(length), length))
    return max(found)


def lengths_of(text: str) -> list[int]:
    """Lengths of the file in ``"2..64"`` or ``"8,16"``.

    >>> lengths_of("2..4,8")
    [2, 3, 4, 8]
    """
    found = [length for span in spans(text) for length in LENGTHS if length in span]
    if not found:
        raise argparse.ArgumentTypeError(f"lengths must be among those of the file, got {text!r}")
    return found


def names_of(text: str) -> list[str]:
    """Kinds of lines, separated by commas."""
    found = text.split(",")
    if not set(found) <= set(NAMES):
        raise argparse.ArgumentTypeError(f"names must be among {', '.join(NAMES)}, got {text!r}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Search, or check the file; 1 if a list has an error above the limit."""
    parser = argparse.ArgumentParser(
        prog="python -m verification.lines", description="Search lines of generators by name."
    )
    parser.add_argument("--lengths", type=lengths_of, default=LENGTHS, help="such as 2..64 or 8,16")
    parser.add_argument("--names", type=names_of, default=NAMES, help=f"of {', '.join(NAMES)}")
    parser.add_argument("--check", action="store_true", help="recompute the figures of the file instead")
    parser.add_argument("--every", action="store_true", help="find the worst pair of the lengths 16 .. 4096 instead")
    options = parser.parse_args(arguments)
    lists = read()
    show = partial(print, flush=True)
    if options.every:
        for name in options.names:
            ratio, length = worst_ratio(name, range(16, 4097), lists)
            show(f"{name}: dot RMSE at most {ratio:.3f} of Bernoulli's for L = 16 .. 4096, at L = {length}")
        return 0
    above = False
    for length in options.lengths:
        for name in options.names:
            stored = str(length) in lists[name]
            if not options.check and (not stored or options.lengths is not LENGTHS):
                start = time.perf_counter()
                lists[name][str(length)] = [list(entry) for entry in search(name, length)]
                write(lists)
                line = report(name, length, entries_of(lists, name, length), False)
                show(f"{line} ({time.perf_counter() - start:.1f} s)")
            elif options.check and stored:
                line = report(name, length, entries_of(lists, name, length), True)
                above = above or "ABOVE" in line
                show(line)
    return int(above)


if __name__ == "__main__":
    sys.exit(main())
