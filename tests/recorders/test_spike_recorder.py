"""Recorders of spikes against NumPy on unpacked trains."""

import numpy as np
import pytest
from rich.console import Console

from sc_neurocore.backends.packing import pack
from sc_neurocore.recorders import SpikeRecorder


def random_spikes(shape, p=0.1, seed=0):
    return (np.random.default_rng(seed).random(shape) < p).astype(np.uint8)


@pytest.mark.parametrize("cuts", [(), (1,), (64,), (63, 65), (5, 5, 90, 128)])
@pytest.mark.parametrize("shape", [(3,), (2, 3), ()])
def test_what_is_recorded_comes_out(shape, cuts):
    spikes = random_spikes((*shape, 200))
    recorder = SpikeRecorder(shape, dt_ms=0.5)
    for part in np.split(spikes, cuts, axis=-1):
        recorder.record(part)
    np.testing.assert_array_equal(recorder.trains(), spikes)
    assert recorder.trains().dtype == np.uint8
    np.testing.assert_array_equal(recorder.words, pack(spikes).reshape(-1, 4))
    np.testing.assert_array_equal(recorder.total_spikes(), spikes.sum(-1))
    np.testing.assert_allclose(recorder.rates_hz(), spikes.sum(-1) / 0.1)
    recorder.reset()
    assert recorder.steps == 0
    assert recorder.trains().shape == (*shape, 0)


def test_intervals_and_raster():
    spikes = random_spikes((4, 300), 0.05)
    recorder = SpikeRecorder(4, dt_ms=2.0)
    recorder.record(spikes)
    wanted = np.concatenate([np.diff(np.flatnonzero(train)) for train in spikes]) * 2.0
    np.testing.assert_array_equal(recorder.intervals_ms(), wanted)
    times, rows = recorder.raster()
    again = np.zeros_like(spikes)
    again[rows, (times / 2).astype(int)] = 1
    np.testing.assert_array_equal(again, spikes)
    assert len(times) == spikes.sum()


def test_intervals_do_not_cross_neurons():
    recorder = SpikeRecorder(2)
    recorder.record([[0, 0, 1], [1, 0, 1]])
    assert recorder.intervals_ms().tolist() == [2.0]


def test_parts_are_recorders():
    spikes = random_spikes((2, 3, 70))
    recorder = SpikeRecorder((2, 3), 0.1)
    recorder.record(spikes)
    assert (len(recorder), len(recorder[1])) == (2, 3)
    np.testing.assert_array_equal(recorder[1][2].trains(), spikes[1, 2])
    assert recorder[1][2].dt_ms == 0.1
    np.testing.assert_array_equal([part.total_spikes() for part in recorder], spikes.sum(-1))
    with pytest.raises(IndexError):
        recorder[2]


def test_a_part_goes_its_own_way():
    recorder = SpikeRecorder(2)
    recorder.record([[1, 0], [0, 1]])
    recorder[0].record([1])
    assert recorder.steps == 2
    np.testing.assert_array_equal(recorder.trains(), [[1, 0], [0, 1]])


@pytest.mark.parametrize("rows", [3, 25])
def test_summary_is_a_table_and_a_dict(rows):
    spikes = random_spikes((rows, 100), seed=3)
    recorder = SpikeRecorder(rows)
    recorder.record(spikes)
    summary = recorder.summary()
    assert summary["n_neurons"] == rows
    assert [row["total_spikes"] for row in summary["stats"]] == spikes.sum(1).tolist()
    assert summary["avg_firing_rate_hz"] == pytest.approx(spikes.sum() * 10 / rows)
    console = Console(width=60)
    with console.capture() as shown:
        console.print(summary)
    assert ("and 5 more" in shown.get()) == (rows == 25)
    assert f"{spikes.sum() / rows:.1f}" in shown.get()


def test_summary_before_the_first_step():
    assert SpikeRecorder(2).summary()["avg_firing_rate_hz"] == 0.0


def test_load_replaces_what_is_recorded():
    recorder, spikes = SpikeRecorder(2), random_spikes((2, 70))
    recorder.record(random_spikes((2, 10), seed=1))
    recorder.load(pack(spikes), 70)
    np.testing.assert_array_equal(recorder.trains(), spikes)
    recorder.record(spikes)
    np.testing.assert_array_equal(recorder.trains(), np.concatenate([spikes, spikes], axis=1))


def test_errors_change_nothing():
    recorder = SpikeRecorder(2)
    recorder.record([[1, 0], [0, 1]])
    with pytest.raises(ValueError, match=r"spikes must have shape \(2, any\), got \(3, 1\)"):
        recorder.record([[1], [0], [1]])
    with pytest.raises(ValueError, match=r"spikes must be 0 or 1, got 0\.5"):
        recorder.record([[0.5], [0]])
    with pytest.raises(ValueError, match=r"spikes must lie in \[0, 1\], got 2"):
        recorder.record([[2], [0]])
    with pytest.raises(ValueError, match=r"words must have shape \(2, 1\) for length 3, got"):
        recorder.load(np.zeros((2, 2), np.uint64), 3)
    with pytest.raises(ValueError, match="words must be zero past bit 3"):
        recorder.load(np.full((2, 1), 8, np.uint64), 3)
    with pytest.raises(ValueError, match="dt_ms must be a finite number above 0"):
        SpikeRecorder(2, 0.0)
    assert recorder.steps == 2
    assert repr(recorder) == "SpikeRecorder(shape=(2,), 2 steps of 1 ms)"
