"""Files that are given as models and are none."""

import os
import shutil

import numpy as np
import pytest

from sc_neurocore import VectorizedSCLayer, load_network


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_no_regular_file(tmp_path, suffix):
    os.mkfifo(tmp_path / f"pipe{suffix}")  # to open it would wait for a writer
    (tmp_path / f"folder{suffix}").mkdir()
    for name, what in (("pipe", "a pipe"), ("folder", "a folder")):
        with pytest.raises(ValueError, match=rf"{name}\{suffix} must be a regular file, it is {what}"):
            load_network(tmp_path / f"{name}{suffix}")
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / f"none{suffix}")


def test_the_state_of_a_layer(tmp_path):
    np.savez(tmp_path / "layer.npz", **VectorizedSCLayer(3, 2, length=16, seed=1).state_dict())
    with pytest.raises(ValueError, match=r"layer\.npz: arrays must be weights_0, bias_0, weights_1, .*, got .*weights"):
        load_network(tmp_path / "layer.npz")


def test_an_array_with_the_suffix_of_an_archive(tmp_path):
    np.save(tmp_path / "one.npy", np.eye(2))
    shutil.move(tmp_path / "one.npy", tmp_path / "one.npz")
    with pytest.raises(ValueError, match=r"one\.npz must be a complete \.npz archive"):
        load_network(tmp_path / "one.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"weights_0": np.eye(2), "bias_0": np.array([{}, {}])}, "bias_0 must hold real numbers, got object"),
        ({"weights_0": np.eye(2) * 1j}, "weights_0 must hold real numbers, got complex128"),
        ({"weights_0": np.eye(2), "weights_2": np.eye(2)}, "arrays must be weights_0, .*, got weights_0, weights_2"),
        (
            {"weights_0": np.zeros((2**59, 0))},
            r"weights_0 must have the shape \(n_outputs, n_inputs\), each",
        ),
        ({"weights_0": np.full((2, 2), np.inf)}, "weights_0 must be finite, got"),
        ({"weights_0": np.eye(2), "calibration": np.zeros((2, 3))}, r"calibration must have shape \(any, 2\)"),
    ],
)
def test_archives_of_other_arrays(tmp_path, arrays, message):
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(ValueError, match=message) as caught:
        load_network(tmp_path / "other.npz")
    assert str(caught.value).startswith(str(tmp_path / "other.npz"))
