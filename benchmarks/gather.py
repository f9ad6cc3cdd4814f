"""``python -m benchmarks.gather``: streams taken from a table of all of them, beside a copy of as many words.

784 streams a sample, of random levels. A copy is `numpy.copyto` into words that are there; `gather` finds room for its
own. At L = 64 a stream is one word, and the number of its row is another: gather reads twice what a copy reads.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from sc_neurocore.backends import choose
from sc_neurocore.backends.packing import words_for

from . import report
from .measure import Case, interleave, repeated
from .rows import Row

N_INPUTS, BATCHES, LENGTHS = 784, (1, 32, 1024), (64, 256, 1024)
ROUNDS = 15


def cases(batch: int, length: int) -> Iterator[Case]:
    """Both, on one thread."""
    rng, kernels = np.random.default_rng(0), choose()
    table = rng.integers(0, 2**64, (length + 1, words_for(length)), np.uint64)
    rows = rng.integers(0, len(table), (batch, N_INPUTS), np.uint64)
    words = kernels.gather(table, rows)
    copied = np.empty_like(words)
    yield Case("gather", repeated(lambda: kernels.gather(table, rows)), words.nbytes, "byte", 1)
    yield Case("copy", repeated(lambda: np.copyto(copied, words)), words.nbytes, "byte", 1)


def rows(rounds: int) -> Iterator[Row]:
    """Gathers beside copies, on one thread."""
    for batch, length in product(BATCHES, LENGTHS):
        found = interleave(cases(batch, length), rounds)
        case, share = f"gather of streams from a table, batch {batch}, L = {length}, one thread", found["gather"]
        quantity = "share of the speed of a copy"
        yield Row("cases", case, quantity, share.rate / found["copy"].rate, ">= .7", share.best)


if __name__ == "__main__":
    report.show(rows(ROUNDS))
