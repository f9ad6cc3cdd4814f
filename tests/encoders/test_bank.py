"""Banks: what a generator's name stands for at a stream length."""

import pickle
import re
from itertools import combinations

import numpy as np
import pytest

import sc_neurocore as sc
from sc_neurocore.encoders import LFSR, Encoder, Ramp, VanDerCorput, make_generator
from sc_neurocore.encoders.bank import NAMES, Bank
from sc_neurocore.encoders.independence import and_error, or_error, zeros_of
from sc_neurocore.encoders.product_error import bernoulli_dot_rmse, dot_rmse

EVERY = ("searched", *NAMES)


def sequences(generator, length, count=None):
    lines = range(generator.n_lines if count is None else count)
    return [generator.decorrelated(line).sequence(length) for line in lines]


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("length", [4, 8, 13, 64, 100])
def test_any_two_lines_may_be_anded_and_any_three_ored(name, length):
    """At most 1.5 times the error of Bernoulli streams; Halton bases beyond L gave .928 for .25."""
    generator = make_generator(name, length)
    lines = sequences(generator, length)
    modulus = generator.modulus
    assert len({line.tobytes() for line in lines}) == len(lines)
    for first, second in combinations(lines, 2):
        assert and_error(first, second, modulus, None) <= 1.5
    zeros = [zeros_of(line, modulus) for line in lines[:12]]
    for three in combinations(zeros, 3):
        assert or_error(*three, length) <= 1.5


def test_lines_one_clock_apart_are_not_independent():
    """The twin: phases of one register that follow each other, and one line twice."""
    line = make_generator("lfsr", 1024).sequence(1024)
    near = [zeros_of(np.roll(line, shift), 1024) for shift in range(3)]
    assert or_error(*near, 1024) > 1.5
    assert and_error(line, line, 1024, None) > 1.5


@pytest.mark.parametrize("name", EVERY)
def test_pairs_are_nearer_than_bernoulli_streams(name):
    for bits in range(3, 13):
        length = 1 << bits
        first, second = sequences(make_generator(name, length), length, 2)
        error = dot_rmse(first, second, length, None if bits < 11 else 509)
        odd = name in ("vdc", "ramp") and bits in (3, 5)  # no inverted bits undo the bias of an odd number of them
        slow = name == "lattice" and bits == 3  # no multiplier is good
        assert (error < bernoulli_dot_rmse(length)) != (odd or slow)


def test_a_ramp_is_the_pair_of_van_der_corput_the_other_way_round():
    ramp, reversed_bits = Bank("ramp", 64), Bank("vdc", 64)
    assert isinstance(ramp.decorrelated(0), Ramp)
    assert isinstance(reversed_bits.decorrelated(0), VanDerCorput)
    assert ramp.decorrelated(1) == reversed_bits.decorrelated(0)
    assert ramp.decorrelated(0) == reversed_bits.decorrelated(1)
    assert (ramp.in_runs, reversed_bits.in_runs) == (True, False)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("length", [1, 2, 3, 5, 257, 777, 1025])
def test_no_length_is_refused(name, length):
    x, w = (Encoder(3, length, name, partner=partner).encode([0.0, 0.5, 1.0]) for partner in (0, 1))
    for streams in (x, w):
        assert streams.value()[[0, 2]].tolist() == [0.0, 1.0]
        assert abs(streams.value()[1] - 0.5) <= 0.5 / min(length, 16) + 1e-12


def test_too_few_lines_are_an_error():
    bank = Bank("halton", 64)
    with pytest.raises(ValueError, match=r"a circuit needs 100 independent lines, got Bank\('halton', 64\) with 12; "):
        bank.decorrelated(99)
    with pytest.raises(ValueError, match="'bernoulli' has as many as are asked for"):
        Encoder(100, 64, "halton", share="independent")
    with pytest.raises(ValueError, match='share="independent" with n = 100 needs 200 independent lines'):
        sc.VectorizedSCLayer(100, 2, 64, generator="sobol", share="independent")
    assert Encoder(100, 64, "bernoulli", share="independent").encode(np.full(100, 0.5)).shape == (100,)


def test_a_bank_is_a_value():
    bank = Bank("sobol", 64)
    assert pickle.loads(pickle.dumps(bank)) == bank == Bank("sobol", 64) != Bank("sobol", 65)
    assert hash(bank) == hash(Bank("sobol", 64))
    assert eval(repr(bank)) == bank
    assert f"dot RMSE {bank.dot_rmse:.3g}" in str(bank)


def test_the_text_of_a_long_bank_does_not_wait_for_all_products():
    """2**20 operands each way would take hours; the estimate has the size of the exact figure where both are there."""
    assert "dot RMSE about" in str(Bank("sobol", 1 << 20))
    bank = Bank("sobol", 5000)
    estimate = float(re.search(r"dot RMSE about ([\d.e-]+)", str(bank))[1])
    assert estimate == pytest.approx(bank.dot_rmse, rel=0.2)


def test_layers_and_networks_describe_their_generator():
    layer = sc.VectorizedSCLayer(3, 2, 64, generator="searched")
    assert layer.describe().splitlines() == [repr(layer), str(layer.generator)]
    assert "dot RMSE 0.189" in layer.describe()
    assert "823 um^2" in layer.describe()
    network = sc.Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]])
    assert network.describe(64).splitlines()[-1] == f"generator: {make_generator('searched', 64)}"
    assert network.describe(64, generator="lfsr").splitlines()[-1] == f"generator: {Bank('lfsr', 64)}"


def test_one_of_eight_inputs_is_selected_an_eighth_of_the_time():
    """A register of 24 bits for 64 cycles never left its first numbers: one input had .609 of them."""
    for name in EVERY:
        shares = [
            sc.VectorizedSCLayer.from_weights([[1.0] * 8], length=64, generator=name, accumulate="mux").forward(x)[0]
            for x in np.eye(8)
        ]
        other_bases = name in ("halton", "vdc", "ramp")  # whose numbers are no permutation
        assert abs(np.array(shares) - 0.125).max() <= (3 / 64 if other_bases else 0), name


@pytest.mark.parametrize("name", ["lfsr", "sobol", "halton", "searched"])
def test_a_current_has_no_start_transient(name):
    """Over the first 100 of 2048 cycles the mean current of a register that starts at 1 is .025, of .015."""
    given = {"n_neurons": 1, "x_inputs": [0.5, 0.3], "weight_values": [0.3, 0.5], "length": 2048, "base_seed": 1}
    ranges = {"x_min": 0.0, "x_max": 1.0, "w_min": 0.0, "w_max": 1.0}
    source = sc.SCDenseLayer(**given, **ranges, generator=name).source
    assert source.currents(0, 100).mean() == pytest.approx(0.015, abs=0.004)
    twin = sc.SCDenseLayer(**given, **ranges, generator=LFSR(11)).source  # an object runs as it is
    assert twin.currents(0, 100).mean() == pytest.approx(0.025, abs=0.0005)
