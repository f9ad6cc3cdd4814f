"""Cases of gates, kernels, generators, encoders, neurons, synapses and sources."""

from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

import numpy as np

import sc_neurocore as sc
from sc_neurocore import gates as g
from sc_neurocore.backends.packing import pack
from sc_neurocore.encoders import make_generator
from sc_neurocore.neurons import FixedPointLIF, LIFNeurons
from sc_neurocore.sources import BitstreamCurrentSource
from sc_neurocore.synapses import (
    PRESETS,
    PlasticSynapses,
    StreamSynapse,
    crossbar_transfer,
    dot_product,
    stdp_drift,
    stdp_window,
)
from tests.golden.recorded.cases import (
    DEVICES,
    ENCODINGS,
    GENERATORS,
    LENGTHS,
    Case,
    Outcome,
    Wiring,
    attempt,
    close,
    covering,
    kernels,
    named,
    numbered,
    numbers,
    outcomes,
    words,
)

SHARES = (None, "independent", "shift", "one", "rotate")
KERNEL_LENGTHS = (1, 7, 64, 65, 100, 257, 1000)


def draws(shape: tuple[int, ...], bits: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([bits, seed]).integers(0, 1 << bits, shape, dtype=np.uint32, endpoint=False)


def streams(shape: tuple[int, ...], length: int, encoding: Any, seed: int = 0) -> sc.Bitstream:
    head = (2, *shape) if encoding == "split" else shape
    return sc.Bitstream(words(head, length, seed, 0.4), length, encoding)


def bits_of(result: Any) -> Any:
    return result.words if isinstance(result, sc.Bitstream) else result


def gate_case(length: int, encoding: Any) -> Outcome:
    a, b = streams((3, 4), length, encoding, 1), streams((4,), length, encoding, 2)
    two = streams((5, 2), length, encoding, 3)
    image = streams((2, 5, 4), length, encoding, 4)
    select = streams((4,), length, "unipolar", 5)
    calls: dict[str, Any] = {
        "multiply": lambda: g.multiply(a, b),
        "total": lambda: g.total(a),
        "mean": lambda: g.mean(a),
        "saturating sum": lambda: g.saturating_sum(a),
        "two-level sum": lambda: g.saturating_sum(a, two_level=True),
        "or": lambda: g.or_gate(a),
        "mux": lambda: g.mux(a, draws((3, length))),
        "one select": lambda: g.mux(a, draws((length,))),
        "mux by a stream": lambda: g.mux(two, streams((5,), length, "unipolar", 6)),
        "weighted mux": lambda: g.weighted_mux(a, select),
        "maximum": lambda: g.maximum(a, b),
        "minimum": lambda: g.minimum(a, b),
        "distance": lambda: g.distance(a, b),
        "subtract": lambda: g.saturating_subtract(a, b),
        "delay": lambda: g.delay(a, min(3, length)),
        "rotate": lambda: g.delay(a, 1, rotate=True),
        "shuffle": lambda: g.shuffle_buffer(a, 4, draws((length,), 32, 7)),
        "regenerate": lambda: g.regenerate(a, draws((length,), 8), 8),
        "divide": lambda: g.divide(b, a),
        "square root": lambda: g.square_root(a, draws((length,), 6, 1), draws((length,), 6, 2), bits=6),
        "stanh": lambda: g.stanh(a, 6),
        "sexp": lambda: g.sexp(a, 8, 2),
        "relu": lambda: g.relu(a, 8),
        "average pool": lambda: g.average_pool(image, 2, draws((length,), 32, 8), stride=(1, 2)),
        "max pool": lambda: g.max_pool(image, (2, 1)),
        "scc": lambda: sc.scc(a, streams((3, 4), length, encoding, 9)),
        "autocorrelation": lambda: sc.autocorrelation(a),
        "stability": lambda: sc.stability(a),
        "value": lambda: a.value(),
        "bits": lambda: a.bits(),
    }
    return {name: attempt(lambda call=call: bits_of(call())) for name, call in calls.items()}


def gates() -> Iterator[Case]:
    """Every gate on random streams."""
    for length, encoding in product(LENGTHS, ENCODINGS):
        yield f"{encoding}, length={length}", lambda n=length, e=encoding: gate_case(n, e)

    def expectations() -> Outcome:
        a, b, signed = numbers(9, 1), numbers(9, 2), numbers(9, 3, "bipolar")
        calls: dict[str, Any] = {
            "overlap": lambda: g.overlap(a, b, 0.5),
            "maximum": lambda: g.maximum_expected(a, b, 0.5),
            "minimum": lambda: g.minimum_expected(a, b, -1.0),
            "distance": lambda: g.distance_expected(a, b, 0.0),
            "subtract": lambda: g.saturating_subtract_expected(a, b, 0.25),
            "divide": lambda: g.divide_expected(a, b, 0.0),
            "square root": lambda: g.square_root_expected(a, 6),
            "or": lambda: g.or_gate_expected(signed, "split"),
            "stanh": lambda: g.stanh_expected(signed, 6),
            "sexp": lambda: g.sexp_expected(signed, 8, 2),
            "relu": lambda: g.relu_expected(signed, 8),
        }
        return {name: close(call) for name, call in calls.items()}

    yield "expectations", expectations


def wiring(fan_ins: list[int], inputs: int) -> Wiring:
    indptr = np.concatenate([[0], np.cumsum(fan_ins)])
    return Wiring(indptr, (np.arange(indptr[-1]) * 7 + 3) % inputs, np.arange(indptr[-1])[::-1].copy())


def kernel_case(length: int) -> Outcome:
    k = kernels()
    x, w = words((2, 3, 5), length, 1), words((2, 4, 5), length, 2)
    lines, weights = words((2, 3, 6), length, 3), words((2, 11), length, 4)
    wires, rows = wiring([5, 0, 1, 5], 6), words((6,), length, 5)
    windows = np.array([[[0, 1], [2, 3], [4, 5]], [[5, 5], [0, 2], [1, 3]]])
    sequences, thresholds = draws((4, length), 8, 3), draws((3, 4), 8, 4).astype(np.uint64)
    table = words((17,), length, 6)
    output = np.array([0, 1, 1, 0, 2, 2, 1, 1], np.uint8)
    out: dict[str, Any] = {
        "popcount": k.popcount(x),
        "and_counts": k.and_counts(x, w),
        "window_counts": k.window_counts(lines, words((2, 2, 3, 2), length, 7), windows, length),
        "wired_counts": k.wired_counts(lines, weights, wires),
        "compare": k.compare(sequences, thresholds),
        "compare one": k.compare(sequences[:1], thresholds),
        "gather": k.gather(table, draws((3, 5), 4, 5).astype(np.uint64)),
        "bernoulli": k.bernoulli(2**63 + 5, np.arange(4, dtype=np.uint64), thresholds.reshape(-1)[:4], 8, length),
        "later bernoulli": k.bernoulli(5, np.array([2**40 + 1], np.uint64), np.array([256], np.uint64), 8, length, 3),
        "moore": k.moore(rows, length, 4, 1, output),
        "lfsr": k.lfsr(1, 0b10111000, 8, True, length),
        "divide": k.divide(rows, words((6,), length, 8), length),
        "square_root": k.square_root(rows, length, draws((1, length), 5, 1), draws((1, length), 5, 2), 5, 16),
        "shuffle_buffer": k.shuffle_buffer(rows, length, 5, draws((6, length), 32, 6)),
        "fill_times": k.fill_times(rows, length, 9),
        "largest": k.largest(np.round(numbers((4, 9), 4), 1), 3),
        "standard_normals": close(lambda: k.standard_normals(2**62 + 1, 3, 5, 5 + min(length, 20))),
    }
    for xnor in (False, True):
        name = "xnor" if xnor else "and"
        sums = k.cycle_counts(lines, weights, wires, length, xnor)
        out[f"cycle_counts {name}"] = sums
        out[f"or_streams {name}"] = k.or_streams(lines, weights, wires, length, xnor)
        out[f"mux_streams {name}"] = k.mux_streams(lines, weights, wires, draws((2, 3, length)), length, xnor)
        out[f"saturate {name}"] = two_less(lines, weights, wires, length, xnor)
    out["saturate unsigned"] = k.saturate(lines, weights, wires, length, False, np.array([[1]]), False, False)
    return out


def two_less(lines: Any, weights: Any, wires: Wiring, length: int, xnor: bool) -> Any:
    """Saturating adders of each cycle's sum less two: products that count 1, and two ones that count -1."""
    k, n = kernels(), wires.inputs.size
    zero_and_one = pack(np.broadcast_to(np.arange(2, dtype=np.uint8)[:, None], (2, 2, length)))
    products = k.or_streams(lines, weights, wires._replace(indptr=np.arange(n + 1)), length, xnor)
    products = np.concatenate([products, np.broadcast_to(zero_and_one[:1, None, 1:], (2, 3, 1, products.shape[3]))], 2)
    own = [np.arange(*ends) for ends in pairwise(wires.indptr)]
    inputs = np.concatenate([[*places, n, n] for places in own]).astype(np.int64)
    indptr = np.concatenate([[0], np.cumsum(np.tile([len(places) + 2 for places in own], 2))])
    weighted = np.concatenate([inputs < n, inputs == n]).astype(np.int64)
    joined = Wiring(indptr, np.tile(inputs, 2), weighted)
    return k.saturate(products, zero_and_one, joined, length, False, np.array([[1, -1]]), False, xnor)


def kernel_table() -> Iterator[Case]:
    """Kernels that take arrays and integers; those with states of their own are met in the layers."""
    for length in KERNEL_LENGTHS:
        yield f"length={length}", lambda length=length: kernel_case(length)

    def series() -> Outcome:
        k, u = kernels(), numbers(60, 5) * 0.5
        return {
            "narma": close(lambda: k.narma(u, 10, 0.3, 0.05, 1.5, 0.1)),
            "mackey_glass": close(lambda: k.mackey_glass(200, 17, 0.1, 1.2)),
        }

    yield "series", series


def generators() -> Iterator[Case]:
    """Sequences of generators and of their partners."""
    for name, length, bits in product(GENERATORS[1:], (1, 7, 64, 100, 257), (None, 5, 12)):

        def run(name: str = name, length: int = length, bits: Any = bits) -> Outcome:
            generator = make_generator(name, length, bits)
            return {f"partner {index}": generator.decorrelated(index).sequence(length) for index in range(4)}

        yield f"{name}, length={length}, bits={bits}", run
    registers = {
        "table": lambda n: sc.LFSR(n),
        "seeded": lambda n: sc.LFSR(n, None, 5),
        "without zero": lambda n: sc.LFSR(n, insert_zero=False),
    }
    for (name, make), bits in product(registers.items(), (3, 4, 7, 8, 11, 16, 24, 32)):

        def shift(make: Any = make, bits: int = bits) -> Outcome:
            register = make(bits)
            states = [register.step() for _ in range(5)]
            return {"states": np.array(states), "sequence": register.sequence(300)}

        yield f"LFSR, {name}, bits={bits}", shift


def encoder_case(row: dict[str, Any]) -> Outcome:
    options = {name: row[name] for name in ("generator", "encoding", "share", "bits")}
    length, n, encoding = row["length"], row["n"], row["encoding"]
    x, steady = numbers((2, n), 6, encoding), numbers(n, 7, encoding)

    def again(encoder: Any) -> Any:
        encoder.reset()
        return encoder.encode(x).words

    return outcomes(
        lambda: sc.Encoder(n, length, seed=61, **options),
        first=lambda encoder: encoder.encode(x).words,
        second=lambda encoder: encoder.encode(steady).words,
        empty=lambda encoder: encoder.encode(x[:0]).words,
        window=lambda encoder: encoder.window(x, np.array([4, 9]), 64, 64 + length).words,
        later=lambda encoder: encoder.window(steady, np.array(3), 8192, 8300).words,
        rewound=again,
    )


def encoders() -> Iterator[Case]:
    """`Encoder`: streams of samples, and windows of running streams."""
    crossed = {"encoding": ENCODINGS, "generator": GENERATORS, "share": SHARES}
    for name, row in numbered(covering(crossed, {"length": LENGTHS, "n": (3, 1, 20), "bits": (None, 4, 12)})):
        yield name, lambda row=row: encoder_case(row)
    values = np.array([[3, 1, 0, 2], [0, 2, 1, 3]])

    def user() -> Outcome:
        given = sc.UserSequence(values, bits=2)
        layer = sc.VectorizedSCLayer(3, 2, 65, generator=given, seed=1)
        return {"streams": sc.Encoder(3, 65, given).encode(numbers(3, 8)).words, "layer": layer.forward(numbers(3, 8))}

    yield "user sequence", user


NEURONS: dict[str, dict[str, Any]] = {
    "default": {},
    "quiet": {"noise_std": 0.0},
    "subtracting": {"noise_std": 0.0, "v_reset": None, "refractory_period": 2, "v_threshold": 0.5},
    "noisy": {"noise_std": 0.3, "v_rest": -0.25, "tau_mem": 5.0, "refractory_period": 1},
}


def neurons() -> Iterator[Case]:
    """`LIFNeurons` and `FixedPointLIF`."""
    for row in covering({"neurons": tuple(NEURONS), "dt": (1.0, 0.5), "rows": (1, 3)}):

        def run(row: dict[str, Any] = row) -> Outcome:
            drive = numbers((row["rows"], 90), 9) * 0.4
            lif = LIFNeurons(3, NEURONS[row["neurons"]], row["dt"], 67)
            out = {"first": lif.run(drive), "second": lif.run(drive[:, :33]), "voltages": close(lambda: lif.v)}
            lif.reset()
            out["rewound"] = lif.run(drive)
            fixed = attempt(lambda: FixedPointLIF(3, {**NEURONS[row["neurons"]], "noise_std": 0.0}, row["dt"]))
            if isinstance(fixed, str):
                return out | {"fixed": fixed}
            return out | {"fixed": fixed.run(drive), "fixed voltages": fixed.v}

        yield named(row), run


def memristor_case(row: dict[str, Any]) -> Outcome:
    model, pairs = (
        {**DEVICES, **{name: sc.MemristorModel.preset(name) for name in PRESETS}}[row["device"]],
        row["pairs"],
    )
    if model is None:
        model = sc.MemristorModel()
    w = numbers((4, 6), 10, "bipolar" if pairs else "unipolar")
    defects = model.defects(w.shape, 71, pairs=pairs)
    return {
        "low": defects.stuck_low_mask,
        "high": defects.stuck_high_mask,
        "spread": close(lambda: defects.spread),
        "program": close(lambda: model.program(w, defects)),
        "conductance": close(lambda: model.to_conductance(w, pairs)),
        "adc": close(lambda: model.adc(2 * w, -1.0, 1.0)),
        "read": close(lambda: model.read_probability(w, "split" if pairs else "unipolar")),
        "exact": attempt(lambda: model.defects(w.shape, 73, pairs=pairs, exact=True).stuck_mask),
    }


def memristors() -> Iterator[Case]:
    """`MemristorModel` and `crossbar_transfer`."""
    for row in covering({"device": (*DEVICES, *PRESETS), "pairs": (False, True)}):
        yield named(row), lambda row=row: memristor_case(row)

    def crossbars() -> Outcome:
        conductances = numbers((5, 3), 11) * 1e-3
        calls = product(("exact", "first_order"), (0.0, 5.0, 200.0), (conductances, conductances.T))
        return {
            f"{method}, {r:g} ohm, {c.shape}": close(lambda c=c, r=r, method=method: crossbar_transfer(c, r, method))
            for method, r, c in calls
        }

    yield "crossbars", crossbars


def plasticity() -> Iterator[Case]:
    """`PlasticSynapses` under random spikes, and the window of the rule."""
    crossed = {"rule": ("pair", "coincidence", "reward"), "deterministic": (False, True), "soft_bounds": (False, True)}
    for row in covering(crossed):

        def run(row: dict[str, Any] = row) -> Outcome:
            tau = {"tau_eligibility": 20.0} if row["rule"] == "reward" else {}
            synapses = PlasticSynapses(4, 3, 0.0, 2.0, 0.1, 0.5, step=1 / 32, seed=79, **tau, **row)
            spikes = np.unpackbits(words((50,), 7, 12, 0.3).view(np.uint8), axis=-1, bitorder="little")
            start = synapses.weights.copy()
            for cycle in spikes:
                synapses.step(cycle[:4], cycle[4:7], 0.5 if row["rule"] == "reward" else 0.0)
            return {"start": close(lambda: start), "weights": close(lambda: synapses.weights)}

        yield named(row), run
    yield "window", lambda: {"window": close(lambda: stdp_window(np.arange(-40, 41, 4)))}
    yield "drift", lambda: {"drift": close(lambda: stdp_drift(numbers(5, 13), numbers(5, 14)))}


def stream_synapse_case(row: dict[str, Any]) -> Outcome:
    options = {name: row[name] for name in ("generator", "encoding", "share", "bits")}
    length, low = row["length"], 0.0 if row["encoding"] == "unipolar" else -1.0
    shape = (3, 4) if row["matrix"] else (4,)
    inputs = streams((2, 4), length, row["encoding"], 15)
    x, w = numbers((2, 4), 16, row["encoding"]), numbers(shape, 17, row["encoding"])

    def synapse() -> Any:
        return StreamSynapse(w, low, 1.0, length, seed=83, **options)

    def source() -> Any:
        return BitstreamCurrentSource(x, w, low, 1.0, low, 1.0, length, -0.1, 0.3, seed=89, **options)

    return outcomes(
        synapse,
        streams=lambda made: made.streams(64, 64 + length).words,
        apply=lambda made: made.apply(inputs, 64).words,
        dot=lambda made: dot_product(inputs, made.streams(0, length)) if row["matrix"] else np.zeros(0),
        probabilities=lambda made: close(made.probabilities),
    ) | outcomes(
        source,
        counts=lambda made: made.counts(0, length),
        later=lambda made: made.counts(128, 200),
        currents=lambda made: close(lambda: made.currents(0, 8)),
        current=lambda made: close(made.expected),
    )


def stream_synapses() -> Iterator[Case]:
    """`StreamSynapse`, `dot_product` and `BitstreamCurrentSource`."""
    crossed = {"encoding": ENCODINGS, "generator": GENERATORS, "share": SHARES}
    for name, row in numbered(covering(crossed, {"length": LENGTHS, "matrix": (False, True), "bits": (None, 6)})):
        yield name, lambda row=row: stream_synapse_case(row)


GROUPS = (gates, kernel_table, generators, encoders, neurons, memristors, plasticity, stream_synapses)
