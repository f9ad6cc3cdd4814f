"""Seeds: what shares random numbers and what does not, through every class that takes a seed."""

import inspect
import itertools
import pickle
import zlib

import numpy as np
import pytest
from layer_helpers import FALSE_ALARM
from scipy import stats

import sc_neurocore
from sc_neurocore import (
    Bitstream,
    Faults,
    HardwareAwareSCLayer,
    LateralInhibition,
    MemristiveDenseLayer,
    MemristorModel,
    Network,
    PredictiveCodingSCLayer,
    RallDendrite,
    SCConv2DLayer,
    SCDenseLayer,
    SCFusionLayer,
    SCLearningLayer,
    SCPool2D,
    SCRecurrentLayer,
    StochasticAttention,
    VectorizedSCLayer,
    WinnerTakeAll,
)
from sc_neurocore.datasets.time_series import delay_task, narma10
from sc_neurocore.encoders import Encoder
from sc_neurocore.encoders.seeds import PURPOSES, STREAM_VERSION, Seeds
from sc_neurocore.layers.encoded import PrimitiveLayer
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.layers.predictive.surprise import SurpriseLayer
from sc_neurocore.layers.spiking_dense import FiringNeuron, SpikingDenseLayer
from sc_neurocore.networks import FixedPoint
from sc_neurocore.neurons import LIFNeurons
from sc_neurocore.sources import BitstreamCurrentSource
from sc_neurocore.synapses import PlasticSynapses, StreamSynapse
from sc_neurocore.synapses.defects import draw_defects

FAULTS = Faults(input_flips=0.1, weight_flips=0.1, product_flips=0.1, stuck_lines=0.1)
OPTIONS = CircuitOptions(16, encoding="unipolar", faults=FAULTS, generator="bernoulli")
CHIP = MemristorModel(read_noise=0.1, stuck_low_rate=0.3, variability=0.1)


def dense(kind, n=4, m=3, **options):
    """A dense layer with all kinds of random numbers that it can have."""
    options = {"accumulate": "mux", "faults": FAULTS, **options}
    return lambda seed: kind(n, m, 16, seed=seed, **options).forward(np.full(n, 0.5))


def jax_dense(n=4, m=3):
    def run(seed):
        pytest.importorskip("jax")
        sc_neurocore.JaxSCDenseLayer(m, n, 16, seed=seed).run_inputs(np.full((2, n), 0.5))

    return run


def network(n=4, m=3):
    return Network.from_arrays([np.full((m, n), 0.5)], [np.zeros(m)])


def layers(n=4, m=3):
    """Calls with a seed, by the class that they build and run, all of n inputs and m units."""
    neuron = FiringNeuron(1.0, 20.0, 0.0, 16.0)
    return {
        "SCDenseLayer": lambda seed: SCDenseLayer(
            m, [0.5] * n, np.full((m, n), 0.5), 0, 1, 0, 1, length=16, base_seed=seed
        ).run(9),
        "VectorizedSCLayer": dense(VectorizedSCLayer, n, m),
        "SCConv2DLayer": lambda seed: SCConv2DLayer(n, m, 1, length=16, seed=seed, faults=FAULTS).forward(
            np.full((n, 2, 2), 0.5)
        ),
        "SCRecurrentLayer": lambda seed: SCRecurrentLayer(
            n, m, length=16, seed=seed, rounding="stochastic"
        ).step(np.full(n, 0.5)),
        "SCLearningLayer": lambda seed: SCLearningLayer(n, m, length=16, base_seed=seed).run_epoch(np.full(n, 0.5)),
        "SCFusionLayer": lambda seed: SCFusionLayer(
            dict.fromkeys("abcd"[:n], m), dict.fromkeys("abcd"[:n], 1), 16, seed=seed
        ).forward(dict.fromkeys("abcd"[:n], np.full(m, 0.5))),
        "StochasticAttention": lambda seed: StochasticAttention(n, seed=seed).forward_bitstream(
            *np.full((3, m, n), 0.5), length=16
        ),
        "MemristiveDenseLayer": dense(MemristiveDenseLayer, n, m, device=CHIP),
        "JaxSCDenseLayer": jax_dense(n, m),
        "HardwareAwareSCLayer": dense(HardwareAwareSCLayer, n, m, device=CHIP),
        "PredictiveCodingSCLayer": lambda seed: PredictiveCodingSCLayer(
            n, m, 16, seed=seed, generator="bernoulli"
        ).forward(np.full(n, 0.5)),
        "LateralInhibition": lambda seed: LateralInhibition(
            n, radius=1, generator="bernoulli", seed=seed
        ).apply_bitstream(Bitstream.from_bits(np.eye(n, 16, dtype=int))),
        "SCPool2D": lambda seed: SCPool2D("average", n, length=16, seed=seed, faults=FAULTS).forward(
            np.full((1, n, n), 0.5)
        ),
        "SpikingDenseLayer": lambda seed: SpikingDenseLayer(
            n, m, neuron=neuron, unit=0.1, generator="bernoulli", length=16, seed=seed
        ).streams(np.full(n, 0.5)),
        "PrimitiveLayer": lambda seed: PrimitiveLayer(
            LateralInhibition(n, radius=1, generator="bernoulli"), (n,), OPTIONS, seed
        ).forward(np.full(n, 0.5)),
        "SurpriseLayer": lambda seed: SurpriseLayer(np.full((m, n), 0.5), 1.0, OPTIONS, seed).forward(np.full(n, 0.5)),
    }  # fmt: skip


EVERY = layers() | {
    "Encoder": lambda seed: Encoder(4, 16, "bernoulli", seed=seed).encode(np.full(4, 0.5)),
    "Encoder, partner 1": lambda seed: Encoder(4, 16, "bernoulli", partner=1, seed=seed).encode(np.full(4, 0.5)),
    "LIFNeurons": lambda seed: LIFNeurons(3, seed=seed),
    "PlasticSynapses": lambda seed: PlasticSynapses(4, 3, seed=seed),
    "StreamSynapse": lambda seed: StreamSynapse(np.full((3, 4), 0.5), seed=seed),
    "BitstreamCurrentSource": lambda seed: BitstreamCurrentSource([0.5] * 4, np.full((3, 4), 0.5), seed=seed),
    "Circuit": lambda seed: network().circuit(16, seed=seed, faults=FAULTS).forward(np.full(4, 0.5)),
    "FixedPoint": lambda seed: FixedPoint(network(), 8, FAULTS, seed=seed).forward(np.full(4, 0.5)),
    "Defects": lambda seed: draw_defects((3, 4), 0.1, 0.1, seed),
    "narma10": lambda seed: narma10(5, seed),
    "delay_task": lambda seed: delay_task(5, 2, seed),
}


@pytest.fixture
def drawn(monkeypatch):
    """The seeds that a call of a builder makes: their 128 bits, with the purposes."""
    real = Seeds.of

    def made_by(build, seed=0):
        found = {}

        def spy(self, purpose):
            child = real(self, purpose)
            found[tuple(child.generate_state(4))] = purpose
            return child

        with monkeypatch.context() as patch:
            patch.setattr(Seeds, "of", spy)
            build(seed)
        assert found
        return found

    return made_by


# ------------------------------------------------------------ what is shared


def test_no_two_classes_of_one_seed_share_a_random_number_but_a_chip(drawn):
    made = {name: drawn(build) for name, build in EVERY.items()}
    shared = {}
    for (a, first), (b, second) in itertools.combinations(made.items(), 2):
        if common := {first[bits] for bits in first.keys() & second.keys()}:
            shared[a, b] = common
    chips = "MemristiveDenseLayer", "HardwareAwareSCLayer", "Defects"
    assert shared == {pair: {"device"} for pair in itertools.combinations(chips, 2)}


def test_the_list_has_every_layer_with_a_seed():
    seeded = set(sc_neurocore.layers.__all__) - {"CircuitOptions", "RallDendrite", "SCLayer", "WinnerTakeAll"}
    assert len(seeded) >= 12
    assert seeded <= EVERY.keys()
    for kind in (RallDendrite, WinnerTakeAll):
        assert not [name for name in inspect.signature(kind).parameters if "seed" in name]


@pytest.mark.parametrize("name", layers())
def test_another_shape_shares_nothing_and_the_same_shape_everything(name, drawn):
    first = drawn(layers()[name])
    assert drawn(layers()[name]) == first
    for n, m in ((3, 4), (3, 3), (4, 4)):
        if (n, m) == (4, 4) and name in ("StochasticAttention", "LateralInhibition", "SCPool2D", "PrimitiveLayer"):
            continue  # m is no size of these
        assert not first.keys() & drawn(layers(n, m)[name]).keys()


def test_sizes_of_a_kernel_and_groups_are_a_shape():
    shapes = [{}, {"groups": 2}, {"kernel_size": (1, 2)}, {"kernel_size": (2, 1)}, {"in_channels": 2}]
    options = [{"in_channels": 4, "out_channels": 4, "kernel_size": 1, "seed": 0, **shape} for shape in shapes]
    first = [SCConv2DLayer(**each).kernels.flat[0] for each in options]
    assert len(set(first)) == len(first)
    bits = np.arange(99) % 2
    outs = []
    for sheet in ((2, 3), (3, 2)):
        layer = LateralInhibition(6, 0.0, 1, shape=sheet, seed=0, generator="bernoulli")
        outs.append(layer.apply_bitstream(Bitstream.from_bits(np.tile(bits, (*sheet, 1)))).bits().reshape(6, 99))
    assert not np.array_equal(*outs)


def test_options_do_not_change_the_draw():
    """Circuits that differ in an option are compared draw by draw: a longer stream goes on from a shorter one."""
    short, longer = (VectorizedSCLayer(4, 3, length, seed=5) for length in (64, 128))
    np.testing.assert_array_equal(short.weights, longer.weights)
    x = np.full(4, 0.5)
    np.testing.assert_array_equal(longer.streams(x).inputs.bits()[..., :64], short.streams(x).inputs.bits())


def test_a_subclass_of_a_user_has_the_numbers_of_its_parent():
    class Mine(VectorizedSCLayer):
        """Of a user."""

    mine, parent = Mine(4, 3, 64, seed=5), VectorizedSCLayer(4, 3, 64, seed=5)
    np.testing.assert_array_equal(mine.weights, parent.weights)
    np.testing.assert_array_equal(mine.forward(np.full(4, 0.5)), parent.forward(np.full(4, 0.5)))
    assert not np.array_equal(MemristiveDenseLayer(4, 3, 64, seed=5).ideal_weights, parent.weights)


@pytest.mark.parametrize("encoding", ["unipolar", "split"])
def test_one_seed_is_one_chip(encoding):
    options = {"device": CHIP, "stuck_rate": None, "variability": None, "seed": 7, "encoding": encoding}
    first, second = MemristiveDenseLayer(40, 30, 64, **options), HardwareAwareSCLayer(40, 30, 64, **options)
    chip = CHIP.defects((30, 40), 7, pairs=encoding == "split")
    for name in ("stuck_low_mask", "stuck_high_mask", "spread"):
        np.testing.assert_array_equal(getattr(first.defects, name), getattr(second.defects, name))
        np.testing.assert_array_equal(getattr(first.defects, name), getattr(chip, name))
    assert chip.n_stuck > 100
    assert not np.array_equal(first.ideal_weights, second.ideal_weights)
    other = MemristiveDenseLayer(30, 40, 64, **options)
    assert not np.array_equal(other.defects.spread.ravel(), first.defects.spread.ravel())


def test_inputs_and_weights_of_one_encoder_seed_are_independent():
    """Of numbers .5 the AND of independent streams has a quarter of ones, of equal ones a half."""
    x = np.full(1, 0.5)
    bits = [Encoder(1, 100_000, "bernoulli", partner=p, seed=0).encode(x).bits()[0] for p in (0, 1, 0)]
    ones = [int((bits[0] & other).sum()) for other in bits[1:]]
    assert stats.binomtest(ones[0], 100_000, 0.25).pvalue > FALSE_ALARM
    assert stats.binomtest(ones[1], 100_000, 0.25).pvalue < FALSE_ALARM


# ------------------------------------------------------------ seeds of users


def spawned():
    """Seeds that a user can spawn of 0: children, grandchildren, and keys made of names and numbers of purposes."""
    keys = [(k,) for k in range(64)]
    keys += [(k, j) for k in range(len(PURPOSES)) for j in range(4)]
    keys += [(zlib.crc32(name.encode()),) for name in (*PURPOSES, *EVERY)]
    keys += [(zlib.crc32(a.encode()), zlib.crc32(b.encode())) for a in EVERY for b in PURPOSES]
    keys += [(zlib.crc32(a.encode()), 2, 3, 4, zlib.crc32(b.encode())) for a in EVERY for b in PURPOSES]
    return [np.random.SeedSequence(0), *(np.random.SeedSequence(0, spawn_key=key) for key in keys)]


def test_no_seed_of_a_user_is_a_role(drawn):
    users = {tuple(sequence.generate_state(4)) for sequence in spawned()}
    assert len(users) > 1000
    for build in EVERY.values():
        assert not users & drawn(build).keys()


def test_children_of_a_seed_share_nothing_with_it(drawn):
    parent = drawn(EVERY["VectorizedSCLayer"])
    for child in np.random.SeedSequence(0).spawn(64):
        assert not parent.keys() & drawn(EVERY["VectorizedSCLayer"], child).keys()


@pytest.mark.parametrize("k", range(8))
def test_streams_of_an_encoder_of_a_child_are_not_those_of_a_layer(k):
    x = np.full(4, 0.5)
    inputs = VectorizedSCLayer(4, 3, 640, seed=0).streams(x).inputs.bits()
    child = np.random.SeedSequence(0).spawn(8)[k]
    assert not np.array_equal(Encoder(4, 640, "bernoulli", seed=child).encode(x).bits(), inputs)


# ------------------------------------------------------------ layers in a chain


def chain_p_value():
    """Of the counts of Pool -> Vectorized of one seed, each sample on its own, against the law of independent layers.

    The first layer's count k is binomial (L, p), the second's binomial (L, k / L).
    """
    length, p, samples = 16, 0.5, 20_000
    pool = SCPool2D("average", 1, length=length, seed=0)
    layer = VectorizedSCLayer.from_weights([[1.0]], length, seed=0)
    means = layer.forward(pool.forward(np.full((samples, 1, 1, 1), p))[:, :, 0, 0])
    counts = np.bincount(np.rint(means[:, 0] * length).astype(int), minlength=length + 1)
    k = np.arange(length + 1)
    law = stats.binom.pmf(k, length, p) @ stats.binom.pmf(k, length, k[:, None] / length)
    assert abs(law @ (k / length - p) ** 2 - p * (1 - p) / length * (2 - 1 / length)) < 1e-12  # its variance
    assert law.min() * samples > 5
    return stats.chisquare(counts, law * samples).pvalue


def test_a_chain_of_one_seed_has_the_law_of_independent_layers_and_shared_streams_are_found_out(monkeypatch):
    assert chain_p_value() > FALSE_ALARM

    def without_class_and_shape(self, purpose):
        state = self.state()
        return np.random.SeedSequence(state["entropy"], spawn_key=(*state["spawn_key"], PURPOSES.index(purpose)))

    monkeypatch.setattr(Seeds, "of", without_class_and_shape)
    assert chain_p_value() < FALSE_ALARM


# ------------------------------------------------------------ states


def test_a_state_of_other_streams_is_refused_and_nothing_changes():
    layer = VectorizedSCLayer(4, 3, 64, seed=1)
    state, before = layer.state_dict(), layer.forward(np.full(4, 0.5))
    layer.reset()
    assert state["stream_version"] == STREAM_VERSION
    first = {name: value for name, value in state.items() if name not in ("stream_version", "pool_size")}
    for old, version in ((first, 1), ({**state, "stream_version": 3}, 3)):
        with pytest.raises(
            ValueError, match=f"^state must be of stream version {STREAM_VERSION}, got one of version {version}"
        ):
            layer.load_state_dict(old)
    np.testing.assert_array_equal(layer.forward(np.full(4, 0.5)), before)


@pytest.mark.parametrize(
    "seed", [3, np.random.SeedSequence(3, spawn_key=(1, 2)), np.random.SeedSequence(3, pool_size=8)]
)
def test_state_and_pickle_hold_the_seed(seed):
    layer, x = VectorizedSCLayer(4, 3, 64, seed=seed), np.full(4, 0.5)
    other = VectorizedSCLayer(4, 3, 64, seed=9)
    other.load_state_dict(layer.state_dict())
    twin = pickle.loads(pickle.dumps(layer))
    want = layer.forward(x)
    np.testing.assert_array_equal(other.forward(x), want)
    np.testing.assert_array_equal(twin.forward(x), want)
