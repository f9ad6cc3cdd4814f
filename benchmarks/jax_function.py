"""``python -m benchmarks.jax_function``: layers as compiled functions of JAX beside the same layers on Numba.

From numbers in NumPy to numbers in NumPy, L = 256, all cases interleaved in one run; the outputs are equal.
"""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import SCConv2DLayer, StochasticAttention, VectorizedSCLayer, jax_function

from .measure import Case, interleave, repeated

LENGTH, ROUNDS = 256, 9


def layers() -> Iterator[tuple[str, Any, Any, Any, dict[str, Any]]]:
    """Name, layer, inputs, shape of a sample, and what attention is called with."""
    rng = np.random.default_rng(0)
    options: dict[str, Any] = {"length": LENGTH, "seed": 0, "backend": "numba"}
    for generator, batches in (("sobol", (1, 32, 1024)), ("bernoulli", (1, 32))):
        for batch in batches:
            layer = VectorizedSCLayer(784, 128, generator=generator, **options)
            yield f"784 -> 128, {generator}, batch {batch}", layer, rng.random((batch, 784)), None, {}
    conv = SCConv2DLayer(16, 32, 3, padding=1, generator="sobol", **options)
    yield "convolution 16 -> 32, 32 x 32, batch 8", conv, rng.random((8, 16, 32, 32)), (16, 32, 32), {}
    attention = StochasticAttention(64, generator="sobol", seed=0, backend="numba")
    heads = tuple(rng.random((3, 8, 64, 64)))
    yield "attention, 8 heads of 64 x 64", attention, heads, (64, 64), {"length": LENGTH}


def cases() -> Iterator[Case]:
    """Each layer on Numba and in JAX; what they return is compared first."""
    for name, layer, x, shape, call in layers():
        function, parameters = jax_function(layer, shape, **call)
        compiled, heads = jax.jit(function), isinstance(x, tuple)
        samples = np.arange(len(x[0] if heads else x))

        def forward(layer: Any = layer, x: Any = x, call: Any = call, heads: bool = heads) -> Any:
            layer.reset()
            return layer.forward_bitstream(*x, **call) if heads else layer.forward(x)

        def in_jax(compiled: Any = compiled, given: Any = parameters, x: Any = x, samples: Any = samples) -> Any:
            with jax.enable_x64(True):
                return np.asarray(compiled(given, x, samples))

        np.testing.assert_array_equal(in_jax(), forward())
        yield Case(f"numba: {name}", repeated(forward), len(samples), "sample")
        yield Case(f"jax: {name}", repeated(in_jax), len(samples), "sample")


def main() -> None:
    found = interleave(cases(), ROUNDS)
    title = f"L = {LENGTH}, ms, fastest of {ROUNDS} samples; JAX {jax.__version__} on {jax.default_backend()}"
    table = Table(title=title, title_justify="left")
    for column in ("layer", "Numba", "JAX", "JAX / Numba"):
        table.add_column(column, justify="right")
    for name in (name.removeprefix("numba: ") for name in found if name.startswith("numba: ")):
        numba, in_jax = (1e3 * found[f"{backend}: {name}"].best for backend in ("numba", "jax"))
        table.add_row(name, f"{numba:.2f}", f"{in_jax:.2f}", f"{in_jax / numba:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
