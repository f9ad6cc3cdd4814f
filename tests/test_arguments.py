"""Nonsense that was accepted, or that reached a kernel, is an error; what an object keeps is its own."""

import pickle
import re

import numpy as np
import pytest

from sc_neurocore.bitstreams import Bitstream, from_probability
from sc_neurocore.encoders import LFSR, Encoder, Halton, Lattice, Ramp, Searched, Sobol, UserSequence, VanDerCorput
from sc_neurocore.gates import Faults
from sc_neurocore.gates.correlated import maximum_expected
from sc_neurocore.layers import (
    CircuitOptions,
    SCConv2DLayer,
    SCFusionLayer,
    SCLearningLayer,
    SCPool2D,
    SCRecurrentLayer,
    StochasticAttention,
    VectorizedSCLayer,
)
from sc_neurocore.networks import Network, activate
from sc_neurocore.neurons import FixedPointLIF, LIFNeurons, LIFParameters, LIFState, QFormat, lif_step
from sc_neurocore.recorders import MembraneRecorder, SpikeRecorder
from sc_neurocore.synapses import Defects, MemristorModel, PlasticSynapses, StreamSynapse, dot_product

GENERATORS = (LFSR(4), Ramp(4), VanDerCorput(4), Halton(4, 3), Sobol(4), Lattice(12, 5), Searched([1, 0]),
              UserSequence([0, 1], 1))  # fmt: skip
AT_REST = LIFState(np.zeros(2), np.zeros(2, np.int64))
NEURONS = LIFParameters()


def raises(message, error=ValueError):
    return pytest.raises(error, match=f"^{re.escape(message)}")


@pytest.mark.parametrize("generator", GENERATORS, ids=repr)
def test_the_length_of_a_sequence_is_a_number(generator):
    with raises("length must be an integer of at least 0, got (2, 3)", TypeError):
        generator.sequence((2, 3))
    with raises("length must be an integer of at least 0, got -1"):
        generator.sequence(-1)
    with raises("length must be at most 2**40, got "):
        generator.sequence(10**30)
    with raises("index must be an integer "):
        generator.decorrelated(-1)


@pytest.mark.parametrize("generator", [Ramp, VanDerCorput, Sobol, LFSR, Halton])
def test_a_numpy_width_is_an_int(generator):
    assert generator(np.uint8(8)).modulus == 256  # 1 << np.uint8(8) is 0
    np.testing.assert_array_equal(generator(np.int8(7)).sequence(9), generator(7).sequence(9))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array([[0, 3]]), "values must lie in 0..2, got 3"),
        (np.array([[-1]]), "values must lie in 0..2, got -1"),
        (np.array([[0.0]]), "values must be an array of integers, got float64"),
        (np.array([0, 1]), "values must have shape (any, any), got (2,)"),
        (np.zeros((3, 2), int), "values must have shape (C, T), 4 a multiple of C, got (3, 2)"),
        (np.zeros((8, 2), int), "values must have shape (C, T), 4 a multiple of C, got (8, 2)"),
    ],
)
def test_places_of_currents_lie_in_their_table(values, message):
    neurons = LIFNeurons(4, {"noise_std": 0.0}, seed=0)
    with pytest.raises((ValueError, TypeError), match=f"^{re.escape(message)}"):
        neurons.advance(values, np.array([0.0, 0.5, 1.0]))
    assert neurons.steps == 0
    with raises("values must be finite, got nan"):
        neurons.advance(np.array([[np.nan]]), np.empty(0))


WRONG = {
    "a probability that is none": (lambda: from_probability([np.nan, 2], "unipolar"), "probabilities must be finite"),
    "a probability of 2": (lambda: from_probability([0.5, 2.0], "bipolar"), "probabilities must lie in [0, 1], got 2"),
    "one rail": (lambda: from_probability([0.5], "split"), "probabilities must have shape (2, ...) for split streams"),
    "an activation of nan": (lambda: activate(np.array([np.nan]), "relu"), "z must be finite, got nan"),
    "an activation without a name": (lambda: activate(np.ones(2), "swish"), "activation must be one of relu, "),
    "a current of nan": (lambda: lif_step(AT_REST, np.nan, NEURONS), "current must be finite, got nan"),
    "currents of more neurons": (lambda: lif_step(AT_REST, np.ones(3), NEURONS), "current must have a shape that"),
    "a long step": (lambda: lif_step(AT_REST, 0.0, NEURONS, 21.0), "dt_ms must be at most tau_mem=20, got 21"),
    "an integer beyond the format": (lambda: QFormat(3, 4).decode([128]), "integers must lie in -128..127, got 128"),
    "a probability of 5": (lambda: _words(5.0), "numbers must have probabilities in [0, 1], got one of 5.0"),
    "a negative probability": (lambda: _words(-0.01), "numbers must have probabilities in [0, 1], got one of -0.01"),
    "a probability of nan": (lambda: _words(np.nan), "numbers must have probabilities in [0, 1], got one of nan"),
    "too many inputs": (lambda: _words(0.5, 4), "numbers, or probabilities, must be an array (..., 3), got (1, 4)"),
    "streams in no window": (
        lambda: Encoder(1, 8, "ramp").window(np.array([0.5]), np.array(0), 3, 9),
        "start must be a multiple of 64 and below stop, got 3 and 9",
    ),
    "a height of nan": (lambda: SCPool2D("max", 2).output_shape(1, -1, 4), "height must be an integer of at least 0"),
}


def _words(p, n=3):
    return Encoder(3, 8, "sobol", share="independent").words(np.full((1, n), p), np.array([0]))


@pytest.mark.parametrize("name", WRONG)
def test_nonsense_is_refused(name):
    call, message = WRONG[name]
    with raises(message):
        call()


def test_wrong_types_are_refused():
    with pytest.raises((ValueError, TypeError), match=r"^current must be "):
        lif_step(AT_REST, None, NEURONS)
    for call, message in (
        (lambda: lif_step(None, 0.0, NEURONS), "state must be a LIFState, got NoneType"),
        (lambda: lif_step(AT_REST, 0.0, {}), "parameters must be LIFParameters, got dict"),
        (lambda: QFormat(3, 4).decode(np.nan), "integers must be an array of integers, got float64"),
        (lambda: SCConv2DLayer(1, 1, 2).output_shape(np.nan, 4), "height must be an integer of at least 0, got nan"),
        (lambda: SCPool2D("max", 2).output_shape(1, 4, np.nan), "width must be an integer of at least 0, got nan"),
        (lambda: dot_product(np.zeros((2, 1), np.uint64), None), "inputs must be a Bitstream, got ndarray"),
        (lambda: FixedPointLIF(1, q=(3, 4)), "q must be a QFormat or None, got (3, 4)"),
        (lambda: MemristorModel().program([[0.5]], None), "defects must be Defects, got NoneType"),
    ):
        with raises(message, TypeError):
            call()


def test_recorded_words_are_clean():
    recorder = SpikeRecorder(2)
    recorder.record(np.ones((2, 3)))
    for words, steps, message in (
        (np.full((2, 1), 0b10000, np.uint64), 1, "words must be zero past bit 4, got a one there"),
        (np.full((2, 1), 0b100, np.uint64), 1, "words must be zero in the first 3 bits, whose steps are recorded"),
        (np.zeros((3, 1), np.uint64), 1, "words must have shape (2, 1) for length 4, got (3, 1)"),
        (np.zeros((2, 1), np.uint64), 62, "words must have shape (2, 2) for length 65, got (2, 1)"),
    ):
        with raises(message):
            recorder.record_words(words, steps)
    assert recorder.steps == 3
    recorder.record_words(np.full((2, 1), 0b1000, np.uint64), 1)
    np.testing.assert_array_equal(recorder.trains(), 1)


# ------------------------------------------------------------ what is kept


def test_a_bitstream_keeps_its_words():
    words = np.array([[5], [2]], np.uint64)
    stream = Bitstream(words, 3)
    words[:] = 0
    np.testing.assert_array_equal(stream.bits(), [[1, 0, 1], [0, 1, 0]])
    for held in (stream, pickle.loads(pickle.dumps(stream)), Bitstream.from_bits([1, 0]), Bitstream.owning(words, 3)):
        with pytest.raises(ValueError, match="read-only"):
            held.words[0] = 1


def test_what_objects_keep_is_their_own():
    values, weights, x = np.array([0, 1, 2, 3]), np.full((2, 3), 0.25), np.array([0.5, 0.5, 0.5])
    mask, spread, trains = np.zeros((1, 3), bool), np.zeros((1, 3)), np.full((2, 1), 3, np.uint64)
    kept = [
        (values, UserSequence(values, 2), lambda g: g.values),
        (values, Searched(values, values), lambda g: (g.permutation, g.orders, g.line(1))),
        (weights, StreamSynapse(weights), lambda s: s.weights),
        (weights, PlasticSynapses(3, 2, weights=weights), lambda s: s.weights),
        (mask, Defects(mask, mask, spread), lambda d: (d.stuck_low_mask, d.stuck_high_mask)),
        (spread, Defects(mask, mask, spread, spread), lambda d: (d.spread, d.drift_spread)),
        (weights, VectorizedSCLayer.from_weights(weights, 8), lambda layer: layer.weights),
    ]
    recorder = SpikeRecorder(2)
    recorder.load(trains, 2)
    kept.append((trains, recorder, lambda r: r.words))
    for array, made, look in kept:
        before = pickle.dumps(look(made))
        array[:] = ~array if array.dtype != np.float64 else array + 0.5
        assert pickle.dumps(look(made)) == before, made
    assert x.flags.writeable


def test_views_of_state_are_read_only():
    recorder, voltages = SpikeRecorder(1), MembraneRecorder(1)
    recorder.record([[1, 0]])
    voltages.record([[0.5, 0.25]])
    for view in (
        recorder.words,
        voltages.voltages(),
        Encoder(2, 8, "sobol").sequences,
        Searched.of_length(64).line(31),
    ):
        with pytest.raises(ValueError, match="read-only"):
            view[0] = 1


# ------------------------------------------------------------ keywords that do nothing


@pytest.mark.parametrize("make", [
    lambda **options: CircuitOptions(64, **options),
    lambda **options: VectorizedSCLayer(4, 3, 64, **options),
    lambda **options: SCConv2DLayer(1, 1, 2, length=64, **options),
    lambda **options: SCRecurrentLayer(2, 4, length=64, **options),
    lambda **options: Network.from_arrays([np.ones((2, 3))]).circuit(64, **options),
])  # fmt: skip
def test_stored_streams_need_streams_that_change(make):
    with raises("weight_streams must be 'fresh' without a Bernoulli generator"):
        make(generator="sobol", weight_streams="stored")
    make(generator="bernoulli", weight_streams="stored")


def test_stored_streams_of_noisy_devices():
    with raises("weight_streams must be 'fresh' with a device that is read anew every cycle"):
        VectorizedSCLayer(4, 3, 64, device=MemristorModel(read_noise=0.1), weight_streams="stored")
    device, x = MemristorModel(read_noise=0.1, read_noise_per="read-out"), np.full((2, 4), 0.5)
    stored, fresh = (
        VectorizedSCLayer(4, 3, 64, device=device, weight_streams=streams, seed=1).forward(x)
        for streams in ("stored", "fresh")
    )
    assert (stored != fresh).any()


@pytest.mark.parametrize("accumulate", ["mean", "sum"])
def test_turned_lines_need_a_sum_that_sees_turns(accumulate):
    with raises(f"share must not be 'rotate' with accumulate='{accumulate}' in a dense layer"):
        VectorizedSCLayer(4, 3, 64, generator="sobol", share="rotate", accumulate=accumulate)
    dense = Network.from_arrays([np.ones((2, 3))])
    with raises(f"share must not be 'rotate' with accumulate='{accumulate}' in a network of dense layers"):
        dense.circuit(64, "sobol", share="rotate", accumulate=accumulate)
    with raises("share must be one, shift or independent in a reservoir"):
        SCRecurrentLayer(2, 4, length=64, generator="sobol", share="rotate")
    x = np.random.default_rng(0).random((3, 7))
    for options in ({"accumulate": "or"}, {"accumulate": "mux"}, {"faults": Faults(product_flips=0.1)}):
        chosen = {"accumulate": accumulate, "generator": "sobol", "seed": 1} | options
        one, turned = (VectorizedSCLayer(7, 5, 64, share=share, **chosen).forward(x) for share in ("one", "rotate"))
        assert (one != turned).any(), options
    image = np.random.default_rng(0).random((1, 5, 5))
    one, turned = (
        SCConv2DLayer(1, 2, 3, length=64, generator="sobol", share=share, accumulate=accumulate, seed=1).forward(image)
        for share in ("one", "rotate")
    )
    assert (one != turned).any()


@pytest.mark.parametrize("make", [PlasticSynapses, SCLearningLayer])
def test_time_constants_need_their_traces(make):
    for rule, name in (("coincidence", "tau_plus"), ("coincidence", "tau_minus"), ("coincidence", "tau_eligibility"),
                       ("pair", "tau_eligibility")):  # fmt: skip
        with raises(f"{name} must be None with rule='{rule}', which has no such trace, got 16.8"):
            make(3, 2, rule=rule, **{name: 16.8})
    assert make(3, 2, rule="reward", tau_eligibility=5.0) is not None
    with raises("tau_homeostasis must be None without homeostasis, got 100.0"):
        SCLearningLayer(3, 2, tau_homeostasis=100.0)


# ------------------------------------------------------------ ranges


def test_means_stay_inside_the_range_of_what_they_average():
    rng = np.random.default_rng(0)
    q, k = rng.random((2000, 3, 4)), rng.random((2000, 7, 4))
    attention = StochasticAttention(4, seed=0)
    for out in (attention.forward(q, k, np.ones((2000, 7, 2))), attention.forward_softmax(q, k, np.ones((2000, 7, 2)))):
        np.testing.assert_array_equal(out, 1.0)
    v = rng.normal(size=(2000, 7, 2))
    out = attention.forward(q, k, v)
    assert (out >= v.min(-2, keepdims=True)).all()
    assert (out <= v.max(-2, keepdims=True)).all()
    scores = q @ np.swapaxes(k, -1, -2)
    np.testing.assert_allclose(out, scores / scores.sum(-1, keepdims=True) @ v, rtol=0, atol=1e-14)
    assert (attention.forward(np.zeros((1, 4)), k[0], v[0] + 9) == 0).all()  # a row without a score


def test_fused_and_combined_numbers_stay_in_range():
    rng = np.random.default_rng(1)
    for _ in range(50):
        names = dict.fromkeys("abcdefg", 2)
        layer = SCFusionLayer(names, dict(zip(names, rng.random(7), strict=True)), 64, generator="sobol", seed=0)
        assert layer.expected({name: np.ones(2) for name in names}).max() <= 1.0
    p, q = rng.random((2, 20000))
    p[::2] = 1.0
    for scc in (-1.0, -0.3, 0.1, 0.7, 1.0):
        assert maximum_expected(p, q, scc).max() <= 1.0
