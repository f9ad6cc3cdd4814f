"""A bank of dendrites that read a window: against single dendrites, a step a cycle."""

import numpy as np
import pytest

from sc_neurocore import Encoder, RallDendrite, chunks
from sc_neurocore.bitstreams import Bitstream
from sc_neurocore.layers.dendrites.bank import DendriteBank

OPTIONS = {"n_branches": 3, "topology": [-1, 0, 0], "soma_size": 4.0, "tau": 12.0}


def streams_of(shape, encoding, length=50):
    low = 0.0 if encoding == "unipolar" else -1.0
    values = np.random.default_rng(0).uniform(low, 1.0, shape)
    return Encoder(shape[-1], length, "sobol", encoding, share="shift", seed=1).encode(values)


@pytest.mark.parametrize("encoding", ["unipolar", "bipolar", "split"])
def test_a_window_is_a_run_from_rest(encoding, monkeypatch):
    bank, streams = DendriteBank(2, 40.0, 0.7, **OPTIONS), streams_of((2, 4, 6), encoding)
    found = bank.apply_bitstream(streams)
    bits = streams.bits().astype(float)
    inputs = bits[0] - bits[1] if encoding == "split" else 2 * bits - 1 if encoding == "bipolar" else bits
    for place in np.ndindex(2, 4, 2):
        drive = 0.7 * inputs[place[:2]][3 * place[2] : 3 * place[2] + 3].T
        assert found[place] == RallDendrite(**OPTIONS, dt=40.0 / 50).run(drive)[-1]
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2 * 32 * 50 * 6)  # two samples at a time
    np.testing.assert_array_equal(bank.apply_bitstream(streams), found)
    alone = bank.apply_bitstream(Bitstream(streams.words[..., 1, 2, :, :], 50, encoding))
    np.testing.assert_array_equal(alone, found[1, 2])


def test_numbers_are_the_limit_of_streams():
    bank, x = DendriteBank(2, 40.0, **OPTIONS), np.random.default_rng(1).random((3, 6))
    exact = bank.apply(x)
    settled = RallDendrite(**OPTIONS, dt=40.0 / 1024).run(np.tile(x[1, 3:], (1024, 1)))[-1]
    assert exact[1, 1] == pytest.approx(settled, rel=1e-12)
    errors = [
        np.abs(bank.apply_bitstream(Encoder(6, length, "vdc", share="one").encode(x)) - exact).max()
        for length in (64, 1024)
    ]
    assert errors[1] < errors[0] / 8
    assert errors[1] < 1e-3


def test_errors():
    bank = DendriteBank(2, 40.0, **OPTIONS, reversal=1.0)
    with pytest.raises(ValueError, match=r"^x must have shape \(\.\.\., 6\), got \(3,\)"):
        bank.apply(np.ones(3))
    with pytest.raises(ValueError, match=r"^streams must have shape \(\.\.\., 6\), got \(4,\)"):
        bank.apply_bitstream(streams_of((4,), "unipolar"))
    with pytest.raises(TypeError, match=r"^streams must be a Bitstream, got list"):
        bank.apply_bitstream([0.5] * 6)
    with pytest.raises(ValueError, match="branch_inputs must lie in"):
        bank.apply_bitstream(streams_of((6,), "bipolar"))
    for arguments, name in (((0, 1.0), "n_dendrites"), ((1, 0.0), "duration"), ((1, 1.0, -1.0), "scale")):
        with pytest.raises(ValueError, match=name):
            DendriteBank(*arguments)
    assert repr(bank).startswith("DendriteBank(2 x RallDendrite(3 x 3 compartments")
