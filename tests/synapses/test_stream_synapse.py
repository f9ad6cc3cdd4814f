"""Synapses that are streams, and their dot product, against gates on unpacked bits."""

import numpy as np
import pytest
from scipy import stats

from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.encoders import Encoder
from sc_neurocore.synapses import StreamSynapse, dot_product

ENCODINGS = ["unipolar", "bipolar", "split"]


def streams(shape, encoding, length, partner=0, seed=3):
    low = 0.0 if encoding == "unipolar" else -1.0
    values = np.random.default_rng(seed).uniform(low, 1, shape)
    return Encoder(shape[-1], length, "bernoulli", encoding, partner=partner, seed=seed).encode(values)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("length", [1, 63, 64, 65, 200, 300])
@pytest.mark.parametrize("own", [False, True])
def test_dot_product_counts_every_cycle(own, length, encoding):
    x, w = streams((3, 11), encoding, length), streams((3, 4, 11) if own else (4, 11), encoding, length, partner=1)
    a, b = x.bits().astype(int), w.bits().astype(int)
    if encoding == "split":
        a, b = a[0] - a[1], b[0] - b[1]
    b = b if own else np.broadcast_to(b, (3, *b.shape))
    wanted = (a[:, None] == b).sum(2) if encoding == "bipolar" else (a[:, None] * b).sum(2)
    counts = dot_product(x, w)
    assert counts.dtype == np.int32
    np.testing.assert_array_equal(counts, wanted)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("weights", [[0.25, 0.5, 1.0], [[0.25, 0.5, 1.0], [0.0, 0.75, 0.125]]])
def test_apply_is_a_gate_a_synapse(weights, encoding):
    synapse = StreamSynapse(weights, -1.0 if encoding != "unipolar" else 0.0, length=128, encoding=encoding, seed=5)
    x = streams((2, 3), encoding, 100)
    product = synapse.apply(x, 64)
    a, b = x.bits().astype(int), synapse.streams(64, 164).bits().astype(int)
    a = a if np.ndim(weights) == 1 else a[..., None, :, :]
    if encoding == "split":
        b = b if np.ndim(weights) == 1 else b[:, None]
        wanted = np.stack([a[0] & b[0] | a[1] & b[1], a[0] & b[1] | a[1] & b[0]])
    else:
        wanted = (a == b) if encoding == "bipolar" else a & b
    np.testing.assert_array_equal(product.bits(), wanted)


def test_weights_are_mapped_affinely():
    synapse = StreamSynapse([2.0, 3.0, 5.0], 1.0, 5.0, encoding="split", generator="sobol", length=256)
    np.testing.assert_array_equal(synapse.encoded, [-0.5, 0.0, 1.0])
    np.testing.assert_array_equal(synapse.probabilities(), [[0, 0, 1], [0.5, 0, 0]])
    np.testing.assert_array_equal(synapse.streams(0, 256).value(), [-0.5, 0.0, 1.0])


def test_bernoulli_streams_have_the_weight_as_their_mean():
    p_values = []
    for weight in (0.4, 0.41):
        synapse = StreamSynapse(np.full(50, weight), seed=2)
        ones = synapse.streams(0, 20_000).counts().sum()
        p_values.append(stats.binomtest(int(ones), 1_000_000, 0.4).pvalue)
    assert p_values[0] > 1e-9 > p_values[1]


def test_deterministic_neurons_share_numbers_and_bernoulli_ones_do_not():
    same = [[0.5], [0.5]]
    fixed, fresh = StreamSynapse(same, generator="sobol").streams(0, 64), StreamSynapse(same, seed=1).streams(0, 64)
    np.testing.assert_array_equal(fixed.words[0], fixed.words[1])
    assert not np.array_equal(fresh.words[0], fresh.words[1])


def test_samples_of_bernoulli_streams():
    synapse = StreamSynapse([[0.5, 0.25], [0.75, 0.5]], seed=1)
    both, second = synapse.streams(64, 200, np.arange(2)), synapse.streams(64, 200, np.array([1]))
    assert both.shape == (2, 2, 2)
    np.testing.assert_array_equal(both.words[1], second.words[0])
    assert not np.array_equal(both.words[0], both.words[1])
    np.testing.assert_array_equal(both.words[0], synapse.streams(64, 200).words)


def test_errors():
    with pytest.raises(ValueError, match=r"weights must have shape \(n >= 1,\) or \(M >= 1, n >= 1\), got \(0,\)"):
        StreamSynapse([])
    with pytest.raises(ValueError, match=r"weights must lie in \[0, 1\], got 1.5"):
        StreamSynapse([1.5])
    with pytest.raises(ValueError, match="w_max must be above w_min=1, got 1"):
        StreamSynapse([1.0], 1.0, 1.0)
    synapse = StreamSynapse([[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"inputs must have shape \(..., 2\), got \(3,\)"):
        synapse.apply(streams((3,), "unipolar", 64))
    with pytest.raises(ValueError, match="start must be a multiple of 64, got 3"):
        synapse.apply(streams((2,), "unipolar", 64), 3)
    x = streams((2, 3), "unipolar", 64)
    with pytest.raises(ValueError, match="inputs and weights must have one encoding and length"):
        dot_product(x, streams((2, 3), "bipolar", 64))
    with pytest.raises(ValueError, match=r"weights must have shape \(M, 3\) or \(2, M, 3\), got \(5, 4\)"):
        dot_product(x, streams((5, 4), "unipolar", 64))
    with pytest.raises(ValueError, match=r"got \(3, 5, 3\)"):
        dot_product(x, Bitstream(np.zeros((3, 5, 3, 1), np.uint64), 64))
