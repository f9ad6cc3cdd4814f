"""``python -m benchmarks.spiking``: `SCDenseLayer` beside NumPy, 1000 neurons, 1000 steps, currents included.

Both make the currents and run the neurons; NumPy makes its Bernoulli products with its own random numbers. A second
table has neurons that read the sums of their products beside the two kernels that write every cycle between them.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from sc_neurocore import SCDenseLayer
from sc_neurocore.backends import choose
from sc_neurocore.gates.connections import FullConnections
from sc_neurocore.neurons import LIFParameters

from .measure import Case, interleave, repeated
from .rows import Row, faster

NEURONS, STEPS, INPUTS = 1000, 1000, 10
BATCHES = ((784, 128, 1, 1024), (784, 128, 32, 256), (784, 128, 32, 1024), (64, 100, 100, 1024))
"""Inputs, neurons, samples and cycles of the second table."""
NOISES = {"with noise": 0.02, "without": 0.0}
ROUNDS = 15


def cases() -> Iterator[Case]:
    """A run from rest; `shared`: one current drives all neurons, `own`: each has its weights."""
    rng = np.random.default_rng(0)
    x, weights = rng.random(INPUTS), rng.random((NEURONS, INPUTS))
    for noisy, noise in NOISES.items():
        for wiring, w in (("shared", weights[0]), ("own", weights)):
            layer = SCDenseLayer(
                NEURONS, x, w, 0, 1, 0, 1, STEPS, y_max=0.2, neuron_params={"noise_std": noise}, base_seed=0
            )

            def run(layer: SCDenseLayer = layer) -> None:
                layer.reset()
                layer.source.forget()
                layer.run(STEPS)

            def plain(w: NDArray[np.float64] = w, noise: float = noise) -> None:
                in_numpy(x, np.atleast_2d(w), noise, rng)

            yield Case(f"{wiring}, {noisy}", repeated(run), 1, "run")
            yield Case(f"{wiring}, {noisy}, NumPy", repeated(plain), 1, "run")


def fused(n: int, neurons: int, batch: int, length: int) -> Iterator[Case]:
    """Spikes of ready streams: in one kernel, and by way of the sums of every cycle; work: the products' bits."""
    rng, kernels = np.random.default_rng(0), choose()
    x = rng.integers(0, 2**64, (1, batch, n, length // 64), np.uint64)
    w = rng.integers(0, 2**64, (1, neurons * n, length // 64), np.uint64)
    wiring, levels = FullConnections(n, neurons).wiring(0, neurons), np.arange(n + 1) / (4.0 * n)
    membrane, rows = LIFParameters(noise_std=0.0, refractory_period=2).membrane(0.5), batch * neurons
    v, rested, gate = np.zeros(rows), np.zeros(rows, np.int64), np.ones((1, 1), np.int64)

    def together() -> None:
        kernels.spike_streams(x, w, wiring, length, False, gate, False, levels, 0, membrane)

    def apart() -> None:
        sums = kernels.cycle_counts(x, w, wiring, length, False).reshape(rows, length)
        kernels.lif(0, sums, levels, 0, membrane, v, rested, False)

    work = batch * neurons * n * length
    yield Case("together", repeated(together), work, "bit")
    yield Case("apart", repeated(apart), work, "bit")


def in_numpy(
    x: NDArray[np.float64], w: NDArray[np.float64], noise: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """The same circuit, all neurons at once, a step after the other."""
    p, v = LIFParameters(noise_std=noise), np.zeros(NEURONS)
    spikes = np.empty((NEURONS, STEPS), bool)
    for t in range(STEPS):
        products = (rng.random(x.shape) < x) & (rng.random(w.shape) < w)
        v += -(v - p.v_rest) / p.tau_mem + p.resistance * 0.2 * products.mean(1)
        if noise:
            v += noise * rng.standard_normal(NEURONS)
        spikes[:, t] = v >= p.v_threshold
        v[spikes[:, t]] = p.v_reset
    return spikes


def rows(rounds: int) -> Iterator[Row]:
    """Runs beside NumPy's."""
    found = interleave(cases(), rounds)
    for noisy in NOISES:
        for wiring in ("shared", "own"):
            name = f"{wiring}, {noisy}"
            noise = "with noise" if NOISES[noisy] else "no noise"
            case = f"SCDenseLayer: {NEURONS} neurons x {STEPS} steps, {wiring} weights, {noise}"
            yield faster("layers", case, found[name], found[f"{name}, NumPy"], "NumPy", ">= 5")


def main() -> None:
    found = interleave(cases(), ROUNDS)
    table = Table(title=f"{NEURONS} neurons, {STEPS} steps, {INPUTS} inputs, all threads", title_justify="left")
    for column in ("weights", "noise", "ms", "NumPy, ms", "NumPy / ours"):
        table.add_column(column, justify="right")
    for noisy in NOISES:
        for wiring in ("shared", "own"):
            ours, numpy = (found[f"{wiring}, {noisy}{end}"].best * 1e3 for end in ("", ", NumPy"))
            table.add_row(wiring, noisy, f"{ours:.2f}", f"{numpy:.0f}", f"{numpy / ours:.0f}")
    Console().print(table)
    table = Table(title="Spikes of ready streams, all threads", title_justify="left")
    for column in ("inputs", "neurons", "samples", "cycles", "ms", "by way of sums, ms", "ratio"):
        table.add_column(column, justify="right")
    for shape in BATCHES:
        found = interleave(fused(*shape), ROUNDS)
        one, two = (found[name].best * 1e3 for name in ("together", "apart"))
        table.add_row(*map(str, shape), f"{one:.2f}", f"{two:.2f}", f"{two / one:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
