"""Samples and labels in the forms that people have them in: what they become, and what is refused."""

import hashlib
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from sc_neurocore import Network
from sc_neurocore.datasets import Dataset, load_npz
from sc_neurocore.datasets.npz import load_samples
from sc_neurocore.evaluation import evaluate

X, Y = np.array([[0.0, 0.5], [1.0, 0.25], [0.5, 0.5]]), np.array([0, 1, 1])
rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (5, 3, 4, 2), np.uint8)


def by_hand(images):
    """Pixels row by row, channel by channel, over 255: one by one."""
    n, channels, height, width = images.shape
    return [
        [int(images[i, c, r, k]) / 255 for c in range(channels) for r in range(height) for k in range(width)]
        for i in range(n)
    ]


@pytest.mark.parametrize("form", [np.array, np.asfortranarray, lambda x: np.repeat(x, 2, 0)[::2]])
def test_images_of_bytes(form):
    data = Dataset.held_out("a", form(IMAGES), range(5))
    np.testing.assert_array_equal(data.x_test, by_hand(IMAGES))
    grey = Dataset.held_out("a", form(IMAGES[:, 1]), range(5))
    np.testing.assert_array_equal(grey.x_test, by_hand(IMAGES[:, 1:2]))


def test_other_numbers_stay_what_they_are():
    flat = IMAGES.reshape(5, -1)
    np.testing.assert_array_equal(Dataset.held_out("a", flat, range(5)).x_test, flat)
    for images in (IMAGES.astype(np.float32) / 4, IMAGES.astype(np.int16)):
        np.testing.assert_array_equal(Dataset.held_out("a", images, range(5)).x_test, images.reshape(5, -1))


def test_both_parts_are_taken_alike():
    data = Dataset("a", IMAGES, ["b", "a", "b", "b", "c"], IMAGES[:2, :, :, ::-1], ["c", "b"], 3)
    np.testing.assert_array_equal(data.x_train, by_hand(IMAGES))
    assert data.x_test.shape == (2, 24)
    assert (data.y_train.tolist(), data.y_test.tolist(), data.classes) == ([1, 0, 1, 1, 2], [2, 1], ("a", "b", "c"))
    assert Dataset("a", [], [], X, Y).x_train.shape == (0, 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.float32])
def test_nobody_else_can_edit(dtype):
    x = np.ones((2, 2, 2), dtype) if dtype == np.uint8 else np.ones((2, 4), dtype)
    y = np.array([0, 1])
    data = Dataset.held_out("a", x, y)
    before = data.digest()
    x[:], y[:] = 0, 0
    assert data.digest() == before
    for array in (data.x_test, data.y_test, data.x_train, data.y_train):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_channels_that_come_last_are_refused():
    with pytest.raises(ValueError, match=r"x must have shape \(n, channels, height, width\), got \(5, 32, 32, 3\)"):
        Dataset.held_out("a", np.zeros((5, 32, 32, 3), np.uint8), range(5))
    for shape in ((5, 1, 4, 4), (5, 3, 4, 3), (5, 8, 5, 5)):
        assert Dataset.held_out("a", np.zeros(shape, np.uint8), range(5)).x_test.shape == (5, np.prod(shape[1:]))


@pytest.mark.parametrize("shape", [(), (3,), (3, 1, 1, 1, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"x must have shape .* got"):
        Dataset.held_out("a", np.zeros(shape), [0, 1, 2])


@pytest.mark.parametrize("value", [csr_matrix(np.eye(3)), {0, 1}, None, iter([[1], [2], [3]])])
def test_what_is_no_array_is_refused_by_its_type(value):
    """NumPy makes one object of it, whose shape () tells nobody anything."""
    for name, pair in (("x", (value, [0, 1, 2])), ("y", (np.zeros((3, 2)), value))):
        with pytest.raises(TypeError, match=rf"^{name} must be a dense array or a list .* got {type(value).__name__}$"):
            Dataset.held_out("a", *pair)


def test_no_images():
    with pytest.raises(ValueError, match=r"^x must have at least one sample, got 0"):
        Dataset.held_out("a", np.zeros((0, 28, 28), np.uint8), [])
    data = Dataset.held_out("a", IMAGES, range(5), IMAGES[:0], np.zeros((0,), np.uint8))
    assert data.x_train.shape == (0, 24)


def test_memory():
    """60,000 images of bytes become 376 MB of numbers, and not twice as much on the way."""
    images, labels = np.zeros((60_000, 28, 28), np.uint8), np.zeros(60_000, np.uint8)
    tracemalloc.start()
    try:
        Dataset.held_out("a", images, labels)
        assert tracemalloc.get_traced_memory()[1] < 1.1 * 8 * images.size
    finally:
        tracemalloc.stop()


# ---------------------------------------------------------------- data frames, tensors


def test_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [0.5, 1.0], "b": [1, 2], "c": [True, False]})
    data = Dataset.held_out("a", frame, pandas.Series(["x", "y"]))
    np.testing.assert_array_equal(data.x_test, [[0.5, 1, 1], [1, 2, 0]])
    assert (data.y_test.tolist(), data.classes) == ([0, 1], ("x", "y"))
    assert Dataset.held_out("a", frame, pandas.Series(["x", "y"], dtype="category")).classes == ("x", "y")
    assert Dataset.held_out("a", frame, pandas.get_dummies(pandas.Series(["x", "y"]))).y_test.tolist() == [0, 1]
    frame.iloc[0, 0] = 3.0
    assert data.x_test[0, 0] == 0.5


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (["low", "high"], "column 'b' of x must be an array of real numbers, got ndarray with 'low'"),
        ([1.0, np.nan], "column 'b' of x must be finite, got nan"),
        ([1.0, None], "column 'b' of x must be finite, got nan"),
        ([1.0, 1j], "x must be an array of real numbers, got ndarray of complex128"),
        (np.array(["2020", "2021"], "M8[s]"), "column 'b' of x must be an array of real numbers"),
    ],
)
def test_a_column_that_is_no_number_is_named(column, message):
    pandas = pytest.importorskip("pandas")
    with pytest.raises((TypeError, ValueError), match=message):
        Dataset.held_out("a", pandas.DataFrame({"a": [1.0, 2.0], "b": column}), [0, 1])


def test_missing_names_are_refused():
    pandas = pytest.importorskip("pandas")
    for missing in (None, np.nan, pandas.NA):
        with pytest.raises(TypeError, match="y must be names only if one is, got"):
            Dataset.held_out("a", X[:2], pandas.Series(["x", missing], dtype=object))


def test_tensors():
    torch = pytest.importorskip("torch")
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        data = Dataset.held_out("a", torch.tensor(X, dtype=dtype, requires_grad=True), torch.tensor(Y))
        np.testing.assert_array_equal(data.x_test, X)
        np.testing.assert_array_equal(data.y_test, Y)
    images = torch.from_numpy(IMAGES)
    np.testing.assert_array_equal(Dataset.held_out("a", images, range(5)).x_test, by_hand(IMAGES))
    x = torch.tensor(X)
    data = Dataset.held_out("a", x, Y)
    x[:] = 7
    np.testing.assert_array_equal(data.x_test, X)


# ---------------------------------------------------------------- labels


@pytest.mark.parametrize("form", [list, tuple, np.array, lambda names: np.array(names, object)])
def test_names_become_their_places_in_order(form):
    data = Dataset.held_out("a", X, form(["wolf", "ape", "wolf"]))
    assert (data.y_test.tolist(), data.classes, data.n_classes) == ([1, 0, 1], ("ape", "wolf"), 2)
    assert data.y_test.dtype == np.int64


def test_names_as_of_numpy_2():
    names = np.array(["wolf", "ape", "wolf"], np.dtypes.StringDType())
    assert Dataset.held_out("a", X, names).classes == ("ape", "wolf")


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda s: s[-1] != "\0"), min_size=1)
)
@settings(max_examples=50, deadline=None)
def test_any_names_come_back(names):
    data = Dataset.held_out("a", np.zeros((len(names), 1)), names)
    assert [data.classes[label] for label in data.y_test] == names
    assert list(data.classes) == sorted(set(names))
    assert len(data.digest()) == 64


def test_classes_that_are_given():
    data = Dataset("a", [], [], X, ["b", "a", "b"], 3, ("b", "a", "z"))
    assert (data.y_test.tolist(), data.classes) == ([0, 1, 0], ("b", "a", "z"))
    again = Dataset("a", [], [], X, data.y_test, 3, data.classes)
    assert again.digest() == data.digest()


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32, object])
def test_one_hot_rows(dtype):
    rows = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]]).astype(dtype)
    data = Dataset.held_out("a", X, rows)
    assert (data.y_test.tolist(), data.n_classes, data.classes) == ([2, 0, 2], 4, None)
    assert data.digest() == Dataset.held_out("a", X, [2, 0, 2]).digest()


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32, object])
@pytest.mark.parametrize("rows", [[[0, 1], [1, 1], [1, 0]], [[0, 1], [0, 1], [0, 0]]])
def test_rows_of_several_labels(rows, dtype):
    data = Dataset.held_out("a", X, np.array(rows).astype(dtype))
    assert (data.multilabel, data.n_classes, data.y_test.dtype) == (True, 2, np.uint8)
    assert data.y_test.tolist() == rows
    assert not data.y_test.flags.writeable
    assert "2 labels" in repr(data)
    others = [Dataset.held_out("a", X, np.array(rows) ^ flip) for flip in ([[1, 0]] * 3, [[0, 0], [0, 0], [1, 1]])]
    assert len({data.digest(), *(other.digest() for other in others)}) == 3


def test_one_row_of_either_part_makes_all_rows_of_labels():
    for parts in ((np.eye(3), [[1, 1, 0]] * 3), ([[1, 1, 0]] * 3, np.eye(3))):
        data = Dataset("a", X, parts[0], X, parts[1], classes=("sun", "rain", "wind"))
        assert data.multilabel
        assert (data.y_train.tolist(), data.y_test.tolist()) == tuple(np.array(part).tolist() for part in parts)
        assert data.classes == ("sun", "rain", "wind")
    assert not Dataset("a", X, np.eye(3), X, np.eye(3)[::-1]).multilabel
    alone = Dataset("a", (), (), X, [[1, 1, 0]] * 3)
    assert (alone.y_train.shape, alone.y_train.dtype) == ((0, 3), np.uint8)


def test_digests_tell_rows_from_classes_and_widths_apart():
    labels = ([0, 0, 0], np.zeros((3, 2), int), np.zeros((3, 3), int))
    assert len({Dataset.held_out("a", X, y).digest() for y in labels}) == 3


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[0, 1], [0.5, 0.5], [1, 0]], r"y must be 0 or 1 in rows \(n, k\), got 0.5"),
        ([[0, 1], [0, 1], [np.nan, 1]], r"y must be 0 or 1 in rows \(n, k\), got nan"),
        ([[0], [1], [1]], r"y must have shape \(n,\), or .* got \(3, 1\)"),
        (np.zeros((3, 0)), r"y must have shape \(n,\), or .* got \(3, 0\)"),
        ([["a", "b"]] * 3, r"y must have shape \(n,\) if they are names, got \(3, 2\)"),
        (["a", 1, "b"], "y must be names only if one is, got 1"),
        (["a", np.nan, "b"], "y must be names only if one is, got nan"),
        (np.array(["a", 1, "b"], object), "y must be names only if one is, got 1"),
        (["a", "", "b"], "y must be names, which are text and not empty, got ''"),
        (["a", "\ud800", "b"], "y must be names that Unicode can write"),
        ([b"a", b"b", b"c"], "y must be whole numbers or names that are text, got bytes"),
        ([0, 0.5, 1], "y must be whole numbers, got 0.5"),
        ([0, np.nan, 1], "y must be finite, got nan"),
    ],
)
def test_labels_refused(y, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        Dataset.held_out("a", X, y)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y_train": ["a", "b", "c"]}, "y_test must be names as y_train are, got numbers"),
        ({"y_test": ["a", "b", "c"]}, "y_train must be names as y_test are, got numbers"),
        ({"y_test": np.eye(3), "y_train": np.eye(3, 4)}, "rows of all parts must have one length"),
        ({"y_test": np.eye(3), "n_classes": 4}, "n_classes must be 3, the number of columns, got 4"),
        ({"y_test": np.ones((3, 3)), "n_classes": 4, "y_train": np.eye(3)}, "n_classes must be 3, the number of col"),
        ({"y_test": np.ones((3, 3))}, r"y_train must be rows \(n, k\) of 0 and 1 .*, got one label a sample"),
        ({"y_test": np.ones((3, 3)), "y_train": np.eye(3), "classes": ("a",)}, "classes must be 3 names, one for each"),
        (
            {"y_test": np.ones((3, 2)), "y_train": list("aba"), "classes": ("a", "b")},
            "y_train must be rows .*, got names",
        ),
        (
            {"y_test": ["a", "b", "a"], "y_train": ["c"] * 3, "n_classes": 2},
            "n_classes must be 3, the number of cla",
        ),
        ({"classes": ("a",), "n_classes": 1}, r"y_train must be places in classes, 0\.\.0, got 1"),
        ({"classes": ("a", "a")}, "classes must be different names, got 'a' twice"),
        ({"classes": "ab"}, "classes must be a sequence, got 'ab'"),
        ({"classes": (0, 1)}, "classes must be names, which are text and not empty, got 0"),
        (
            {"y_test": ["a", "x", "a"], "y_train": (), "x_train": (), "classes": ("a", "b")},
            "y_test must be among the cla",
        ),
        ({"n_classes": 0}, "n_classes must be an integer of at least 1, got 0"),
    ],
)
def test_parts_that_do_not_agree(change, message):
    arguments = {"x_train": X, "y_train": Y, "x_test": X, "y_test": Y, "n_classes": None, **change}
    with pytest.raises((TypeError, ValueError), match=message):
        Dataset("a", **arguments)


def test_a_digest_has_the_names_where_there_are_some():
    numbers, names = Dataset.held_out("a", X, Y), Dataset.held_out("a", X, ["cat", "dog", "dog"])
    assert numbers.digest()[:16] == "087372fcc60009dc"  # results files refer to it
    assert names.digest() not in (numbers.digest(), Dataset.held_out("a", X, ["cat", "fox", "fox"]).digest())
    plain = hashlib.sha256(b"(3, 2)" + X.tobytes() + Y.tobytes())
    assert plain.hexdigest() == numbers.digest()
    plain.update(b'["cat", "dog"]')
    assert plain.hexdigest() == names.digest()


# ---------------------------------------------------------------- names and networks


def network(classes):
    return Network.from_arrays([np.eye(3)], input_range=(0.0, 1.0), classes=classes)


def float_correct(classes, labels):
    x = np.eye(3)[[0, 1, 2, 0]]
    return evaluate(network(classes), Dataset.held_out("a", x, labels), 16, generators="sobol").float_correct


def test_names_are_looked_up_in_the_network():
    assert float_correct(("dog", "cat", "ape"), ["dog", "cat", "ape", "dog"]) == 4
    assert float_correct(("dog", "cat", "ape"), ["ape", "cat", "dog", "dog"]) == 2
    assert float_correct(("10", "9", "2"), ["10", "9", "2", "10"]) == 4
    assert float_correct(None, ["a", "b", "c", "a"]) == 4  # without names in the network: places
    assert float_correct(("dog", "cat", "ape"), [0, 1, 2, 0]) == 4  # numbers are places, as ever


def test_names_that_are_numbers_are_those_of_classes_without_names():
    """Place 2 of folders 0, 1, 10, 2, .. is class 10; and one name alone stands at place 0."""
    assert float_correct(None, ["1", "1", "1", "1"]) == 1
    x = np.eye(11)
    wide = Network.from_arrays([x], input_range=(0.0, 1.0))
    data = Dataset.held_out("a", x, [str(k) for k in range(11)])
    assert data.classes[2] == "10"
    assert evaluate(wide, data, 16, generators="sobol").float_correct == 11


def test_some_names_say_nothing_of_a_network_without_names():
    with pytest.raises(ValueError, match=r"^data must have names of all 3 classes .*, got \['b', 'c'\]$"):
        float_correct(None, ["b", "b", "c", "b"])


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (("dog", "cat", "ape"), "labels must be one of the network's classes .*'dog', 'cat', 'ape'.*, got 'cow'"),
        (("cow", "cow", "dog"), "got 'cow', which is the name of 2 of them"),
    ],
)
def test_names_that_the_network_does_not_have(classes, message):
    with pytest.raises(ValueError, match=message):
        float_correct(classes, ["dog", "dog", "cow", "dog"])


# ---------------------------------------------------------------- npz


def test_npz_of_images_with_names(tmp_path):
    np.savez(tmp_path / "a.npz", x=IMAGES, y=["é", "猫", "é", "a", "a"], x_train=IMAGES[:1], y_train=["longer"])
    data = load_npz(tmp_path / "a.npz")
    np.testing.assert_array_equal(data.x_test, by_hand(IMAGES))
    assert data.classes == ("a", "longer", "é", "猫")
    assert (data.y_test.tolist(), data.y_train.tolist()) == ([2, 3, 2, 0, 0], [1])
    np.testing.assert_array_equal(load_samples(tmp_path / "a.npz"), by_hand(IMAGES))


def test_npz_of_one_hot_rows(tmp_path):
    np.savez(tmp_path / "a.npz", x=IMAGES[:, 0], y=np.eye(7)[[6, 0, 1, 1, 2]])
    data = load_npz(tmp_path / "a.npz")
    assert (data.y_test.tolist(), data.n_classes) == ([6, 0, 1, 1, 2], 7)


def test_npz_of_several_labels(tmp_path):
    rows = np.array([[1, 1, 0], [0, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 1]])
    np.savez(tmp_path / "a.npz", x=IMAGES, y=rows, x_train=IMAGES[:1], y_train=rows[2:3])
    data = load_npz(tmp_path / "a.npz")
    assert (data.y_test.tolist(), data.y_train.tolist(), data.n_classes) == (rows.tolist(), [[0, 1, 0]], 3)


def test_npz_of_text_of_the_other_byte_order(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=np.array(["b", "ä", "b"], ">U2"))
    assert load_npz(tmp_path / "a.npz").classes == ("b", "ä")


def test_npz_of_text_that_is_none(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=np.array([1, 2, 2**31], np.uint32).view("U1"))
    with pytest.raises(ValueError, match=r"a\.npz is damaged: y must hold text, it has characters past U\+10FFFF"):
        load_npz(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", x=X, y=np.array([97, 98, 0xD800], np.uint32).view("U1"))
    with pytest.raises(ValueError, match=r"a\.npz: y must be names that Unicode can write"):
        load_npz(tmp_path / "a.npz")


def test_import_needs_neither_torch_nor_pillow():
    code = "import sys, sc_neurocore.datasets; print(sorted({'torch', 'pandas', 'PIL'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
