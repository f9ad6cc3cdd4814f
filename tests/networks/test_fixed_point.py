"""Fixed point: integers against plain loops, faults bit for bit."""

import numpy as np
import pytest
from test_spatial import network as spatial
from test_spatial import samples

from sc_neurocore import Faults, Network, chunks
from sc_neurocore.backends.packing import unpack
from sc_neurocore.encoders.seeds import Seeds
from sc_neurocore.gates.faults import flip_masks
from sc_neurocore.networks import FixedPoint


def small(seed=0):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(4, 6)), rng.normal(size=(3, 4))]
    return Network.from_arrays(weights, [rng.normal(size=4), rng.normal(size=3)], calibration=rng.random((50, 6)))


def signed(word, bits):
    word &= 2**bits - 1
    return word - 2**bits if word >> (bits - 1) else word


def slow(net, x, bits, faults, seed):
    """One sample, one product, one bit at a time (dense layers)."""
    of_layers = Seeds(seed, FixedPoint).of("layers").spawn(len(net.layers))
    seeds = [Seeds(own, FixedPoint, shape) for own, shape in zip(of_layers, net.shapes(), strict=False)]
    out, top = [], 2 ** (bits - 1) - 1
    for s, sample in enumerate(x):
        values, scale = sample, max(map(abs, net.input_range))
        for layer, own in zip(net.layers, seeds, strict=True):

            def broken(words, rate, side):
                lines = own.of("stuck lines").spawn(2)[side == "weights"]  # noqa: B023
                place = np.random.Generator(np.random.PCG64(lines)).random((len(words), bits))
                count = len(words) * bits
                mask = unpack(flip_masks(own.key(f"{side[:-1]} flips"), rate, np.array([s]), count), count)[0]  # noqa: B023
                found = []
                for k, word in enumerate(words):
                    for b in range(bits):
                        if place[k, b] < faults.stuck_lines / 2:
                            word &= ~(1 << b)
                        elif place[k, b] >= 1 - faults.stuck_lines / 2:
                            word |= 1 << b
                        word ^= int(mask[k * bits + b]) << b
                    found.append(signed(word, bits))
                return found

            words = [round(float(np.clip(v / scale, -1, 1) * top)) for v in values]
            words = broken(words, faults.input_flips, "inputs")
            gain = np.abs(layer.weights * scale).max()
            stored = [round(float(w)) for w in (layer.weights * scale / gain * top).ravel()]
            stored = broken(stored, faults.weight_flips, "weights")
            n = len(words)
            count = len(stored) * 2 * bits
            mask = unpack(flip_masks(own.key("product flips"), faults.product_flips, np.array([s]), count), count)[0]
            sums = []
            for j in range(len(layer.weights)):
                total = 0
                for i in range(n):
                    product = words[i] * stored[j * n + i]
                    first = (j * n + i) * 2 * bits
                    for b in range(2 * bits):
                        product ^= int(mask[first + b]) << b
                    total += signed(product, 2 * bits)
                sums.append(total * gain / top**2 + layer.bias[j])
            values = np.maximum(sums, 0) if layer.activation == "relu" else np.array(sums)
            scale = layer.ceiling
        out.append(values)
    return np.array(out)


@pytest.mark.parametrize("bits", [5, 8, 16])
@pytest.mark.parametrize(
    "faults",
    [
        Faults(),
        Faults(input_flips=0.1),
        Faults(weight_flips=0.1),
        Faults(product_flips=0.1),
        Faults(stuck_lines=0.3),
        Faults(0.05, 0.1, 0.05, 0.1),
    ],
    ids=repr,
)
def test_words_bit_for_bit(faults, bits):
    net, x = small(), np.random.default_rng(3).random((4, 6)) * 0.9 + 0.03
    circuit = FixedPoint(net, bits, faults, seed=7, clip=True)
    want = slow(net, np.clip(x, *net.input_range), bits, faults, 7)
    np.testing.assert_allclose(circuit.forward(x), want, atol=1e-9)
    circuit.reset()
    np.testing.assert_array_equal(
        np.concatenate([circuit.forward(x[:1]), circuit.forward(x[1:])]), circuit_again(circuit, x)
    )


def circuit_again(circuit, x):
    circuit.reset()
    return circuit.forward(x)


@pytest.mark.parametrize("pool", ["average", "max"])
def test_convolutions_come_near_floating_point(pool):
    net, x = spatial(pool), samples(30, 4)
    want = net.float_forward(np.clip(x, *net.input_range))
    errors = [np.abs(FixedPoint(net, bits, clip=True).forward(x) - want).max() for bits in (6, 8, 12)]
    assert errors[0] > 3 * errors[1] > 9 * errors[2]
    assert errors[2] < 0.01


def test_chunks_do_not_matter(monkeypatch):
    for faults in (Faults(weight_flips=0.1), Faults(product_flips=0.05)):
        net, x = spatial(), samples(5, 4)
        circuit = FixedPoint(net, faults=faults, clip=True)
        whole = circuit.forward(x.reshape(5, 1, 64))
        assert whole.shape == (5, 1, 3)
        with monkeypatch.context() as patch:
            patch.setattr(chunks, "CHUNK_BYTES", 1)
            np.testing.assert_array_equal(circuit_again(circuit, x), whole[:, 0])
        other = FixedPoint(net, faults=faults, seed=1, clip=True)
        assert not np.array_equal(other.forward(x), whole[:, 0])


def test_errors():
    net = small()
    with pytest.raises(ValueError, match="dead_generator must be None in fixed point, got 'inputs'"):
        FixedPoint(net, faults=Faults(dead_generator="inputs"))
    with pytest.raises(ValueError, match=r"bits must be an integer in 2..16, got 17"):
        FixedPoint(net, 17)
    with pytest.raises(ValueError, match="x must lie in"):
        FixedPoint(net).forward(np.full(6, 3.0))
