"""``python -m benchmarks.devices``: what noise of a memory cell costs, and threads where there is one sample.

784 inputs, 32 images, split encoding: a forward of cells that are read with noise beside one without a device, and
beside the definition, comparators that meet NumPy's normals. Then runs of one sequence on one thread and on all.
"""

from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import (
    HardwareAwareSCLayer,
    MemristiveDenseLayer,
    MemristorModel,
    PredictiveCodingSCLayer,
    SCRecurrentLayer,
    VectorizedSCLayer,
)
from sc_neurocore.backends.packing import pack
from sc_neurocore.encoders import Encoder

from .measure import Case, interleave, repeated
from .rows import Row, times

INPUTS, NEURONS, IMAGES, LENGTH, ROUNDS = 784, 128, 32, 256, 9
STEPS = 10
DEVICES = {
    "no device": None,
    "taox, noise of every cycle": MemristorModel.preset("taox"),
    "the same, of .2": MemristorModel(read_noise=0.2),
    "pcm, noise of every read-out": MemristorModel.preset("pcm"),
}


def noise_cases(n_neurons: int = NEURONS, images: int = IMAGES, length: int = LENGTH) -> Iterator[Case]:
    rng = np.random.default_rng(0)
    weights, x = rng.normal(0, 0.15, (n_neurons, INPUTS)).clip(-1, 1), rng.random((images, INPUTS))
    for generator in ("sobol", "bernoulli"):
        for name, device in DEVICES.items():
            layer = VectorizedSCLayer.from_weights(
                weights, length, encoding="split", accumulate="sum", generator=generator, device=device, seed=0
            )
            for batch in (1, images):
                run = repeated(lambda layer=layer, batch=batch: layer.forward(x[:batch]))
                yield Case(f"{generator}, {name}, batch {batch}", run, batch, "image")
    levels = Encoder(1, length, "sobol", partner=1).levels()

    def definition() -> None:
        read = weights.reshape(-1, 1) + 0.014 * rng.standard_normal((weights.size, length))
        pack(levels < read), pack(levels < -read)

    yield Case("sobol, NumPy's normals, weight streams alone", repeated(definition), 1, "image", 1)


def thread_cases() -> Iterator[Case]:
    """Each on one thread and on all; the name ends with which."""
    u, x = np.full((STEPS, 1), 0.3), np.random.default_rng(0).random((STEPS, INPUTS))
    options = {"encoding": "split", "activation": "tanh", "seed": 0}
    for name, more in (
        ("Sobol", {"generator": "sobol"}), ("stored", {"weight_streams": "stored"}), ("fresh", {}),
    ):  # fmt: skip
        reservoir = SCRecurrentLayer(1, 1000, 1.0, 0.25, 0.9, LENGTH, **options, **more)
        for threads in (1, None):
            run = repeated(lambda reservoir=reservoir: reservoir.run(u))
            yield Case(f"reservoir of 1000, {name}, {threads}", run, STEPS, "step", threads)
    for name, neurons, k in (("all learn", 128, None), ("one learns", 1024, 1)):
        coding = PredictiveCodingSCLayer(INPUTS, neurons, LENGTH, 0.01, 0, k=k)
        for threads in (1, None):
            run = repeated(lambda coding=coding: coding.run(x))
            yield Case(f"predictive coding of {neurons}, {name}, {threads}", run, STEPS, "sample", threads)


def chip_cases() -> Iterator[Case]:
    """Layers on a chip with stuck cells and a spread of programming beside the same layer without; Sobol."""
    rng = np.random.default_rng(0)
    weights, x = rng.normal(0, 0.15, (NEURONS, INPUTS)).clip(-1, 1), rng.random((IMAGES, INPUTS))
    for kind in (VectorizedSCLayer, MemristiveDenseLayer, HardwareAwareSCLayer):
        layer = kind.from_weights(weights, LENGTH, encoding="split", accumulate="sum", generator="sobol", seed=0)
        yield Case(kind.__name__, repeated(lambda layer=layer: layer.forward(x)), IMAGES, "image")


def rows(rounds: int) -> Iterator[Row]:
    """Chips and read noise beside no device, all threads beside one."""
    found, size = interleave(chip_cases(), rounds), f"{INPUTS} -> {NEURONS}, split, Sobol, L = {LENGTH}"
    for name in ("MemristiveDenseLayer", "HardwareAwareSCLayer"):
        base = found["VectorizedSCLayer"]
        yield times("layers", f"{name}: {size}, batch {IMAGES}", found[name], base, "VectorizedSCLayer", "<= 1.1")
    found = interleave((case for case in noise_cases() if case.name.endswith(f"batch {IMAGES}")), rounds)
    for generator in ("sobol", "bernoulli"):
        for name in [*DEVICES][1:]:
            base = found[f"{generator}, no device, batch {IMAGES}"]
            case = f"{name}, {INPUTS} -> {NEURONS}, split, {generator}, batch {IMAGES}, L = {LENGTH}"
            yield times("cases", case, found[f"{generator}, {name}, batch {IMAGES}"], base, "no device")
    found = interleave(thread_cases(), rounds)
    for name, one in found.items():
        if one.threads == 1:
            every = found[name.removesuffix("1") + "None"]
            gain = one.best / every.best
            yield Row("cases", name.removesuffix(", 1"), "time on one thread / all", gain, seconds=every.best)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def main() -> None:
    found = interleave(noise_cases(), ROUNDS)
    table = _table(f"{INPUTS} -> {NEURONS}, L = {LENGTH}, split", "forward", "ms an image", "over no device")
    for name, case in found.items():
        generator, batch = name.split(", ")[0], name.rsplit("batch ", 1)[-1]
        base = found.get(f"{generator}, no device, batch {batch}")
        ratio = f"{base.rate / case.rate:.1f} x" if base else ""
        table.add_row(name, f"{1e3 / case.rate:.3f}", ratio)
    Console().print(table)
    found = interleave(thread_cases(), ROUNDS)
    table = _table("One sequence", "layer", "ms a step, one thread", "all threads", "gain")
    for name, case in found.items():
        if name.endswith(", None"):
            one = found[name.removesuffix("None") + "1"]
            times = f"{1e3 / one.rate:.3f}", f"{1e3 / case.rate:.3f}", f"{case.rate / one.rate:.2f} x"
            table.add_row(name.removesuffix(", None"), *times)
    Console().print(table)


if __name__ == "__main__":
    main()
