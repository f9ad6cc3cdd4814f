"""Cases of networks: as circuits, in fixed point, evaluated, and read from saved files."""

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import sc_neurocore as sc
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import Evaluation, ResultStore, fault_study, reservoir_study
from sc_neurocore.networks import FixedPoint
from tests.golden.recorded.cases import (
    ACCUMULATES,
    DEVICES,
    ENCODINGS,
    FAULTS,
    GENERATORS,
    PARTS,
    Case,
    Outcome,
    close,
    covering,
    numbered,
    numbers,
    outcomes,
    rewound,
)

FILES = Path(__file__).with_name("files")


def weights(shape: tuple[int, ...], seed: int, scale: float = 1.0) -> np.ndarray:
    return np.round(scale * numbers(shape, seed, "bipolar"), 4)


def dense(n_inputs: int, n: int, activation: str = "relu", seed: int = 1, ceiling: float = 1.0) -> Any:
    return PARTS["dense"](weights((n, n_inputs), seed), weights((n,), seed + 1, 0.2), activation, ceiling)


def network(parts: list[Any], shape: tuple[int, ...], **options: Any) -> sc.Network:
    return sc.Network(tuple(parts), input_shape=shape, **options)


def spiking(**options: Any) -> Any:
    given = weights((4, 6), 5, 0.08), weights((4,), 6, 0.02) + 0.05
    return PARTS["spiking"](*given, **{"ceiling": 400.0, "duration": 40.0, **options})


def convolution() -> Any:
    return PARTS["conv"](weights((4, 1, 3, 3), 7), weights((4,), 8, 0.1), "relu", 2.0, 1, 1, 1, 2)


NETWORKS = {
    "one": lambda: network([dense(6, 3, "identity")], (6,)),
    "two": lambda: network([dense(6, 5, "relu", 1, 2.0), dense(5, 3, "identity", 3)], (6,)),
    "signed": lambda: network([dense(6, 5, "tanh"), dense(5, 3, "logistic", 3)], (6,), input_range=(-1.0, 1.0)),
    "wide range": lambda: network([dense(6, 3, "identity")], (6,), input_range=(-0.5, 2.0), kind="regressor"),
    "positive": lambda: network([PARTS["dense"](numbers((3, 6), 9), numbers(3, 10), "relu", 3.0)], (6,)),
    "images": lambda: network(
        [convolution(), PARTS["pool"]("max", 2), PARTS["pool"]("average", (1, 2), 1), dense(16, 3, "identity", 4)],
        (2, 4, 6),
    ),
    "inhibition": lambda: network([PARTS["inhibition"](0.6, 2)], (6,)),
    "inhibition of images": lambda: network(
        [PARTS["inhibition"](0.6, 1, "zero"), PARTS["winners"](3), dense(12, 3, "identity", 21)], (2, 2, 3)
    ),
    "winners": lambda: network([dense(6, 5, "relu", 1, 2.0), PARTS["winners"](2)], (6,)),
    "spiking": lambda: network([spiking()], (6,)),
    "spiking, then dense": lambda: network([spiking(refractory=2.0, tau=8.0), dense(4, 3, "identity", 9)], (6,)),
    "conductances": lambda: network(
        [PARTS["dendrite"](3, duration=20.0, reversal=(1.0, 2.0, -1.0)), dense(2, 3, "identity", 11)], (6,)
    ),
    "currents": lambda: network([PARTS["dendrite"](2, 2, duration=20.0, topology=(-1, 0))], (6,)),
    "predictive": lambda: network([PARTS["predictive"](numbers((4, 6), 12), 1.0)], (6,)),
}


def classes(net: sc.Network, circuit: Any, x: np.ndarray) -> Any:
    """Classes of samples; regressors have none, but use up the sample numbers that calls behind this one go on from."""
    if net.kind == "regressor":
        circuit.forward(x)
    return circuit.predict(x)


def samples(net: sc.Network, n: int, seed: int) -> np.ndarray:
    low, high = net.input_range
    return np.round(low + (high - low) * numbers((n, net.n_inputs), seed), 4)


def unsigned(net: sc.Network) -> sc.Network:
    """The network with absolute weights and inputs of at least 0: what unipolar streams can write."""
    arrays = [
        {name: np.abs(getattr(part, name)) for name in ("weights", "bias") if hasattr(part, name)}
        for part in net.layers
    ]
    parts = [replace(part, **given) for part, given in zip(net.layers, arrays, strict=True)]
    return network(parts, net.shapes()[0], input_range=(0.0, net.input_range[1]), kind=net.kind)


def circuit_case(row: dict[str, Any]) -> Outcome:
    net = NETWORKS[row["network"]]()
    if row["encoding"] == "unipolar":
        net = unsigned(net)
    options = {name: row[name] for name in ("encoding", "accumulate", "bits")}
    options |= {"faults": FAULTS[row["faults"]], "device": DEVICES[row["device"]], "seed": 53}
    x, outside = samples(net, 3, 13), 1.5 * samples(net, 2, 14)
    return outcomes(
        lambda: net.circuit(row["length"], row["generator"], clip=row["clip"], **options),
        first=lambda circuit: circuit.forward(x),
        second=lambda circuit: circuit.forward(x[0]),
        empty=lambda circuit: circuit.forward(x[:0]),
        classes=lambda circuit: classes(net, circuit, x),
        outside=lambda circuit: circuit.forward(outside),
        rewound=lambda circuit: rewound(circuit, x),
        expected=lambda circuit: close(lambda: circuit.expected(x)),
    )


def circuits() -> Iterator[Case]:
    """Every part of a network as a circuit."""
    crossed = {"network": tuple(NETWORKS), "encoding": ENCODINGS, "generator": GENERATORS}
    filled = {"accumulate": ACCUMULATES, "length": (65, 100, 7, 128, 257), "bits": (None, 6), "clip": (False, True)}
    for name, row in numbered(covering(crossed, filled)):
        yield name, lambda row=row: circuit_case(row | {"faults": "none", "device": "none"})
    crossed = {"network": tuple(NETWORKS), "faults": tuple(FAULTS)[1:]}
    filled |= {"encoding": ENCODINGS[::-1], "generator": GENERATORS}
    for name, row in numbered(covering(crossed, filled, 2)):
        yield name, lambda row=row: circuit_case(row | {"device": "none"})
    crossed = {"network": tuple(NETWORKS)[:10], "device": tuple(DEVICES)[1:]}
    for name, row in numbered(covering(crossed, filled)):
        yield name, lambda row=row: circuit_case(row | {"faults": "none"})


def floats() -> Iterator[Case]:
    """Networks in floating point, and what tells them apart."""
    for name, make in NETWORKS.items():

        def run(make: Any = make) -> Outcome:
            net = make()
            x = samples(net, 4, 15)
            return {
                "digest": np.frombuffer(bytes.fromhex(net.digest()), np.uint8),
                "outputs": close(lambda: net.float_forward(x)),
                "classes": close(lambda: net.float_predict(x)),
            }

        yield name, run

    def calibrated() -> Outcome:
        matrices = [weights((5, 6), 1), weights((3, 5), 3)]
        net = sc.Network.from_arrays(matrices, activation="tanh", calibration=numbers((20, 6), 16))
        return {"outputs": close(lambda: net.circuit(64).expected(numbers((4, 6), 17)))}

    yield "calibrated", calibrated


def fixed_point_case(row: dict[str, Any]) -> Outcome:
    net = NETWORKS[row["network"]]()
    x = samples(net, 3, 18)
    return outcomes(
        lambda: FixedPoint(net, row["bits"], FAULTS[row["faults"]], seed=59, clip=row["clip"]),
        first=lambda circuit: close(lambda: circuit.forward(x)),
        second=lambda circuit: close(lambda: circuit.forward(x[0])),
        classes=lambda circuit: circuit.predict(x),
        empty=lambda circuit: circuit.forward(x[:0]),
        rewound=lambda circuit: close(lambda: rewound(circuit, x)),
    )


def fixed_point() -> Iterator[Case]:
    """`FixedPoint`."""
    crossed = {"network": (*tuple(NETWORKS)[:9], "spiking"), "faults": tuple(FAULTS), "bits": (8, 4)}
    for name, row in numbered(covering(crossed, {"clip": (False, True)})):
        yield name, lambda row=row: fixed_point_case(row)


DATA_OPTIONS: dict[str, Any] = {"lengths": [16, 65], "generators": ["bernoulli", "sobol", "fixed-point"], "repeats": 2}
RESERVOIRS: dict[str, Any] = {"lengths": [32], "kinds": ["sobol-shift", "bernoulli"], "neurons": [10]}
RESERVOIRS |= {"train": 120, "test": 60, "repeats": 2}


def data(net: sc.Network) -> Dataset:
    """Samples whose labels the network mostly agrees with."""
    x = samples(net, 60, 19)
    labels = np.asarray(net.float_predict(x)).astype(np.int64)
    labels[::6] = (labels[::6] + 1) % 3
    return Dataset.held_out("made up", x, labels)


def counts(evaluation: Evaluation) -> np.ndarray:
    """Counts of each generator and length, summed over the repeats."""
    points = [point for name in DATA_OPTIONS["generators"] for point in evaluation.line(name)]
    return np.array([[p.length, p.images, p.repeats, p.correct, p.float_correct, p.agree] for p in points])


def evaluations() -> Iterator[Case]:
    """Counts of `evaluate` and `fault_study`, scores of `reservoir_study`."""
    net = NETWORKS["two"]()
    options: dict[str, dict[str, Any]] = {
        "plain": {},
        "bipolar": {"encoding": "bipolar", "accumulate": "saturate"},
        "bits": {"bits": 5, "seed": 4},
        "flips": {"faults": FAULTS["input and weight flips"]},
        "stuck": {"faults": FAULTS["flips and stuck"], "clip": True},
    }
    for name, given in options.items():
        yield name, lambda given=given: {"counts": counts(sc.evaluate(net, data(net), **DATA_OPTIONS, **given))}

    def crossbar() -> Outcome:
        given = {**DATA_OPTIONS, "generators": ["sobol"], "device": DEVICES["no wires"]}
        line = sc.evaluate(net, data(net), **given).line("sobol")
        return {"counts": np.array([[p.length, p.correct, p.agree] for p in line])}

    yield "crossbar", crossbar
    for kind in ("input-flips", "weight-flips", "bit-flips", "product-flips", "stuck-lines"):

        def study(kind: str = kind) -> Outcome:
            found = fault_study(net, data(net), kind, [0.05, 0.3], [65], ["sobol", "bernoulli"])
            return {f"{g} {n}": np.array([p.correct for p in line]) for (g, n), line in sorted(found.lines.items())}

        yield f"fault study, {kind}", study

    def reservoirs() -> Outcome:
        return scores(reservoir_study(**RESERVOIRS))

    yield "reservoirs", reservoirs


def scores(study: Any) -> Outcome:
    """Both scores of every circuit, and of the reservoir in floating point."""
    wanted = [(kind, 10, 32) for kind in RESERVOIRS["kinds"]] + [("expected", 10, 0)]
    return {
        f"{kind}, {score}": close(
            lambda kind=kind, n=n, length=length, score=score: study.scores(kind, n, length, score)
        )
        for kind, n, length in wanted
        for score in ("nrmse_std", "memory")
    }


SAVED = {
    "format1": "images",
    "format2": "inhibition of images",
    "spiking": "spiking, then dense",
    "tree": "conductances",
}
SAVED |= {"predictive": "predictive", "evaluated": "two"}
"""Saved networks, and which of `NETWORKS` each is.

Version 0.1.0 wrote them and the studies beside them, in its formats. They must stay readable: add files of newer
formats beside them, and never write these again.
"""


def saved() -> Iterator[Case]:
    """Files that older versions wrote are read, and a study goes on in their folders."""
    for name, which in SAVED.items():

        def read(name: str = name, which: str = which) -> Outcome:
            net = sc.load_network(FILES / f"{name}.safetensors")
            assert net.digest() == NETWORKS[which]().digest()
            x = samples(net, 3, 20)
            return {
                "digest": np.frombuffer(bytes.fromhex(net.digest()), np.uint8),
                "outputs": close(lambda: net.float_forward(x)),
                "circuit": net.circuit(65, seed=3).forward(x),
            }

        yield name, read

    def rows() -> Outcome:
        found = ResultStore(FILES / "evaluation" / "results.csv").read().values()
        return {"counts": np.array(sorted([row.images, row.correct, row.float_correct, row.agree] for row in found))}

    yield "rows", rows

    def goes_on() -> Outcome:
        net = NETWORKS["two"]()
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(FILES / "evaluation", Path(folder) / "evaluation")
            return {"counts": counts(sc.evaluate(net, data(net), **DATA_OPTIONS, out=copy))}

    yield "evaluation goes on", goes_on

    def reservoirs_go_on() -> Outcome:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(FILES / "reservoir", Path(folder) / "reservoir")
            return scores(reservoir_study(**RESERVOIRS, out=copy))

    yield "reservoirs go on", reservoirs_go_on


GROUPS = (circuits, floats, fixed_point, evaluations, saved)
