"""``python -m verification.sequences``: the file of permutations and orders of ``generator="searched"``.

``python -m verification.sequences`` searches the lengths that the file lacks, ``--lengths 2..64`` some again, and
``--orders 2..64`` only their orders, in seconds each (powers of two longer: 5 minutes at 256). The file is written
after every length; a search has a fixed seed. ``python -m verification dot-rmse`` prints the figures.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sc_neurocore.files import atomic_write

from .annealing import anneal, best_lattice, dot_rmse
from .arguments import spans
from .orders import search_orders

LENGTHS = range(2, 257)
"""Lengths of the file."""
FILE = Path(str(resources.files("sc_neurocore.encoders"))) / "searched.npz"

_NETS, _BEST_NETS = 60_000, 24


@lru_cache(maxsize=2)
def search(length: int) -> NDArray[np.int64]:
    """The permutation of 0 .. length-1 with the least dot RMSE of all runs."""
    return min(candidates(length), key=dot_rmse)


def candidates(length: int) -> Iterator[NDArray[np.int64]]:
    """What each run of simulated annealing found.

    Short sequences have many valleys and want heat; long ones want many steps at low temperature. At powers of two
    the best digital nets are ahead of what annealing finds from random starts, and serve as starts; just below 64,
    so does the one of 64 with cycles left out.
    """
    rng = np.random.default_rng(length)
    # Temperatures are in units of the squared dot RMSE that good permutations have, about 5.9 L**-.835.
    unit = (5.9 * length**-0.835) ** 2
    seeds = iter(range(1000))
    runs: list[tuple[float, float, int]] = []
    if length <= 48:
        runs += [(10.0, 0.03, 1_000_000)] * 3 + [(1.0, 0.003, 1_000_000)] * 3
    if length > 24:
        runs += [(0.1, 0.001, 2_000_000)] * 2
    if 48 < length < 64:
        runs += [(0.05, 0.01, 8_000_000)] * 3 + [(0.3, 0.01, 8_000_000)] * 3
    if length > 96:
        runs += [(0.03, 0.0003, 1_000_000)] * 2
    yield best_lattice(length)
    for hot, cold, steps in runs:
        yield anneal(rng.permutation(length), steps, hot * unit, cold * unit, next(seeds))
    if length & (length - 1) == 0:
        nets = sorted((digital_net(length, rng) for _ in range(_NETS)), key=dot_rmse)[:_BEST_NETS]
        yield nets[0]
        for net in nets:
            for hot in (0.02, 0.01, 0.005):
                yield anneal(net, 2_000_000, hot * unit, 0.0003 * unit, next(seeds))
    if 48 < length < 64:
        for start in shortened(search(64), length):
            for hot in (0.02, 0.01, 0.005):
                yield anneal(start, 2_000_000, hot * unit, 0.0003 * unit, next(seeds))


def shortened(permutation: NDArray[np.int64], length: int, kept: int = 6) -> list[NDArray[np.int64]]:
    """Good permutations of `length` from a longer one: cycles are left out, one by one, and numbers close up."""
    found = [permutation]
    while len(found[0]) > length:
        shorter = {
            tuple(np.where(rest > start[cycle], rest - 1, rest).tolist())
            for start in found
            for cycle in range(len(start))
            for rest in (np.delete(start, cycle),)
        }
        found = sorted((np.array(each) for each in sorted(shorter)), key=dot_rmse)[:kept]
    return found


def digital_net(length: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """A permutation of 0 .. 2**m - 1 whose points form a (0, m, 2)-net in base 2, shifted by an XOR mask.

    The bits of a number are ``L R U`` times the bits of its cycle, modulo 2, where L is a lower and U an upper
    triangular matrix and R reverses the order (H. Niederreiter, "Random Number Generation and Quasi-Monte Carlo
    Methods", SIAM 1992, chapter 4).
    """
    m = length.bit_length() - 1
    lower = np.tril(rng.integers(0, 2, (m, m)), -1) + np.eye(m, dtype=np.int64)
    upper = np.triu(rng.integers(0, 2, (m, m)), 1) + np.eye(m, dtype=np.int64)
    weights = 1 << np.arange(m)[::-1]
    bits = (np.arange(length)[:, None] & weights != 0).astype(np.int64)
    numbers: NDArray[np.int64] = bits @ (lower @ upper[:, ::-1]).T % 2 @ weights
    return numbers ^ int(rng.integers(length))


def read() -> dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Permutation ``(L,)`` and orders ``(k, L)`` of the file by length; none where there is no file."""
    if not FILE.exists():
        return {}
    with np.load(FILE) as stored:
        lengths, numbers, orders = (stored[name].astype(np.int64) for name in ("lengths", "permutations", "orders"))
        sizes = lengths * stored["n_orders"]
    rows = zip(np.split(numbers, np.cumsum(lengths)[:-1]), np.split(orders, np.cumsum(sizes)[:-1]), strict=True)
    return {
        length: (permutation, order.reshape(-1, length))
        for length, (permutation, order) in zip(lengths.tolist(), rows, strict=True)
    }


def write(found: dict[int, tuple[NDArray[np.int64], NDArray[np.int64]]]) -> None:
    """Write the file, in full or not at all."""
    lengths = sorted(found)
    permutations, orders = zip(*(found[length] for length in lengths), strict=True)
    with atomic_write(FILE) as path, path.open("wb") as file:
        np.savez_compressed(
            file,
            lengths=np.array(lengths, np.uint16),
            permutations=np.concatenate(permutations).astype(np.uint8),
            rmse=np.array([dot_rmse(permutation) for permutation in permutations]),
            n_orders=np.array([len(rows) for rows in orders], np.uint8),
            orders=np.concatenate([rows.reshape(-1) for rows in orders]).astype(np.uint8),
        )


def lengths_of(text: str) -> list[int]:
    """Lengths from ``"2..64"`` or ``"8,16"``.

    >>> lengths_of("2..4,8")
    [2, 3, 4, 8]
    """
    found = list(chain.from_iterable(spans(text)))
    if not found or min(found) < LENGTHS[0] or max(found) > LENGTHS[-1]:
        raise argparse.ArgumentTypeError(f"lengths must lie in {LENGTHS[0]}..{LENGTHS[-1]}, got {text!r}")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Search, and write the file."""
    parser = argparse.ArgumentParser(
        prog="python -m verification.sequences", description="Search permutations for the generator 'searched'."
    )
    parser.add_argument("--lengths", type=lengths_of, help="such as 2..64 or 8,16; default: those not in the file")
    parser.add_argument("--orders", type=lengths_of, default=[], help="lengths whose orders only are searched again")
    options = parser.parse_args(arguments)
    found = read()
    lengths = options.lengths or ([] if options.orders else [length for length in LENGTHS if length not in found])
    for length in (*lengths, *options.orders):
        start = time.perf_counter()
        permutation = search(length) if length in lengths else found[length][0]
        found[length] = permutation, search_orders(permutation)
        write(found)
        print(
            f"L = {length}: {dot_rmse(permutation):.4f}, {len(found[length][1])} orders "
            f"({time.perf_counter() - start:.1f} s)",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
