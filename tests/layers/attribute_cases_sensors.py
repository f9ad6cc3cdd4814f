"""What may be set and edited of layers without a plain weight matrix: sensors, reservoirs, attention, primitives."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from attribute_cases_weighted import AttributeCase, Call, X

from sc_neurocore import (
    LateralInhibition,
    PredictiveCodingSCLayer,
    RallDendrite,
    SCFusionLayer,
    SCRecurrentLayer,
    StochasticAttention,
    WinnerTakeAll,
)
from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.layers.dendrites.bank import DendriteBank
from sc_neurocore.layers.encoded import PrimitiveLayer
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.layers.predictive.surprise import SurpriseLayer

STREAMS = Bitstream.from_bits(np.random.default_rng(4).integers(0, 2, (3, 4, 50)))
OPTIONS = CircuitOptions(64, "bernoulli", "unipolar")


def with_edits(make: Callable[[], Any], settable: Mapping[str, tuple[Any, Call]], *editable: str) -> AttributeCase:
    """An object of whose attributes that may be set these may be edited as well."""
    return AttributeCase(make, settable, {name: settable[name] for name in editable})


def run(layer: Any) -> Any:
    return layer.run(X)


def forward(layer: Any) -> Any:
    return layer.forward(X)


def attend(layer: Any) -> Any:
    return layer.forward_bitstream(X, X, X, 64)


def fuse(layer: Any) -> Any:
    return layer.forward({"a": X, "b": 1 - X})


def reservoir(**options: Any) -> Callable[[], Any]:
    def make() -> Any:
        layer = SCRecurrentLayer(4, 5, length=64, seed=1, bias_strength=0.2, **options)
        layer.fit(X, X[:, 0], washout=1)
        layer.reset()
        return layer

    return make


def of_reservoir(make: Callable[[], Any]) -> dict[str, tuple[Any, Call]]:
    other = make()
    return {
        "W_in": (other.W_in / 2, run),
        "W_rec": (other.W_rec / 2, run),
        "bias": (other.bias + 0.1, run),
        "state": (np.full(5, 0.5), run),
        "readout": (other.readout + 1, lambda layer: layer.predict(X)),
        "samples": (9, run),
    }


dense, sparse = reservoir(), reservoir(connectivity=0.4)
RESERVOIR = "W_in", "W_rec", "bias", "readout"

CASES = {
    "reservoir": with_edits(dense, of_reservoir(dense), *RESERVOIR),
    "sparse reservoir": with_edits(sparse, of_reservoir(sparse), *RESERVOIR),
    "predictive coding": with_edits(
        lambda: PredictiveCodingSCLayer(4, 3, 64, 0.2, 1, k=2, generator="bernoulli"),
        {
            "weights": (np.full((3, 4), 0.25), lambda layer: layer.run(X, learn=False)),
            "lr": (0.9, run),
            "k": (1, run),
            "samples": (9, run),
        },
        "weights",
    ),
    "fusion": with_edits(
        lambda: SCFusionLayer({"a": 4, "b": 4}, {"a": 1.0, "b": 2.0}, 64, seed=1),
        {"fusion_weights": ({"a": 2.0, "b": 1.0}, fuse), "samples": (9, fuse)},
        "fusion_weights",
    ),
    "attention": AttributeCase(
        lambda: StochasticAttention(4, seed=1),
        {"temperature": (3.0, lambda layer: layer.forward_softmax(X, X, X)), "samples": (9, attend)},
    ),
    "dendrite": AttributeCase(lambda: RallDendrite(topology=[-1, 0, 0, 1]), {"dt": (0.5, run)}),
    "dendrite of conductances": AttributeCase(lambda: RallDendrite(reversal=[1.0, 1.0, 0.0, 2.0]), {"dt": (0.5, run)}),
    "bank of dendrites": AttributeCase(lambda: DendriteBank(2, 20.0, n_branches=2), {}),
    "inhibition": AttributeCase(
        lambda: LateralInhibition(4, 0.5, 1, generator="bernoulli", seed=1),
        {
            "inhibition_strength": (0.9, lambda layer: layer.apply(X)),
            "samples": (9, lambda layer: layer.apply_bitstream(STREAMS).words),
        },
    ),
    "inhibition on a sheet": AttributeCase(
        lambda: LateralInhibition(4, 0.5, 1, shape=(2, 2), generator="bernoulli", seed=1),
        {
            "inhibition_strength": (0.9, lambda layer: layer.apply_bitstream(STREAMS).words),
            "samples": (9, lambda layer: layer.apply_bitstream(STREAMS).words),
        },
    ),
    "winners": AttributeCase(
        lambda: WinnerTakeAll(4, 2),
        {
            "k": (3, lambda layer: layer.apply(X)),
            "target": (2, lambda layer: layer.apply_bitstream(STREAMS).words),
        },
    ),
    "winners behind an encoder": AttributeCase(
        lambda: PrimitiveLayer(WinnerTakeAll(4, 2), (4,), OPTIONS, 1),
        {"samples": (9, forward), "primitive.k": (3, forward), "primitive.target": (1, forward)},
    ),
    "surprise": AttributeCase(lambda: SurpriseLayer(X[:3], 1.0, OPTIONS, 1), {"samples": (9, forward)}),
}
