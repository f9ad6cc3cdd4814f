"""Building blocks of recorded cases: looked-up names, a covering design, inputs, faults and devices.

A case is a name and a function that gives arrays by name. An array that is decided by counts of bits is
recorded as a digest; one that passes through floating-point libraries is wrapped in `Close` and recorded
as numbers. Where the library raises a ValueError, the word ``ValueError`` is recorded.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

import sc_neurocore as sc
from sc_neurocore import Faults, MemristorModel

PARTS: dict[str, Any] = {
    "dense": sc.Dense,
    "conv": sc.Conv2D,
    "pool": sc.Pool2D,
    "inhibition": sc.Inhibition,
    "winners": sc.KWinners,
    "spiking": sc.SpikingDense,
    "dendrite": sc.Dendrite,
    "predictive": sc.PredictiveCoding,
}
"""What a `Network` is made of."""


def kernels() -> Any:
    """The kernels of the default backend: of `backends.choose()`, or of the module of older versions."""
    from sc_neurocore import backends

    if hasattr(backends, "choose"):
        return backends.choose()
    from sc_neurocore.backends import compiled

    return compiled


class Wiring(NamedTuple):
    """Synapses ``indptr[j]:indptr[j + 1]`` of neuron j join stream ``inputs[k]`` with ``weights[k]``."""

    indptr: np.ndarray
    inputs: np.ndarray
    weights: np.ndarray


class Close(NamedTuple):
    """An array whose last bits depend on BLAS, LAPACK or libm."""

    array: Any


Outcome = dict[str, Any]
Case = tuple[str, Callable[[], Outcome]]
"""A name, and what gives arrays, `Close` arrays or the name of an error."""

ENCODINGS = ("unipolar", "bipolar", "split")
ACCUMULATES = ("mean", "sum", "saturate", "or", "mux")
GENERATORS = ("bernoulli", "searched", "lfsr", "sobol", "lattice", "halton", "vdc", "ramp")
SOURCES = ("bernoulli", "stored", *GENERATORS[1:])
"""Generators of a layer with weights; ``stored``: Bernoulli with one set of weight streams."""
SHARES = (None, "independent", "shift", "one", "rotate")
LENGTHS = (65, 1, 100, 7, 128, 64, 257)

FAULTS: dict[str, Faults | None] = {
    "none": None,
    "input flips": Faults(input_flips=0.1),
    "weight flips": Faults(weight_flips=0.2),
    "input and weight flips": Faults(input_flips=0.05, weight_flips=0.05),
    "product flips": Faults(product_flips=0.1),
    "stuck": Faults(stuck_lines=0.4),
    "dead inputs": Faults(dead_generator="inputs"),
    "dead weights": Faults(dead_generator="weights"),
    "flips and stuck": Faults(input_flips=0.1, product_flips=0.02, stuck_lines=0.3),
    "everything": Faults(0.02, 0.03, 0.04, 0.2, "inputs"),
}

DEVICES: dict[str, MemristorModel | None] = {
    "none": None,
    "levels": MemristorModel(levels=5, drift_exponent=0.05, drift_time=100.0),
    "spread": MemristorModel(variability=0.1, proportional=True),
    "lognormal": MemristorModel(variability=0.2, distribution="lognormal"),
    "stuck": MemristorModel(stuck_low_rate=0.2, stuck_high_rate=0.1),
    "read noise": MemristorModel(read_noise=0.1),
    "converter": MemristorModel(adc_bits=4),
    "wires": MemristorModel(wire_resistance=50.0),
    # Not together with a converter: the solution of the wires has other last bits with another BLAS.
    "wires and spread": MemristorModel(wire_resistance=20.0, ir_drop="first_order", variability=0.05),
    "no wires": MemristorModel(
        levels=16,
        variability=0.05,
        stuck_low_rate=0.1,
        drift_exponent=0.01,
        drift_time=10.0,
        read_noise=0.05,
        adc_bits=6,
    ),
}


def covering(
    crossed: Mapping[str, Sequence[Any]], filled: Mapping[str, Sequence[Any]] | None = None, rounds: int = 1
) -> Iterator[dict[str, Any]]:
    """Every combination of `crossed`, `rounds` times; each `filled` factor takes the level seen least beside the rest.

    >>> [row["b"] for row in covering({"a": [0, 1]}, {"b": ["x", "y"]}, rounds=2)]
    ['x', 'x', 'y', 'y']
    """
    seen: Counter[Any] = Counter()
    for _ in range(rounds):
        for values in itertools.product(*crossed.values()):
            row = dict(zip(crossed, values, strict=True))
            for name, levels in (filled or {}).items():
                pairs = [[(other, row[other], name, level) for other in row] for level in levels]
                place = min(range(len(levels)), key=lambda i: (sum(seen[pair] for pair in pairs[i]), i))
                seen.update(pairs[place])
                row[name] = levels[place]
            yield row


def named(row: Mapping[str, Any], *, start: str = "") -> str:
    """The name of a row of `covering`: its levels, with the factors where a level does not tell."""
    words = [start] if start else []
    for name, level in row.items():
        plain = isinstance(level, str) and level not in ("none", "one")
        words.append(level if plain else f"{name}={str(level).replace(' ', '')}")
    return ", ".join(words)


def numbered(rows: Iterator[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows with names that differ, also where a round repeats a row."""
    times: Counter[str] = Counter()
    for row in rows:
        name = named(row)
        times[name] += 1
        yield (name if times[name] == 1 else f"{name} #{times[name]}"), row


def numbers(shape: int | tuple[int, ...], seed: int = 0, encoding: str = "unipolar") -> np.ndarray:
    """Numbers of the encoding's range with few digits; the ends and 0 are among them."""
    drawn = np.round(np.random.default_rng([20260726, seed]).random(shape), 3)
    flat = drawn.reshape(-1)
    flat[3::11], flat[7::13] = 0.0, 1.0
    return drawn if encoding == "unipolar" else 2 * drawn - 1


def words(shape: tuple[int, ...], length: int, seed: int = 0, p: float = 0.5) -> np.ndarray:
    """Packed random streams ``(*shape, W)``."""
    return sc.Bitstream.from_bits(np.random.default_rng([length, seed]).random((*shape, length)) < p).words


def attempt(give: Callable[[], Any]) -> Any:
    """What `give` gives, or the name of the error."""
    try:
        return give()
    except ValueError:
        return "ValueError"


def close(give: Callable[[], Any]) -> Any:
    """As `attempt`, for numbers of floating-point libraries."""
    found = attempt(give)
    return found if isinstance(found, str) else Close(np.asarray(found, np.float64))


def outcomes(make: Callable[[], Any], **gives: Callable[[Any], Any]) -> Outcome:
    """What each function gives of the one object that `make` makes, in order."""
    made = attempt(make)
    if isinstance(made, str):
        return {"made": made}
    return {name: attempt(lambda give=give: give(made)) for name, give in gives.items()}


def source_options(source: str) -> dict[str, Any]:
    """Keywords of a layer for one of `SOURCES`."""
    if source == "stored":
        return {"generator": "bernoulli", "weight_streams": "stored"}
    return {"generator": source}


def without_idle(options: dict[str, Any], *, dense: bool = True) -> dict[str, Any]:
    """The options without those that change nothing, which layers now refuse; what was recorded is what they do.

    Turned lines count in a dense layer what lines of one sequence count, and weight streams that are the same for
    every sample, or new in every cycle, are the same stored.
    """
    made = dict(options)
    faults, device = made.get("faults"), made.get("device")
    noise = None if device is None or not device.read_noise else device.read_noise_per
    moved = faults is not None and (
        faults.input_flips or faults.weight_flips or faults.product_flips or faults.dead_generator
    )
    vain = made.get("accumulate", "mean") in ("mean", "sum") and not moved and noise != "cycle"
    random = made.get("generator", "bernoulli") == "bernoulli"
    if made.get("share") == "rotate" and not random and dense and vain:
        made["share"] = "one"
    if made.get("weight_streams") == "stored" and (noise == "cycle" or not random):
        del made["weight_streams"]
    return made


def rewound(layer: Any, x: Any) -> Any:
    """The outputs of a layer after `reset`."""
    layer.reset()
    return layer.forward(x)
