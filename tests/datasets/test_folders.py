"""Folders of IDX files and of pictures, and what is told from a file by its content."""

import gzip
import io
import os
import shutil
import struct
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sc_neurocore.datasets import load_data, load_folder
from sc_neurocore.datasets.pictures import read_picture

rng = np.random.default_rng(0)
GREY = rng.integers(0, 256, (6, 5, 4), np.uint8)
COLOURS = rng.integers(0, 256, (6, 5, 4, 3), np.uint8)
"""Height, width, channels, as Pillow has them."""


def picture(levels, form="PNG", **options):
    stream = io.BytesIO()
    (levels if isinstance(levels, Image.Image) else Image.fromarray(levels)).save(stream, form, **options)
    return stream.getvalue()


def put(folder, files):
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


PETS = {"cat/1.png": picture(GREY[0]), "cat/2.png": picture(GREY[1]), "dog/1.png": picture(GREY[2])}

# ---------------------------------------------------------------- pictures


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("levels", [GREY[0], COLOURS[0]], ids=["grey", "colours"])
def test_formats_without_loss(tmp_path, form, levels):
    """The name says nothing of the format."""
    (tmp_path / "picture.jpg").write_bytes(picture(levels, form))
    wanted = levels[None] if levels.ndim == 2 else np.moveaxis(levels, -1, 0)
    found = read_picture(tmp_path / "picture.jpg")
    np.testing.assert_array_equal(found, wanted)
    assert found.dtype == np.uint8


def test_jpeg(tmp_path):
    smooth = np.add.outer(np.arange(16), 8 * np.arange(24)).astype(np.uint8)
    (tmp_path / "a").write_bytes(picture(smooth, "JPEG", quality=95))
    found = read_picture(tmp_path / "a")
    assert found.shape == (1, 16, 24)
    assert np.abs(found[0].astype(int) - smooth).max() <= 4


def forged_png(width, height):
    """The head of a grey picture, and no pixels."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0), b"IDAT" + zlib.compress(b""), b"IEND")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in chunks
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"must be a picture \(PNG, JPEG, BMP, TIFF, PGM or PPM\), its first bytes are b''"),
        (b"not a picture", "must be a picture .* its first bytes are b'not a pi'"),
        (picture(Image.fromarray(GREY[0]), "GIF"), "must be a picture .* b'GIF87a"),
        (
            picture(Image.fromarray(GREY[0]).convert("RGBA")),
            r"must be grey \(L\) or RGB with 8 bits .*, it is RGBA",
        ),
        (picture(Image.fromarray(GREY[0]).convert("P")), "must be grey .* it is P"),
        (picture(Image.fromarray(GREY[0]).convert("1")), "must be grey .* it is 1"),
        (picture(Image.fromarray(GREY[0].astype(np.uint16) * 257)), "must be grey .* it is I;16"),
        (picture(GREY[0], save_all=True, append_images=[Image.fromarray(GREY[1])]), "must be one picture, it has 2"),
        (picture(GREY[0], "TIFF", save_all=True, append_images=[Image.fromarray(GREY[1])]), "must be one picture, it"),
        (picture(rng.integers(0, 256, (64, 64), np.uint8))[:-300], "cannot be read as a picture"),
        (forged_png(12_000, 12_000), "must not unpack to more than .* its numbers have 1152000000"),
        (forged_png(2**30, 2**30), "cannot be read as a picture: Image size .* exceeds limit"),
        (
            picture(GREY[0], "TIFF", compression="tiff_lzw"),
            "must not be a compressed TIFF file, it is one",
        ),
        (forged_png(10, 10), "cannot be read as a picture"),
    ],
)
def test_pictures_refused(tmp_path, content, message):
    put(tmp_path, PETS | {"dog/2.png": content})
    with pytest.raises(ValueError, match=message) as caught:
        load_folder(tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "dog" / "2.png"))
    assert "\n" not in str(caught.value)


# ---------------------------------------------------------------- folders of pictures


def test_a_folder_a_class(tmp_path):
    data = load_data(put(tmp_path / "pets", PETS))
    assert (data.name, data.classes, data.y_test.tolist(), len(data.x_train)) == ("pets", ("cat", "dog"), [0, 0, 1], 0)
    np.testing.assert_array_equal(data.x_test, GREY[:3].reshape(3, 20) / 255)


def test_parts_to_train_and_to_test(tmp_path):
    files = {f"train/{name}": picture(COLOURS[k], "BMP") for k, name in enumerate(("b/x", "a/10", "a/9", "c/0"))}
    data = load_folder(put(tmp_path, files | {"test/b/y": picture(COLOURS[5])}))
    assert data.classes == ("a", "b", "c")
    assert (data.y_train.tolist(), data.y_test.tolist(), data.n_classes) == ([0, 0, 1, 2], [1], 3)
    np.testing.assert_array_equal(data.x_train, np.moveaxis(COLOURS[[1, 2, 0, 3]], -1, 1).reshape(4, 60) / 255)
    np.testing.assert_array_equal(data.x_test, np.moveaxis(COLOURS[[5]], -1, 1).reshape(1, 60) / 255)


def test_test_alone(tmp_path):
    data = load_folder(put(tmp_path, {f"test/{name}": content for name, content in PETS.items()}))
    assert (data.classes, len(data.x_train)) == (("cat", "dog"), 0)


def test_a_class_of_trains(tmp_path):
    data = load_folder(put(tmp_path, PETS | {"train/1.png": picture(GREY[3])}))
    assert data.classes == ("cat", "dog", "train")


def test_one_class_only(tmp_path):
    data = load_folder(put(tmp_path, {"cat/1.png": PETS["cat/1.png"]}))
    assert (data.classes, data.n_classes) == (("cat",), 1)


def test_the_order_is_that_of_names(tmp_path):
    for name in sorted(PETS, reverse=True):
        put(tmp_path, {name: PETS[name]})
    np.testing.assert_array_equal(load_folder(tmp_path).x_test, GREY[:3].reshape(3, 20) / 255)


def test_what_is_hidden_or_beside_is_not_read(tmp_path):
    beside = {".DS_Store": b"x", "cat/.DS_Store": b"x", ".git/config": b"x", "README.txt": b"x", "dog/.hidden/a": b"x"}
    assert load_folder(put(tmp_path, PETS | beside)).x_test.shape == (3, 20)


def test_names_that_are_not_ascii(tmp_path):
    """Some systems write an accent as a sign of its own: the class is the same one."""
    composed, apart = (unicodedata.normalize(form, "chaton né") for form in ("NFC", "NFD"))
    assert composed != apart
    names = (f"train/{composed}/1", f"test/{apart}/1", "test/猫 1/1")
    data = load_folder(put(tmp_path / "a", dict.fromkeys(names, PETS["cat/1.png"])))
    assert data.classes == (composed, "猫 1")
    assert data.y_train.tolist() == [0]
    put(tmp_path / "b", {f"{name}/1": PETS["cat/1.png"] for name in (composed, apart)})
    with pytest.raises(
        ValueError, match=r"b must have one folder a class, it has 'chaton ne\\u0301' and 'chaton n\\xe9'"
    ):
        load_folder(tmp_path / "b")


def test_a_name_that_is_no_text(tmp_path):
    put(tmp_path, PETS)
    try:
        os.mkdir(os.fsencode(tmp_path) + b"/\xff")
    except OSError:
        pytest.skip("the file system takes text only")
    shutil.copy(tmp_path / "cat" / "1.png", os.fsencode(tmp_path) + b"/\xff/1.png")
    with pytest.raises(ValueError, match="must be names that Unicode can write"):
        load_folder(tmp_path)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"must have IDX files .*, pictures in a folder a class .*, it has nothing"),
        ({"1.png": PETS["cat/1.png"], "labels.csv": b""}, "must have IDX files .*, it has 1.png, labels.csv"),
        ({"train/cat/1.png": PETS["cat/1.png"]}, "must have a folder test beside train, it has none"),
        (PETS | {"cat/more/1.png": b""}, "cat must have pictures only, 'more' is not a file"),
        (PETS | {"cat/notes.txt": b"seen in May"}, "notes.txt must be a picture"),
        (
            PETS | {"dog/2.png": picture(GREY[0].T)},
            "must be 4 x 5 pixels of mode L, as .*1.png is, it is 5 x 4 ",
        ),
        (
            PETS | {"dog/2.png": picture(COLOURS[0])},
            r"2.png must be .* of mode L, as .*, it is .* of mode RGB",
        ),
    ],
)
def test_folders_refused(tmp_path, files, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_data(put(tmp_path, files))
    assert str(caught.value).startswith(str(tmp_path))


def test_folders_without_pictures(tmp_path):
    put(tmp_path, PETS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="empty must have at least one picture, it has none"):
        load_folder(tmp_path)
    (tmp_path / "empty" / "nested").mkdir()
    with pytest.raises(ValueError, match="empty must have pictures only, 'nested' is not a file"):
        load_folder(tmp_path)


def test_links_are_refused(tmp_path):
    put(tmp_path / "a", PETS)
    (tmp_path / "a" / "dog" / "2.png").symlink_to(tmp_path / "a" / "cat" / "1.png")
    with pytest.raises(ValueError, match=r"2\.png must be a file or folder itself, it is a link"):
        load_folder(tmp_path / "a")
    put(tmp_path / "b", PETS)
    (tmp_path / "b" / "loop").symlink_to(tmp_path / "b")
    with pytest.raises(ValueError, match="loop must be a file or folder itself, it is a link"):
        load_folder(tmp_path / "b")
    (tmp_path / "c").symlink_to(put(tmp_path / "d", PETS))  # the folder that is given may be one
    assert load_folder(tmp_path / "c").name == "d"


def test_pipes_are_not_opened(tmp_path):
    put(tmp_path, PETS)
    os.mkfifo(tmp_path / "dog" / "2.png")
    with pytest.raises(ValueError, match=r"dog must have pictures only, '2\.png' is not a file"):
        load_folder(tmp_path)


def test_many_pictures_that_unpack_to_too_much(tmp_path):
    """Each is of 1 MB in 1.2 kB; no memory is taken for them."""
    content = picture(np.zeros((1000, 1000), np.uint8))
    put(tmp_path, {f"a/{k}": content for k in range(30)})
    limit = 2**27 + 100 * 30 * len(content)
    with pytest.raises(
        ValueError, match=rf"must not unpack to more than {limit} bytes .*, their numbers have 240000000"
    ):
        load_folder(tmp_path)


def test_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_folder(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        load_data(tmp_path / "none")
    with pytest.raises(NotADirectoryError):
        load_folder(put(tmp_path, {"a": b""}) / "a")
    for call in (load_data, load_folder):
        with pytest.raises(TypeError, match="path must be a path, got 5"):
            call(5)


# ---------------------------------------------------------------- folders of IDX files


def idx(array):
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


LABELS = np.array([7, 0, 7, 2, 2, 2], np.uint8)
TEST = {"images": idx(GREY[:2]), "labels": idx(LABELS[:2])}
TRAIN = {"images": idx(GREY[2:]), "labels": idx(LABELS[2:])}


def named(pattern, train, test, packed=False):
    files = {}
    for part, name in ((TRAIN, train), (TEST, test)):
        for (what, content), rank in zip(part.items(), (3, 1), strict=True):
            if name is not None:
                file = pattern.format(name=name, what=what, rank=rank)
                files[file + ".gz" * packed] = gzip.compress(content) if packed else content
    return files


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("pattern", ["{name}-{what}-idx{rank}-ubyte", "{name}-{what}.idx{rank}-ubyte"])
@pytest.mark.parametrize("names", [("train", "t10k"), ("train", "test"), ("letters-train", "letters-test")])
def test_idx_files(tmp_path, names, pattern, packed):
    files = named(pattern, *names, packed)
    data = load_data(put(tmp_path / "mine", files | {"readme.txt": b"", ".DS_Store": b"", "raw/a": b""}))
    assert (data.name, data.n_classes, data.classes) == ("mine", 3, None)
    np.testing.assert_array_equal(data.x_test, GREY[:2].reshape(2, 20) / 255)
    np.testing.assert_array_equal(data.x_train, GREY[2:].reshape(4, 20) / 255)
    assert (data.y_train.tolist(), data.y_test.tolist()) == (LABELS[2:].tolist(), LABELS[:2].tolist())


@pytest.mark.parametrize("name", ["t10k", "test", "mine", "strain"])
def test_idx_files_to_test_only(tmp_path, name):
    data = load_folder(put(tmp_path, named("{name}-{what}-idx{rank}-ubyte", None, name)))
    assert (data.x_test.shape, data.x_train.shape) == ((2, 20), (0, 20))


def test_the_plain_file_comes_before_the_packed_one(tmp_path):
    plain = named("{name}-{what}-idx{rank}-ubyte", "train", "test")
    data = load_folder(put(tmp_path, plain | {f"{name}.gz": b"not gzip" for name in plain}))
    assert data.x_test.shape == (2, 20)


BOTH = named("{name}-{what}-idx{rank}-ubyte", "train", "test")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test-labels-idx1-ubyte": None}, "must have images and labels, it has no labels for test"),
        ({"train-images-idx3-ubyte": None}, "must have images and labels, it has no images for train"),
        (
            {"test-labels-idx1-ubyte": None, "test-images-idx3-ubyte": None},
            "must have held-out images, such as te",
        ),
        (
            {"t10k-images-idx3-ubyte": b"", "t10k-labels-idx1-ubyte": b""},
            "must have one data set, it has t10k and te",
        ),
        ({"test-labels-idx1-ubyte": idx(LABELS)}, "x and y must have one length, got 2 and 6"),
        ({"test-labels-idx1-ubyte": idx(GREY)}, "test-labels-idx1-ubyte must have 1 dimensions, it has 3"),
        ({"train-images-idx3-ubyte": idx(GREY[:4, :3])}, "x_train and x must have one width, got 12 and 20"),
        ({"train-images-idx3-ubyte": idx(GREY)[:-1]}, "train-images-idx3-ubyte ends too early"),
        ({"test-images-idx3-ubyte": idx(GREY[:0]), "test-labels-idx1-ubyte": idx(LABELS[:0])}, "at least one sample"),
        (
            {"test-labels-idx1-ubyte": bytes([0, 0, 9, 1, 0, 0, 0, 2, 0, 1])},
            "test-labels-idx1-ubyte must hold bytes, it has int8",
        ),
    ],
)
def test_idx_folders_refused(tmp_path, change, message):
    files = {name: content for name, content in (BOTH | change).items() if content is not None}
    with pytest.raises(ValueError, match=message) as caught:
        load_folder(put(tmp_path, files))
    assert str(caught.value).startswith(str(tmp_path))


def test_idx_links_are_refused(tmp_path):
    put(tmp_path, BOTH)
    (tmp_path / "test-images-idx3-ubyte").rename(tmp_path / "elsewhere")
    (tmp_path / "test-images-idx3-ubyte").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match="test-images-idx3-ubyte must be a file or folder itself, it is a link"):
        load_folder(tmp_path)


# ---------------------------------------------------------------- files


@pytest.mark.parametrize("name", ["mine.npz", "mine.png", "mine"])
def test_an_archive_under_any_name(tmp_path, name):
    stream = io.BytesIO()
    np.savez(stream, x=GREY, y=LABELS)
    (tmp_path / name).write_bytes(stream.getvalue())
    data = load_data(tmp_path / name)
    assert data.name == "mine"
    np.testing.assert_array_equal(data.x_test, GREY.reshape(6, 20) / 255)


def npy():
    stream = io.BytesIO()
    np.save(stream, GREY)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "it is empty"),
        (npy(), "it is a single NumPy array: save it and its labels by numpy.savez"),
        (idx(GREY), "it is binary: give the folder, if it is one of IDX files"),
        (gzip.compress(b"a", mtime=0), "it is compressed by gzip: give the folder"),
        (PETS["cat/1.png"], "it is a picture: give the folder"),
        (b"x,y\n1,2\n", r"it is a file that starts b'x,y\\n1,2\\n'"),
    ],
)
def test_other_files(tmp_path, content, found):
    (tmp_path / "mine.npz").write_bytes(content)
    expected = (
        r"mine.npz must be a \.npz archive of x and y, or a folder of IDX files or of pictures in a folder a class"
    )
    with pytest.raises(ValueError, match=f"{expected}, {found}"):
        load_data(tmp_path / "mine.npz")


def test_special_files():
    with pytest.raises(ValueError, match="must be a regular file, it is a device"):
        load_data("/dev/zero")


def test_nothing_is_written(tmp_path):
    before = {path: path.stat().st_mtime_ns for path in put(tmp_path, PETS).rglob("*")}
    load_folder(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in Path(tmp_path).rglob("*")} == before
