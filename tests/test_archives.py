"""The reader of npz archives: sizes, types and checksums before memory is taken."""

import io
import os
import zipfile
import zlib

import numpy as np
import pytest

from sc_neurocore.archives import read_npz
from sc_neurocore.files import unpacked_limit

ARRAYS = {"x": np.arange(12.0).reshape(3, 4), "y": np.array([1, 2], np.int16)}


def every(names):
    return names


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.npz"


def npy(text, numbers=b"", version=(1, 0)):
    length = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + length + text.encode() + numbers


def archive(members, kind=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "<i4", ">i8", "f2", "<f4", ">f8", "g"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_numpy_writes_comes_back(path, write, dtype, order):
    values = {"a": np.asarray(np.arange(12).reshape(3, 4) % 2, dtype, order=order), "b": np.zeros((2, 0, 3), dtype)}
    values["scalar"] = np.array(1, dtype)
    write(path, **values)
    back = read_npz(path, every)
    for name, value in values.items():
        np.testing.assert_array_equal(back[name], value)
        assert back[name].dtype == value.dtype.newbyteorder("=")
        assert back[name].dtype.isnative
        assert back[name].flags.aligned
    assert list(back) == list(values)


def test_only_what_was_chosen_is_read(path):
    np.savez(path, **ARRAYS, names=["a"], anything=np.array([{}], object))
    assert list(read_npz(path, lambda names: ["y"])) == ["y"]
    with pytest.raises(ValueError, match="anything must hold real numbers, got object"):
        read_npz(path, lambda names: ["x", "anything"])
    with pytest.raises(ValueError, match=r"file\.npz: no"):
        read_npz(path, lambda names: (_ for _ in ()).throw(ValueError("no")))


HEAD = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}\n"
EIGHTS = bytes(16)
BAD = {
    "text": (b"not an archive", "must be a complete .npz archive of NumPy arrays: File is not a zip file"),
    "empty": (b"", "must be a complete .npz archive"),
    "npy": (npy(HEAD, EIGHTS), "must be a complete .npz archive"),
    "other member": (archive({"x.npy": npy(HEAD, EIGHTS), "readme": b""}), r"members must be arrays \(.npy\)"),
    "lzma": (archive({"x.npy": npy(HEAD, EIGHTS)}, zipfile.ZIP_LZMA), "must be stored or deflated, 'x' is compr"),
    "bzip2": (archive({"x.npy": npy(HEAD, EIGHTS)}, zipfile.ZIP_BZIP2), "must be stored or deflated, 'x' is compr"),
    "no array": (archive({"x.npy": b"hello"}), "x cannot be read"),
    "empty array": (archive({"x.npy": b""}), "x cannot be read"),
    "format 3": (archive({"x.npy": npy(HEAD, EIGHTS, (3, 0))}), "its format must be 1.0 or 2.0, it is 3.0"),
    "brackets": (archive({"x.npy": npy("(" * 9000 + ")" * 9000)}), "x cannot be read"),
    "few brackets": (archive({"x.npy": npy("(" * 900 + ")" * 900)}), "x cannot be read"),
    "long header": (archive({"x.npy": npy(HEAD + " " * 20_000, EIGHTS)}), "x cannot be read"),
    "text array": (archive({"x.npy": npy(HEAD.replace("<f8", "<U2"), EIGHTS)}), "x must hold real numbers, got <U2"),
    "complex": (archive({"x.npy": npy(HEAD.replace("<f8", "<c8"), EIGHTS)}), "x must hold real numbers, got complex64"),
    "pickle": (archive({"x.npy": npy(HEAD.replace("<f8", "|O"), EIGHTS)}), "x must hold real numbers, got object"),
    "too short": (archive({"x.npy": npy(HEAD, EIGHTS[1:])}), r"bytes of an array \(2,\) of float64, it has 15"),
    "too long": (archive({"x.npy": npy(HEAD, EIGHTS + b"0")}), r"bytes of an array \(2,\) of float64, it has 17"),
    "huge": (archive({"x.npy": npy(HEAD.replace("(2,)", "(10**12,)"), EIGHTS)}), "x cannot be read"),
    "very huge": (archive({"x.npy": npy(HEAD.replace("2,", f"{10**12},"), EIGHTS)}), "must have the bytes of an array"),
    "negative": (archive({"x.npy": npy(HEAD.replace("2,", "-2, -1"), EIGHTS)}), "x cannot have the shape"),
    "no such shape": (archive({"x.npy": npy(HEAD.replace("2,", f"0, {10**40}"))}), "x cannot have the shape"),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses(path, name):
    content, message = BAD[name]
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_npz(path, every)
    assert type(caught.value) is ValueError
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < len(str(path)) + 400


def test_a_name_twice(path):
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("x.npy", npy(HEAD, EIGHTS))
        with pytest.warns(UserWarning, match="Duplicate name"):
            opened.writestr("x.npy", npy(HEAD, EIGHTS))
    with pytest.raises(ValueError, match="each array must be there once, 'x' is there twice"):
        read_npz(path, every)


def test_encrypted(path):
    content = bytearray(archive({"x.npy": npy(HEAD, EIGHTS)}))
    content[content.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="arrays must not be encrypted, 'x' is"):
        read_npz(path, every)


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_no_flipped_bit_gives_other_numbers(path, write):
    """Not even one that makes an array vanish: the length of a comment swallows the entries behind it."""
    write(path, a=np.arange(3.0), b=np.arange(2))
    whole, refused = path.read_bytes(), 0
    before = {name: value.tobytes() for name, value in read_npz(path, every).items()}
    for bit in range(0, 8 * len(whole), 3):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            after = {name: value.tobytes() for name, value in read_npz(path, every).items()}
        except ValueError:
            refused += 1
        else:
            assert after == before, bit
    assert refused > len(whole)


def test_a_swallowed_entry(path):
    np.savez(path, a=np.arange(3.0), b=np.arange(2))
    content = bytearray(path.read_bytes())
    content[content.find(b"PK\x01\x02") + 33] = 16  # 4096 bytes of comment
    path.write_bytes(content)
    with pytest.raises(ValueError, match="its directory must have 2 arrays, as its end says, it has 1"):
        read_npz(path, every)


def test_a_bomb_is_refused_by_its_declared_size(path):
    """200 MiB of zeros in 200 kB; the rule is 128 MiB and 100 times the size."""
    numbers = bytes(200 * 2**20)
    path.write_bytes(archive({"x.npy": npy(HEAD.replace("2,", "26214400,"), numbers)}, zipfile.ZIP_DEFLATED))
    assert path.stat().st_size < 300_000
    with pytest.raises(ValueError, match=f"not unpack to more than {unpacked_limit(path.stat().st_size)} bytes"):
        read_npz(path, every)


def test_a_bomb_that_declares_less_is_cut_there(path):
    content = bytearray(archive({"x.npy": npy(HEAD, EIGHTS + bytes(2**24))}, zipfile.ZIP_DEFLATED))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = content.find(mark) + offset
        content[place : place + 4] = (len(npy(HEAD, EIGHTS))).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(ValueError, match="Bad CRC-32"):
        read_npz(path, every)
    for mark, offset in ((b"PK\x01\x02", 16), (b"PK\x03\x04", 14)):  # with the checksum of what it declares
        place = content.find(mark) + offset
        content[place : place + 4] = zlib.crc32(npy(HEAD, EIGHTS)).to_bytes(4, "little")
    path.write_bytes(content)
    assert read_npz(path, every)["x"].tolist() == [0.0, 0.0]


def test_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(ValueError, match=r"pipe.npz must be a regular file, it is a pipe"):
        read_npz(tmp_path / "pipe.npz", every)
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz", every)
