"""Files of graphs: the format is pinned, and a description that lies is refused in one line."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from sc_neurocore import Network, load_network
from tests.networks.test_graph import NETWORKS, gated

FILE = Path(__file__).parent / "files" / "format5.safetensors"
DIGEST = "10d55ac7cdecbc5544899857ec3a74ec6a4382abbab4f86f60afa8db61347372"
OUTPUTS = [-1.4838, 0.8399]


def header_of(path):
    with safe_open(path, "numpy") as opened:
        return json.loads(opened.metadata()["sc_neurocore"])


def test_the_format_is_pinned(tmp_path):
    """A file that this version wrote; what it computes; and that it is still written in the same bytes."""
    network = Network.load(FILE)
    assert network.digest() == header_of(FILE)["digest"] == DIGEST
    assert network.float_forward(np.array([5.0, -0.5, 0.25, 1.5])).round(4).tolist() == OUTPUTS
    network.save(tmp_path / "net.safetensors")
    assert (tmp_path / "net.safetensors").read_bytes() == FILE.read_bytes()
    assert network.names == gated().names


def with_layer(header, place, **fields):
    layers = [dict(each) for each in header["layers"]]
    layers[place] |= fields
    return {**header, "layers": layers}


BAD = {
    "cycle": (lambda h: {**h, "sources": [[0], *h["sources"][1:]]}, r"sources of layer 'scaled' must be an"),
    "later layer": (lambda h: {**h, "sources": [*h["sources"][:2], [7], *h["sources"][3:]]}, r"in -1\.\.1, got 7"),
    "huge place": (lambda h: {**h, "sources": [[10**40], *h["sources"][1:]]}, r"in -1\.\.-1, got 10000"),
    "no list": (lambda h: {**h, "sources": 3}, "sources must be a sequence, got 3"),
    "text": (lambda h: {**h, "sources": "abc"}, "sources must be a sequence, got 'abc'"),
    "texts": (lambda h: {**h, "sources": ["a"] * 8}, "sources of layer 'scaled' must be a sequence, got 'a'"),
    "a chain": (lambda h: {**h, "sources": None}, "layers must fit each other: layer 'right'"),
    "few": (lambda h: {**h, "sources": h["sources"][:3]}, "sources must have 8 entries, one a layer, got 3"),
    "unused": (lambda h: {**h, "sources": [*h["sources"][:-1], [0]]}, "layers must all be used but the last"),
    "a name twice": (lambda h: {**h, "names": ["a"] * 8}, "names must be different texts"),
    "a number as name": (lambda h: {**h, "names": [*h["names"][:-1], 7]}, "names must be different texts .* got 7"),
    "another name": (lambda h: {**h, "names": [*h["names"][:-1], "x"]}, "its digest must be"),
    "no names": (lambda h: {key: value for key, value in h.items() if key != "names"}, "fields of the header must be"),
    "function": (lambda h: with_layer(h, 3, function="exec"), "function must be one of"),
    "no function": (lambda h: with_layer(h, 3, function=None), "function must be one of .*, got None"),
    "terms": (lambda h: with_layer(h, 4, terms=10**9), "layer 'product': it takes 1000000000 sources"),
    "places": (lambda h: with_layer(h, 1, places=[10**12]), "layer 'left': it takes more than 1000000000000"),
    "range": (lambda h: {**h, "input_range": [[0, 1], [1, 2]]}, r"two arrays of shape \(4,\), got shapes \(2,\)"),
    "range of text": (lambda h: {**h, "input_range": [["a"] * 4, [1] * 4]}, "input_range must be an array of real"),
    "deep range": (lambda h: {**h, "input_range": [[[0]] * 4, [1] * 4]}, "input_range must have two numbers"),
    "doubled": (
        lambda h: {
            **h, "names": None, "layers": [{"type": "Concat"}] * 40,
            "sources": [[-1, -1], *([k, k] for k in range(39))],
        },
        "layer 26: it must have at most 268435456 inputs and outputs, got 536870912",
    ),
    "calibration": (lambda h: {**h, "calibration": {}}, "fields of a calibration must be"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_descriptions_that_lie(name, tmp_path):
    change, message = BAD[name]
    header, arrays = change(header_of(FILE)), load_file(FILE)
    arrays = {} if name == "doubled" else arrays
    save_file(arrays, tmp_path / "net.safetensors", {"sc_neurocore": json.dumps(header)})
    with pytest.raises(ValueError, match=message) as caught:
        load_network(tmp_path / "net.safetensors")
    assert str(caught.value).startswith(f"{tmp_path / 'net.safetensors'} must hold a network, it does not: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_field_is_in_the_digest(name, tmp_path):
    """A change of any entry of the description, or of an array, is another network or none at all."""
    NETWORKS[name]().save(tmp_path / "net.safetensors")
    header, arrays = header_of(tmp_path / "net.safetensors"), load_file(tmp_path / "net.safetensors")
    for place, layer in enumerate(header["layers"]):
        for field, value in layer.items():
            if isinstance(value, bool | int | float):
                changed = with_layer(header, place, **{field: not value if isinstance(value, bool) else value + 1})
                save_file(arrays, tmp_path / "changed.safetensors", {"sc_neurocore": json.dumps(changed)})
                with pytest.raises(ValueError, match="must hold a network, it does not"):
                    Network.load(tmp_path / "changed.safetensors")
    for array in arrays:
        changed = {**arrays, array: arrays[array] * 1.5 + 0.25}
        save_file(changed, tmp_path / "changed.safetensors", {"sc_neurocore": json.dumps(header)})
        with pytest.raises(ValueError, match="must hold a network, it does not"):
            Network.load(tmp_path / "changed.safetensors")
