"""`expected` is the limit of the circuit, its rounding of thresholds included: every layer, every generator."""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.encoders import Bernoulli, Ramp, Sobol, make_generator
from sc_neurocore.layers import (
    HardwareAwareSCLayer,
    MemristiveDenseLayer,
    PredictiveCodingSCLayer,
    SCConv2DLayer,
    SCDenseLayer,
    SCFusionLayer,
    SCLearningLayer,
    SCRecurrentLayer,
    StochasticAttention,
    VectorizedSCLayer,
)
from sc_neurocore.layers.circuit_primitives import LateralInhibition, WinnerTakeAll
from sc_neurocore.layers.encoded import PrimitiveLayer
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.layers.pooling import SCPool2D
from sc_neurocore.layers.predictive.surprise import SurpriseLayer
from sc_neurocore.networks import Dense, Network
from sc_neurocore.sources import BitstreamCurrentSource
from sc_neurocore.synapses import MemristorModel

LENGTH = 8
N = 6


def weighted(kind, **more):
    def run(x, w, options):
        layer = kind.from_weights(w, LENGTH, seed=0, **more, **options)
        return layer.generator, layer.expected(x)

    return run


def convolution(x, w, options):
    layer = SCConv2DLayer.from_kernels(w.reshape(3, 1, 2, 3), length=LENGTH, seed=0, **options)
    return layer.generator, layer.expected(x.reshape(-1, 1, 2, 3))


def reservoir(x, w, options):
    layer = SCRecurrentLayer(N, 3, length=LENGTH, seed=0, activation="tanh", **options)
    layer.W_in, layer.W_rec = w, np.zeros((3, 3))
    return layer.generator, layer.expected(x[:, None])


def learning(x, w, options):
    layer = SCLearningLayer(N, 3, length=LENGTH, base_seed=0, weights=w, **options)
    return layer.generator, layer.expected(x)


def current(x, w, options):
    source = BitstreamCurrentSource(x, w, length=LENGTH, seed=0, **options)
    return source.generator, source.expected()


def spiking(x, w, options):
    layer = SCDenseLayer(3, x, w, 0, 1, 0, 1, LENGTH, base_seed=0, **options)
    return layer.source.generator, layer.source.expected()


def fusion(x, w, options):
    layer = SCFusionLayer({"a": 3, "b": 3}, {"a": 0.3, "b": 0.7}, LENGTH, seed=0, **options)
    return layer.generator, layer.expected({"a": x[:, :3], "b": x[:, 3:]})


def predictive(x, w, options):
    layer = PredictiveCodingSCLayer(N, 3, LENGTH, seed=0, weights=w, **options)
    return layer.generator, layer.expected(x)["surprises"]


def surprise(x, w, options):
    chosen = CircuitOptions(LENGTH, encoding="unipolar", **options)
    return chosen.make_generator(), SurpriseLayer(w, 1.0, chosen, 0).expected(x)


def pool(kind):
    def run(x, w, options):
        layer = SCPool2D(kind, (2, 3), length=LENGTH, seed=0, **options)
        return layer.generator, layer.expected(x.reshape(-1, 1, 2, 3))

    return run


def primitive(make):
    def run(x, w, options):
        chosen = CircuitOptions(LENGTH, encoding="unipolar", **options)
        layer = PrimitiveLayer(make(chosen.make_generator()), (N,), chosen, 0)
        return layer.generator, layer.expected(x)

    return run


def attention(x, w, options):
    layer = StochasticAttention(N, seed=0, **options)
    generator = make_generator(layer.generator, LENGTH, layer.bits, N)
    return generator, layer.expected_bitstream(x, w, w[:, :2], LENGTH)


def dense_network(w):
    return Network.from_layers([Dense(w, np.zeros(3), "identity")], input_shape=(N,), input_range=(0.0, 1.0))


def network(x, w, options):
    circuit = dense_network(w).circuit(LENGTH, **options)
    return circuit.layers[0].generator, circuit.expected(x)


LAYERS = {
    "vectorized": weighted(VectorizedSCLayer),
    "sum": weighted(VectorizedSCLayer, accumulate="sum"),
    "sparse": weighted(VectorizedSCLayer, sparse=True),
    "memristive": weighted(MemristiveDenseLayer, stuck_rate=0.0, variability=0.0),
    "hardware aware": weighted(HardwareAwareSCLayer, stuck_rate=0.0, variability=0.0),
    "convolution": convolution,
    "reservoir": reservoir,
    "learning": learning,
    "current": current,
    "spiking": spiking,
    "fusion": fusion,
    "predictive": predictive,
    "surprise": surprise,
    "average pool": pool("average"),
    "max pool": pool("max"),
    "inhibition": primitive(lambda generator: LateralInhibition(N, generator=generator)),
    "winners": primitive(lambda generator: WinnerTakeAll(N, 2)),
    "attention": attention,
    "network": network,
}
NAMES = ("bernoulli", "sobol", "lfsr", "halton", "vdc", "ramp", "lattice", "searched")
OPTIONS = [
    *({"generator": name} for name in NAMES),
    *({"generator": name, "bits": 4} for name in NAMES),
    {"generator": Bernoulli(3)},
    {"generator": Sobol(5)},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_expected_sees_thresholds_only(name, options):
    """Numbers and the numbers that their thresholds stand for have one expectation; others in between have another."""
    rng = np.random.default_rng(5)
    x, w = rng.uniform(0.1, 1, (4, N)), rng.uniform(0.1, 1, (3, N))
    w[0, 0] = 1.0  # the largest weight, which scales those of reservoirs and networks, is on the grid
    generator, expected = LAYERS[name](x, w, options)
    modulus = generator.modulus
    rounded = [np.floor(numbers * modulus + 0.5) / modulus for numbers in (x, w)]
    np.testing.assert_allclose(LAYERS[name](*rounded, options)[1], expected, rtol=0, atol=1e-12)
    moved = [np.clip(numbers + 1.5 / modulus, 0, 1) for numbers in (x, w)]
    assert np.abs(LAYERS[name](*moved, options)[1] - expected).max() > 0.1 / modulus


@pytest.mark.parametrize(
    "name", ["sum", "sparse", "memristive", "hardware aware", "convolution", "network", "max pool", "predictive"]
)
def test_expected_is_what_exact_products_give(name, monkeypatch):
    """Sobol numbers of 3 bits make exact products in 64 cycles: forward is expected, to the last bit."""
    monkeypatch.setitem(globals(), "LENGTH", 64)
    rng = np.random.default_rng(6)
    x, w = rng.uniform(0, 1, (4, N)), rng.uniform(0, 1, (3, N))
    w[0, 0] = 1.0
    layers = {
        "sum": lambda: VectorizedSCLayer.from_weights(w, LENGTH, generator=Sobol(3), accumulate="sum"),
        "sparse": lambda: VectorizedSCLayer.from_weights(w, LENGTH, generator=Sobol(3), sparse=True),
        "memristive": lambda: MemristiveDenseLayer.from_weights(
            w, LENGTH, stuck_rate=0.0, variability=0.0, generator=Sobol(3)
        ),
        "hardware aware": lambda: HardwareAwareSCLayer.from_weights(
            w, LENGTH, stuck_rate=0.0, variability=0.0, generator=Sobol(3)
        ),
        "convolution": lambda: SCConv2DLayer.from_kernels(w.reshape(3, 1, 2, 3), length=LENGTH, generator=Sobol(3)),
        "network": lambda: dense_network(w).circuit(LENGTH, generator=Sobol(3)),
        "max pool": lambda: SCPool2D("max", (2, 3), length=LENGTH, generator=Sobol(3)),
        "predictive": lambda: PredictiveCodingSCLayer(N, 3, LENGTH, weights=w, generator=Sobol(3)),
    }
    layer = layers[name]()
    given = x.reshape(-1, 1, 2, 3) if name in ("convolution", "max pool") else x
    if name == "predictive":
        made, law = layer.forward(given, learn=False)["surprises"], layer.expected(given)["surprises"]
    else:
        made, law = layer.forward(given), layer.expected(given)
    np.testing.assert_allclose(made, law, rtol=0, atol=1e-12)


def test_many_small_weights_add_up():
    """100,000 weights of 5e-6 are a sum of .5: forward was 0, and expected .5, with thresholds of 16 bits."""
    length, n = 1024, 100_000
    layer = VectorizedSCLayer.from_weights(np.full((1, n), 5e-6), length, accumulate="sum", seed=1)
    assert layer.generator == Bernoulli(29)
    expected = float(layer.expected(np.ones(n))[0])
    assert abs(expected - 0.5) < 0.1 / length
    ones = round(float(layer.forward(np.ones(n))[0]) * length)
    assert stats.binomtest(ones, n * length, expected / n).pvalue > 1e-9
    assert stats.binomtest(0, n * length, expected / n).pvalue < 1e-9  # what 16 bits gave
    coarse = VectorizedSCLayer.from_weights(np.full((1, n), 5e-6), length, accumulate="sum", bits=16, seed=1)
    assert coarse.expected(np.ones(n)).tolist() == coarse.forward(np.ones(n)).tolist() == [0.0]
    sobol = VectorizedSCLayer.from_weights(np.full((1, n), 5e-6), length, accumulate="sum", generator="sobol")
    assert sobol.expected(np.ones(n)).tolist() == sobol.forward(np.ones(n)).tolist() == [0.0]


@pytest.mark.parametrize("length", [1, 64, 1024, 2**20])
@pytest.mark.parametrize("fan_in", [1, 2, 49, 784, 10**6])
def test_width_follows_the_fan_in(length, fan_in):
    """The least of 16 .. 32 bits with which `fan_in` roundings are a tenth of a count at most."""
    fine = [bits for bits in range(16, 33) if fan_in * 2.0 ** -(bits + 1) <= 0.1 / length]
    assert make_generator("bernoulli", length, fan_in=fan_in) == Bernoulli(fine[0] if fine else 32)
    assert make_generator("bernoulli", length, 9, fan_in) == Bernoulli(9)
    assert make_generator("sobol", 64, fan_in=fan_in) == make_generator("sobol", 64)


def test_every_sum_of_products_knows_its_fan_in():
    length, n = 2**14, 100
    wide = Bernoulli(23)
    made = {
        "dense": VectorizedSCLayer(n, 1, length).generator,
        "bias": VectorizedSCLayer(n - 1, 1, length, bias=[0.5]).generator,
        "sparse": VectorizedSCLayer(n, 2, length, sparse=True, connectivity=0.5).generator,
        "convolution": SCConv2DLayer(4, 1, 5, length=length).generator,
        "reservoir": SCRecurrentLayer(9, n - 10, length=length, seed=0).generator,
        "learning": SCLearningLayer(n, 1, length=length).generator,
        "spiking": SCDenseLayer(1, np.zeros(n), np.zeros(n), 0, 1, 0, 1, length).source.generator,
    }
    assert made == dict.fromkeys(made, wide)
    narrow = VectorizedSCLayer(n, 1, length, bits=12)
    assert narrow.generator == Bernoulli(12)
    assert VectorizedSCLayer(n, 1, length, generator=Ramp(3)).generator == Ramp(3)


@pytest.mark.parametrize("generator", ["bernoulli", "sobol"])
def test_read_noise_is_not_rounded(generator):
    """Noise in every cycle spreads a weight over the steps of its comparator: 16 levels, 1.6 steps of noise."""
    length, p = 2**16, 0.47
    layer = VectorizedSCLayer.from_weights(
        [[p]], length, generator=generator, bits=4, accumulate="sum", device=MemristorModel(read_noise=0.1), seed=2
    )
    assert layer.expected([1.0])[0] == pytest.approx(p, abs=1e-6)
    ones = round(float(layer.forward([1.0])[0]) * length)
    assert stats.binomtest(ones, length, p).pvalue > 1e-9
    assert stats.binomtest(ones, length, 0.5).pvalue < 1e-9  # what its threshold of 4 bits would give
