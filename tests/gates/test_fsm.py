import numpy as np
import pytest
from gate_helpers import LENGTHS, SIGMAS, bernoulli, every_stream, tail_is_zero, z_score

from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.gates import relu, relu_expected, sexp, sexp_expected, stanh, stanh_expected

X = np.linspace(-0.96, 0.96, 49)


def walk(bits, n):
    """State before each cycle, by a plain loop."""
    state, states = n // 2, []
    for bit in bits:
        states.append(state)
        state = min(state + 1, n - 1) if bit else max(state - 1, 0)
    return states


@pytest.mark.parametrize("n", [2, 4, 6])
def test_every_stream_against_a_loop(n):
    x = every_stream(8, "bipolar")
    tanh, ramp = stanh(x, n), relu(x, n)
    exp = {g: sexp(x, n, g).bits() for g in range(1, n)}
    for i, bits in enumerate(x.bits()):
        states = walk(bits, n)
        assert tanh.bits()[i].tolist() == [s >= n / 2 for s in states]
        assert ramp.bits()[i].tolist() == [
            bit if s >= n / 2 else t % 2 for t, (s, bit) in enumerate(zip(states, bits, strict=True))
        ]
        for g, out in exp.items():
            assert out[i].tolist() == [s < n - g for s in states]


def test_encodings():
    x = every_stream(3, "bipolar")
    assert stanh(x, 4).encoding == relu(x, 4).encoding == "bipolar"
    assert sexp(x, 4, 1).encoding == "unipolar"


def test_sexp_with_an_odd_number_of_states():
    x = every_stream(6, "bipolar")
    out = sexp(x, 5, 2).bits()
    for i, bits in enumerate(x.bits()):
        assert out[i].tolist() == [s < 3 for s in walk(bits, 5)]


@pytest.mark.parametrize("n", [2, 4, 8, 32])
def test_closed_forms(n):
    np.testing.assert_allclose(stanh_expected(X, n), np.tanh(n / 2 * np.arctanh(X)), atol=1e-13)
    np.testing.assert_allclose(relu_expected(X, n), X * (1 + np.tanh(n / 2 * np.arctanh(X))) / 2, atol=1e-13)
    r = (1 + X[X != 0]) / (1 - X[X != 0])
    for g in {1, n // 2}:
        np.testing.assert_allclose(sexp_expected(X[X != 0], n, g), (1 - r ** (n - g)) / (1 - r**n), rtol=1e-9)
        assert sexp_expected(0.0, n, g) == pytest.approx((n - g) / n)


def test_limits():
    x = np.linspace(0.02, 0.3, 15)
    np.testing.assert_allclose(sexp_expected(x, 512, 2), np.exp(-4 * x), atol=0.02)
    np.testing.assert_allclose(relu_expected([-0.5, 0.5], 2**12), [0, 0.5], atol=1e-12)
    np.testing.assert_array_equal(stanh_expected([-1.0, 0.0, 1.0], 2**14), [-1, 0, 1])
    np.testing.assert_allclose(stanh_expected(X / 20, 8), np.tanh(4 * X / 20), atol=1e-3)


MACHINES = [
    ("stanh", lambda x: stanh(x, 8), lambda x: stanh_expected(x, 8)),
    ("sexp", lambda x: sexp(x, 16, 2), lambda x: sexp_expected(x, 16, 2)),
    ("relu", lambda x: relu(x, 8), lambda x: relu_expected(x, 8)),
]


@pytest.mark.parametrize(("name", "machine", "law"), MACHINES)
@pytest.mark.parametrize("x", [-0.125, 0.0, 0.25])
def test_random_input_follows_the_law(name, machine, law, x):
    rows, length, burn_in = 4000, 1500, 500
    z_scores = []
    for value in (x, x + 2**-4):  # the second is the biased twin
        late = machine(bernoulli(31, np.full(rows, value), length, "bipolar")).bits()[:, burn_in:].mean(-1)
        z_scores.append(z_score(late if name == "sexp" else 2 * late - 1, law(x)))
    assert z_scores[0] < SIGMAS < z_scores[1]


@pytest.mark.parametrize("length", LENGTHS)
def test_tail_bits_and_shapes(length):
    x = bernoulli(32, np.full((2, 3), 0.5), length, "bipolar")
    single = Bitstream(x.words[0, 0], length, "bipolar")
    for machine in (lambda s: stanh(s, 4), lambda s: sexp(s, 8, 2), lambda s: relu(s, 4)):
        out = machine(x)
        assert out.shape == (2, 3)
        assert tail_is_zero(out)
        np.testing.assert_array_equal(machine(single).words, out.words[0, 0])


def test_bad_operands():
    x = every_stream(3, "bipolar")
    for gate in (lambda s: stanh(s, 4), lambda s: sexp(s, 4, 1), lambda s: relu(s, 4)):
        with pytest.raises(ValueError, match=r"^stream must be bipolar here, got unipolar$"):
            gate(every_stream(3))
        with pytest.raises(TypeError, match=r"^stream must be a Bitstream, got float$"):
            gate(0.5)
    for gate in (stanh, relu, lambda _, n: stanh_expected(0.5, n), lambda _, n: relu_expected(0.5, n)):
        with pytest.raises(ValueError, match=r"^n_states must be even, got 5$"):
            gate(x, 5)
        with pytest.raises(ValueError, match=r"^n_states must be an integer of at least 2, got 0$"):
            gate(x, 0)
    with pytest.raises(ValueError, match=r"^gain must be an integer in 1\.\.3, got 4$"):
        sexp(x, 4, 4)
    with pytest.raises(TypeError, match=r"^n_states must be an integer of at least 2, got 4\.0$"):
        sexp(x, 4.0, 1)
    for law in (lambda v: stanh_expected(v, 4), lambda v: sexp_expected(v, 4, 1), lambda v: relu_expected(v, 4)):
        with pytest.raises(ValueError, match=r"^x must lie in \[-1, 1\], got 1\.5$"):
            law(1.5)
