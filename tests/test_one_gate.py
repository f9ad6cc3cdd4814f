"""Every array that a user hands over passes one gate: no mask, imaginary part or text gets lost on the way in."""

import warnings

import numpy as np
import pytest

import sc_neurocore as sc
from sc_neurocore import (
    bitstreams,
    encoders,
    evaluation,
    gates,
    layers,
    networks,
    neurons,
    recorders,
    sources,
    synapses,
)
from sc_neurocore.datasets import Dataset

V = [0.25, 0.5]
"""A vector."""
M = [[0.25, 0.5], [0.5, 0.125]]
"""A matrix, or two steps of a vector."""
G = [[1e-5, 2e-5], [3e-5, 2e-5]]
"""Conductances."""

NOT_STUCK = [[False, False], [False, False]]
RESTING = np.array([0, 1])
AT_REST = neurons.LIFState(np.array(V), RESTING)
TRACES = synapses.Traces(np.array(V), np.array(V))
STREAMS = bitstreams.Bitstream.from_bits(np.eye(2, dtype=int)[:, :, None].repeat(8, 2))

NETWORK = sc.Network.from_arrays([M])
CIRCUIT = NETWORK.circuit(16)
DEVICE = synapses.MemristorModel()
DENSE = layers.VectorizedSCLayer(2, 2, 16, seed=0)
CONVOLUTION = layers.SCConv2DLayer(1, 1, 2, length=16, seed=0)
PREDICTIVE = layers.PredictiveCodingSCLayer(2, 2, 16, seed=0)
DENDRITE = layers.RallDendrite(2)
FUSION = layers.SCFusionLayer({"a": 2, "b": 2}, {"a": 0.5, "b": 0.5}, 16)
LEARNING = layers.SCLearningLayer(2, 2, length=16, base_seed=0)
RESERVOIR = layers.SCRecurrentLayer(2, 4, length=16, seed=0)
ATTENTION = layers.StochasticAttention(2)


def attend(method, place):
    return lambda x: getattr(ATTENTION, method)(*(x if k == place else M for k in range(3)))


ENTRIES = {
    "Bitstream.from_bits": (bitstreams.Bitstream.from_bits, [[1, 0], [0, 1]]),
    "from_probability": (lambda x: bitstreams.from_probability(x, "split"), M),
    "to_probability": (lambda x: bitstreams.to_probability(x, "unipolar"), V),
    "bernoulli_variance": (lambda x: bitstreams.bernoulli_variance(x, 16), V),
    "Encoder.encode": (lambda x: encoders.Encoder(2, 16, "sobol").encode(x), V),
    "UserSequence": (lambda x: encoders.UserSequence(x, 2), [[0, 3], [2, 1]]),
    "Searched permutation": (lambda x: encoders.Searched(x), [1, 2, 0]),
    "Searched permutations": (lambda x: encoders.Searched(x), [[1, 2, 0], [0, 2, 1]]),
    "Searched order": (lambda x: encoders.Searched([1, 2, 0], x), [[0, 2, 1], [1, 0, 2]]),
    "overlap p": (lambda x: gates.overlap(x, V, 0.5), V),
    "overlap q": (lambda x: gates.overlap(V, x, 0.5), V),
    "divide_expected a": (lambda x: gates.divide_expected(x, [0.75, 0.75]), V),
    "divide_expected b": (lambda x: gates.divide_expected([0.0, 0.125], x), V),
    "maximum_expected": (lambda x: gates.maximum_expected(x, V), V),
    "or_gate_expected": (gates.or_gate_expected, V),
    "relu_expected": (lambda x: gates.relu_expected(x, 8), V),
    "sexp_expected": (lambda x: gates.sexp_expected(x, 8, 2), V),
    "square_root_expected": (gates.square_root_expected, V),
    "stanh_expected": (lambda x: gates.stanh_expected(x, 8), V),
    "Defects low": (lambda x: synapses.Defects(x, NOT_STUCK, M, M), NOT_STUCK),
    "Defects high": (lambda x: synapses.Defects(NOT_STUCK, x, M, M), NOT_STUCK),
    "Defects spread": (lambda x: synapses.Defects(NOT_STUCK, NOT_STUCK, x, M), M),
    "Defects drift": (lambda x: synapses.Defects(NOT_STUCK, NOT_STUCK, M, x), M),
    "pair_stdp_step pre": (lambda x: synapses.pair_stdp_step(TRACES, x, [1, 0]), [1, 0]),
    "pair_stdp_step post": (lambda x: synapses.pair_stdp_step(TRACES, [1, 0], x), [1, 0]),
    "pair_stdp_step traces": (
        lambda x: synapses.pair_stdp_step(synapses.Traces(x, np.zeros(2)), [1, 0], [1, 0]), V
    ),
    "reward_stdp_step eligibility": (lambda x: synapses.reward_stdp_step(x, M, 0.5), M),
    "reward_stdp_step change": (lambda x: synapses.reward_stdp_step(M, x, 0.5), M),
    "stdp_window": (synapses.stdp_window, V),
    "stdp_drift pre": (lambda x: synapses.stdp_drift(x, V), V),
    "stdp_drift post": (lambda x: synapses.stdp_drift(V, x), V),
    "MemristorModel.adc": (lambda x: DEVICE.adc(x, 0.0, 1.0), V),
    "MemristorModel.from_conductance": (DEVICE.from_conductance, G),
    "MemristorModel.to_conductance": (DEVICE.to_conductance, V),
    "crossbar_transfer": (lambda x: synapses.crossbar_transfer(x, 1.0), G),
    "PlasticSynapses": (lambda x: synapses.PlasticSynapses(2, 2, weights=x), M),
    "PlasticSynapses.step pre": (lambda x: synapses.PlasticSynapses(2, 2, weights=M).step(x, [1, 0]), [1, 0]),
    "PlasticSynapses.step post": (lambda x: synapses.PlasticSynapses(2, 2, weights=M).step([1, 0], x), [1, 0]),
    "StreamSynapse": (synapses.StreamSynapse, V),
    "BitstreamCurrentSource x": (lambda x: sources.BitstreamCurrentSource(x, V, 0, 1, 0, 1), V),
    "BitstreamCurrentSource w": (lambda x: sources.BitstreamCurrentSource(V, x, 0, 1, 0, 1), V),
    "LIFNeurons.step": (lambda x: neurons.LIFNeurons(2).step(x), V),
    "LIFNeurons.run": (lambda x: neurons.LIFNeurons(2).run(x), M),
    "LIFNeurons.advance": (lambda x: neurons.LIFNeurons(2).advance(x, np.array(V)), [[0, 1], [1, 0]]),
    "lif_step v": (lambda x: neurons.lif_step(neurons.LIFState(x, RESTING), 0.1, neurons.LIFParameters()), V),
    "lif_step refractory_left": (
        lambda x: neurons.lif_step(neurons.LIFState(np.array(V), x), 0.1, neurons.LIFParameters()), [0, 1]
    ),
    "lif_step current": (lambda x: neurons.lif_step(AT_REST, x, neurons.LIFParameters()), V),
    "lif_step noise": (lambda x: neurons.lif_step(AT_REST, 0.1, neurons.LIFParameters(), noise=x), V),
    "FixedPointLIF.step": (lambda x: neurons.FixedPointLIF(2).step(x), V),
    "FixedPointLIF.run": (lambda x: neurons.FixedPointLIF(2).run(x), M),
    "QFormat.encode": (lambda x: neurons.QFormat(8, 4).encode(x), V),
    "QFormat.decode": (neurons.QFormat(8, 4).decode, [3, -4]),
    "MembraneRecorder.record": (lambda x: recorders.MembraneRecorder(2).record(x), M),
    "SpikeRecorder.record": (lambda x: recorders.SpikeRecorder(2).record(x), [[0, 1], [1, 0]]),
    "VectorizedSCLayer.forward": (DENSE.forward, V),
    "VectorizedSCLayer.expected": (DENSE.expected, V),
    "VectorizedSCLayer.weights": (lambda x: setattr(DENSE, "weights", x), M),
    "VectorizedSCLayer.from_weights": (lambda x: layers.VectorizedSCLayer.from_weights(x, length=16), M),
    "VectorizedSCLayer bias": (lambda x: layers.VectorizedSCLayer(2, 2, 16, bias=x), V),
    "SCConv2DLayer.forward": (CONVOLUTION.forward, [M]),
    "SCConv2DLayer.from_kernels": (lambda x: layers.SCConv2DLayer.from_kernels(x, length=16), [[M]]),
    "SCConv2DLayer bias": (lambda x: layers.SCConv2DLayer(1, 2, 2, length=16, bias=x), V),
    "SCPool2D.forward": (lambda x: layers.SCPool2D("max", 2, length=16).forward(x), [M]),
    "HardwareAwareSCLayer.update_weights": (lambda x: layers.HardwareAwareSCLayer(2, 2, 16).update_weights(x), M),
    "LateralInhibition.apply": (lambda x: layers.LateralInhibition(4, radius=1).apply(x), V + V),
    "LateralInhibition.apply_bitstream samples": (
        lambda x: layers.LateralInhibition(2, radius=1).apply_bitstream(STREAMS, samples=x), [3, 4]
    ),
    "WinnerTakeAll.apply": (lambda x: layers.WinnerTakeAll(2).apply(x), V),
    "WinnerTakeAll.winners": (lambda x: layers.WinnerTakeAll(2).winners(x), V),
    "PredictiveCodingSCLayer.forward": (PREDICTIVE.forward, V),
    "PredictiveCodingSCLayer.run": (PREDICTIVE.run, M),
    "PredictiveCodingSCLayer weights": (lambda x: layers.PredictiveCodingSCLayer(2, 2, 16, weights=x), M),
    "RallDendrite.step": (DENDRITE.step, V),
    "RallDendrite.run": (DENDRITE.run, M),
    "RallDendrite.expected": (DENDRITE.expected, V),
    "RallDendrite diameters": (lambda x: layers.RallDendrite(2, diameters=x), V),
    "RallDendrite reversal": (lambda x: layers.RallDendrite(2, reversal=x), V),
    "RallDendrite topology": (lambda x: layers.RallDendrite(2, topology=x), [-1, 0]),
    "SCDenseLayer x_inputs": (lambda x: layers.SCDenseLayer(2, x, V, 0, 1, 0, 1, 16), V),
    "SCDenseLayer weight_values": (lambda x: layers.SCDenseLayer(2, V, x, 0, 1, 0, 1, 16), V),
    "SCFusionLayer.forward": (lambda x: FUSION.forward({"a": x, "b": V}), V),
    "SCLearningLayer.run_epoch": (LEARNING.run_epoch, V),
    "SCLearningLayer weights": (lambda x: layers.SCLearningLayer(2, 2, length=16, weights=x), M),
    "SCRecurrentLayer.step": (RESERVOIR.step, V),
    "SCRecurrentLayer.run": (RESERVOIR.run, M),
    "SCRecurrentLayer.fit X": (lambda x: RESERVOIR.fit(x, V), M),
    "SCRecurrentLayer.fit Y": (lambda x: RESERVOIR.fit(M, x), V),
    **{f"{method} {name}": (attend(method, place), M)
       for method in ("forward", "forward_softmax", "forward_bitstream") for place, name in enumerate("QKV")},
    "attention mask": (lambda x: ATTENTION.forward(M, M, M, mask=x), [[True, True], [True, False]]),
    "Circuit.forward": (CIRCUIT.forward, V),
    "Circuit.expected": (CIRCUIT.expected, V),
    "Circuit.predict": (CIRCUIT.predict, V),
    "FixedPoint.forward": (networks.FixedPoint(NETWORK).forward, V),
    "Network.float_forward": (NETWORK.float_forward, V),
    "Network.float_predict": (NETWORK.float_predict, V),
    "Network.calibrate": (lambda x: NETWORK.calibrate(x, length=2), M),
    "Network.from_arrays weights": (lambda x: sc.Network.from_arrays([x]), M),
    "Network.from_arrays biases": (lambda x: sc.Network.from_arrays([M], [x]), V),
    "Network.from_arrays calibration": (lambda x: sc.Network.from_arrays([M], calibration=x), M),
    "Network.from_arrays input_range": (lambda x: sc.Network.from_arrays([M], input_range=x), [0.0, 1.0]),
    "Dense weights": (lambda x: sc.Dense(x, V, "relu"), M),
    "Dense bias": (lambda x: sc.Dense(M, x, "relu"), V),
    "Conv2D weights": (lambda x: sc.Conv2D(x, [0.5], "relu"), [[M]]),
    "SpikingDense weights": (lambda x: sc.SpikingDense(x, V), M),
    "PredictiveCoding weights": (sc.PredictiveCoding, M),
    "Dendrite diameters": (lambda x: sc.Dendrite(2, diameters=x), V),
    "Dendrite reversal": (lambda x: sc.Dendrite(2, reversal=x), V),
    "Dendrite topology": (lambda x: sc.Dendrite(2, topology=x), [-1, 0]),
    "activate": (lambda x: networks.activate(x, "relu"), V),
    "Dataset x": (lambda x: Dataset.held_out("", x, [0, 1]), M),
    "Dataset y": (lambda x: Dataset.held_out("", M, x), [0, 1]),
    "WrongImages": (lambda x: evaluation.WrongImages.of("", x), [0, 1]),
    "memory_capacity predicted": (lambda x: evaluation.memory_capacity(x, M), M),
    "memory_capacity target": (lambda x: evaluation.memory_capacity(M, x), M),
    "nrmse_std predicted": (lambda x: evaluation.nrmse_std(x, V), V),
    "nrmse_std target": (lambda x: evaluation.nrmse_std(V, x), V),
}  # fmt: skip


def with_last(array, value):
    changed = array.astype(object)
    changed.flat[-1] = value
    return changed


def spoilt(good):
    """What looks like the array `good`, but has an entry that is no real number."""
    array = np.array(good)
    masks = np.zeros(array.shape, bool)
    masks.flat[-1] = True
    yield "mask", np.ma.array(array, mask=masks)
    if array.dtype.kind == "f":
        yield "mask of float32", np.ma.array(array.astype(np.float32), mask=masks)
    if array.ndim > 1:
        yield "mask in a list", [np.ma.array(part, mask=mask) for part, mask in zip(array, masks, strict=True)]
    yield "complex", array * (1 + 0.5j)
    yield "complex object", with_last(array, 0.25 + 0.5j)
    yield "text", array.astype(str)
    yield "text in a list", array.astype(str).tolist()
    yield "text object", with_last(array, str(array.flat[-1]))
    yield "nothing", with_last(array, None)
    yield "date", np.full(array.shape, np.datetime64("2020-01-01"))
    yield "interval", np.full(array.shape, np.timedelta64(1, "s"))
    yield "too large", with_last(array, 10**400)


@pytest.mark.parametrize("name", ENTRIES)
def test_nothing_gets_lost_at(name):
    enter, good = ENTRIES[name]
    enter(good)
    enter(np.array(good))
    enter(np.ma.array(good))  # masked nowhere
    for kind, value in spoilt(good):
        if name == "Dataset y" and kind in ("text", "text in a list"):
            continue  # names are labels too
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises((TypeError, ValueError), match="must") as caught:
                enter(value)
        assert "\n" not in str(caught.value), kind


@pytest.mark.parametrize(
    ("enter", "good"),
    [
        (lambda x: bitstreams.Bitstream(x, 8), np.array([[3], [5]], np.uint64)),
        (lambda x: recorders.SpikeRecorder(2).record_words(x, 8), np.array([[3], [5]], np.uint64)),
        (lambda x: gates.mux(STREAMS, x), np.arange(8, dtype=np.uint32)),
        (lambda x: encoders.Encoder(2, 64, "bernoulli").words(np.array([V]), x), np.array([4])),
        (lambda x: encoders.Encoder(2, 64).words(x, np.array([4])), np.array([V])),
    ],
)
def test_arrays_of_one_type_have_no_masked_entry(enter, good):
    enter(good)
    masks = np.zeros(good.shape, bool)
    masks.flat[-1] = True
    with pytest.raises((TypeError, ValueError), match="must"):
        enter(np.ma.array(good, mask=masks))


def test_jax_currents():
    pytest.importorskip("jax")
    layer = layers.JaxSCDenseLayer(2, 2, weights=M, dtype="float64")
    for enter, good in ((layer.step, V), (layer.run, M), (lambda x: setattr(layer, "weights", x), M)):
        enter(good)
        for kind, value in spoilt(good):
            if kind == "mask of float32":
                value = value.astype(layer.v.dtype)
            with pytest.raises((TypeError, ValueError), match="must"):
                enter(value)


def test_labels_beyond_the_whole_numbers_of_float64():
    assert Dataset.held_out("", M, np.array([2**53 - 1, -(2**53) + 1])).y_test.tolist() == [2**53 - 1, -(2**53) + 1]
    for label in (2**53, 2**53 + 1, -(2**53) - 1):
        with pytest.raises(ValueError, match=r"^y must lie in \[-9007199254740991.0, 9007199254740991.0\], got "):
            Dataset.held_out("", M, np.array([0, label]))
