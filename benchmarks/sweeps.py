"""``python -m benchmarks.sweeps``: 1,008 circuits of the network for digits, by a process a core and on one core.

Six generators, eight lengths, 21 seeds, 540 images each, as mapped; the times hold the start of the processes. Beside
it what the cores can give: as many programs at once, each of which runs the whole sweep on one core. Cores that share
caches or are threads of one core do not double anything.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
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


def seconds(workers: int) -> float:
    """Of a sweep by so many processes; 1: in this thread."""
    points = sweeps.grid(generator=GENERATORS, length=LENGTHS, seed=range(SEEDS), calibrate="none")
    digits = load_digits()
    network = default_model(digits)
    start = perf_counter()
    sweeps.collect(points, network, digits, workers=workers)
    return perf_counter() - start


def on_one_core() -> float:
    """Seconds of a sweep in this thread, with kernels that use one."""
    cores = thread_count()
    try:
        set_threads(1)
        return seconds(1)
    finally:
        set_threads(cores)


def all_at_once(programs: int) -> float:
    """Seconds of one of so many programs at once, each with the whole sweep, the second time that it runs it."""
    with ProcessPoolExecutor(programs, get_context("spawn")) as pool:
        list(pool.map(_on_one_core, range(programs)))
        return max(pool.map(_on_one_core, range(programs)))


def _on_one_core(_: int) -> float:
    return on_one_core()


def rows(rounds: int) -> Iterator[Row]:
    """Processes beside one core, and what the cores can give; the best of up to three runs of each, in turns."""
    cores = thread_count()
    one, own, at_once = [], [], []
    for _ in range(min(rounds, 3)):
        one.append(on_one_core())
        own.append(seconds(cores))
        at_once.append(all_at_once(cores))
    count = len(GENERATORS) * len(LENGTHS) * SEEDS
    case = f"sweep of {count:,} circuits of the network for digits"
    yield Row("cases", f"{case}, {cores} processes", "time of one core / ours", min(one) / min(own), ">= 1.8", min(own))
    yield Row(
        "cases",
        f"{case}, {cores} programs at once",
        "time of one core / ours",
        cores * min(one) / min(at_once),
        "",
        min(at_once),
    )


if __name__ == "__main__":
    report.show(rows(3))
