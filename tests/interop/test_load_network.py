"""Model files, whose bytes tell the format; models of other libraries; files that are given as models and are none."""

import io
import os
import pickle
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from sc_neurocore import Network, VectorizedSCLayer, from_sklearn, load_network, to_nir
from sc_neurocore.interop import format_of


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
    with pytest.raises(ValueError, match=r"one\.npz must be a safetensors, npz, ONNX or NIR file, it is one array"):
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


# ---------------------------------------------------------------- formats by content


@pytest.fixture
def network():
    return Network.from_arrays([np.eye(3), np.ones((2, 3))])


def test_the_suffix_is_no_matter(tmp_path, network):
    network.save(tmp_path / "net.npz")
    assert format_of(tmp_path / "net.npz") == "safetensors"
    assert load_network(tmp_path / "net.npz").digest() == network.digest()
    np.savez(tmp_path / "arrays.npz", weights_0=np.eye(3), weights_1=np.ones((2, 3)))
    shutil.move(tmp_path / "arrays.npz", tmp_path / "arrays.safetensors")
    assert format_of(tmp_path / "arrays.safetensors") == "npz"
    assert load_network(tmp_path / "arrays.safetensors").digest() == network.digest()


def test_onnx_by_content(tmp_path):
    models = pytest.importorskip("tests.interop.onnx_models")
    (tmp_path / "net").write_bytes(models.mlp().SerializeToString())
    assert format_of(tmp_path / "net") == "onnx"
    x = np.random.default_rng(0).normal(size=(9, 4))
    found = load_network(tmp_path / "net", x, kind="regressor", ceiling_quantile=0.5)
    assert (found.kind, found.input_range) == ("regressor", (x.min(), x.max()))
    assert load_network(models.mlp(), x, input_range=(-9, 9)).input_range == (-9, 9)


def archive(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as zipped:
        for name in names:
            zipped.writestr(name, b"x")
    return stream.getvalue()


@pytest.mark.parametrize("mark", [b"PK", b"\x80\x04", b"\x80\x05"])
def test_sizes_of_headers_that_look_like_marks(network, tmp_path, mark):
    """The first bytes of a safetensors file are the size of its header, which may be those of a zip or a pickle."""
    network.save(tmp_path / "net.safetensors")
    content = (tmp_path / "net.safetensors").read_bytes()
    size, wanted = int.from_bytes(content[:8], "little"), int.from_bytes(mark, "little")
    assert size <= wanted
    header = content[8 : 8 + size].ljust(wanted)
    (tmp_path / "net").write_bytes(mark.ljust(8, b"\0") + header + content[8 + size :])
    assert format_of(tmp_path / "net") == "safetensors"
    assert load_network(tmp_path / "net").digest() == network.digest()


class Trap:
    """What would run if it were unpickled."""

    def __reduce__(self):
        return (sys.exit, ("unpickled",))


FOREIGN = {
    "pickle": (pickle.dumps(Trap()), "it is a pickle: it is not loaded, since a pickle may run any program"),
    "old pickle": (pickle.dumps(Trap(), 2), "it is a pickle"),
    "torch.save": (archive("net/data.pkl", "net/version"), "torch.save wrote it, and it is not loaded"),
    "TorchScript": (archive("net/data.pkl", "net/constants.pkl"), "TorchScript wrote it: give the module"),
    "torch.export": (archive("net/models/model.json", "net/version"), "torch.export.save wrote it: give the module"),
    "older torch.export": (archive("serialized_exported_program.json"), "torch.export.save wrote it"),
    "Keras": (archive("metadata.json", "config.json", "model.weights.h5"), "Keras wrote it: export the model as ONNX"),
    "empty": (b"", "it is none of them, or damaged"),
    "text": (b"weights: 1, 2", "it is none of them, or damaged"),
    "a message without a graph": (b"\x08\x07", "it is none of them, or damaged"),
    "fields that never end": (b"\x08" + b"\xff" * 99, "it is none of them, or damaged"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files(tmp_path, name):
    content, message = FOREIGN[name]
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_network(tmp_path / "net.onnx")
    assert str(caught.value).startswith(f"{tmp_path / 'net.onnx'} must be a safetensors, npz, ONNX or NIR file")
    assert "\n" not in str(caught.value)


def test_files_of_nir(tmp_path):
    nir, h5py = pytest.importorskip("nir"), pytest.importorskip("h5py")
    network = Network.from_arrays([[[1.0, -2.0]]], kind="regressor")
    graph = to_nir(network, tmp_path / "net")
    assert isinstance(graph, nir.NIRGraph)
    assert load_network(tmp_path / "net").digest() == load_network(graph).digest() == network.digest()
    assert load_network(graph, dt_ms=1.0, duration=50.0, kind="classifier").kind == "classifier"
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file["layers/dense/kernel"] = np.eye(2)
    with pytest.raises(ValueError, match=r"net\.h5 must be .* 'node', it has none \(a model of Keras comes in as ONNX"):
        load_network(tmp_path / "net.h5")
    np.savez(tmp_path / "net.npz", weights_0=np.eye(2))
    with pytest.raises(ValueError, match=r"dt_ms must not be given for .*net\.npz, a npz file, got 1.0"):
        load_network(tmp_path / "net.npz", dt_ms=1.0)


def test_files_of_torch(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "net.pt")
    with pytest.raises(ValueError, match=r"torch\.save wrote it"):
        load_network(tmp_path / "net.pt")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "net.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match="it is a pickle"):
        load_network(tmp_path / "net.pt")
    program = torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),))
    torch.export.save(program, tmp_path / "net.pt2")
    with pytest.raises(ValueError, match=r"torch\.export\.save wrote it: give the module"):
        load_network(tmp_path / "net.pt2")


# ---------------------------------------------------------------- models, and options


def test_models(network):
    from sklearn.neural_network import MLPRegressor

    assert load_network(network) is network
    x = np.random.default_rng(0).random((30, 3))
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=500, solver="lbfgs").fit(x, x.sum(1))
    assert load_network(model, x).digest() == from_sklearn(model, x).digest()
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(3, 2))
    assert load_network(module, x, input_shape=(3,), classes=["a", "b"]).classes == ("a", "b")


class Keras:
    """A model whose class says that it is one of Keras."""


Keras.__module__ = "keras.src.models"


def test_options_that_have_no_effect(network, tmp_path):
    network.save(tmp_path / "net.safetensors")
    np.savez(tmp_path / "net.npz", weights_0=np.eye(3))
    for path in ("net.safetensors", "net.npz"):
        for options in ({"calibration": np.eye(3)}, {"input_shape": (3,)}, {"kind": "regressor"}):
            with pytest.raises(
                ValueError, match=rf"{next(iter(options))} must not be given for .*{path}, a .* file, got"
            ):
                load_network(tmp_path / path, **options)
    with pytest.raises(ValueError, match=r"classes must not be given for a Network, got \['a'\]"):
        load_network(network, classes=["a"])
    with pytest.raises(
        TypeError, match="path must be a path, a Network or a model of torch, sklearn, onnx, nir, got 5"
    ):
        load_network(5)
    with pytest.raises(TypeError, match="a model of Keras comes in as ONNX"):
        load_network(Keras())
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="input_shape must be given for a model of torch"):
        load_network(torch.nn.Linear(3, 2))


def test_no_library_is_imported_for_a_file_of_another():
    program = """
import sys, tempfile, numpy as np, sc_neurocore as sc
with tempfile.TemporaryDirectory() as folder:
    np.savez(folder + "/net.npz", weights_0=np.eye(2))
    sc.load_network(sc.load_network(folder + "/net.npz"))
print([name for name in ("torch", "onnx", "onnxruntime", "sklearn", "jax") if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
