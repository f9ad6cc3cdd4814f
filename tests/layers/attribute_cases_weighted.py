"""What may be set and edited of the public classes: layers with weights, neurons, synapses, sources, encoders.

Of sensors, reservoirs, attention and primitives see `attribute_cases_sensors`. A path such as ``source.x_inputs`` is an
attribute of a part.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from sc_neurocore import networks as nets
from sc_neurocore.encoders import LFSR, Bank, Encoder, OfWidth, Searched, UserSequence
from sc_neurocore.layers import (
    HardwareAwareSCLayer,
    JaxSCDenseLayer,
    MemristiveDenseLayer,
    SCConv2DLayer,
    SCDenseLayer,
    SCLearningLayer,
    SCPool2D,
    VectorizedSCLayer,
)
from sc_neurocore.layers.spiking_dense import FiringNeuron, SpikingDenseLayer
from sc_neurocore.neurons import FixedPointLIF, LIFNeurons
from sc_neurocore.recorders import MembraneRecorder, SpikeRecorder
from sc_neurocore.sources import BitstreamCurrentSource
from sc_neurocore.synapses import MemristorModel, PlasticSynapses, StreamSynapse

Call = Callable[[Any], Any]


class AttributeCase(NamedTuple):
    """An object, and what of it may be assigned and what edited in place: another value, and a call that it changes."""

    make: Callable[[], Any]
    settable: Mapping[str, tuple[Any, Call]] = {}
    editable: Mapping[str, tuple[Any, Call]] = {}


RNG = np.random.default_rng(3)
X = RNG.uniform(0.1, 0.9, (6, 4))
W = RNG.uniform(0.1, 0.9, (3, 4))
IMAGES = RNG.uniform(0.1, 0.9, (2, 1, 4, 4))
SPIKES = RNG.random((30, 7)) < 0.4
DEVICE = MemristorModel(stuck_low_rate=0.1, stuck_high_rate=0.1, variability=0.1)
NETWORK = nets.Network.from_arrays([W], calibration=X)
QUIET = {"noise_std": 0.0}


def forward(layer: Any) -> Any:
    return layer.forward(X)


def pooled(layer: Any) -> Any:
    return layer.forward(IMAGES)


def spiking(layer: Any) -> Any:
    layer.run(80)
    return layer.get_spike_trains()


def learning(layer: Any) -> Any:
    spikes = layer.run_epoch(X, 0.5)
    return np.concatenate([spikes.ravel(), layer.get_weights().ravel(), layer.thresholds])


def fired(neurons: Any) -> Any:
    return neurons.run(np.full((1, 50), 0.07))


def plastic(synapses: Any) -> Any:
    for row in SPIKES:
        synapses.step(row[:4], row[4:], 0.5)
    return synapses.weights.copy()


def currents(source: Any) -> Any:
    return source.currents(0, 80)


def jax_run(layer: Any) -> Any:
    return layer.run_inputs(np.tile(X, (10, 1)))


def both(**values: tuple[Any, Call]) -> dict[str, dict[str, tuple[Any, Call]]]:
    """Attributes that may be assigned and edited."""
    return {"settable": values, "editable": dict(values)}


def weighted(make: Callable[[], Any], call: Call, name: str, edited: str) -> AttributeCase:
    """Of a layer with weights: `name` is assigned, `edited` edited."""
    layer = make()
    value = getattr(layer, name) / 2
    settable = {name: (value, call), "samples": (9, call)}
    editable = {edited: (layer.weights_csr / 2 if edited == "weights_csr" else value, call)}
    if hasattr(layer, "ideal_weights"):
        settable["ideal_weights"] = value, call
    if layer.bias is not None:
        settable["bias"] = editable["bias"] = layer.bias / 2, call
    return AttributeCase(make, settable, editable)


def dense(kind: Any = VectorizedSCLayer, *args: Any, **options: Any) -> Callable[[], Any]:
    return lambda: kind(4, 3, 64, *args, seed=1, **options)


def spiking_layer() -> SCDenseLayer:
    options = {"neuron_params": QUIET, "base_seed": 1, "record_membrane": True, "y_max": 0.3}
    return SCDenseLayer(3, X[0], W, 0, 1, 0, 1, 64, **options)


def learning_layer() -> SCLearningLayer:
    options = {"rule": "reward", "homeostasis": 0.1, "learning_rate": 0.5, "neuron_params": QUIET, "base_seed": 1}
    return SCLearningLayer(4, 3, length=40, wta=2, inhibition=2, y_max=0.9, weights=W, **options)


def recorded(recorder: SpikeRecorder) -> SpikeRecorder:
    recorder.record(SPIKES[:, :3].T)
    return recorder


WEIGHTS = W[::-1]
LEARNT = {
    "weights": (WEIGHTS, learning),
    "thresholds": (np.full(3, 0.5), learning),
    "synapses.weights": (WEIGHTS, learning),
}
CASES = {
    "register": AttributeCase(lambda: LFSR(8), {"state": (9, lambda register: register.step())}),
    "dense": weighted(dense(bias=[0.5, 0.6, 0.7]), forward, "weights", "weights"),
    "sparse": weighted(dense(sparse=True, connectivity=0.6, bias=[0.5, 0.6, 0.7]), forward, "weights", "weights_csr"),
    "split": weighted(dense(encoding="split"), forward, "weights", "weights"),
    "memristive": weighted(dense(MemristiveDenseLayer, encoding="bipolar"), forward, "weights", "ideal_weights"),
    "sparse memristive": weighted(dense(MemristiveDenseLayer, sparse=True), forward, "weights", "weights_csr"),
    "trained on chip": weighted(dense(HardwareAwareSCLayer, device=DEVICE), forward, "weights", "ideal_weights"),
    "convolution": weighted(
        lambda: SCConv2DLayer(1, 2, 2, length=64, bias=[0.5, 0.6], seed=1), pooled, "kernels", "kernels"
    ),
    "firing rates": weighted(
        lambda: SpikingDenseLayer(
            4, 3, length=200, neuron=FiringNeuron(1.0, 20.0, 0.0, 100.0), unit=0.1, generator="bernoulli", seed=1
        ),
        forward, "weights", "weights",
    ),
    "pool": AttributeCase(lambda: SCPool2D("average", 2, length=64, seed=1), {"samples": (9, pooled)}),
    "spiking": AttributeCase(
        spiking_layer,
        {"source.x_inputs": (X[1], spiking), "source.weight_values": (WEIGHTS, spiking)},
        {
            "source.x_inputs": (X[1], spiking),
            "source.weight_values": (WEIGHTS, spiking),
            "neurons.v": (0.9, spiking),
            "neurons.refractory_left": (50, spiking),
        },
    ),
    "learning": AttributeCase(
        learning_layer,
        {**LEARNT, "samples": (9, learning)},
        {
            **LEARNT,
            "neurons.v": (0.9, learning),
            "neurons.refractory_left": (35, learning),
            "synapses.traces.pre": (2.0, learning),
            "synapses.traces.post": (2.0, learning),
            "synapses.eligibility": (0.7, learning),
        },
    ),
    "neurons": AttributeCase(
        lambda: LIFNeurons(3, QUIET), editable={"v": (0.9, fired), "refractory_left": (40, fired)}
    ),
    "neurons in fixed point": AttributeCase(
        lambda: FixedPointLIF(3), editable={"integers": (4000, fired), "refractory_left": (40, fired)}
    ),
    "source": AttributeCase(
        lambda: BitstreamCurrentSource(X, W, seed=1),
        **both(x_inputs=(X[::-1], currents), weight_values=(WEIGHTS, currents)),
    ),
    "one current": AttributeCase(
        lambda: BitstreamCurrentSource(X, W[0], seed=1),
        **both(x_inputs=(X[::-1], currents), weight_values=(W[1], currents)),
    ),
    "plastic": AttributeCase(
        lambda: PlasticSynapses(4, 3, rule="reward", learning_rate=0.5, weights=W, seed=1),
        {"weights": (WEIGHTS, plastic)},
        {
            "weights": (WEIGHTS, plastic),
            "traces.pre": (2.0, plastic),
            "traces.post": (2.0, plastic),
            "eligibility": (0.7, plastic),
        },
    ),
    "stream synapse": AttributeCase(
        lambda: StreamSynapse(W, seed=1), **both(weights=(WEIGHTS, lambda synapse: synapse.streams(0, 64).words))
    ),
    "encoder": AttributeCase(
        lambda: Encoder(4, 64, "bernoulli", seed=1), {"samples": (9, lambda encoder: encoder.encode(X).words)}
    ),
    "encoder of a sequence": AttributeCase(  # which starts again for every sample, but the number is a state
        lambda: Encoder(4, 64, "sobol"), {"samples": (9, lambda encoder: (encoder.encode(X), encoder.samples)[1])}
    ),
    "membrane recorder": AttributeCase(lambda: MembraneRecorder(3)),
    "spike recorder": AttributeCase(lambda: recorded(SpikeRecorder(3))),
    "circuit": AttributeCase(lambda: NETWORK.circuit(64)),
    "fixed point": AttributeCase(lambda: nets.FixedPoint(NETWORK)),
    "network": AttributeCase(lambda: NETWORK),
    "specification": AttributeCase(lambda: NETWORK.layers[0]),
    "pairs of cells": AttributeCase(lambda: DEVICE.defects((3, 4), 1, pairs=True)),
}  # fmt: skip
if find_spec("jax"):
    CASES["jax"] = AttributeCase(
        lambda: JaxSCDenseLayer(3, 4, 64, seed=1, neuron_params=QUIET, y_max=0.3),
        {"weights": (WEIGHTS, jax_run), "samples": (9, jax_run)},
        {"weights": (WEIGHTS, jax_run), "v": (0.9, jax_run), "refractory_left": (50, jax_run)},
    )
CASES |= {
    repr(generator): AttributeCase(lambda generator=generator: generator)
    for generator in (
        Searched.of_length(64), Searched([[1, 0, 2], [0, 2, 1]]), Bank("sobol", 64), OfWidth(Bank("lattice", 63), 4),
        UserSequence([[0, 1, 2, 3]], 2),
    )
}  # fmt: skip
