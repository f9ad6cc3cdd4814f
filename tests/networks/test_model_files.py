"""Files of networks: the digest in the header, files of earlier formats, and headers that must not be believed."""

import json
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sc_neurocore import Conv2D, Dendrite, Dense, Inhibition, Network, load_network

FILE = Path(__file__).parent / "files" / "format3.safetensors"
OLD = Path(__file__).parents[1] / "golden" / "recorded" / "files"
DIGEST = "ac6aaf61251a9b6e518994b4a44f4493e9b1c037aa774adb6a72e30f0c5911b3"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def header_of(path):
    with safe_open(path, "numpy") as opened:
        return json.loads(opened.metadata()["sc_neurocore"])


def write(path, header, arrays=None):
    """A file with this description, an object or a text."""
    text = header if isinstance(header, str) else json.dumps(header)
    save_file(arrays or {}, path, {"sc_neurocore": text})


def raw_safetensors(tensors, data=b""):
    header = json.dumps(tensors).encode()
    return struct.pack("<Q", len(header)) + header + data


def test_the_format_is_pinned(path):
    """A file that this version wrote; what it computes; and that it is still written in the same bytes."""
    network = Network.load(FILE)
    assert network.digest() == header_of(FILE)["digest"] == DIGEST
    assert network.float_forward(np.arange(8.0) / 8).round(4).tolist() == [-0.0476, 3.0177]
    network.save(path)
    assert header_of(path) == header_of(FILE)
    assert sorted(load_file(path)) == ["layers.0.bias", "layers.0.weights", "layers.2.bias", "layers.2.weights"]


@pytest.mark.parametrize("start", range(4))
def test_every_flipped_bit_is_refused(path, start):
    """Every bit of the file has a meaning. Of 6,000 flips in a file without a digest 5,798 loaded as other numbers."""
    whole = FILE.read_bytes()
    for bit in range(start, 8 * len(whole), 4):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"net\.safetensors must "):
            load_network(path)


def test_without_a_digest_flipped_bits_load_as_other_networks(path):
    """The twin: the same drill on a file of format 1, most of whose bits are weights."""
    whole, before, others = (OLD / "format1.safetensors").read_bytes(), Network.load(OLD / "format1.safetensors"), 0
    for bit in range(8 * len(whole) - 512, 8 * len(whole), 7):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        try:
            others += Network.load(path).digest() != before.digest()
        except ValueError:
            continue
    assert others > 40


@pytest.mark.parametrize("name", ["format1", "format2", "predictive", "spiking", "tree", "evaluated"])
def test_older_formats_are_read_and_renewed(name, path):
    old = Network.load(OLD / f"{name}.safetensors")
    assert header_of(OLD / f"{name}.safetensors")["format"] in (1, 2)
    old.save(path)
    assert header_of(path)["format"] == 3
    assert header_of(path)["digest"] == old.digest() == Network.load(path).digest()


def test_arrays_of_another_shape_with_the_same_digest(path):
    """A kernel 4 x 1 and one 1 x 4 have the same numbers, and both fit: the header has the shapes too."""
    kernels = np.arange(4.0).reshape(1, 1, 4, 1)
    last = Dense(np.ones((1, 4)), np.zeros(1), "identity")
    Network((Conv2D(kernels, np.zeros(1), "relu"), last), input_shape=(1, 4, 4)).save(path)
    arrays = load_file(path)
    arrays["layers.0.weights"] = arrays["layers.0.weights"].reshape(1, 1, 1, 4)
    with safe_open(path, "numpy") as opened:
        metadata = opened.metadata()
    save_file(arrays, path, metadata)
    with pytest.raises(
        ValueError, match=r"its arrays must have the shapes .*weights': \[1, 1, 4, 1\].* they have .*\[1, 1, 1, 4\]"
    ):
        Network.load(path)


def test_the_digest_is_compared(path):
    arrays, header = load_file(FILE), header_of(FILE)
    write(path, {**header, "digest": header["digest"].upper()}, arrays)
    with pytest.raises(ValueError, match=f"its digest must be {DIGEST.upper()}, it is {DIGEST}: the file is damaged"):
        Network.load(path)
    for changed in (
        {**header, "format": 2},
        {name: value for name, value in header.items() if name != "digest"},
        {**header, "more": 1},
    ):
        write(path, changed, arrays)
        with pytest.raises(ValueError, match="fields of the header must be classes, "):
            Network.load(path)


def test_a_file_whose_description_is_lost_is_no_file_of_plain_arrays(path):
    dense = Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]]], activation="tanh", output_activation="tanh")
    dense.save(path)
    path.write_bytes(path.read_bytes().replace(b'"sc_neurocore"', b'"sb_neurocore"'))
    with pytest.raises(ValueError, match=r"arrays must be weights_0, bias_0, weights_1, .* got layers\.0"):
        Network.load(path)


DENSE = {"type": "Dense", "activation": "relu", "ceiling": 1.0}
ARRAYS = {"weights_0": np.eye(2), "bias_0": np.zeros(2)}
HEADER = {
    "format": 1, "layers": [DENSE], "input_shape": [2], "input_range": [0.0, 1.0], "kind": "classifier",
    "classes": None,
}  # fmt: skip
BIG = "1" + "0" * 400
BAD = {
    "brackets": ("[" * 100_000 + "]" * 100_000, "JSON must not be nested as deeply"),
    "list": ("[1]", "JSON must hold an object, got list"),
    "layers of numbers": ({**HEADER, "layers": [1]}, "layer 0 must be an object, got 1"),
    "layers of lists": ({**HEADER, "layers": [[1]]}, r"layer 0 must be an object, got \[1\]"),
    "no layers": ({**HEADER, "layers": {}}, "layers must be a list, got {}"),
    "type": ({**HEADER, "layers": [{**DENSE, "type": ["Dense"]}]}, "type of layer 0 must be one of Dense, Conv2D"),
    "no type": ({**HEADER, "layers": [{}]}, "type of layer 0 must be one of Dense, .*, got None"),
    "field": ({**HEADER, "layers": [{**DENSE, "size": 1}]}, "unexpected keyword argument 'size'"),
    "array as field": ({**HEADER, "layers": [{**DENSE, "weights": [[1]]}]}, "multiple values"),
    "format": ({**HEADER, "format": "1"}, "format must be an integer of at least 1, got '1'"),
    "classes": ({**HEADER, "classes": "ab"}, "classes must be a list, got 'ab'"),
    "range": ({**HEADER, "input_range": "01"}, "input_range must be a list, got '01'"),
    "short range": ({**HEADER, "input_range": [1]}, "not enough values to unpack"),
    "big ceiling": (
        json.dumps(HEADER).replace('"ceiling": 1.0', f'"ceiling": {BIG}'),
        "ceiling must|too large",
    ),
    "big range": (json.dumps(HEADER).replace("0.0, 1.0", f"0, {BIG}"), "input_range must|too large"),
    "big shape": (json.dumps(HEADER).replace("[2]", f"[1, 1, {BIG}]"), "layers must"),
    "big format": (
        json.dumps(HEADER).replace('"format": 1', f'"format": {BIG}'),
        "this version reads formats up to 5, the file has",
    ),
    "missing": ({**HEADER, "layers": [DENSE, DENSE]}, "arrays must be bias_1, weights_1, got none"),
    "not used": ({**HEADER, "layers": [{"type": "KWinners", "k": 1}]}, "arrays must be none, got bias_0, weights_0"),
}


@pytest.mark.parametrize("name", BAD)
def test_descriptions_that_are_none(path, name):
    header, message = BAD[name]
    write(path, header, ARRAYS)
    with pytest.raises(ValueError, match=message) as caught:
        load_network(path)
    assert str(caught.value).startswith(f"{path} must hold a network, it does not: ")
    assert len(str(caught.value)) < len(str(path)) + 400


@pytest.mark.parametrize("kind", ["BF16", "F8_E4M3", "F8_E5M2"])
def test_types_that_numpy_has_not(path, kind):
    size = 2 if kind == "BF16" else 1
    tensor = {"dtype": kind, "shape": [1, 1], "data_offsets": [0, size]}
    path.write_bytes(raw_safetensors({"weights_0": tensor}, bytes(size)))
    with pytest.raises(
        ValueError, match=f"must be a safetensors file, .* of one of the types BOOL, F16, .*, got {kind}"
    ):
        load_network(path)


@pytest.mark.parametrize("shape", [[2**60, 0], [0, 2**60], [3], [1, 1, 1]])
def test_weights_that_are_none(path, shape):
    size = 8 * int(np.prod(shape))
    tensor = {"dtype": "F64", "shape": shape, "data_offsets": [0, size]}
    path.write_bytes(raw_safetensors({"weights_0": tensor}, bytes(size)))
    with pytest.raises(ValueError, match=r"net\.safetensors must"):
        load_network(path)


def test_weights_that_would_overflow(path):
    save_file({"weights_0": np.full((2, 2), 1e300)}, path)
    with pytest.raises(ValueError, match=r"weights must lie in \[-1e\+100, 1e\+100\], got 1e\+300"):
        load_network(path)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Dendrite(2, branch_length=10**7), "branch_length must be an integer in 1..50000, got 10000000"),
        (lambda: Dendrite(10**9), "n_branches must be an integer in 1..100000, got 1000000000"),
        (lambda: Inhibition(radius=10**9), "radius must be an integer in 1..65536, got 1000000000"),
        (
            lambda: Network((Inhibition(), Dense(np.eye(2), np.zeros(2), "relu")), input_shape=(1, 10**6, 10**6)),
            "layers must fit each other",
        ),
    ],
)
def test_specifications_that_would_take_memory(build, message):
    with pytest.raises(ValueError, match=message):
        build()


LOAD = """
import json, resource, sys
from sc_neurocore import load_network
load_network(sys.argv[1])
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 64 * 2**20, used + 64 * 2**20))
for path in sys.argv[2:]:
    try:
        load_network(path)
        print("loaded", path)
    except ValueError as error:
        print("refused", path in str(error))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_small_files_take_little_memory(tmp_path):
    """Some hundred bytes, in a process that may take 64 MiB: a dendrite of 10 ** 7 compartments took 1.9 GiB."""
    tree = header_of(OLD / "tree.safetensors")
    with safe_open(OLD / "tree.safetensors", "numpy") as opened:
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    paths = []
    for number, (place, values) in enumerate(
        [
            (tree["layers"][0], {"branch_length": 10**7}),
            (tree["layers"][0], {"n_branches": 10**9, "reversal": None}),
            (tree, {"input_shape": [1, 10**6, 10**6]}),
            (tree, {"layers": [{"type": "Inhibition", "strength": 1.0, "radius": 10**9, "boundary": "zero"}]}),
            (tree, {"layers": [{"type": "KWinners", "k": 10**12}], "input_shape": [10**12]}),
        ]
    ):
        before = dict(place)
        place.update(values)
        paths.append(tmp_path / f"{number}.safetensors")
        write(paths[-1], tree, arrays)
        place.update(before)
    for shape in ([2**60, 0], [0, 2**60]):
        paths.append(tmp_path / f"{shape[0]}.safetensors")
        paths[-1].write_bytes(raw_safetensors({"weights_0": {"dtype": "F64", "shape": shape, "data_offsets": [0, 0]}}))
    assert max(path.stat().st_size for path in paths) < 800
    words = [sys.executable, "-c", LOAD, OLD / "tree.safetensors", *paths]
    result = subprocess.run(words, capture_output=True, text=True, check=True)
    assert result.stdout.split("\n") == ["refused True"] * len(paths) + [""]
