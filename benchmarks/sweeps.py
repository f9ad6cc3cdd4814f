"""``python -m benchmarks.sweeps``: 1,008 circuits of the network for digits, by a process a core and on one core.

Six generators, eight lengths, 21 seeds, 540 images each, as mapped; the times hold the start of the processes.
"""

from collections.abc import Iterator
from time import perf_counter

from sc_neurocore import sweeps
from sc_neurocore.backends.threads import set_threads, thread_count
from sc_neurocore.datasets import load_digits
from sc_neurocore.evaluation import default_model

from . import report
from .rows import Row

GENERATORS = ("bernoulli", "sobol", "searched", "lattice", "lfsr", "halton")
LENGTHS = (8, 16, 32, 64, 128, 256, 512, 1024)
SEEDS = 21
IMAGES_OF_OVERHEAD = 1
"""Held-out images of the sweep that shows what a task costs beside its circuit."""


def seconds(workers: int, digits, network) -> float:  # type: ignore[no-untyped-def]
    """Of a sweep by so many processes; 1: in this thread."""
    points = sweeps.grid(generator=GENERATORS, length=LENGTHS, seed=range(SEEDS), calibrate="none")
    start = perf_counter()
    sweeps.collect(points, network, digits, workers=workers)
    return perf_counter() - start


def rows(rounds: int) -> Iterator[Row]:
    """Processes beside one core; the best of up to three runs of each, in turns."""
    digits, cores = load_digits(), thread_count()
    network = default_model(digits)
    one, all_cores = [], []
    for _ in range(min(rounds, 3)):
        try:
            set_threads(1)
            one.append(seconds(1, digits, network))
        finally:
            set_threads(cores)
        all_cores.append(seconds(cores, digits, network))
    count = len(GENERATORS) * len(LENGTHS) * SEEDS
    case = f"sweep of {count:,} circuits of the network for digits, {cores} processes"
    yield Row("cases", case, "one core", min(one) / min(all_cores), ">= 1.8", min(all_cores))


if __name__ == "__main__":
    report.show(rows(3))
