"""Files are there in full or not at all."""

import os
import socket

import pytest

from sc_neurocore.files import atomic_write, check_writable, durable_append, json_object, open_regular, reason


def test_error_changes_nothing(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("old")

    def fail():
        with atomic_write(file) as temporary:
            temporary.write_text("half")
            assert file.read_text() == "old"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [entry.read_text() for entry in tmp_path.iterdir()] == ["old"]


def test_keeps_the_suffix(tmp_path):
    with atomic_write(tmp_path / "a.safetensors") as temporary:
        assert temporary.suffix == ".safetensors"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.safetensors"]


def test_check_writable_makes_nothing(tmp_path):
    check_writable(tmp_path / "a" / "b")
    assert not list(tmp_path.iterdir())


def test_check_writable_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda *arguments: False)  # root may write everywhere
    with pytest.raises(PermissionError, match="must be writable, it is not"):
        check_writable(tmp_path / "a")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_nothing_is_added_after_an_error(tmp_path, monkeypatch, error):
    def fail(descriptor):
        raise error("now")

    durable_append(tmp_path / "a", b"one")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", fail)
        with pytest.raises(error):
            durable_append(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    durable_append(tmp_path / "a", b"three")
    assert (tmp_path / "a").read_bytes() == b"onethree"


def test_only_regular_files_are_opened(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    for name in ("file", "link"):
        with open_regular(tmp_path / name) as file:
            assert file.read() == b"content"
    os.mkfifo(tmp_path / "pipe")  # to open it would wait for a writer
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        for path, what in (("pipe", "a pipe"), (".", "a folder"), ("socket", "a socket"), ("/dev/zero", "a device")):
            with pytest.raises(ValueError, match=f"^{path} must be a regular file, it is {what}$"):
                open_regular(path)
    with pytest.raises(FileNotFoundError):
        open_regular("none")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000 + "]" * 100_000, "must not be nested as deeply"),
        ('{"a":' * 100_000, "must not be nested as deeply"),
        ("[1]", "JSON must hold an object, got list"),
        ("", "Expecting value"),
        (b"\xff\xff", "decode"),
        ('{"a": ' + "1" * 5000 + "}", "4300 digits"),
    ],
)
def test_json_that_is_no_object(text, message):
    with pytest.raises(ValueError, match=message):
        json_object(text)


def test_a_reason_is_short():
    assert reason(ValueError("a" * 1000)) == "a" * 300
