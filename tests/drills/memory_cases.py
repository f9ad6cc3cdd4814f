"""Memory that calls may take: ``python memory_cases.py CHUNK_BYTES NAME .. --one-piece NAME ..`` tries some.

Each case builds its arrays, then calls under a limit of data memory (``RLIMIT_DATA``): what the process has and so many
bytes more. A line of JSON a case says how it went.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import sc_neurocore as sc
from sc_neurocore import bitstreams, chunks, encoders, gates
from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.gates.faults import Faults
from sc_neurocore.layers.dendrites.bank import DendriteBank
from sc_neurocore.networks import FixedPoint
from sc_neurocore.neurons import LIFNeurons
from sc_neurocore.recorders import SpikeRecorder

BLOCKS = 8
"""A call may take so many blocks of `chunks.CHUNK_BYTES`, beside what its case allows."""
ACCUMULATES = ("mean", "sum", "saturate", "or", "mux")


class Case(NamedTuple):
    """A call, and the bytes that it may take: of its outputs, and of copies and streams of its inputs and weights."""

    call: Callable[[], Any]
    allowed: int


def nbytes(*arrays: Any) -> int:
    return sum(array.nbytes for array in arrays)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def values(encoding: str, *shape: int) -> np.ndarray:
    return rng().uniform(0.0 if encoding == "unipolar" else -1.0, 1.0, shape)


def streams(length: int, *shape: int, encoding: str = "unipolar") -> Bitstream:
    """Random streams of a density of one half, whose bits are never unpacked."""
    rails = (2,) if encoding == "split" else ()
    words = rng().integers(0, 2**64, (*rails, *shape, length // 64), np.uint64)
    return Bitstream(words, length, encoding)  # type: ignore[arg-type]


Make = Callable[[int], Case]
CASES: dict[str, Make] = {}
"""Makers of cases: the argument divides a size, for a first call that compiles the kernels."""


def case(name: str) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        CASES[name] = make
        return make

    return add


# ---------------------------------------------------------------- layers with weights


def forward_or_expected(layer: Any, x: np.ndarray, what: str, packed: int, outputs: int) -> Case:
    """Inputs once more, and outputs and weights twice; the streams of inputs and weights."""
    weights = layer.kernels if hasattr(layer, "kernels") else layer.weights_csr.data if layer.sparse else layer.weights
    return Case(lambda: getattr(layer, what)(x), 2 * nbytes(x) + 3 * nbytes(weights) + packed + 3 * outputs)


def dense(accumulate: str, encoding: str, generator: str, what: str, sparse: bool, part: int) -> Case:
    n, m, length, samples = (20, 3000 // part, 1024, 1) if what == "forward" else (500 // part, 100, 1024, 100)
    options = {"sparse": True, "connectivity": 0.25} if sparse else {}
    layer = sc.VectorizedSCLayer(
        n, m, length, generator=generator, encoding=encoding, accumulate=accumulate, seed=0, **options
    )
    n_synapses = layer.weights_csr.nnz if sparse else n * m
    rails = 2 if encoding == "split" else 1
    # Stored streams stay; fresh ones are there once more while they are made.
    packed = n_synapses * length // 8 * rails * (1 if generator == "sobol" else 2) if what == "forward" else 0
    return forward_or_expected(layer, values(encoding, samples, n), what, packed, 8 * samples * m)


def convolution(accumulate: str, encoding: str, generator: str, what: str, part: int) -> Case:
    channels, side, out, length = 3, 96 // part, 4, 256
    layer = sc.SCConv2DLayer(
        channels,
        out,
        3,
        padding=1,
        length=length,
        generator=generator,
        encoding=encoding,
        accumulate=accumulate,
        seed=0,
    )
    pixels = channels * (side + 2) ** 2
    packed = pixels * length // 8 * (2 if encoding == "split" else 1) if what == "forward" else 0
    return forward_or_expected(layer, values(encoding, channels, side, side), what, 2 * packed, 8 * out * side**2)


def _weighted() -> None:
    for accumulate in ACCUMULATES:
        for options in (
            (accumulate, "split", "sobol", "forward"),
            (accumulate, "bipolar", "bernoulli", "forward"),
            (accumulate, "split", "sobol", "expected"),
            (accumulate, "bipolar", "bernoulli", "expected"),
        ):
            name = " ".join(options)
            CASES[f"dense {name}"] = lambda part, options=options: dense(*options, False, part)
            CASES[f"sparse {name}"] = lambda part, options=options: dense(*options, True, part)
            CASES[f"convolution {name}"] = lambda part, options=options: convolution(*options, part)


_weighted()


# ---------------------------------------------------------------- streams, and what has no weights


@case("stability")
def stability(part: int) -> Case:
    many = streams(1 << 14, 100 // part)
    return Case(lambda: bitstreams.stability(many), 4096)


@case("autocorrelation")
def autocorrelation(part: int) -> Case:
    many = streams(1 << 20, 16 // part)
    return Case(lambda: bitstreams.autocorrelation(many, 100), 4096)


@case("correlation of pairs")
def correlation(part: int) -> Case:
    a, b = streams(2048, 300 // part, 1), streams(2048, 300)
    return Case(lambda: bitstreams.scc(a, b), 8 * 300**2)


@case("one dimension of Sobol's sequences")
def sobol(part: int) -> Case:
    dimensions = 20_000 // part
    generator = encoders.Sobol(13, dimensions)
    return Case(lambda: generator.sequence(1 << 13), 24 * (dimensions + 1) * 16)  # direction numbers of all dimensions


@case("encoder")
def encoder(part: int) -> Case:
    made, x = (
        encoders.Encoder(200_000 // part, 64, "sobol", "split", share="shift", seed=0),
        values("split", 200_000 // part),
    )
    return Case(lambda: made.encode(x), 3 * 16 * x.size)


@case("multiplexers of many inputs")
def multiplexers(part: int) -> Case:
    many = streams(256, 40, 500 // part)
    select = rng().integers(0, 2**32, (50, 1, 256), np.uint32)
    return Case(lambda: gates.mux(many, select), 3 * 50 * 40 * 32)


@case("saturating sums of many streams")
def saturating(part: int) -> Case:
    many = streams(4096, 4000 // part, 3)
    return Case(lambda: gates.saturating_sum(many), 3 * 8 * 4000)


@case("average pool")
def average_pool(part: int) -> Case:
    layer, x = sc.SCPool2D("average", 5, 1, length=64, seed=0), values("unipolar", 1, 128 // part, 128)
    return Case(lambda: layer.forward(x), 6 * 8 * x.size)


@case("average pool, expected")
def average_expected(part: int) -> Case:
    layer, x = sc.SCPool2D("average", 7, 1, length=64, seed=0), values("unipolar", 1, 256 // part, 256)
    return Case(lambda: layer.expected(x), 3 * 8 * x.size)


@case("fusion")
def fusion(part: int) -> Case:
    layer = sc.SCFusionLayer({"a": 500, "b": 500}, {"a": 1, "b": 1}, 256, seed=0)
    x = {name: values("unipolar", 200 // part, 500) for name in "ab"}
    return Case(lambda: layer.forward(x), 4 * nbytes(*x.values()))


def attention(call: str) -> Make:
    def make(part: int) -> Case:
        layer = sc.StochasticAttention(4, seed=0)
        q, k, v = (values("unipolar", n, 4) for n in (2000 // part, 2000, 2000))
        length = {"length": 64} if call.endswith("_bitstream") else {}
        return Case(lambda: getattr(layer, call)(q, k, v, **length), 8 * nbytes(q, k, v))

    return make


CASES |= {
    f"attention {call}": attention(call)
    for call in ("forward", "forward_softmax", "expected_bitstream", "forward_bitstream")
}


@case("convolution in floating point")
def floating_point(part: int) -> Case:
    spec, x = sc.Conv2D(np.ones((2, 3, 5, 5)), np.zeros(2), "relu"), values("unipolar", 1, 3, 128 // part, 128)
    return Case(lambda: spec.forward(x), 8 * nbytes(x))


@case("dense layer of many neurons")
def many_neurons(part: int) -> Case:
    n, m = 200, 10_000 // part
    weights = rng().random((m, n))

    def call() -> None:
        layer = sc.VectorizedSCLayer.from_weights(weights, length=64, generator="sobol", accumulate="sum", seed=0)
        layer.forward(np.full(n, 0.5))

    return Case(call, 4 * weights.nbytes)  # weights, those to start from, the copy that streams are of, streams


# ---------------------------------------------------------------- layers with a state, and what goes with them


def lots(*shape: int) -> np.ndarray:
    return values("unipolar", *shape)


@case("neurons in JAX, many steps")
def jax_neurons(part: int) -> Case:
    layer, x = sc.JaxSCDenseLayer(50, 4, neuron_params={"noise_std": 0.1}, seed=0), lots(4, 8000 // part, 50)
    layer.run(x)  # JAX compiles for these sizes
    return Case(lambda: layer.run(x), 3 * x.size)


@case("products in JAX, many steps")
def jax_products(part: int) -> Case:
    layer, x = sc.JaxSCDenseLayer(20, 20, 1024, seed=0), lots(4, 200 // part, 20)
    layer.run_inputs(x)
    return Case(lambda: layer.run_inputs(x), 8 * nbytes(x))


def recurrent(call: str, **options: Any) -> Make:
    def make(part: int) -> Case:
        layer = sc.SCRecurrentLayer(2, 50, length=64, seed=0, **options)
        x = lots(4, 3000 // part, 2)
        layer.readout = rng().random(51)
        states = 8 * 4 * 50 * x.shape[1]
        # The singular value decomposition of a fit has a copy of the states, one in Fortran order, and two results.
        copies = 5 if call == "fit" else 2 if call == "expected" else 1
        y = (lots(4, 3000 // part),) if call == "fit" else ()
        return Case(lambda: getattr(layer, call)(x, *y), copies * states + 4 * nbytes(x))

    return make


CASES |= {f"reservoir {call}": recurrent(call, generator="sobol") for call in ("run", "expected", "fit", "predict")}
CASES["sparse reservoir"] = recurrent(
    "run", generator="sobol", connectivity=0.1, restart="shift", rounding="stochastic"
)


@case("stored weights of a reservoir")
def stored_reservoir(part: int) -> Case:
    n = 300 // part
    packed = n * n * 1024 // 8
    return Case(lambda: sc.SCRecurrentLayer(2, n, length=1024, seed=0, weight_streams="stored"), packed + 12 * 8 * n**2)


def dendrite(call: str, of_streams: bool, reversal: float | None = None) -> Make:
    def make(part: int) -> Case:
        tree, steps = sc.RallDendrite(4, reversal=reversal), 12_800 // part // 64 * 64
        x = streams(steps, 100, 4) if of_streams else lots(100, steps // 4, 4)
        outputs = 8 * 100 * steps if call == "run" else 0
        return Case(lambda: getattr(tree, call)(x), outputs)

    return make


CASES |= {
    "dendrite": dendrite("run", False),
    "dendrite with conductances": dendrite("run", False, 1.0),
    "dendrite on streams": dendrite("run", True),
    "dendrite on streams, one step": dendrite("step", True),
    "dendrite from rest": dendrite("response", False, 1.0),
    "dendrite from rest on streams": dendrite("response", True),
}


@case("bank of dendrites")
def bank(part: int) -> Case:
    made, x = DendriteBank(960 // part, 50.0), streams(1024, 3840 // part)
    return Case(lambda: made.apply_bitstream(x), 4 * nbytes(x.words))


@case("spikes that a layer learns from")
def learnt_spikes(part: int) -> Case:
    layer = sc.SCLearningLayer(50, 2, length=256, seed=0)
    x = (lots(1000 // part, 256, 50) < 0.5).astype(np.uint8)
    return Case(lambda: layer.run_epoch(x, spikes=True), nbytes(x) // 4)


@case("rewards")
def rewards(part: int) -> Case:
    layer, x = sc.SCLearningLayer(1, 1, length=256, seed=0, rule="reward"), lots(10_000 // part, 1)
    return Case(lambda: layer.run_epoch(x, 1.0), len(x) * (256 + 2 * 8 * 4))


@case("streams of weights that learn")
def learning_streams(part: int) -> Case:
    n = 250 // part
    layer, x = sc.SCLearningLayer(n, 200, length=128, seed=0), lots(n)
    return Case(lambda: layer.streams(x), 8 * 2 * 200 * n + 8 * 4 * 200 * n)


@case("spiking layer, many steps")
def spiking(part: int) -> Case:
    layer = sc.SCDenseLayer(100, lots(50), lots(100, 50), 0, 1, 0, 1, seed=0)
    return Case(lambda: layer.run(50_000 // part), 0)


@case("streams of a spiking layer")
def spiking_streams(part: int) -> Case:
    layer = sc.SCDenseLayer(100, lots(50), lots(100, 50), 0, 1, 0, 1, seed=0)
    layer.run(5)
    return Case(lambda: layer.streams(10_000 // part), 3 * 5050 * 10_000 // part // 8)


@case("neurons on a table of currents")
def neurons(part: int) -> Case:
    made, counts = LIFNeurons(100, seed=0), rng().integers(0, 10, (100, 50_000 // part), np.int32)
    return Case(lambda: made.advance(counts, np.linspace(0, 0.1, 10)), 0)


def predictive(call: str, generator: str) -> Make:
    def make(part: int) -> Case:
        layer = sc.PredictiveCodingSCLayer(50, 10, seed=0, generator=generator)
        x = lots((20_000 if call == "run" else 2000) // part, 50)
        outputs = 80 * len(x) if call == "run" else 12 * 500 * len(x)
        return Case(lambda: getattr(layer, call)(x), 3 * nbytes(x) + 2 * outputs)

    return make


CASES |= {
    f"predictive coding {call} {generator}": predictive(call, generator)
    for call in ("run", "forward")
    for generator in ("vdc", "bernoulli")
}
CASES["predictive coding expected"] = predictive("expected", "vdc")


CELLS = sc.MemristorModel(
    levels=16, variability=0.1, stuck_low_rate=0.01, stuck_high_rate=0.01, drift_exponent=0.05, drift_time=100.0,
    read_noise=0.01,
)  # fmt: skip


@case("defects")
def defects(part: int) -> Case:
    cells = 2 * 1000 * 1000 // part
    return Case(lambda: CELLS.defects((1000 // part, 1000), seed=0, pairs=True), 18 * cells + 8 * cells)


@case("programming")
def programming(part: int) -> Case:
    w = values("split", 1000 // part, 1000)
    found = CELLS.defects(w.shape, seed=0, pairs=True)
    return Case(lambda: CELLS.program(w, found), nbytes(w))


@case("drop along the wires")
def wires(part: int) -> Case:
    model, w = sc.MemristorModel(wire_resistance=1.0, ir_drop="first_order"), values("split", 300 // part, 1000)
    found = model.defects(w.shape, seed=0, pairs=True)
    return Case(lambda: model.program(w, found), 10 * nbytes(w))


@case("read noise")
def read_noise(part: int) -> Case:
    w = values("split", 500 // part, 1000)
    return Case(lambda: CELLS.read_probability(w, "split"), 3 * nbytes(w))


def broken(**faults: Any) -> Make:
    def make(part: int) -> Case:
        neurons = 400 // part
        layer = sc.VectorizedSCLayer(200, neurons, 1024, generator="sobol", faults=Faults(**faults), seed=0)
        packed = 200 * neurons * 1024 // 8
        return Case(lambda: layer.forward(np.full(200, 0.5)), (len(faults) + 1) * packed + 6 * nbytes(layer.weights))

    return make


CASES |= {
    "flips of weights": broken(weight_flips=0.01),
    "stuck weights": broken(stuck_lines=0.01),
    "dead generator of weights": broken(dead_generator="weights"),
}


@case("spikes are recorded")
def recorded(part: int) -> Case:
    recorder, x = SpikeRecorder(100), (lots(100, 50_000 // part) < 0.1).astype(np.uint8)
    recorder.record(x[:, :5])
    return Case(lambda: recorder.record(x), nbytes(x) // 4)


def of_record(call: str) -> Make:
    def make(part: int) -> Case:
        recorder, steps = SpikeRecorder(100), 320_000 // part // 64 * 64
        words = rng().integers(0, 2**64, (100, steps // 64), np.uint64)
        recorder.load(words & (np.uint64(1) << (words % np.uint64(64))), steps)
        return Case(getattr(recorder, call), 16 * 100 * steps // 64)

    return make


CASES |= {call: of_record(call) for call in ("raster", "intervals_ms", "rates_hz")}


def network(side: int) -> sc.Network:
    convolution = sc.Conv2D(rng().normal(size=(4, 3, 5, 5)), np.ones(4), "relu", padding=2)
    dense = sc.Dense(np.full((2, 4 * side**2), 1e-3), np.zeros(2), "identity")
    return sc.Network.from_layers([convolution, dense], input_shape=(3, side, side))


def fixed_point(faults: Faults | None, images: int, copies: int) -> Make:
    def make(part: int) -> Case:
        side = 160 // part
        layer, x = FixedPoint(network(side), faults=faults), lots(images, 3 * side**2)
        return Case(lambda: layer.forward(x), copies * nbytes(x[:1]))

    return make


PRODUCTS = 4 * 75 // 3
"""Of the convolution above, for an input."""
CASES |= {
    "fixed point, one image": fixed_point(None, 1, 8),
    "fixed point, images": fixed_point(None, 8, 8),
    "fixed point with flips": fixed_point(Faults(product_flips=0.01), 1, 8 + 2 * 25 + 2 * PRODUCTS // 8),
}


@case("attention, keys that heads share")
def shared_keys(part: int) -> Case:
    layer, heads = sc.StochasticAttention(4, seed=0), 400 // part
    q, k, v = lots(heads, 1, 4), lots(2000, 4), lots(2000, 4)
    return Case(lambda: layer.forward_bitstream(q, k, v, length=64), 8 * nbytes(q, k, v))


# ---------------------------------------------------------------- the figures of users, at full size


def _convolution(side: int) -> Case:
    layer = sc.SCConv2DLayer(3, 16, 3, padding=1, accumulate="saturate", generator="sobol", seed=0)
    x = values("unipolar", 3, side, side)
    return Case(lambda: layer.forward(x), 6 * nbytes(x) + 3 * 16 * nbytes(x) // 3)


def _or_expected(samples: int) -> Case:
    layer = sc.VectorizedSCLayer(784, 128, 256, accumulate="or", seed=0)
    x = values("unipolar", samples, 784)
    return Case(lambda: layer.expected(x), 3 * nbytes(x, layer.weights))


def _stability(length: int) -> Case:
    many = streams(length, 4000)
    return Case(lambda: bitstreams.stability(many), 8 * 4 * 4000)


def _dense(neurons: int) -> Case:
    weights = rng().random((neurons, 2000))

    def call() -> None:
        layer = sc.VectorizedSCLayer.from_weights(weights, length=64, generator="sobol", accumulate="sum", seed=0)
        layer.forward(np.full(2000, 0.5))

    return Case(call, 3 * weights.nbytes)


FULL: dict[str, Make] = {
    "full size: convolution, saturate, 3 x 512 x 512": lambda part: _convolution(512 // part),
    "full size: expected of or, 1,000 samples": lambda part: _or_expected(1000 // part),
    "full size: stability of 4,000 x 131,072": lambda part: _stability(131_072 // part),
    "full size: 2,000 -> 100,000": lambda part: _dense(100_000 // part),
}


# ---------------------------------------------------------------- the process


def data_bytes() -> int:
    """Data memory of this process."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData"))


def tried(make: Make, part: int, block: int) -> dict[str, Any]:
    """How a case goes under its limit, some blocks beside what it may take."""
    make(8 * part).call()
    call, allowed = make(part)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = allowed + BLOCKS * block
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes() + limit, hard))
    start = time.perf_counter()
    try:
        call()
        error = ""
    except MemoryError as raised:
        error = str(raised) or "MemoryError"
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    return {"error": error, "limit": limit, "seconds": time.perf_counter() - start}


def results(names: list[str], block: int) -> Iterator[tuple[str, dict[str, Any]]]:
    warm = sc.VectorizedSCLayer(64, 64, 64, generator="sobol", accumulate="sum", seed=0)
    warm.forward(rng().random((4096, 64)))  # threads of the kernels and of BLAS have their stacks and buffers
    warm.expected(rng().random((4096, 64)))
    for name in names:
        if name == "--one-piece":  # what the next cases take without blocks, which must be too much
            chunks.CHUNK_BYTES = 1 << 40
        else:
            yield name, tried((CASES | FULL)[name], 2 if name in CASES else 1, block)


if __name__ == "__main__":
    chunks.CHUNK_BYTES = size = int(sys.argv[1])
    for name, result in results(sys.argv[2:] or list(CASES), size):
        print(json.dumps([name, result]), flush=True)
