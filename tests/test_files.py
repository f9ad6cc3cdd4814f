"""Files are there in full or not at all."""

import pytest

from sc_neurocore.files import atomic_write, check_writable, durable_append


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
