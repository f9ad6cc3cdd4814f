"""A good call of every public class, function and method that computes: what `bad_calls` spoils.

Arguments are given by position where they can be, so that their names are those of the signature.
"""

import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import sc_neurocore as sc
from sc_neurocore import encoders, gates, layers, networks, neurons, synapses
from sc_neurocore.bitstreams import Bitstream

PACKAGES = ("bitstreams", "encoders", "gates", "synapses", "neurons", "sources", "recorders", "layers", "networks")

Arguments = tuple[tuple[Any, ...], dict[str, Any]]

NO_CALLS = {
    "bitstreams.Encoding", "encoders.Share", "encoders.Seed", "networks.Activation",  # types
    "encoders.Generator", "layers.SCLayer", "encoders.Bernoulli.sequence",  # abstract; it has none
    "synapses.Traces", "synapses.Preset", "neurons.LIFState", "recorders.Summary", "networks.StepGain",  # plain records
    "networks.Concat", "networks.Flatten",  # they take no argument
    "networks.Network.load", "networks.Network.save", "networks.Network.from_named_arrays",  # files have drills
}  # fmt: skip
INNER = {
    "networks": {  # what networks call of their layers, with arguments of their own
        "activated", "bound", "build", "calibrated", "called", "check_mapping", "check_options", "cost",
        "count_factors", "decoded", "fitted", "forward", "from_sums", "gain", "gives_signed", "indices", "input_check",
        "largest_sum", "mapping", "measured", "of_network", "output_scale", "output_shape", "outputs_of", "runs",
        "sample", "scaled_weights", "source_names", "summary_cells", "terms", "through", "windows",
    },
    "layers": {  # the last one: `state_dicts`; parts of circuits, for JAX functions
        "check_no_faults", "keywords", "load_state_dict", "reset", "circuit", "inputs", "select", "weighted_sum",
    },
    "encoders": {"check_binary", "check_lines", "check_one_sequence"},
    "synapses": {"stuck", "of_cells", "relative", "deviation", "shares_of", "load", "reset"},
    "neurons": {"membrane", "load"},
    "sources": {"forget"},
}  # fmt: skip
"""Methods that parts of the package call, not users, by package."""


def stream(encoding: str = "unipolar", shape: tuple[int, ...] = (3,), length: int = 8, seed: int = 0) -> Bitstream:
    """Random streams of that shape."""
    rails = (2,) if encoding == "split" else ()
    return Bitstream.from_bits(np.random.default_rng(seed).integers(0, 2, (*rails, *shape, length)), encoding)


def draws(length: int = 8, high: int = 1 << 32) -> Any:
    """A number for each cycle."""
    return np.random.default_rng(length).integers(0, high, length, dtype=np.uint32)


def numbers(*shape: int) -> Any:
    """Random numbers in [0, 1]."""
    return np.random.default_rng(shape).random(shape)


def given(*positional: Any, **named: Any) -> Arguments:
    """Arguments of a call."""
    return positional, named


_ONES = np.array([5, 7], np.uint64)
_SAMPLES = np.array([0, 1])
_PCM = synapses.FlickerNoise(scale=0.01, power=0.5, ceiling=0.03, read_time=1.0, first_time=1.0)
_WEIGHTS = [numbers(3, 4) - 0.5, numbers(2, 3) - 0.5]
_GENERATED: dict[str, Callable[[], Arguments]] = {
    f"encoders.{name}.{method}": lambda number=number: given(number)  # type: ignore[misc]
    for name in (
        "LFSR", "Bank", "Bernoulli", "Halton", "Lattice", "OfWidth", "Ramp", "Searched", "Sobol", "UserSequence",
        "VanDerCorput",
    )
    for method, number in (("sequence", 5), ("decorrelated", 1))
    if (name, method) != ("Bernoulli", "sequence")
}  # fmt: skip

CALLS: dict[str, Callable[[], Arguments]] = _GENERATED | {
    "bitstreams.Bitstream": lambda: given(_ONES[:, None], 8, "unipolar"),
    "bitstreams.Bitstream.owning": lambda: given(_ONES[:, None].copy(), 8, "unipolar"),
    "bitstreams.Bitstream.from_bits": lambda: given([[1, 0, 1], [0, 0, 1]], "unipolar"),
    "bitstreams.Bitstream.counts": lambda: given("numba"),
    "bitstreams.Bitstream.value": lambda: given("numba"),
    "bitstreams.autocorrelation": lambda: given(stream(), 1),
    "bitstreams.bernoulli_product_mse": lambda: given(8, "unipolar"),
    "bitstreams.bernoulli_variance": lambda: given(numbers(3), 8, "split"),
    "bitstreams.correlated_and_error": lambda: given(8),
    "bitstreams.from_probability": lambda: given(numbers(2, 3), "split"),
    "bitstreams.scc": lambda: given(stream(seed=1), stream(seed=2)),
    "bitstreams.stability": lambda: given(stream(), 0.1),
    "bitstreams.to_probability": lambda: given(numbers(3), "bipolar"),
    "bitstreams.value_range": lambda: given("split"),
    "encoders.LFSR": lambda: given(4, (4, 3), 3, insert_zero=True, mask=5, reverse=True),
    "encoders.LFSR.ahead": lambda: given(3),
    "encoders.Bank": lambda: given("sobol", 16, ((1, 0), (2, 5))),
    "encoders.Bernoulli": lambda: given(8),
    "encoders.Encoder": lambda: given(
        3, 8, "sobol", "unipolar", share="one", bits=4, partner=1, seed=3, backend="numba"
    ),
    "encoders.Encoder.encode": lambda: given(numbers(2, 3)),
    "encoders.Encoder.quantised": lambda: given(numbers(2, 3)),
    "encoders.Encoder.rounded": lambda: given(numbers(2, 3)),
    "encoders.Encoder.thresholds": lambda: given(numbers(2, 3)),
    "encoders.Encoder.rails": lambda: given(numbers(2, 3), _SAMPLES, None, trim=True),
    "encoders.Encoder.words": lambda: given(numbers(2, 3), _SAMPLES, np.array([0, 2, 1])),
    "encoders.Encoder.window": lambda: given(numbers(2, 3), _SAMPLES, 64, 80),
    "encoders.Halton": lambda: given(4, 3, mask=1),
    "encoders.Lattice": lambda: given(12, 5, 3),
    "encoders.OfWidth": lambda: given(encoders.Ramp(3), 5),
    "encoders.Ramp": lambda: given(4, mask=3, period=12),
    "encoders.Searched": lambda: given([[1, 2, 0], [0, 2, 1]], [[0, 2, 1], [1, 0, 2]]),
    "encoders.Searched.of_length": lambda: given(12),
    "encoders.Searched.line": lambda: given(1),
    "encoders.Sobol": lambda: given(4, 2, mask=5),
    "encoders.UserSequence": lambda: given([[0, 3, 1], [2, 2, 0]], 2),
    "encoders.VanDerCorput": lambda: given(4, mask=5),
    "encoders.make_generator": lambda: given("bernoulli", 16, 8, 4),
    "encoders.seed_sequence": lambda: given(7),
    "gates.Faults": lambda: given(0.1, 0.2, 0.3, 0.4, "inputs"),
    "gates.Faults.flips": lambda: given(0.1),
    "gates.average_pool": lambda: given(stream(shape=(1, 4, 4)), 2, draws(), stride=1),
    "gates.delay": lambda: given(stream(), 3, rotate=True),
    "gates.distance": lambda: given(stream(seed=1), stream(seed=2)),
    "gates.distance_expected": lambda: given(numbers(3), numbers(3), 0.5),
    "gates.divide": lambda: given(stream(seed=1), stream(seed=2)),
    "gates.divide_expected": lambda: given(numbers(3), numbers(3), 0.5),
    "gates.max_pool": lambda: given(stream(shape=(1, 4, 4)), 2, stride=(2, 1)),
    "gates.maximum": lambda: given(stream(seed=1), stream(seed=2)),
    "gates.maximum_expected": lambda: given(numbers(3), numbers(3), 0.5, "bipolar"),
    "gates.mean": lambda: given(stream()),
    "gates.minimum": lambda: given(stream(seed=1), stream(seed=2)),
    "gates.minimum_expected": lambda: given(numbers(3), numbers(3), 0.5, "bipolar"),
    "gates.multiply": lambda: given(stream("bipolar", seed=1), stream("bipolar", seed=2)),
    "gates.mux": lambda: given(stream(), draws()),
    "gates.or_gate": lambda: given(stream("split")),
    "gates.or_gate_expected": lambda: given(numbers(3), "unipolar"),
    "gates.overlap": lambda: given(numbers(3), numbers(3), -0.5),
    "gates.regenerate": lambda: given(stream(), draws(6, 16), 4),
    "gates.relu": lambda: given(stream("bipolar"), 4),
    "gates.relu_expected": lambda: given(numbers(3), 4),
    "gates.saturating_subtract": lambda: given(stream(seed=1), stream(seed=2)),
    "gates.saturating_subtract_expected": lambda: given(numbers(3), numbers(3), 0.5),
    "gates.saturating_sum": lambda: given(stream("bipolar"), two_level=True),
    "gates.sexp": lambda: given(stream("bipolar"), 8, 2),
    "gates.sexp_expected": lambda: given(numbers(3), 8, 2),
    "gates.shuffle_buffer": lambda: given(stream(), 3, draws()),
    "gates.square_root": lambda: given(stream(), draws(8, 16), draws(8, 16)[::-1].copy(), 4),
    "gates.square_root_expected": lambda: given(numbers(3), 4),
    "gates.stanh": lambda: given(stream("bipolar"), 4),
    "gates.stanh_expected": lambda: given(numbers(3), 4),
    "gates.total": lambda: given(stream("split")),
    "gates.weighted_mux": lambda: given(stream(), stream(seed=3)),
    "synapses.ClippedLogarithm": lambda: given(-1.0, 0.1, 0.0, 2.0),
    "synapses.Defects": lambda: given(np.zeros((1, 3), bool), np.eye(1, 3, dtype=bool), numbers(1, 3), numbers(1, 3)),
    "synapses.DriftExponent": lambda: given(*[synapses.ClippedLogarithm(0.0, 0.05, 0.0, 1.0)] * 2),
    "synapses.FlickerNoise": lambda: given(scale=0.01, power=0.5, ceiling=0.03, read_time=1.0, first_time=2.0),
    "synapses.MemristorModel": lambda: given(
        g_min=1e-6, g_max=1e-4, levels=16, variability=0.1, distribution="lognormal", proportional=True,
        stuck_low_rate=0.1, stuck_high_rate=0.1, drift_exponent=0.05, drift_time=10.0, wire_resistance=1.0,
        ir_drop="first_order", read_noise=_PCM, read_noise_per="cycle", adc_bits=4,
    ),
    "synapses.MemristorModel.adc": lambda: given(numbers(3), 0.0, 1.0),
    "synapses.MemristorModel.defects": lambda: given((2, 3), 1, pairs=True, exact=True),
    "synapses.MemristorModel.describe": lambda: given(numbers(2, 3), 1),
    "synapses.MemristorModel.from_conductance": lambda: given(1e-4 * numbers(2, 2, 3)),
    "synapses.MemristorModel.preset": lambda: given("hfo2"),
    "synapses.MemristorModel.program": lambda: given(numbers(2, 3), synapses.MemristorModel().defects((2, 3), 1)),
    "synapses.MemristorModel.read": lambda: given(1e-4 * numbers(2, 2, 3)),
    "synapses.MemristorModel.read_probability": lambda: given(numbers(2, 3), "unipolar", numbers(2, 3)),
    "synapses.MemristorModel.read_sigma": lambda: given(numbers(2, 3), synapses.MemristorModel().defects((2, 3), 1)),
    "synapses.MemristorModel.to_conductance": lambda: given(numbers(2, 3), True),
    "synapses.MemristorModel.with_rates": lambda: given(0.1, 0.1),
    "synapses.MemristorModel.write": lambda: given(
        1e-5 + 1e-5 * numbers(1, 2, 3), synapses.MemristorModel().defects((2, 3), 1)
    ),
    "synapses.PlasticSynapses": lambda: given(
        3, 2, 0.0, 1.0, 0.1, 0.5, rule="reward", tau_plus=10.0, tau_minus=20.0, tau_eligibility=50.0, step=0.25,
        soft_bounds=True, deterministic=False, dt_ms=0.5, weights=numbers(2, 3), seed=1,
    ),
    "synapses.PlasticSynapses.step": lambda: given([1, 0, 1], [0, 1], 0.5),
    "synapses.PlasticSynapses.reseed": lambda: given(3),
    "synapses.ProgrammingError": lambda: given((0.01, 0.04)),
    "synapses.StreamSynapse": lambda: given(
        numbers(2, 3), 0.0, 1.0, 8, generator="bernoulli", encoding="unipolar", share="independent", bits=8, seed=1
    ),
    "synapses.StreamSynapse.apply": lambda: given(stream(), 64),
    "synapses.StreamSynapse.streams": lambda: given(64, 80, _SAMPLES),
    "synapses.crossbar_transfer": lambda: given(1e-4 * numbers(3, 2), 10.0, "exact"),
    "synapses.dot_product": lambda: given(stream(shape=(2, 3)), stream(shape=(4, 3), seed=1)),
    "synapses.pair_stdp_step": lambda: given(
        synapses.Traces(numbers(3), numbers(2)), [1, 0, 1], [0, 1],
        a_plus=0.01, a_minus=0.005, tau_plus=10.0, tau_minus=20.0, dt_ms=0.5,
    ),
    "synapses.reward_stdp_step": lambda: given(numbers(2, 3), numbers(2, 3), 0.5, tau_eligibility=50.0, dt_ms=0.5),
    "synapses.stdp_drift": lambda: given(
        numbers(3), numbers(3), a_plus=0.01, a_minus=0.005, tau_plus=10.0, tau_minus=20.0, dt_ms=0.5
    ),
    "synapses.stdp_window": lambda: given(
        [-3.0, 0.0, 4.0], a_plus=0.01, a_minus=0.005, tau_plus=10.0, tau_minus=20.0
    ),
    "neurons.FixedPointLIF": lambda: given(3, {"tau_mem": 4.0}, 0.5, q=neurons.QFormat(3, 8)),
    "neurons.FixedPointLIF.run": lambda: given(numbers(3, 5)),
    "neurons.FixedPointLIF.step": lambda: given(numbers(3)),
    "neurons.LIFNeurons": lambda: given(4, {"tau_mem": 4.0}, 0.5, 1),
    "neurons.LIFNeurons.advance": lambda: given(np.array([[0, 1, 2], [2, 1, 0]]), np.array([0.0, 0.5, 1]), trace=True),
    "neurons.LIFNeurons.reseed": lambda: given(2),
    "neurons.LIFNeurons.run": lambda: given(numbers(4, 5)),
    "neurons.LIFNeurons.step": lambda: given(numbers(4)),
    "neurons.LIFParameters": lambda: given(
        v_rest=0.1, v_reset=0.05, v_threshold=1.0, tau_mem=10.0, noise_std=0.1, resistance=2.0, refractory_period=2
    ),
    "neurons.LIFParameters.checked_step": lambda: given(0.5),
    "neurons.LIFParameters.of": lambda: given({"tau_mem": 5.0}),
    "neurons.QFormat": lambda: given(3, 8),
    "neurons.QFormat.decode": lambda: given([3, -4]),
    "neurons.QFormat.encode": lambda: given([0.5, -0.25]),
    "neurons.lif_step": lambda: given(
        neurons.LIFState(numbers(3), np.array([0, 1, 0])), numbers(3), neurons.LIFParameters(), 0.5, numbers(3)
    ),
    "sources.BitstreamCurrentSource": lambda: given(
        numbers(3), numbers(2, 3), 0.0, 1.0, 0.0, 1.0, 8, 0.0, 0.5,
        generator="bernoulli", encoding="unipolar", share="independent", bits=8, seed=1,
    ),
    "sources.BitstreamCurrentSource.counts": lambda: given(3, 9),
    "sources.BitstreamCurrentSource.currents": lambda: given(3, 9),
    "sources.BitstreamCurrentSource.streams": lambda: given(64, 70),
    "recorders.MembraneRecorder": lambda: given((2, 3), 0.5),
    "recorders.MembraneRecorder.record": lambda: given(numbers(2, 3, 4)),
    "recorders.SpikeRecorder": lambda: given((2, 3), 0.5),
    "recorders.SpikeRecorder.load": lambda: given(np.full((6, 1), 3, np.uint64), 4),
    "recorders.SpikeRecorder.record": lambda: given(np.ones((2, 3, 4))),
    "recorders.SpikeRecorder.record_words": lambda: given(np.full((6, 1), 3, np.uint64), 4),
    "layers.CircuitOptions": lambda: given(
        16, "bernoulli", "split", "saturate", "independent", 8, "stored", gates.Faults.flips(0.1), None, 3, True,
        "numba", "neurons",
    ),
    "layers.CircuitOptions.for_fan_in": lambda: given(3),
    "layers.CircuitOptions.of_layer": lambda: given(0, 3),
    "layers.CircuitOptions.rounded": lambda: given(numbers(3)),
    "layers.HardwareAwareSCLayer": lambda: given(3, 2, 8, 0.1, 0.1, 1, generator="sobol"),
    "layers.HardwareAwareSCLayer.update_weights": lambda: given(numbers(2, 3), 0.1),
    "layers.JaxSCDenseLayer": lambda: given(
        2, 3, 8, 0.5, {"noise_std": 0.0}, 1, weights=numbers(2, 3), y_min=0.0, y_max=0.5, generator="sobol",
        encoding="unipolar", bits=3, weight_streams="fresh", dtype="float64",
    ),
    "layers.JaxSCDenseLayer.currents": lambda: given(numbers(4, 3)),
    "layers.JaxSCDenseLayer.expected": lambda: given(numbers(4, 3)),
    "layers.JaxSCDenseLayer.run": lambda: given(numbers(4, 2)),
    "layers.JaxSCDenseLayer.run_inputs": lambda: given(numbers(4, 3)),
    "layers.JaxSCDenseLayer.step": lambda: given(numbers(2)),
    "layers.JaxSCDenseLayer.streams": lambda: given(numbers(4, 3)),
    "layers.LateralInhibition": lambda: given(
        6, 0.3, 1, boundary="reflect", shape=(2, 3), generator="vdc", seed=1, backend="numba"
    ),
    "layers.LateralInhibition.apply": lambda: given(numbers(2, 6)),
    "layers.LateralInhibition.expected": lambda: given(numbers(2, 6)),
    "layers.LateralInhibition.apply_bitstream": lambda: given(stream(shape=(2, 6), length=64), samples=_SAMPLES),
    "layers.MemristiveDenseLayer": lambda: given(3, 2, 8, False, True, 0.5, 0.1, 0.1, seed=1, generator="sobol"),
    "layers.PredictiveCodingSCLayer": lambda: given(
        3, 2, 8, 0.1, 1, k=1, compete="excess", memory=4, gain=0.5, weights=numbers(2, 3), generator="vdc",
        encoding="unipolar", bits=3, backend="numba",
    ),
    "layers.PredictiveCodingSCLayer.expected": lambda: given(numbers(3)),
    "layers.PredictiveCodingSCLayer.forward": lambda: given(numbers(3), True),
    "layers.PredictiveCodingSCLayer.run": lambda: given(numbers(4, 3), True),
    "layers.PredictiveCodingSCLayer.streams": lambda: given(numbers(3)),
    "layers.RallDendrite": lambda: given(
        2, 2, 10.0, 0.5, 0.5, diameters=[1.0, 0.5], topology=None, ends="sealed", soma_size=1.0, reversal=2.0,
        backend="numba",
    ),
    "layers.RallDendrite.expected": lambda: given(numbers(2), soma_current=0.1),
    "layers.RallDendrite.record": lambda: given(numbers(4, 2), soma_current=0.1),
    "layers.RallDendrite.response": lambda: given(numbers(4, 2), hold=2),
    "layers.RallDendrite.run": lambda: given(numbers(4, 2), soma_current=0.1),
    "layers.RallDendrite.step": lambda: given(numbers(2), soma_current=0.1),
    "layers.SCConv2DLayer": lambda: given(
        2, 2, 2, 1, 1, 8, dilation=1, groups=2, use_gpu=False, generator="sobol", encoding="bipolar",
        accumulate="saturate", share="one", bits=3, bias=[0.1, 0.2], weight_streams="fresh",
        faults=gates.Faults.flips(0.1), seed=1, backend="numba",
    ),
    "layers.SCConv2DLayer.expected": lambda: given(numbers(2, 4, 4)),
    "layers.SCConv2DLayer.forward": lambda: given(numbers(2, 4, 4)),
    "layers.SCConv2DLayer.from_kernels": lambda: given(numbers(2, 1, 2, 2), 1, 0, 8, groups=2, generator="sobol"),
    "layers.SCConv2DLayer.output_shape": lambda: given(4, 5),
    "layers.SCConv2DLayer.streams": lambda: given(numbers(2, 4, 4)),
    "layers.SCDenseLayer": lambda: given(
        2, numbers(3), numbers(3), 0.0, 1.0, 0.0, 1.0, 8, 0.0, 0.5, 0.5, {"noise_std": 0.0}, 1,
        generator="bernoulli", encoding="unipolar", share="one", bits=8, record_membrane=True,
    ),
    "layers.SCDenseLayer.run": lambda: given(5),
    "layers.SCDenseLayer.streams": lambda: given(5),
    "layers.SCFusionLayer": lambda: given(
        {"a": 3, "b": 3}, {"a": 1.0, "b": 2.0}, 8, generator="bernoulli", encoding="unipolar", share_select="layer",
        missing="error", select_generator="sobol", share="one", bits=8, seed=1, backend="numba",
    ),
    "layers.SCFusionLayer.expected": lambda: given({"a": numbers(3), "b": numbers(3)}),
    "layers.SCFusionLayer.forward": lambda: given({"a": numbers(3), "b": numbers(3)}),
    "layers.SCFusionLayer.streams": lambda: given({"a": numbers(3), "b": numbers(3)}),
    "layers.SCLearningLayer": lambda: given(
        3, 2, 0.0, 1.0, 0.1, 0.5, 8, 1, rule="reward", tau_plus=10.0, tau_minus=20.0, tau_eligibility=50.0, step=0.25,
        soft_bounds=True, deterministic=False, wta=1, inhibition=2, homeostasis=0.1, tau_homeostasis=100.0, y_min=0.0,
        y_max=0.5, dt_ms=0.5, pause_ms=2.0, neuron_params={"noise_std": 0.0}, generator="bernoulli", bits=8,
        weights=numbers(2, 3), backend="numba",
    ),
    "layers.SCLearningLayer.expected": lambda: given(numbers(3)),
    "layers.SCLearningLayer.run_epoch": lambda: given(numbers(3), 0.5, learning=True, spikes=False),
    "layers.SCLearningLayer.streams": lambda: given(numbers(3), spikes=False),
    "layers.SCPool2D": lambda: given(
        "max", 2, 1, 8, generator="sobol", encoding="split", bits=3, faults=None, seed=1, backend="numba"
    ),
    "layers.SCPool2D.expected": lambda: given(numbers(2, 4, 4)),
    "layers.SCPool2D.forward": lambda: given(numbers(2, 4, 4)),
    "layers.SCPool2D.output_shape": lambda: given(2, 4, 5),
    "layers.SCPool2D.streams": lambda: given(numbers(2, 4, 4)),
    "layers.SCRecurrentLayer": lambda: given(
        2, 5, 0.5, 0.5, 0.9, 8, 1, connectivity=0.8, leak=0.5, bias_strength=0.1, activation="clip", generator="sobol",
        encoding="split", share="one", bits=3, weight_streams="fresh", restart="same", rounding="nearest",
        backend="numba",
    ),
    "layers.SCRecurrentLayer.expected": lambda: given(numbers(6, 2)),
    "layers.SCRecurrentLayer.fit": lambda: given(numbers(6, 2), numbers(6, 1), 1e-3, 1, expected=False),
    "layers.SCRecurrentLayer.predict": lambda: given(numbers(6, 2), expected=False),
    "layers.SCRecurrentLayer.run": lambda: given(numbers(6, 2), expected=False),
    "layers.SCRecurrentLayer.step": lambda: given(numbers(2)),
    "layers.SCRecurrentLayer.streams": lambda: given(numbers(2)),
    "layers.StochasticAttention": lambda: given(
        2, 1.5, generator="sobol", encoding="unipolar", bits=6, seed=1, backend="numba"
    ),
    "layers.StochasticAttention.expected": lambda: given(
        numbers(3, 2), numbers(4, 2), numbers(4, 2), mask=np.ones((3, 4), bool)
    ),
    "layers.StochasticAttention.expected_bitstream": lambda: given(
        numbers(3, 2), numbers(4, 2), numbers(4, 2), 8, False, generator="sobol", mask=np.ones((3, 4), bool)
    ),
    "layers.StochasticAttention.forward": lambda: given(
        numbers(3, 2), numbers(4, 2), numbers(4, 2), mask=np.ones((3, 4), bool)
    ),
    "layers.StochasticAttention.forward_bitstream": lambda: given(
        numbers(3, 2), numbers(4, 2), numbers(4, 2), 8, False, generator="sobol", seed=1, mask=np.ones((3, 4), bool)
    ),
    "layers.StochasticAttention.forward_softmax": lambda: given(
        numbers(3, 2), numbers(4, 2), numbers(4, 2), mask=np.ones((3, 4), bool)
    ),
    "layers.StochasticAttention.streams": lambda: given(
        numbers(3, 2), numbers(4, 2), numbers(4, 2), 8, False, generator="sobol", seed=1, mask=np.ones((3, 4), bool)
    ),
    "layers.VectorizedSCLayer": lambda: given(
        3, 2, 8, False, True, 0.8, generator="bernoulli", encoding="split", accumulate="saturate", share="independent",
        bits=8, bias=[0.1, 0.2], weight_streams="stored", faults=gates.Faults.flips(0.1), seed=1, backend="numba",
    ),
    "layers.WinnerTakeAll": lambda: given(4, 2, target=3, backend="numba"),
    "layers.WinnerTakeAll.apply": lambda: given(numbers(2, 4)),
    "layers.WinnerTakeAll.expected": lambda: given(numbers(2, 4)),
    "layers.WinnerTakeAll.apply_bitstream": lambda: given(stream(shape=(2, 4))),
    "layers.WinnerTakeAll.winners": lambda: given(numbers(2, 4)),
    "layers.WinnerTakeAll.winners_bitstream": lambda: given(stream(shape=(2, 4))),
    **{
        f"layers.{name}.{method}": lambda: given(numbers(2, 3))
        for name in ("VectorizedSCLayer", "MemristiveDenseLayer", "HardwareAwareSCLayer")
        for method in ("forward", "expected", "streams")
    },
    **{
        f"layers.{name}.from_weights": lambda: given(numbers(2, 3), 8, generator="sobol", seed=1)
        for name in ("VectorizedSCLayer", "MemristiveDenseLayer", "HardwareAwareSCLayer")
    },
    "networks.Calibration": lambda: given(
        layers.CircuitOptions(16), calibration().layers, (networks.StepGain(0, "ranges", "rows", 0.5, 0.25),), "exact",
        None,
    ),
    "networks.Circuit": lambda: given(network(), layers.CircuitOptions(16)),
    "networks.Circuit.describe": lambda: given(80),
    "networks.Circuit.plot": lambda: given(Figure().add_subplot()),
    "networks.FixedPoint": lambda: given(network(), 6, gates.Faults.flips(0.1), seed=1, clip=False),
    **{f"networks.{name}": lambda: given(numbers(2, 4)) for name in (
        "Circuit.expected", "Circuit.forward", "Circuit.predict", "FixedPoint.forward", "FixedPoint.predict",
        "Network.float_forward", "Network.float_predict", "NetworkDefinition.float_forward",
        "NetworkDefinition.float_predict",
    )},
    "networks.Add": lambda: given(2, "relu", 2.0),
    "networks.Attention": lambda: given(2),
    "networks.Attention.projected": lambda: given(
        "mixed", "input", [numbers(2, 2)] * 4, [numbers(2)] * 4, heads=2
    ),
    "networks.Elementwise": lambda: given("clip", None, -0.5, 0.5, 2.0),
    "networks.GlobalPool": lambda: given("max"),
    "networks.LayerNorm": lambda: given(numbers(3), numbers(3), 0.25, 2.0),
    "networks.Multiply": lambda: given(2, 2.0),
    "networks.Quantize": lambda: given(numbers(3) + 0.5, numbers(3), -4.0, 3.0, "floor", 2.0),
    "networks.Reshape": lambda: given((2, 3)),
    "networks.Scale": lambda: given(numbers(3), numbers(3), numbers(3) + 0.5),
    "networks.Scale.standard": lambda: given(numbers(3), numbers(3) + 0.5),
    "networks.Select": lambda: given((2, 0)),
    "networks.Softmax": lambda: given(False, 2.0),
    "networks.Transpose": lambda: given((1, 0)),
    "networks.Conv2D": lambda: given(numbers(2, 1, 2, 2), numbers(2), "relu", 1.0, (1, 1), (0, 0)),
    "networks.Dendrite": lambda: given(2, 2, 10.0, 0.5, 20.0, (1.0, 1.0), None, "sealed", 1.0),
    "networks.Dense": lambda: given(numbers(2, 3), numbers(2), "relu", 1.0),
    "networks.Inhibition": lambda: given(0.3, 2, "reflect"),
    "networks.KWinners": lambda: given(2),
    "networks.LayerMapping": lambda: given(
        numbers(4) + 0.5, numbers(3), numbers(3), numbers(3, 4), numbers(3), "sobol"
    ),
    "networks.Network": lambda: given(network().layers, (0.0, 1.0), "classifier", ("a", "b"), (4,)),
    "networks.Network.calibrate": lambda: given(
        numbers(9, 4), length=3, generator="sobol", without=("groups",), products="streams", seed=1, clip=True,
        encoding="split", accumulate="sum",
    ),
    "networks.Network.circuit": lambda: given(16, "sobol", encoding="split", seed=1),
    "networks.Network.describe": lambda: given(16, "split", "sobol"),
    "networks.Network.plot": lambda: given(Figure().add_subplot(), length=16, generator="sobol"),
    "networks.Network.from_arrays": lambda: given(
        _WEIGHTS, [numbers(3), numbers(2)], activation="relu", output_activation="identity", calibration=numbers(5, 4),
        ceiling_quantile=0.9, input_range=(0.0, 1.0), kind="classifier", classes=("a", "b"),
    ),
    "networks.Network.from_layers": lambda: given(
        network().layers, input_shape=(4,), calibration=numbers(5, 4), ceiling_quantile=0.9, input_range=(0.0, 1.0),
        kind="classifier", classes=("a", "b"),
    ),
    "networks.NetworkDefinition": lambda: given(network().layers, (0.0, 1.0), "classifier", ("a", "b"), (4,)),
    "networks.Pool2D": lambda: given("max", 2, 1),
    "networks.PredictiveCoding": lambda: given(numbers(2, 3), 1.0),
    "networks.SpikingDense": lambda: given(numbers(2, 3), numbers(2), 1.0, 20.0, 1.0, 20.0),
    "networks.activate": lambda: given(numbers(3) - 0.5, "relu"),
}  # fmt: skip


def network() -> networks.Network:
    """A small network."""
    return sc.Network.from_arrays(_WEIGHTS, calibration=numbers(5, 4))


def calibration() -> networks.Calibration:
    """Mappings for that network."""
    first, last = (
        networks.LayerMapping(0.5, numbers(len(weights)), 0.25, weights, generator="sobol") for weights in _WEIGHTS
    )
    return networks.Calibration(layers.CircuitOptions(16), (first, last))


def public_calls() -> Iterator[str]:
    """Names ``package.name`` and ``package.class.method`` of what the packages export and that takes an argument."""
    for package in PACKAGES:
        module = importlib.import_module(f"sc_neurocore.{package}")
        for name in module.__all__:
            value = getattr(module, name)
            if not callable(value) or f"{package}.{name}" in NO_CALLS:
                continue
            yield f"{package}.{name}"
            for method in dir(value) if inspect.isclass(value) else ():
                function = inspect.getattr_static(value, method)
                function = getattr(function, "__func__", function)
                own = inspect.isfunction(function) and function.__module__.startswith("sc_neurocore")
                if not own or method.startswith("_") or method in INNER.get(package, ()):
                    continue
                static = isinstance(inspect.getattr_static(value, method), staticmethod)
                call = f"{package}.{name}.{method}"
                if len(inspect.signature(function).parameters) > (not static) and call not in NO_CALLS:
                    yield call


def owner_of(name: str) -> Any:
    """The class or function of a name ``package.name..``."""
    package, owner = name.split(".")[:2]
    return getattr(importlib.import_module(f"sc_neurocore.{package}"), owner)


@cache
def _kept(name: str) -> Any:
    """An object that is slow to make."""
    return _made(name)


def _made(name: str) -> Any:
    positional, named = CALLS[name]()
    if name == "synapses.MemristorModel":
        return synapses.MemristorModel(levels=8, variability=0.1, drift_exponent=0.1, drift_time=10.0, adc_bits=4)
    if name == "layers.CircuitOptions":
        return layers.CircuitOptions(16)
    if name == "layers.RallDendrite":
        named |= {"reversal": None}
    made = owner_of(name)(*positional, **named)
    if name == "layers.SCRecurrentLayer":
        made.fit(numbers(6, 2), numbers(6, 1))
    return made


def call_of(name: str) -> Callable[..., Any]:
    """What is called: a function, a class, or a method of a new object."""
    owner, _, method = name.partition(".")[2].partition(".")
    found = owner_of(name)
    if not method:
        return found  # type: ignore[no-any-return]
    if isinstance(inspect.getattr_static(found, method), classmethod | staticmethod):
        return getattr(found, method)  # type: ignore[no-any-return]
    whole = f"{name.partition('.')[0]}.{owner}"
    return getattr(_kept(whole) if "Jax" in owner else _made(whole), method)  # type: ignore[no-any-return]
