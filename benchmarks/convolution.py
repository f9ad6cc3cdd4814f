"""``python -m benchmarks.convolution``: windows of shared pixel streams beside the dense product.

3 -> 16, 3 -> 32 and 16 -> 32 channels, 32 x 32 pixels, k = 3, padding 1, batch 8: the product of `SCConv2DLayer`, the
same windows copied out beforehand, and the dense product 784 -> 128 at batch 32, interleaved in one run.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from sc_neurocore import SCConv2DLayer
from sc_neurocore.backends import choose
from sc_neurocore.backends.packing import words_for
from sc_neurocore.gates.windows import window_indices

from .cases import Shape
from .measure import Case, interleave, repeated
from .rows import Row

CHANNELS, SIZE, KERNEL, BATCH = ((3, 16), (3, 32), (16, 32)), 32, 3, 8
DENSE = (784, 128, 32)
LENGTHS = 256, 1024
ROUNDS = 15


def cases(channels: int, filters: int, length: int) -> Iterator[Case]:
    """Products of random words on all threads, and the layer from numbers to numbers."""
    rng, kernels = np.random.default_rng(0), choose()

    def words(*shape: int) -> NDArray[np.uint64]:
        return rng.integers(0, 2**64, (*shape, words_for(length)), np.uint64)

    layer = SCConv2DLayer(channels, filters, KERNEL, padding=1, length=length, generator="sobol", use_gpu=False, seed=1)
    x = rng.random((BATCH, channels, SIZE, SIZE))
    padded, fan_in = SIZE + 2, layer.fan_in
    indices = window_indices(channels, (padded, padded), layer.kernel_size, layer.stride)
    lines, weights = words(1, BATCH, channels * padded**2), words(1, 1, filters, fan_in)
    copied = lines[0][:, indices[0]].reshape(1, -1, fan_in, words_for(length))
    work = BATCH * SIZE * SIZE * fan_in * filters * length
    yield Case("windows", repeated(lambda: kernels.window_counts(lines, weights, indices, length)), work, "bit")
    yield Case("copied windows", repeated(lambda: kernels.and_counts(copied, weights[0])), work, "bit")
    dense = Shape(*DENSE, length)
    a, b = words(1, dense.batch, dense.n_inputs), words(1, dense.n_neurons, dense.n_inputs)
    yield Case("dense", repeated(lambda: kernels.and_counts(a, b)), dense.product_bits, "bit")
    yield Case("forward", repeated(lambda: layer.forward(x)), BATCH, "image")


def rows(rounds: int) -> Iterator[Row]:
    """Windows beside the dense product, and the layer beside its windows."""
    for (channels, filters), length in product(CHANNELS, LENGTHS):
        found = interleave(cases(channels, filters, length), rounds)
        size = f"{channels} -> {filters}, {SIZE} x {SIZE}, k = {KERNEL}, batch {BATCH}, L = {length}"
        windows, quantity = found["windows"], "share of the speed of the dense product"
        share = windows.rate / found["dense"].rate
        yield Row("layers", f"SCConv2DLayer: product, {size}", quantity, share, ">= .85", windows.best)
        forward = found["forward"].best
        yield Row("layers", f"SCConv2DLayer: {size}", "time / its product", forward / windows.best, "", forward)


def main() -> None:
    table = Table(title="Product of a convolution beside that of 784 -> 128, all threads, Gbit/s", title_justify="left")
    for column in ("channels", "L", "windows", "copied", "dense", "windows/dense", "layer, images/s"):
        table.add_column(column, justify="right")
    for (channels, filters), length in product(CHANNELS, LENGTHS):
        interleave(cases(channels, filters, length), 1)  # compiles, or loads from the cache
        found = interleave(cases(channels, filters, length), ROUNDS)
        rates = {name: case.rate / 1e9 for name, case in found.items()}
        table.add_row(
            f"{channels} -> {filters}",
            str(length),
            *(f"{rates[name]:.0f}" for name in ("windows", "copied windows", "dense")),
            f"{rates['windows'] / rates['dense']:.2f}",
            f"{found['forward'].rate:,.0f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
