"""Files of calibrated networks, format 4: there and back, damage, and headers that must not be believed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from calibrated_networks import LENGTH, X, calibrated, dense, permutation
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sc_neurocore import Dense, Network, Pool2D, load_network
from sc_neurocore.encoders import Bank, Searched
from sc_neurocore.gates.faults import Faults
from sc_neurocore.layers.options import CircuitOptions
from sc_neurocore.networks import Calibration, StepGain
from sc_neurocore.networks.circuit import layer_contexts
from sc_neurocore.synapses import MemristorModel

FILE = Path(__file__).parent / "files" / "format4.safetensors"
DIGEST = "f9f61f7a771db804cf46fe971ec6e1a00de29227fa954175a3f02fc90a2efdfa"
MODEL = MemristorModel.preset("pcm")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def header_of(path):
    with safe_open(path, "numpy") as opened:
        return json.loads(opened.metadata()["sc_neurocore"])


def write(path, header, arrays):
    save_file(arrays, path, {"sc_neurocore": json.dumps(header)})


def test_the_format_is_pinned(path):
    """A file that this version wrote; what it computes; and that it is still written in the same bytes."""
    network = load_network(FILE)
    assert network.digest() == header_of(FILE)["digest"] == DIGEST
    assert header_of(FILE)["format"] == 4
    assert network.circuit().forward(X[0]).round(4).tolist() == [1.9088, 0.1839, -0.6044]
    network.save(path)
    assert path.read_bytes() == FILE.read_bytes()
    assert sorted(load_file(path)) == [
        *(f"calibration.{k}.{name}" for k, names in ((0, ("gains", "offsets", "orders", "permutation", "ranges",
        "weights")), (1, ("gains", "offsets", "ranges", "weights"))) for name in names),
        *(f"layers.{k}.{name}" for k in (0, 1) for name in ("bias", "weights")),
    ]  # fmt: skip


GENERATORS = {
    "name": "sobol",
    "searched": Searched(permutation()),
    "with orders": Searched(permutation(), permutation(2)),
    "orders in columns": Searched(permutation(), np.asfortranarray(permutation(2))),
    "bank": Bank("lfsr", LENGTH),
}


@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("products", ["streams", "exact"])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_there_and_back(path, generator, products, activation):
    given = calibrated(dense(activation), (GENERATORS[generator], "searched"))
    network = replace(given, calibration=replace(given.calibration, products=products))
    network.save(path)
    again = Network.load(path)
    assert again.digest() == network.digest()
    assert again.calibration.gains == (StepGain(0, "ranges", "rows", 0.5, 0.25),)
    assert again.calibration.options == network.calibration.options
    assert again.calibration.layers[0].generator == GENERATORS[generator]
    assert again.calibration.products == products
    if products == "streams":
        np.testing.assert_array_equal(again.circuit().forward(X), network.circuit().forward(X))
        assert again.describe() == network.describe()
    again.ideal.save(path)
    assert header_of(path)["format"] == 3


@pytest.mark.parametrize(
    "options",
    [
        {"length": (4, LENGTH)},
        {"encoding": "bipolar", "accumulate": "mux", "share": "shift", "generator": "sobol", "bits": 3},
        {"generator": "bernoulli", "weight_streams": "stored"},
        {"faults": Faults(input_flips=0.125, dead_generator="weights")},
        {"device": MODEL},
    ],
)
def test_options_there_and_back(path, options):
    names = ("bernoulli",) * 2 if "weight_streams" in options else ("searched",) * 2
    network = calibrated(generators=names, **options)
    network.save(path)
    again = load_network(path)
    assert again.calibration.options == network.calibration.options
    assert again.digest() == network.digest()
    np.testing.assert_array_equal(again.circuit().forward(X), network.circuit().forward(X))


def test_streams_of_a_constant_there_and_back(path):
    """A mapping with a bias, as the plain one has, and layers without weights are in other tests of files."""
    network = calibrated()
    first, last = network.calibration.layers
    biased = replace(first, bias=np.linspace(-1, 1, 5), offsets=np.zeros(()))
    network = replace(network, calibration=replace(network.calibration, layers=(biased, last)))
    network.save(path)
    again = load_network(path)
    assert "calibration.0.bias" in load_file(path)
    np.testing.assert_array_equal(again.calibration.layers[0].bias, biased.bias)
    np.testing.assert_array_equal(again.circuit().forward(X), network.circuit().forward(X))


@pytest.mark.parametrize("start", range(4))
def test_flipped_bits_are_refused(path, start):
    """Every bit of the file has a meaning; a fifth of them are flipped here, one at a time."""
    whole = FILE.read_bytes()
    for bit in range(5 * start, 8 * len(whole), 20):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=r"net\.safetensors must "):
            load_network(path)


def test_a_calibration_is_guarded_by_the_digest(path):
    """The twin of the above: numbers of the calibration that are other ones, in a file that is whole."""
    arrays, header = load_file(FILE), header_of(FILE)
    for name in (name for name in arrays if name.startswith("calibration.")):
        array = arrays[name]
        other = np.roll(array, 1, -1) if array.dtype.kind == "u" else array / 2 + 0.25
        write(path, header, {**arrays, name: np.asarray(other, array.dtype)})
        with pytest.raises(ValueError, match=f"its digest must be {DIGEST}"):
            load_network(path)
    for changes in ({"gains": []}, {"gains": [[0, "ranges", "rows", 0.5, 0.75]]}):
        write(path, {**header, "calibration": {**header["calibration"], **changes}}, arrays)
        with pytest.raises(ValueError, match=f"its digest must be {DIGEST}"):
            load_network(path)


def changed(header, **changes):
    return {**header, "calibration": {**header["calibration"], **changes}}


def with_options(header, **changes):
    return changed(header, options={**header["calibration"]["options"], **changes})


def with_generator(header, written):
    return changed(header, layers=[{"generator": written}, *header["calibration"]["layers"][1:]])


BAD = {
    "none": (lambda h: {**h, "calibration": None}, "calibration must be an object, got None"),
    "field": (lambda h: changed(h, more=1), "fields of a calibration must be gains, layers, opt.*more"),
    "options": (lambda h: changed(h, options=[]), r"options must be an object, got \[\]"),
    "option": (lambda h: with_options(h, seed=1), "options of a calibration must be .*, got .*seed"),
    "longest": (lambda h: with_options(h, length=10**9), r"must be an integer in 1\.\.65536, got 1000000000"),
    "long list": (lambda h: with_options(h, length=[8, 10**400]), r"must be an integer in 1\.\.65536, got an integer"),
    "text": (lambda h: with_options(h, length="8"), r"must be an integer in 1\.\.65536, got '8'"),
    "faults": (lambda h: with_options(h, faults="[1]"), "JSON must hold an object, got list"),
    "device": (lambda h: with_options(h, device='{"size": 1}'), "unexpected keyword argument 'size'"),
    "layers": (lambda h: changed(h, layers=5), "layers must be a list, got 5"),
    "layer": (lambda h: changed(h, layers=[1, 1]), "layer 0 must be an object, got 1"),
    "fewer": (lambda h: changed(h, layers=h["calibration"]["layers"][:1]), "arrays must be calibration.0.gains"),
    "more": (lambda h: changed(h, layers=[*h["calibration"]["layers"], {"generator": "sobol"}]), "ranges must "),
    "no permutation": (lambda h: with_generator(h, "sobol"), "arrays must be calibration.0.gains"),
    "bank": (lambda h: with_generator(h, {"bank": "sobol"}), "generator must be a name, a bank with its pair, or se"),
    "gains": (lambda h: changed(h, gains=5), "gains must be a list, got 5"),
    "gain": (lambda h: changed(h, gains=[[1]]), r"gains\[0\] must have layer, step, chosen, before, after"),
    "plain": (lambda h: {key: h[key] for key in h if key != "calibration"}, "fields of the header must be"),
    "format 3": (lambda h: {**h, "format": 3}, "fields of the header must be"),
    "format 5": (lambda h: {**h, "format": 5}, "fields of the header must be .*, sources, "),
    "format 6": (lambda h: {**h, "format": 6}, "this version reads formats up to 5, the file has a newer one, 6"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_descriptions_that_are_none(path, name):
    make, message = BAD[name]
    write(path, make(header_of(FILE)), load_file(FILE))
    with pytest.raises(ValueError, match=message) as caught:
        load_network(path)
    assert str(caught.value).startswith(f"{path} must hold a network, it does not: ")
    assert len(str(caught.value)) < len(str(path)) + 400


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("calibration.0.gains", None, "gains must "),
        ("calibration.0.permutation", None, "generator must be a name, a bank with its pair, or se"),
        ("calibration.0.permutation", np.arange(8.0), "permutation must be integers"),
        ("calibration.0.permutation", np.arange(4), "permutation|order must have"),
        ("calibration.0.weights", np.zeros((2, 2)), r"weights of a mapping must have shape \(5, 4\), got"),
        ("calibration.2.gains", np.zeros(()), "arrays must be calibration.0.gains"),
        ("calibration.0.more", np.zeros(()), "arrays must be calibration.0.gains"),
    ],
)  # fmt: skip
def test_arrays_that_are_none(path, name, array, message):
    arrays = load_file(FILE)
    del_or_set = {key: value for key, value in {**arrays, name: array}.items() if value is not None}
    write(path, header_of(FILE), del_or_set)
    with pytest.raises(ValueError, match=message):
        load_network(path)


def test_a_network_with_layers_without_weights(path):
    last = Dense(np.arange(8.0).reshape(2, 4) / 8 - 0.5, np.zeros(2), "identity")
    plain, options = Network((Pool2D("max", 2), last), input_shape=(1, 4, 4)), CircuitOptions(16)
    mappings = tuple(spec.mapping(shape, context) for spec, shape, context in layer_contexts(plain, options))
    network = replace(plain, calibration=Calibration(options, mappings))
    network.save(path)
    x = np.random.default_rng(0).random((3, 16))
    np.testing.assert_array_equal(load_network(path).circuit().forward(x), plain.circuit(16).forward(x))
