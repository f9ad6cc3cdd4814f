"""Cases of the layers whose neurons add products: dense, memristive, trained through defects, convolution, pooling."""

from collections.abc import Callable, Iterator
from typing import Any

import sc_neurocore as sc
from tests.golden.recorded.cases import (
    ACCUMULATES,
    DEVICES,
    ENCODINGS,
    FAULTS,
    GENERATORS,
    LENGTHS,
    SHARES,
    SOURCES,
    Case,
    Outcome,
    close,
    covering,
    named,
    numbered,
    numbers,
    outcomes,
    rewound,
    source_options,
    without_idle,
)

CROSSED = {"encoding": ENCODINGS, "accumulate": ACCUMULATES, "source": SOURCES}
SIZES = ((5, 4), (1, 1), (17, 3), (3, 9), (33, 2), (2, 7))
"""Inputs and neurons."""
BATCHES = ((3,), (), (2, 2), (0,), (5,))


def dense_forward(make: Callable[[], Any], n_inputs: int, row: dict[str, Any]) -> Outcome:
    x = numbers((*row["batch"], n_inputs), 1, row["encoding"])
    more = numbers(n_inputs, 2, row["encoding"])
    return outcomes(
        make,
        first=lambda layer: layer.forward(x),
        second=lambda layer: layer.forward(more),
        rewound=lambda layer: rewound(layer, x),
        expected=lambda layer: close(lambda: layer.expected(x)),
    )


def circuit_options(row: dict[str, Any], *, dense: bool = True) -> dict[str, Any]:
    """Keywords of a layer with weights, as far as the row has them and they change something."""
    options = {name: row[name] for name in ("encoding", "accumulate", "share", "bits") if name in row}
    if "faults" in row:
        options["faults"] = FAULTS[row["faults"]]
    if "device" in row:
        options["device"] = DEVICES[row["device"]]
    return without_idle(options | source_options(row["source"]), dense=dense) | {"seed": 11}


def dense_case(row: dict[str, Any]) -> Outcome:
    n_inputs, n_neurons = row["size"]
    options = circuit_options(row)
    if row["bias"]:
        options["bias"] = numbers(n_neurons, 3, row["encoding"])
    if row["sparse"] is not None:
        options |= {"sparse": True, "connectivity": row["sparse"]}

    def make() -> Any:
        return sc.VectorizedSCLayer(n_inputs, n_neurons, row["length"], **options)

    return dense_forward(make, n_inputs, row)


def sensible(rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows without what no layer takes, and without what was a mistake when the fixture was recorded.

    Wires need a dense matrix. A sparse bipolar layer failed on an empty batch.
    """
    for row in rows:
        if row.get("device") in ("wires", "wires and spread"):
            row["sparse"] = None
        if row["sparse"] is not None and row["encoding"] == "bipolar" and row["batch"] == (0,):
            row["batch"] = (1,)
        yield row


def dense() -> Iterator[Case]:
    """`VectorizedSCLayer`: plain options first, then with faults and devices."""
    plain = {"share": SHARES, "length": LENGTHS, "size": SIZES, "batch": BATCHES}
    plain |= {"sparse": (None, 0.4, 1.0), "bias": (False, True), "bits": (None, 4, 10)}
    for name, row in numbered(sensible(covering(CROSSED, plain, 3))):
        yield name, lambda row=row: dense_case(row | {"faults": "none", "device": "none"})
    wrong = {"faults": tuple(FAULTS), **plain, "bits": (None, 8)}
    for name, row in numbered(sensible(covering(CROSSED, wrong, 4))):
        yield name, lambda row=row: dense_case(row | {"device": "none"})
    crossbar = {"device": tuple(DEVICES), **plain, "bits": (None,), "share": (None, "independent")}
    for name, row in numbered(sensible(covering(CROSSED, crossbar, 3))):
        yield name, lambda row=row: dense_case(row | {"faults": "none"})


def edited_case(row: dict[str, Any]) -> Outcome:
    weights = numbers((4, 6), 4, row["encoding"])
    options = circuit_options(row) | {"sparse": row["sparse"]}
    layer = sc.VectorizedSCLayer.from_weights(weights, row["length"], **options)
    x = numbers((2, 6), 5, row["encoding"])
    out = {"first": layer.forward(x), "packed": layer.packed_weights}
    if row["sparse"]:
        layer.weights_csr.data[1:3] = 0.25
    else:
        layer.weights[1, 2:4] = 0.25
    state = layer.state_dict()
    out |= {"edited": layer.forward(x), "expected": close(lambda: layer.expected(x))}
    layer.load_state_dict(state)
    return out | {"loaded": layer.forward(x)}


def edited() -> Iterator[Case]:
    """Given weights, edited in place, saved and loaded."""
    crossed = {"encoding": ENCODINGS, "source": SOURCES, "sparse": (False, True)}
    for name, row in numbered(covering(crossed, {"accumulate": ACCUMULATES, "length": LENGTHS})):
        yield name, lambda row=row: edited_case(row)


def large_case(source: str, accumulate: str) -> Outcome:
    options = source_options(source) | {"accumulate": accumulate, "encoding": "split", "seed": 3}
    layer = sc.VectorizedSCLayer(150, 40, 512, **options)
    return {"first": layer.forward(numbers((30, 150), 6, "split"))}


def large() -> Iterator[Case]:
    """Wide enough for the kernels to use several threads."""
    for row in covering({"source": SOURCES, "accumulate": ACCUMULATES}):
        yield named(row), lambda row=row: large_case(**row)


def memristive_case(row: dict[str, Any]) -> Outcome:
    n_inputs, n_neurons = row["size"]
    options = circuit_options(row)
    if row["sparse"] is not None:
        options |= {"sparse": True, "connectivity": row["sparse"]}

    def make() -> Any:
        given = {} if row["rates"] is None else dict(zip(("stuck_rate", "variability"), row["rates"], strict=True))
        return sc.MemristiveDenseLayer(n_inputs, n_neurons, row["length"], **given, **options)

    return outcomes(
        make,
        low=lambda layer: layer.stuck_low_mask,
        high=lambda layer: layer.stuck_high_mask,
        ideal=lambda layer: layer.ideal_weights,
        effective=lambda layer: close(lambda: layer.weights_csr.data if layer.sparse else layer.weights),
    ) | dense_forward(make, n_inputs, row)


def memristive() -> Iterator[Case]:
    """`MemristiveDenseLayer`."""
    crossed = {"encoding": ENCODINGS, "device": tuple(DEVICES), "rates": (None, (0.2, 0.1), (0.0, 0.0))}
    filled = {"source": SOURCES, "accumulate": ACCUMULATES, "length": LENGTHS, "size": SIZES, "batch": BATCHES}
    filled["sparse"] = (None, 0.5)
    for name, row in numbered(sensible(covering(crossed, filled))):
        yield name, lambda row=row: memristive_case(row)


def hardware_aware_case(row: dict[str, Any]) -> Outcome:
    n_inputs, n_neurons = row["size"]
    x = numbers((2, n_inputs), 7, row["encoding"])
    gradient = numbers((n_neurons, n_inputs), 8, "bipolar")

    def train(layer: Any) -> Any:
        for _ in range(3):
            layer.update_weights(gradient, lr=0.05)
        return layer.ideal_weights

    def make() -> Any:
        return sc.HardwareAwareSCLayer(n_inputs, n_neurons, row["length"], *row["rates"], **circuit_options(row))

    return outcomes(
        make,
        stuck=lambda layer: layer.stuck_mask,
        values=lambda layer: close(lambda: layer.stuck_values),
        first=lambda layer: layer.forward(x),
        trained=lambda layer: close(lambda: train(layer)),
        effective=lambda layer: close(lambda: layer.weights),
        second=lambda layer: layer.forward(x),
        expected=lambda layer: close(lambda: layer.expected(x)),
    )


def hardware_aware() -> Iterator[Case]:
    """`HardwareAwareSCLayer`: forward, three updates, forward."""
    crossed = {"encoding": ENCODINGS, "source": SOURCES, "rates": ((0.05, 0.02), (0.3, 0.1))}
    filled = {"device": ("none", "levels", "lognormal", "read noise", "no wires"), "accumulate": ACCUMULATES}
    for name, row in numbered(covering(crossed, {**filled, "length": LENGTHS, "size": SIZES})):
        yield name, lambda row=row: hardware_aware_case(row)


GEOMETRIES: dict[str, dict[str, Any]] = {
    "plain": {"kernel_size": 3},
    "same": {"kernel_size": 3, "padding": "same"},
    "uneven": {"kernel_size": (2, 3), "padding": (0, 1), "stride": (2, 1)},
    "strides": {"kernel_size": 2, "stride": 2},
    "dilated": {"kernel_size": 2, "dilation": (2, 1), "padding": 1},
    "groups": {"kernel_size": 3, "groups": 2, "padding": 1},
    "one pixel": {"kernel_size": 1},
}


def conv_case(row: dict[str, Any]) -> Outcome:
    options = circuit_options(row, dense=False) | GEOMETRIES[row["geometry"]]
    if row["bias"]:
        options["bias"] = numbers(4, 9, row["encoding"])
    images = numbers((*row["batch"], 2, 6, 5), 10, row["encoding"])
    other = numbers((2, 4, 7), 11, row["encoding"])

    def make() -> Any:
        return sc.SCConv2DLayer(2, 4, length=row["length"], **options)

    return outcomes(
        make,
        first=lambda layer: layer.forward(images),
        other=lambda layer: layer.forward(other),
        again=lambda layer: layer.forward(images),
        rewound=lambda layer: rewound(layer, other),
        expected=lambda layer: close(lambda: layer.expected(other)),
    )


def conv() -> Iterator[Case]:
    """`SCConv2DLayer`: images of two sizes, one after the other."""
    filled = {"geometry": tuple(GEOMETRIES), "length": LENGTHS[:5], "bias": (False, True)}
    filled |= {"batch": ((2,), (), (0,)), "share": SHARES, "bits": (None, 6)}
    for name, row in numbered(covering(CROSSED, filled, 2)):
        yield name, lambda row=row: conv_case(row)
    wrong = {"faults": tuple(FAULTS)[1:], **filled, "bits": (None,)}
    for name, row in numbered(covering(CROSSED, wrong, 2)):
        yield name, lambda row=row: conv_case(row)
    crossbar = {"device": tuple(DEVICES)[1:], **filled, "share": (None,), "bits": (None,)}
    for name, row in numbered(covering(CROSSED, crossbar)):
        yield name, lambda row=row: conv_case(row)


def pool_case(row: dict[str, Any]) -> Outcome:
    images, other = numbers((2, 3, 6, 5), 12, row["encoding"]), numbers((1, 4, 4), 13, row["encoding"])
    size, stride = row["window"]
    options = {name: row[name] for name in ("encoding", "generator", "bits")}

    def make() -> Any:
        return sc.SCPool2D(row["kind"], size, stride, row["length"], faults=FAULTS[row["faults"]], seed=5, **options)

    return outcomes(
        make,
        first=lambda layer: layer.forward(images),
        other=lambda layer: layer.forward(other),
        empty=lambda layer: layer.forward(images[:0]),
        rewound=lambda layer: rewound(layer, images),
        expected=lambda layer: close(lambda: layer.expected(images)),
    )


def pool() -> Iterator[Case]:
    """`SCPool2D`."""
    crossed = {"kind": ("average", "max"), "encoding": ENCODINGS, "generator": GENERATORS}
    filled = {"window": ((2, None), ((2, 3), 1), (3, 2), (1, None)), "length": LENGTHS, "bits": (None, 5)}
    for name, row in numbered(covering(crossed, filled)):
        yield name, lambda row=row: pool_case(row | {"faults": "none"})
    for name, row in numbered(covering(crossed, {"faults": tuple(FAULTS)[1:], **filled}, 2)):
        yield name, lambda row=row: pool_case(row)


GROUPS = (dense, edited, large, memristive, hardware_aware, conv, pool)
