"""``python -m benchmarks.random_streams``: Bernoulli weight streams beside Sobol streams, in one run.

A dense layer of 784 -> 128 at batch 32 and L = 256, uniform inputs, and the same with 80 % of the inputs zero, as the
pixels of digits are; then with one random source for each input, which all neurons share; then convolutions and
attention, where a stream meets many others and is made once. Cases take turns; a ratio is that of the fastest calls.
"""

from collections.abc import Iterator

import numpy as np

from sc_neurocore import SCConv2DLayer, StochasticAttention, VectorizedSCLayer
from sc_neurocore.bitstreams import Encoding
from sc_neurocore.encoders import Encoder
from sc_neurocore.layers.weight_share import WeightShare

from . import report
from .measure import Case, interleave, repeated
from .rows import Row, times

N_INPUTS, N_NEURONS, BATCH, LENGTH = 784, 128, 32, 256
ZEROS = 0.8
ROUNDS = 9
ENCODINGS: tuple[Encoding, ...] = ("unipolar", "bipolar", "split")
GOALS: dict[WeightShare, str] = {"independent": "<= 35", "neurons": "<= 12"}
"""Times of a Sobol layer that one with fresh weights should stay below, unipolar and with uniform inputs."""
NOTE = "goal set for a Sobol layer that took 1.3 times as long"
GENERATORS = ("sobol", "bernoulli")
CONVOLUTIONS = ((3, 16, 32, 8), (3, 16, 32, 32), (16, 32, 32, 8), (6, 16, 14, 32), (64, 64, 4, 8))
"""Channels of input and output, pixels of a row, batch."""
HEADS = ((64, 256), (64, 1024))
"""Queries, keys and numbers of each; L."""


def layer(generator: str, encoding: Encoding, weight_share: WeightShare | None = None) -> VectorizedSCLayer:
    return VectorizedSCLayer(
        N_INPUTS, N_NEURONS, LENGTH, generator=generator, encoding=encoding, accumulate="sum",
        weight_share=weight_share, use_gpu=False, seed=1,
    )  # fmt: skip


def of_dense() -> Iterator[Case]:
    """Layers from numbers to numbers, on all threads."""
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, N_INPUTS))
    dark = np.where(rng.random(x.shape) < ZEROS, 0.0, x)
    sobol = layer("sobol", "unipolar").prepare()
    yield Case("sobol", repeated(lambda: sobol.forward(x)), BATCH, "image")
    for weight_share in GOALS:
        for encoding in ENCODINGS:
            random, name = layer("bernoulli", encoding, weight_share), f"{weight_share} {encoding}"
            yield Case(name, repeated(lambda random=random: random.forward(x)), BATCH, "image")
            yield Case(f"{name}, zeros", repeated(lambda random=random: random.forward(dark)), BATCH, "image")


def of_convolution(channels: int, filters: int, size: int, batch: int) -> Iterator[Case]:
    """Layers of both generators from numbers to numbers, and the weight streams of the batch."""
    x = np.random.default_rng(1).random((batch, channels, size, size))
    for name in GENERATORS:
        convolution = SCConv2DLayer(
            channels, filters, 3, padding=1, length=LENGTH, generator=name, use_gpu=False, seed=1
        )
        yield Case(name, repeated(lambda layer=convolution: layer.forward(x)), batch, "image")
    weights = Encoder(convolution.kernels.size, LENGTH, "bernoulli", seed=1)
    values = np.broadcast_to(convolution.kernels.reshape(-1), (batch, convolution.kernels.size))
    samples = np.arange(batch)
    yield Case("weights", repeated(lambda: weights.rails(values, samples)), batch, "image")


def of_attention(size: int, length: int) -> Iterator[Case]:
    """One head of both generators."""
    q, k, v = np.random.default_rng(1).random((3, size, size))
    for name in GENERATORS:
        attention = StochasticAttention(size, generator=name, seed=1)
        run = repeated(lambda layer=attention: layer.forward_bitstream(q, k, v, length))
        yield Case(name, run, 1, "head")


def dense_rows(rounds: int) -> Iterator[Row]:
    """Bernoulli weights beside Sobol streams, and encodings beside unipolar."""
    found = interleave(of_dense(), rounds)
    for weight_share, bound in GOALS.items():
        size = f"784 -> 128, fresh Bernoulli weights, sources: {weight_share}, batch {BATCH}, L = {LENGTH}"
        for zeros in ("", ", zeros"):
            inputs, goal, note = (f", {ZEROS:.0%} of the inputs 0", "", "") if zeros else ("", bound, NOTE)
            one = found[f"{weight_share} unipolar{zeros}"]
            yield times("cases", f"{size}, unipolar{inputs}", one, found["sobol"], "Sobol", goal, note)
            for encoding in ENCODINGS[1:]:
                goal = "<= 1.1" if (encoding, weight_share) == ("split", "independent") else ""
                case = found[f"{weight_share} {encoding}{zeros}"]
                yield times("cases", f"{size}, {encoding}{inputs}", case, one, "unipolar", goal)


def rows(rounds: int) -> Iterator[Row]:
    """Bernoulli streams beside Sobol streams."""
    yield from dense_rows(rounds)
    for channels, filters, size, batch in CONVOLUTIONS:
        found = interleave(of_convolution(channels, filters, size, batch), rounds)
        case = f"convolution {channels} -> {filters}, {size} x {size}, k = 3, fresh Bernoulli weights, batch {batch}"
        yield times("cases", f"{case}, L = {LENGTH}", found["bernoulli"], found["sobol"], "Sobol")
        part = found["weights"].best / found["bernoulli"].best
        yield Row("cases", f"weight streams of this {case}", "share of its time", part, seconds=found["weights"].best)
    for size, length in HEADS:
        found = interleave(of_attention(size, length), rounds)
        case = f"attention of {size} queries and keys of {size} numbers, Bernoulli, L = {length}"
        yield times("cases", case, found["bernoulli"], found["sobol"], "Sobol")


if __name__ == "__main__":
    report.show(rows(ROUNDS))
