"""ONNX models as files, bytes and objects: what is read, what is refused and how, and what is compared."""

import os
import sys

import numpy as np
import pytest

from sc_neurocore import Network, from_onnx
from sc_neurocore.interop.onnx import tracing

models = pytest.importorskip("tests.interop.onnx_models")
onnx, helper, node, random = models.onnx, models.helper, models.node, models.random
INT = np.int64
X = np.random.default_rng(2).uniform(-1, 1, (20, 4))


def wanted(x, tensors=None):
    """What `models.mlp` computes."""
    w, b, v = (random(4, 5), random(5), random(5, 3, seed=1)) if tensors is None else tensors
    return np.maximum(x @ w + b, 0) @ v


def test_a_path_bytes_and_a_model_are_the_same(tmp_path):
    proto = models.mlp()
    onnx.save(proto, tmp_path / "net.onnx")
    networks = [from_onnx(each, X) for each in (tmp_path / "net.onnx", proto.SerializeToString(), proto)]
    assert len({network.digest() for network in networks}) == 1
    np.testing.assert_allclose(networks[0].float_forward(X), wanted(X), rtol=1e-12)
    assert [type(layer).__name__ for layer in networks[0].layers] == ["Dense", "Dense"]
    assert networks[0].input_range == (X.min(), X.max())
    networks[0].save(tmp_path / "net.safetensors")
    assert Network.load(tmp_path / "net.safetensors").digest() == networks[0].digest()


def test_keywords_are_those_of_from_layers():
    network = from_onnx(
        models.mlp(), X, ceiling_quantile=0.9, input_range=(-2, 2), kind="regressor", classes=None
    )  # fmt: skip
    assert (network.kind, network.input_range) == ("regressor", (-2, 2))
    hidden = np.maximum(X @ random(4, 5) + random(5), 0)
    assert network.layers[0].ceiling == pytest.approx(np.quantile(hidden, 0.9), rel=1e-6)
    assert from_onnx(models.mlp(), classes=["a", "b", "c"]).classes == ("a", "b", "c")


def test_a_model_in_the_shape_of_samples():
    shape = (2, 3, 4)
    proto = models.model([node("Flatten", "x", "f"), node("MatMul", "f w")], shape, {"w": random(24, 2)})
    x = np.random.default_rng(0).random((5, *shape))
    assert from_onnx(proto, x).digest() == from_onnx(proto, x.reshape(5, 24)).digest()
    with pytest.raises(ValueError, match=r"calibration must have shape \(any, 24\) or \(any, \(2, 3, 4\)\)"):
        from_onnx(proto, x.reshape(5, 2, 12))


# ---------------------------------------------------------------- precisions, batches, open sizes


@pytest.mark.parametrize(
    ("kind", "name"), [(np.float16, "FLOAT16"), (np.float64, "DOUBLE"), ("bfloat16", "BFLOAT16")]
)  # fmt: skip
def test_precisions(kind, name):
    """Half precision and its twin with wider numbers are one network."""
    dtype = pytest.importorskip("ml_dtypes").bfloat16 if kind == "bfloat16" else kind
    tensors = [random(4, 5).astype(dtype), random(5).astype(dtype), random(5, 3, seed=1).astype(dtype)]
    nodes = [node("Gemm", "x w b", "h"), node("Relu", "h", "r"), node("MatMul", "r v")]
    proto = models.model(
        nodes, (4,), dict(zip("wbv", tensors, strict=True)), kind=getattr(onnx.TensorProto, name)
    )  # fmt: skip
    network = from_onnx(proto, X)
    wide = [each.astype(np.float64) for each in tensors]
    np.testing.assert_allclose(network.float_forward(X), wanted(X, wide), rtol=1e-12)
    if kind == np.float16:
        np.testing.assert_allclose(models.run(proto, X), wanted(X, wide), atol=0.01)


@pytest.mark.parametrize("batch", [1, 3, "n"])
def test_a_fixed_batch_is_no_part_of_a_sample(batch):
    size = 3 if batch == "n" else batch
    tensors = {"w": random(4, 5), "s": np.array([-1 if batch == "n" else size, 1, 5], INT)}
    nodes = [node("MatMul", "x w", "h"), node("Reshape", "h s", "r"), node("Softmax", "r")]
    network = from_onnx(models.model(nodes, (4,), tensors, batch=batch), X)
    scores = np.exp(X @ random(4, 5))
    np.testing.assert_allclose(network.float_forward(X), scores / scores.sum(1, keepdims=True), rtol=1e-9)


def test_a_model_that_was_exported_for_one_sample():
    """Its input is open, its shapes are not: it runs sample by sample only."""
    tensors = {"w": random(4, 6), "s": np.array([1, 6], INT)}
    nodes = [node("MatMul", "x w", "h"), node("Reshape", "h s")]
    np.testing.assert_allclose(from_onnx(models.model(nodes, (4,), tensors), X).float_forward(X), X @ random(4, 6))


def test_samples_that_act_on_each_other_are_refused():
    proto = models.model([node("ReduceSum", "x a", "s"), node("Mul", "s x")], (4,), {"a": np.array([0], INT)})
    with pytest.raises(ValueError, match=r"compute for each sample of a batch what it computes for one: .* difference"):
        from_onnx(proto)


def test_open_sizes():
    proto = models.model([node("GlobalAveragePool", "x", "g"), node("Flatten", "g")], (2, "h", "w"))
    with pytest.raises(ValueError, match=r"input_shape must be given: input 'x' has the open shape \(2, \?, \?\)"):
        from_onnx(proto)
    assert from_onnx(proto, input_shape=(2, 3, 5)).input_shape == (2, 3, 5)
    with pytest.raises(ValueError, match=r"input_shape must fit that of input 'x' in the file, \(2, \?, \?\), got"):
        from_onnx(proto, input_shape=(3, 3, 5))
    proto.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(ValueError, match="input_shape must be given: input 'x' has no shape in the file"):
        from_onnx(proto)
    assert from_onnx(proto, input_shape=(2, 3, 5)).input_shape == (2, 3, 5)


# ---------------------------------------------------------------- what is compared


def test_a_network_that_computes_something_else_is_never_returned(monkeypatch):
    monkeypatch.setitem(tracing.TRANSLATORS, "Relu", tracing.TRANSLATORS["Tanh"])
    with pytest.raises(ValueError, match="must agree with it to 1e-05 of the largest output, got a difference of"):
        from_onnx(models.mlp(), X)


def test_without_onnxruntime_the_reference_compares(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    np.testing.assert_allclose(from_onnx(models.mlp(), X).float_forward(X), wanted(X), rtol=1e-12)
    monkeypatch.setitem(tracing.TRANSLATORS, "Relu", tracing.TRANSLATORS["Tanh"])
    with pytest.raises(ValueError, match="must agree with it"):
        from_onnx(models.mlp(), X)


def test_without_onnx_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"^from_onnx needs the onnx package: pip install onnx, or this package with"):
        from_onnx(b"")


def test_parts_that_the_output_does_not_need_are_no_matter():
    proto = models.mlp()
    proto.graph.node.append(node("Sin", "h", "aside"))
    proto.graph.node.append(node("Loop", "- - aside", "again"))
    np.testing.assert_allclose(from_onnx(proto, X).float_forward(X), wanted(X), rtol=1e-12)


# ---------------------------------------------------------------- what is refused


def test_every_operator_without_a_layer_is_named_in_one_error():
    nodes = [
        helper.make_node("Sin", ["x"], ["a"], name="first"),
        helper.make_node("LRN", ["a"], ["b"], name="second", size=3),
        helper.make_node("Einsum", ["b"], ["c"], name="third", equation="ab->ba"),
        helper.make_node("Relu", ["c"], ["d"], name="fine"),
        helper.make_node("Thing", ["d"], ["e"], name="fourth", domain="com.example"),
        helper.make_node("ConvTranspose", ["e", "e"], ["y"]),
    ]
    with pytest.raises(ValueError, match="model must compute operators that have a layer") as caught:
        from_onnx(models.model(nodes, (4,)))
    for told in (
        "Sin in node first (Relu, Tanh, Sigmoid or another function of one number would)",
        "LRN in node second (BatchNormalization would)", "Einsum in node third (MatMul and Transpose would)",
        "Thing in node fourth (operators of ONNX or QONNX would, not of com.example",
        "ConvTranspose in node 5 (Resize and Conv would)",
    ):  # fmt: skip
        assert told in str(caught.value)
    assert "fine" not in str(caught.value)


BODY = helper.make_graph([node("Relu", "x", "r")], "body", [], [helper.make_tensor_value_info("r", models.FLOAT, None)])
ZERO, ONE = np.array(0, INT), np.array(1, INT)
HUGE = np.array([10**9], INT)
REFUSED = {
    "If": ([node("If", "c", then_branch=BODY, else_branch=BODY)], {"c": np.array(True)},
           r"If in node 0 \(operators without graphs of their own would"),
    "a size that is no size": ([node("Reshape", "x s")], {"s": np.array([3, 5], INT)}, "Reshape in node 0"),
    "a division by a value": ([node("Div", "a x")], {"a": random(4)}, r"Div in node 0 \(a division by a constant"),
    "training": ([node("Dropout", "x - t")], {"t": np.array(True)}, "training_mode false would"),
    "a mask that is used": (
        [node("Dropout", "x", "d m"), node("Cast", "m", "f", to=1), node("Mul", "d f")], {}, "without the mask would"),
    "no numbers of a type": ([node("CastLike", "x a", "i"), node("Cast", "i", "y", to=1)], {"a": ONE},
                             r"CastLike in node 0 \(a cast to floating-point numbers would"),
    "infinity": ([node("Add", "x a")], {"a": np.array([0, 0, 0, -np.inf], np.float32)}, "a difference of nan"),
    "places": ([node("ArgMax", "x")], {}, r"ArgMax in node 0 \(the scores before it would"),
    "values as places": ([node("Cast", "x", "i", to=7), node("Gather", "x i")], {}, "Cast in node 0"),
    "an old Upsample": ([node("Conv", "x w"), node("Softsign", "y", "z")], {"w": random(2, 4)}, "Conv in node 0"),
    "an attribute of another type": ([node("LeakyRelu", "x", alpha="a")], {}, "attributes of its definition would"),
    "an unknown attribute": ([node("Relu", "x", beta=1.0)], {}, "attributes of its definition would, not beta"),
    "a missing attribute": ([node("Concat", "x x")], {}, "its attribute axis would"),
    "too few inputs": ([node("Add", "x")], {}, r"2 to 2 inputs would, got 1"),
    "no order": ([node("Relu", "h"), node("Relu", "x", "h")], {}, "nodes must be in order: no earlier one gives 'h'"),
    "given twice": ([node("Relu", "x"), node("Tanh", "x")], {}, "each tensor must be given by one node, got 'y' twice"),
    "a constant output": ([node("Relu", "a")], {"a": random(1, 4)}, "model must give an output that depends on its"),
    "random numbers": ([node("RandomUniformLike", "x", "r"), node("Add", "x r")], {},
                       r"RandomUniformLike in node 0 \(no random numbers would"),
    "of which nothing is known": ([node("Det", "x")], {}, r"Det in node 0 \("),
    # little files of much memory
    "a large constant": ([node("ConstantOfShape", "s", "c"), node("Add", "x c")], {"s": np.array([4, 10**9], INT)},
                         r"constants of at most \d+ numbers together would"),
    "a large range": ([node("Range", "a b c", "r"), node("Cast", "r", "f", to=1), node("Add", "x f")],
                      {"a": ZERO, "b": HUGE[0], "c": ONE}, "constants of at most"),
    "a large value": ([node("Expand", "x s")], {"s": np.array([10**6, 10**6, 1, 4], INT)},
                      "values of at most 1048576 numbers"),
    "a large tile": ([node("Tile", "x s")], {"s": np.array([1, 10**9], INT)}, "values of at most"),
    "a large padding": ([node("Pad", "x s")], {"s": np.array([0, 0, 0, 10**9], INT)}, "values of at most"),
    "a product of constants": (
        [node("MatMul", "a b", "c"), node("ReduceSum", "c", "d"), node("Add", "x d")],
        {"a": np.ones((2**13, 1), np.float32), "b": np.ones((1, 2**13), np.float32)}, "constants of at most"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_others_are_refused(name, tmp_path):
    nodes, tensors, message = REFUSED[name]
    onnx.save(models.model(nodes, (4,), tensors), tmp_path / "net.onnx")
    with pytest.raises(ValueError, match=message) as caught:
        from_onnx(tmp_path / "net.onnx")
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'net.onnx'}: ")
    assert "\n" not in text


def test_a_window_wider_than_memory():
    for options in ({"pads": [10**9] * 4, "strides": [10**9] * 2}, {"strides": [10**12] * 2, "pads": [10**12] * 4}):
        proto = models.model([node("Conv", "x w", **options)], (2, 4, 4), {"w": random(3, 2, 2, 2)})
        with pytest.raises(ValueError, match="an image with its margins must have at most"):
            from_onnx(proto)


def test_a_long_unrolled_cell():
    tensors = {"w": random(1, 400, 4), "r": random(1, 400, 100)}
    proto = models.model(
        [node("Expand", "x s", "e"), node("Transpose", "e", "t", perm=[1, 0, 2]),
         node("LSTM", "t w r", "- h", hidden_size=100),
         node("Flatten", "h")],
        (1, 4), {**tensors, "s": np.array([1, 5000, 4], INT)},
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"LSTM in node 2 \(at most 1024 steps, of 33554432 weights together"):
        from_onnx(proto)


def broken(change):
    proto = models.mlp()
    change(proto)
    return proto


def larger(tensor):
    tensor.dims[0] = 10**12


BROKEN = {
    "a declared size": (lambda proto: larger(proto.graph.initializer[0]),
                        r"tensor 'w' must have the bytes of shape \(1000000000000, 5\), 20000000000000 in all, got 80"),
    "a negative size": (lambda proto: proto.graph.initializer[0].dims.__setitem__(0, -4),
                        "must have sizes of at least 0"),
    "a type": (lambda proto: setattr(proto.graph.initializer[0], "data_type", 14),
               "must hold real numbers, got the type"),
    "an unknown type": (lambda proto: setattr(proto.graph.initializer[0], "data_type", 99), "must hold real numbers"),
    "a missing tensor": (lambda proto: proto.graph.initializer.pop(), "no earlier one gives 'v'"),
    "no output": (lambda proto: proto.graph.output.pop(), r"model must have one output .*, got none"),
    "two inputs": (lambda proto: proto.graph.input.append(helper.make_tensor_value_info("z", 1, [1])),
                   "model must have one input that is no initializer, got x, z"),
    "an input of whole numbers": (lambda proto: setattr(proto.graph.input[0].type.tensor_type, "elem_type", 7),
                                  "input 'x' must hold floating-point numbers, got INT64"),
    "an input without samples": (lambda proto: proto.graph.input[0].type.tensor_type.shape.dim.pop(),
                                 "input 'x' must have an axis of samples and 1 to 3 others"),
    "a number that is none": (lambda proto: setattr(proto.graph.initializer[1], "raw_data", b"\xff" * 20),
                              "Gemm in node 0"),
    "a sparse tensor": (lambda proto: (proto.graph.initializer.pop(), proto.graph.sparse_initializer.add(
        values=helper.make_tensor("v", 1, [1], [1.0]), dims=[10**9, 3])), "tensor 'v' must be dense"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_models_that_do_not_hold_together(name, tmp_path):
    change, message = BROKEN[name]
    (tmp_path / "net.onnx").write_bytes(broken(change).SerializeToString())
    with pytest.raises(ValueError, match=message) as caught:
        from_onnx(tmp_path / "net.onnx")
    assert str(caught.value).startswith(f"{tmp_path / 'net.onnx'}: ")


def test_bytes_that_are_no_model(tmp_path):
    (tmp_path / "net.onnx").write_bytes(b"\x08\x07 not at all")
    with pytest.raises(ValueError, match=r"net\.onnx must be an ONNX model, it is not readable as one"):
        from_onnx(tmp_path / "net.onnx")
    with pytest.raises(ValueError, match=r"^model must be an ONNX model with a graph, got one without"):
        from_onnx(b"")
    with pytest.raises(TypeError, match=r"model must be a path, bytes or an onnx\.ModelProto, got 5"):
        from_onnx(5)
    with pytest.raises(FileNotFoundError):
        from_onnx(tmp_path / "none.onnx")


# ---------------------------------------------------------------- tensors in files of their own


@pytest.fixture
def external(tmp_path):
    """A function that writes a model whose tensors lie elsewhere; it gives the path."""

    def written(change=None, folder="model"):
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        path = place / "net.onnx"
        onnx.save(models.mlp(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
        if change is not None:
            proto = onnx.load(path, load_external_data=False)
            for tensor in proto.graph.initializer:
                entries = {entry.key: entry for entry in tensor.external_data}
                change(entries, place)
            path.write_bytes(proto.SerializeToString())
        return path

    return written


def test_tensors_beside_the_model(external):
    assert from_onnx(external(), X).digest() == from_onnx(models.mlp(), X).digest()


def test_tensors_beside_the_model_only(external, tmp_path):
    with pytest.raises(ValueError, match="tensor 'w' must lie in the model where it comes from no file"):
        from_onnx(external().read_bytes())
    (tmp_path / "elsewhere.bin").write_bytes(bytes(1000))

    def location(text):
        return lambda entries, place: setattr(entries["location"], "value", text)

    for text in ("../elsewhere.bin", str(tmp_path / "elsewhere.bin"), "a/../../elsewhere.bin", "..\\elsewhere.bin",
                 "C:\\weights.bin", "", ".", "weights.bin\0"):  # fmt: skip
        with pytest.raises(
            ValueError, match="tensor 'w' must lie in the folder of the model, got the location"
        ) as caught:
            from_onnx(external(location(text)))
        assert "\n" not in str(caught.value)
    for name, target in (("link.bin", tmp_path / "elsewhere.bin"), ("folder", tmp_path)):
        path = external(location(name if name == "link.bin" else "folder/elsewhere.bin"))
        os.symlink(target, path.parent / name)
        with pytest.raises(ValueError, match="must lie in the folder of the model"):
            from_onnx(path)
    with pytest.raises(ValueError, match="must lie in a file that can be read: No such file"):
        from_onnx(external(location("none.bin")))
    path = external(location("pipe"))
    os.mkfifo(path.parent / "pipe")
    with pytest.raises(ValueError, match="must be a regular file, it is a pipe"):
        from_onnx(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [("length", "10000000000000", "must have a length of at most 160 bytes, got 10000000000000"),
     ("length", "-1", "must have a whole number as length, got '-1'"),
     ("offset", "x", "must have a whole number as offset"),
     ("offset", "99999999999", "must have a length of at most 0 bytes"),
     ("length", "4", "must have the bytes of shape"),
     ("length", "1" * 5000, "must have a whole number as length")],
)  # fmt: skip
def test_places_in_that_file(external, key, value, message):
    with pytest.raises(ValueError, match=message):
        from_onnx(external(lambda entries, place: setattr(entries[key], "value", value)))


# ---------------------------------------------------------------- quantised models

U8, I8 = np.uint8, np.int8
SCALES = {"s": np.float32(0.0625), "z": U8(128), "w": np.random.default_rng(0).integers(-9, 9, (4, 2, 3, 3)).astype(I8),
          "ws": np.linspace(0.02, 0.05, 4).astype(np.float32), "wz": np.zeros(4, I8), "t": np.float32(0.25), "u": U8(3),
          "b": np.arange(4).astype(np.int32)}  # fmt: skip
LEVELS = {
    "quantise and back": [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z")],
    "weights and values": [
        node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"),
        node("DequantizeLinear", "w ws wz", "v", axis=0), node("Conv", "d v", "c", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"), node("QuantizeLinear", "r t u", "o"), node("DequantizeLinear", "o t u"),
    ],
    "a pool of levels": [
        node("QuantizeLinear", "x s z", "q"), node("MaxPool", "q", "m", kernel_shape=[2, 2], strides=[2, 2]),
        node("Transpose", "m", "p", perm=[0, 2, 3, 1]), node("DequantizeLinear", "p s z"),
    ],
    "levels as they are": [node("QuantizeLinear", "x s z", "q"), node("Cast", "q", "f", to=1), node("Mul", "f t")],
    "other scales": [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q t u")],
    "a layer of levels": [
        node("QuantizeLinear", "x s z", "q"), node("QLinearConv", "q s z w ws wz t u b", "o"),
        node("DequantizeLinear", "o t u"),
    ],
    "a scale for each channel": [
        node("QuantizeLinear", "x s2 z2", "q", axis=1), node("DequantizeLinear", "q s2 z2", axis=1),
    ],
    "levels of a type": [node("QuantizeLinear", "x s", "q", output_dtype=3), node("DequantizeLinear", "q s")],
}  # fmt: skip


@pytest.mark.parametrize("name", LEVELS)
def test_levels(name):
    tensors = {**SCALES, "s2": np.array([0.5, 0.0625], np.float32), "z2": np.zeros(2, I8)}
    proto = models.model(LEVELS[name], (2, 6, 6), tensors)
    x = np.random.default_rng(4).normal(0, 4, (9, 2, 6, 6)).astype(np.float32)
    x[:3] = np.round(x[:3] * 32) / 32  # halves of a level: ties
    network = from_onnx(proto, x)
    want, got = models.run(proto, x), network.float_forward(x.reshape(9, -1))
    apart = np.abs(got - want) > 1e-5 * np.abs(want).max()
    assert apart.mean() < (0.01 if name == "weights and values" else 1e-9)  # ties of sums, in single precision
    assert np.abs(got - want).max() < 0.2500001
    assert "Quantize" in [type(layer).__name__ for layer in network.layers]


@pytest.mark.parametrize("opset", [10, 11, 13, 17, 19])
def test_levels_of_all_versions(opset):
    """Weights and biases as levels, of any version of the operators: the package's own reference lacks the first."""
    axis = {"axis": 1} if opset >= 13 else {}
    nodes = [
        node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"),
        node("DequantizeLinear", "w ws wz", "v", **axis), node("DequantizeLinear", "b bs", "c"),
        node("Gemm", "d v c", "g"), node("QuantizeLinear", "k s z", "kq"), node("DequantizeLinear", "kq s z", "kd"),
        node("Add", "g kd"),
    ]  # fmt: skip
    steps = np.array([0.01, 0.02, 0.03], np.float32) if axis else np.float32(0.01)
    tensors = {
        "s": np.float32(0.03), "z": U8(7), "w": np.random.default_rng(0).integers(0, 255, (6, 3)).astype(U8),
        "ws": steps, "wz": np.array([3, 4, 250], U8) if axis else U8(99), "b": np.array([-900, 5, 700], np.int32),
        "bs": np.float32(0.001), "k": random(3),
    }  # fmt: skip
    proto = models.model(nodes, (6,), tensors, opset)
    x = np.random.default_rng(1).random((20, 6)).astype(np.float32) * 9 - 1
    got, want = from_onnx(proto).float_forward(x), models.run(proto, x)
    np.testing.assert_allclose(got, want, atol=1e-5 * np.abs(want).max())


def test_few_samples_and_whole_numbers_do_not_hide_what_others_show():
    """A mean over the samples of a batch, of a calibration of one sample."""
    nodes = [node("ReduceMean", "x a", "m"), node("Sub", "x m")]
    proto = models.model(nodes, (4,), {"a": np.array([0], INT)})
    with pytest.raises(ValueError, match="must compute for each sample of a batch what it computes for one"):
        from_onnx(proto, [[1.0, 2.0, 3.0, 4.0]])


def test_a_tie_that_single_precision_decides_otherwise():
    """Sums of levels of 0.1 lie exactly between two levels of 0.2: the last digit of a sum does not decide."""
    tensors = {"s": np.float32(0.1), "z": I8(0), "w": np.ones((6, 1), np.float32), "t": np.float32(0.2)}
    nodes = [
        node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "d"), node("MatMul", "d w", "m"),
        node("QuantizeLinear", "m t z", "r"), node("DequantizeLinear", "r t z"),
    ]  # fmt: skip
    proto = models.model(nodes, (6,), tensors)
    x = np.random.default_rng(0).integers(-9, 9, (200, 6)) * 0.1
    levels = np.rint(np.rint(x / 0.1).sum(1) / 2)
    got = from_onnx(proto, x).float_forward(x)[:, 0]
    np.testing.assert_allclose(got, levels * np.float32(0.2), rtol=1e-12)
    assert 0 < np.mean(np.abs(models.run(proto, x)[:, 0] - got) > 0.1) < 0.2  # single precision decides otherwise


MODES = ("ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN", "half_even")


def of_qonnx(proto, x):
    """What the program of the package qonnx makes of samples."""
    pytest.importorskip("toposort")
    execution = pytest.importorskip("qonnx.core.onnx_exec")
    wrapper = pytest.importorskip("qonnx.core.modelwrapper").ModelWrapper(proto)
    wrapper = wrapper.transform(pytest.importorskip("qonnx.transformation.infer_shapes").InferShapes())
    return np.concatenate([execution.execute_onnx(wrapper, {"x": row[None].astype(np.float32)})["y"] for row in x])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("mode", range(len(MODES)))
def test_qonnx(mode, version):
    tensors = {
        "s": np.float32(0.125), "z": np.float32(mode % 3), "b": np.float32(4), "w": random(5, 3, seed=mode),
        "t": np.float32(0.25), "o": np.float32(0), "c": np.float32(3), "u": np.float32(0.5),
    }  # fmt: skip
    own = {"domain": models.QONNX}
    options = {"signed": mode % 2, "narrow": mode // 2 % 2}
    cut = {"rounding_mode": MODES[(mode + 1) % 7], **({} if version == 1 else options)}
    nodes = [
        node("Quant", "x s z b", "q", **own, **options, rounding_mode=MODES[mode]),
        node("Quant", "w t o c", "v", **own, signed=1, narrow=1),
        node("MatMul", "q v", "a"),
        node("Quant", "a t o b", "r", **own, signed=1, narrow=0, rounding_mode=MODES[(mode + 3) % 7]),
        node("Trunc", "r t o b c" if version == 1 else "r t o b u c", "n", **own, **cut),
        node("BipolarQuant", "n u", "p", **own),
        node("Add", "n p"),
    ]
    proto = models.model(nodes, (5,), tensors, qonnx=version, batch=1)
    x = np.random.default_rng(mode).integers(-40, 40, (30, 5)) / 16
    network = from_onnx(proto, x)
    np.testing.assert_array_equal(network.float_forward(x), of_qonnx(proto, x))


def test_qonnx_of_one_bit_and_of_channels():
    tensors = {"s": np.array([[0.5, 0.25, 1.0]], np.float32), "z": np.float32(0), "b": np.float32(1)}
    own = {"domain": models.QONNX, "signed": 1, "narrow": 0}
    nodes = [node("Quant", "x s z b", **own, rounding_mode="ROUND")]
    x = np.random.default_rng(0).normal(size=(9, 3))
    proto = models.model(nodes, (3,), tensors, qonnx=1, batch=1)
    np.testing.assert_array_equal(from_onnx(proto, x).float_forward(x), np.where(x >= 0, 1, -1) * tensors["s"])
    tensors["b"] = np.float32(3)
    proto = models.model(nodes, (3,), tensors, qonnx=1, batch=1)
    want = np.clip(np.rint(x / tensors["s"]), -4, 3) * tensors["s"]
    np.testing.assert_allclose(from_onnx(proto, x).float_forward(x), want, rtol=1e-12)


def test_qonnx_operators_that_are_none():
    nodes = [node("Quant", "x s z b", "q", domain=models.QONNX, rounding_mode="SIDEWAYS"),
             node("MultiThreshold", "q s", domain=models.QONNX)]  # fmt: skip
    tensors = {"s": np.float32(0.5), "z": np.float32(0), "b": np.float32(3)}
    with pytest.raises(
        ValueError, match=r"Quant in node 0 \(a rounding_mode of half_even, .*; MultiThreshold in node 1"
    ):
        from_onnx(models.model(nodes, (4,), tensors, qonnx=1))
