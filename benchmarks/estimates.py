"""``python -m benchmarks.estimates``: estimates of random circuits beside their streams, interleaved in one run.

A dense network 784-128-10 with a fifth of its inputs not 0, and a convolutional one (8 and 16 channels, k = 5, pools),
Bernoulli streams in split encoding, images a second.
"""

from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_neurocore import Conv2D, Dense, Network, Pool2D
from sc_neurocore.evaluation import EstimatedCircuit

from .measure import Case, interleave, repeated
from .rows import Row, faster

IMAGES, STREAMED = 10_000, 200
"""Images of a call of an estimate (a tenth of them with convolutions), and of the streams."""
LENGTHS, ROUNDS = (64, 256, 1024), 9


def networks(rng: np.random.Generator) -> dict[str, Network]:
    """The two networks, with random weights."""
    maps = [Conv2D(rng.normal(size=shape) / 9, np.zeros(shape[0]), "relu") for shape in ((8, 1, 5, 5), (16, 8, 5, 5))]
    last = Dense(rng.normal(size=(10, 256)) / 16, np.zeros(10), "identity")
    dense = Network.from_arrays([rng.normal(size=(128, 784)) / 28, rng.normal(size=(10, 128)) / 11])
    layers = [maps[0], Pool2D("max", 2), maps[1], Pool2D("max", 2), last]
    return {"784-128-10": dense, "convolutional": Network.from_layers(layers, input_shape=(1, 28, 28))}


def cases(rng: np.random.Generator, name: str, network: Network) -> Iterator[Case]:
    """Estimates and streams of every length."""
    n = IMAGES if name == "784-128-10" else IMAGES // 10
    x = rng.random((n, 784)) * (rng.random((n, 784)) < 0.2)
    for length in LENGTHS:
        streams, estimate = network.circuit(length, "bernoulli"), EstimatedCircuit(network.circuit(length, "bernoulli"))
        yield Case(f"streams {length}", repeated(lambda run=streams: run.predict(x[:STREAMED])), STREAMED, "image")
        yield Case(f"estimate {length}", repeated(lambda run=estimate: run.predict(x)), n, "image")


def rows(rounds: int) -> Iterator[Row]:
    """Estimates beside their streams."""
    rng = np.random.default_rng(0)
    for name, network in networks(rng).items():
        found = interleave(cases(rng, name, network), rounds)
        for length in LENGTHS:
            estimate, streams = found[f"estimate {length}"], found[f"streams {length}"]
            case = f"estimate of random streams, {name}, L = {length}"
            yield faster("cases", case, estimate, streams, "their streams")


def main() -> None:
    table = Table(title="Estimates of random circuits, images/s", title_justify="left")
    for column in ("network", "L", "streams", "estimate", "ratio"):
        table.add_column(column, justify="right")
    rng = np.random.default_rng(0)
    for name, network in networks(rng).items():
        found = interleave(cases(rng, name, network), ROUNDS)
        for length in LENGTHS:
            streams, estimate = found[f"streams {length}"].rate, found[f"estimate {length}"].rate
            table.add_row(name, str(length), f"{streams:,.0f}", f"{estimate:,.0f}", f"{estimate / streams:.3g}")
    Console().print(table)


if __name__ == "__main__":
    main()
