"""Cases of the layers that spike, learn, remember, attend, merge and compare."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

import sc_neurocore as sc
from tests.golden.recorded.cases import (
    ENCODINGS,
    GENERATORS,
    LENGTHS,
    SHARES,
    Case,
    Outcome,
    attempt,
    close,
    covering,
    named,
    numbered,
    numbers,
    outcomes,
    rewound,
    without_idle,
    words,
)

NEURONS: dict[str, dict[str, Any]] = {
    "default": {},
    "silent noise": {"noise_std": 0.0, "tau_mem": 12.5},
    "refractory": {"refractory_period": 3, "v_threshold": 0.5},
    "subtracting": {"v_reset": None, "noise_std": 0.1, "v_threshold": 0.25},
    "offset": {"v_rest": -0.5, "v_reset": -0.75, "resistance": 2.0},
}


def spiking_case(row: dict[str, Any]) -> Outcome:
    encoding, n_inputs = row["encoding"], 5
    shape = (n_inputs,) if row["one current"] else (4, n_inputs)
    low = 0.0 if encoding == "unipolar" else -1.0
    options = {name: row[name] for name in ("generator", "encoding", "share", "bits")}

    def make() -> Any:
        return sc.SCDenseLayer(
            4, numbers((*row["batch"], n_inputs), 1, encoding), numbers(shape, 2, encoding), low, 1.0, low, 1.0,
            row["length"], -0.02, 0.4, row["dt"], NEURONS[row["neurons"]], 17, record_membrane=True, **options,
        )  # fmt: skip

    def trains(layer: Any, steps: int) -> Any:
        layer.run(steps)
        return layer.get_spike_trains()

    def again(layer: Any) -> Any:
        layer.reset()
        return trains(layer, 150)

    return outcomes(
        make,
        first=lambda layer: trains(layer, 37),
        longer=lambda layer: trains(layer, 113),
        currents=lambda layer: close(lambda: layer.source.currents(0, 5)),
        voltages=lambda layer: close(lambda: layer.membrane.voltages()[..., :1, ::15]),
        rewound=again,
        expected=lambda layer: close(layer.expected),
    )


def spiking() -> Iterator[Case]:
    """`SCDenseLayer`: spikes of two runs in a row, voltages, currents."""
    crossed = {"encoding": ENCODINGS, "generator": GENERATORS, "neurons": tuple(NEURONS)}
    filled = {"length": LENGTHS, "share": SHARES, "bits": (None, 5), "one current": (False, True), "dt": (1.0, 0.25)}
    for name, row in numbered(covering(crossed, {**filled, "batch": ((), (2,), (2, 1))})):
        yield name, lambda row=row: spiking_case(row)


def learning_case(row: dict[str, Any]) -> Outcome:
    options = {name: row[name] for name in ("rule", "deterministic", "soft_bounds", "generator")}
    options |= dict(zip(("wta", "inhibition"), row["competition"], strict=True))
    options |= {"homeostasis": row["homeostasis"], "pause_ms": row["pause"], "weights": numbers((3, 6), 3) * 0.5}
    options |= {"tau_eligibility": 50.0} if row["rule"] == "reward" else {}
    options |= {"tau_homeostasis": 1000.0} if row["homeostasis"] else {}
    neurons = NEURONS[row["neurons"]]
    reward = 0.5 if row["rule"] == "reward" else None

    def make() -> Any:
        return sc.SCLearningLayer(
            6, 3, 0.0, 0.5, 0.05, 0.5, row["length"], 23, step=1 / 64, y_max=1.0, neuron_params=neurons, **options,
        )  # fmt: skip

    spikes = np.unpackbits(words((6,), row["length"], 4, 0.3).view(np.uint8), axis=-1, bitorder="little")
    train = np.ascontiguousarray(spikes[:, : row["length"]].T)

    def rerun(layer: Any) -> Any:
        layer.reset()
        return layer.run_epoch(numbers(6, 5), reward)

    return outcomes(
        make,
        first=lambda layer: layer.run_epoch(numbers(6, 5), reward),
        weights=lambda layer: close(layer.get_weights),
        trains=lambda layer: layer.run_epoch(train, reward),
        frozen=lambda layer: layer.run_epoch(numbers(6, 6), reward, learning=False),
        batch=lambda layer: layer.run_epoch(numbers((2, 6), 7), reward),
        after=lambda layer: close(layer.get_weights),
        rewound=rerun,
    )


def learning() -> Iterator[Case]:
    """`SCLearningLayer`: numbers, spike trains, a frozen epoch, a batch of epochs, and the weights between."""
    crossed = {"rule": ("pair", "coincidence", "reward"), "deterministic": (False, True), "generator": GENERATORS}
    filled = {"neurons": tuple(NEURONS), "length": (65, 100, 1, 128, 257), "soft_bounds": (False, True)}
    filled |= {"competition": ((None, 0), (1, 0), (2, 2)), "homeostasis": (0.0, 0.01), "pause": (0.0, 20.0)}
    for name, row in numbered(covering(crossed, filled, 2)):
        yield name, lambda row=row: learning_case(row)


def fusion_case(row: dict[str, Any]) -> Outcome:
    encoding = row["encoding"]
    options = {name: row[name] for name in ("generator", "encoding", "share", "bits", "share_select", "missing")}
    dims = {"audio": 5, "visual": 5, "touch": 5, "unused": 3}
    weights = {"audio": 0.6, "visual": 0.3, "touch": 0.2}
    inputs = {name: numbers((*row["batch"], 5), k, encoding) for k, name in enumerate(weights)}
    fewer = {name: inputs[name] for name in ("audio", "touch")}

    def make() -> Any:
        return sc.SCFusionLayer(dims, weights, row["length"], select_generator=row["select"], seed=29, **options)

    return outcomes(
        make,
        first=lambda layer: layer.forward(inputs),
        fewer=lambda layer: layer.forward(fewer),
        rewound=lambda layer: rewound(layer, inputs),
        expected=lambda layer: close(lambda: layer.expected(inputs)),
    )


def fusion() -> Iterator[Case]:
    """`SCFusionLayer`, also with a modality that is missing."""
    crossed = {"encoding": ENCODINGS, "generator": GENERATORS, "share_select": ("layer", "feature")}
    filled = {"missing": ("error", "renormalise"), "length": LENGTHS, "share": SHARES, "bits": (None, 6)}
    filled |= {"batch": ((), (3,), (0,)), "select": (None, "sobol", "bernoulli", "lfsr")}
    for name, row in numbered(covering(crossed, filled, 2)):
        yield name, lambda row=row: fusion_case(row)


def attention_case(row: dict[str, Any]) -> Outcome:
    encoding, length, batch = row["encoding"], row["length"], row["batch"]
    q, k = numbers((*batch, 3, 4), 1), numbers((*batch, 5, 4), 2)
    v = numbers((*batch, 5, row["dim_v"]), 3, encoding)
    mask = np.array([[1, 1, 0, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool) if row["mask"] else None

    def make() -> Any:
        options = {name: row[name] for name in ("generator", "encoding", "bits")}
        return sc.StochasticAttention(4, row["temperature"], seed=31, **options)

    def bits(layer: Any, **options: Any) -> Any:
        return attempt(lambda: layer.forward_bitstream(q, k, v, length, mask=mask, **options))

    return outcomes(
        make,
        forward=lambda layer: close(lambda: layer.forward(q, k, v, mask=mask)),
        softmax=lambda layer: close(lambda: layer.forward_softmax(q, k, v, mask=mask)),
        first=bits,
        second=bits,
        sobol=lambda layer: bits(layer, use_sobol=True),
        seeded=lambda layer: bits(layer, generator=row["other"], seed=7),
    )


def attention() -> Iterator[Case]:
    """`StochasticAttention`: expectation, softmax, and streams from end to end."""
    crossed = {"encoding": ENCODINGS, "generator": GENERATORS, "mask": (False, True)}
    filled = {"length": LENGTHS, "batch": ((), (2,), (2, 2), (0,)), "temperature": (1.0, 2.0), "dim_v": (4, 1)}
    for name, row in numbered(covering(crossed, {**filled, "bits": (None, 6), "other": ("vdc", "bernoulli")}, 2)):
        yield name, lambda row=row: attention_case(row)


def predictive_case(row: dict[str, Any]) -> Outcome:
    options = {name: row[name] for name in ("generator", "encoding", "k", "compete", "gain", "bits")}
    x, more = numbers(7, 8, row["encoding"]), numbers((5, 7), 9, row["encoding"])

    def forward(layer: Any, values: Any, learn: bool = True) -> Any:
        found = layer.forward(values, learn=learn)
        return np.concatenate([np.ravel(found[name]) for name in ("prediction_error", "surprises", "predictions")])

    def again(layer: Any) -> Any:
        layer.reset()
        return layer.run(more, learn=False)

    return outcomes(
        lambda: sc.PredictiveCodingSCLayer(7, 4, row["length"], 0.05, 37, **options),
        first=lambda layer: forward(layer, x),
        batch=lambda layer: forward(layer, more),
        still=lambda layer: forward(layer, x, learn=False),
        run=lambda layer: layer.run(more),
        weights=lambda layer: layer.weights,
        precision=lambda layer: close(lambda: layer.precision),
        rewound=again,
        expected=lambda layer: close(lambda: layer.expected(more)["surprises"]),
    )


def predictive() -> Iterator[Case]:
    """`PredictiveCodingSCLayer`."""
    crossed = {"encoding": ENCODINGS[:2], "generator": GENERATORS, "k": (None, 1, 3)}
    filled = {"length": LENGTHS, "compete": ("excess", "surprise"), "gain": (None, 0.5), "bits": (None, 6)}
    for name, row in numbered(covering(crossed, filled)):
        yield name, lambda row=row: predictive_case(row)


def recurrent_case(row: dict[str, Any]) -> Outcome:
    encoding, n = row["encoding"], 9
    names = ("connectivity", "leak", "activation", "generator", "encoding", "share", "bits", "weight_streams")
    options = without_idle({name: row[name] for name in (*names, "restart", "rounding")})
    signs = 1.0 if encoding == "unipolar" else np.where(np.arange(n * n).reshape(n, n) % 3 == 1, -1.0, 1.0)

    def make() -> Any:
        layer = sc.SCRecurrentLayer(3, n, 0.8, 0.5, length=row["length"], seed=41, bias_strength=row["bias"], **options)
        layer.W_in = np.round(layer.W_in, 4)
        if row["bias"]:
            layer.bias = np.round(layer.bias, 4)
        recurrent = np.round(numbers((n, n), 14) * 0.25, 4) * signs
        if row["connectivity"] == 1:  # the scaling of drawn weights passes through LAPACK
            layer.W_rec = recurrent
        else:
            layer.W_rec = layer.W_rec.astype(bool).multiply(recurrent).tocsr()
        return layer

    x, more = numbers((6, 3), 15, encoding), numbers((2, 4, 3), 16, encoding)

    def rerun(layer: Any) -> Any:
        layer.reset()
        return layer.run(x)

    def read_out(layer: Any) -> Any:
        layer.reset()
        layer.fit(x, x[:, :1], ridge=1e-2, washout=1, expected=True)
        return layer.predict(x, expected=True)

    decided = attempt if row["activation"] == "clip" else close
    return outcomes(
        make,
        step=lambda layer: decided(lambda: layer.step(x[0])),
        run=lambda layer: decided(lambda: layer.run(x)),
        rewound=lambda layer: decided(lambda: rerun(layer)),
        batch=lambda layer: (layer.reset(), decided(lambda: layer.run(more)))[1],
        expected=lambda layer: (layer.reset(), close(lambda: layer.expected(x)))[1],
        readout=lambda layer: close(lambda: read_out(layer)),
    )


def recurrent() -> Iterator[Case]:
    """`SCRecurrentLayer` with rounded weights."""
    crossed = {"encoding": ENCODINGS, "generator": GENERATORS, "restart": ("same", "shift")}
    filled = {"rounding": ("nearest", "stochastic"), "activation": ("clip", "tanh"), "length": LENGTHS}
    filled |= {"connectivity": (1.0, 0.3), "leak": (1.0, 0.6), "weight_streams": ("fresh", "stored")}
    for name, row in numbered(covering(crossed, {**filled, "bias": (0.0, 0.4), "share": SHARES, "bits": (None, 6)}, 4)):
        yield name, lambda row=row: recurrent_case(row)


def drawn_reservoirs() -> Iterator[Case]:
    """Weights of `SCRecurrentLayer` as they are drawn and scaled."""
    for row in covering({"encoding": ENCODINGS, "connectivity": (1.0, 0.3), "radius": (0.9, 0.0)}):

        def make(row: dict[str, Any] = row) -> Outcome:
            options = {"connectivity": row["connectivity"], "encoding": row["encoding"], "bias_strength": 0.1}
            layer = sc.SCRecurrentLayer(2, 12, 0.9, 0.4, row["radius"], 64, 3, **options)
            matrix = layer.W_rec if row["connectivity"] == 1 else layer.W_rec.toarray()
            return {"in": layer.W_in, "bias": layer.bias, "recurrent": close(lambda: matrix)}

        yield named(row), make


TREES: dict[str, dict[str, Any]] = {
    "plain": {},
    "single": {"n_branches": 1, "branch_length": 1},
    "tapered": {"n_branches": 2, "branch_length": 4, "diameters": [1.0, 2.0]},
    "topology": {"n_branches": 4, "topology": (-1, -1, 0, 0)},
    "conductances": {"n_branches": 3, "reversal": (1.0, 2.0, -1.0)},
    "open": {"n_branches": 3, "ends": "open", "soma_size": 2.5},
}


def dendrite_case(row: dict[str, Any]) -> Outcome:
    options = {"tau": row["tau"], "coupling": row["coupling"], "dt": row["dt"]} | TREES[row["tree"]]
    n = options.get("n_branches", 4)
    steady, series = numbers(n, 17), numbers((9, n), 18)
    streams = sc.Bitstream(words((n,), 70, 19), 70)

    def make() -> Any:
        return sc.RallDendrite(**options)

    return outcomes(
        make,
        step=lambda tree: close(lambda: tree.step(steady)),
        run=lambda tree: close(lambda: tree.run(series, soma_current=0.1)),
        voltages=lambda tree: close(lambda: tree.branch_voltages),
        record=lambda tree: close(lambda: tree.record(series)),
        streams=lambda tree: close(lambda: tree.run(streams)),
        response=lambda tree: close(lambda: tree.response(series[None], hold=3)),
        response_streams=lambda tree: close(lambda: tree.response(streams)),
        expected=lambda tree: close(lambda: tree.expected(steady)),
    )


def dendrite() -> Iterator[Case]:
    """`RallDendrite`."""
    crossed = {"tree": tuple(TREES), "coupling": (0.5, 0.0, 1.0), "dt": (1.0, 0.1)}
    for name, row in numbered(covering(crossed, {"tau": (10.0, 3.5)})):
        yield name, lambda row=row: dendrite_case(row)


def inhibition_case(row: dict[str, Any]) -> Outcome:
    options = {name: row[name] for name in ("boundary", "shape", "generator")}
    length, batch = row["length"], row["batch"]
    streams = sc.Bitstream(words((*batch, 12), length, 20), length)

    def bits(layer: Any) -> Any:
        return layer.apply_bitstream(streams).words

    return outcomes(
        lambda: sc.LateralInhibition(12, row["strength"], row["radius"], seed=43, **options),
        apply=lambda layer: close(lambda: layer.apply(numbers((*batch, 12), 21))),
        first=bits,
        second=bits,
        rewound=lambda layer: (layer.reset(), bits(layer))[1],
    )


def inhibition() -> Iterator[Case]:
    """`LateralInhibition`."""
    crossed = {"boundary": ("wrap", "reflect", "zero"), "shape": (None, (3, 4)), "generator": GENERATORS}
    filled = {"length": LENGTHS, "strength": (0.3, 1.0, 0.0), "radius": (2, 1), "batch": ((), (3,), (0,))}
    for name, row in numbered(covering(crossed, filled)):
        yield name, lambda row=row: inhibition_case(row)


def winners_case(row: dict[str, Any]) -> Outcome:
    length, shape = row["length"], (*row["batch"], 6)
    rates, streams = np.round(numbers(shape, 22), 1), sc.Bitstream(words(shape, length, 23, 0.4), length)
    return outcomes(
        lambda: sc.WinnerTakeAll(6, row["k"], target=row["target"]),
        apply=lambda layer: layer.apply(rates),
        winners=lambda layer: layer.winners(rates),
        streams=lambda layer: layer.apply_bitstream(streams).words,
        first_full=lambda layer: layer.winners_bitstream(streams),
    )


def winners() -> Iterator[Case]:
    """`WinnerTakeAll`, with ties."""
    crossed = {"k": (1, 3, 6), "target": (None, 1, 20), "length": LENGTHS}
    for name, row in numbered(covering(crossed, {"batch": ((), (4,), (0,))})):
        yield name, lambda row=row: winners_case(row)


def jax() -> Iterator[Case]:
    """`JaxSCDenseLayer`."""
    for encoding, generator, dtype in product(ENCODINGS, GENERATORS, ("float64", "float32")):

        def run(encoding: Any = encoding, generator: str = generator, dtype: Any = dtype) -> Outcome:
            options = {"encoding": encoding, "generator": generator, "dtype": dtype}
            layer = sc.JaxSCDenseLayer(3, 5, 65, 1.0, {"v_threshold": 0.4}, 47, y_max=0.3, **options)
            x = numbers((12, 5), 24, encoding)
            out = {"inputs": layer.run_inputs(x), "next": layer.run_inputs(x)}
            layer.reset()
            out["currents"] = close(lambda: layer.currents(x))
            out["run"] = layer.run(numbers((2, 12, 3), 25) * 0.3)
            return out | {"expected": close(lambda: layer.expected(x))}

        yield f"{encoding}, {generator}, {dtype}", run


GROUPS = (
    spiking,
    learning,
    fusion,
    attention,
    predictive,
    recurrent,
    drawn_reservoirs,
    dendrite,
    inhibition,
    winners,
    jax,
)
