"""Bits in a notebook: what is drawn is what is there."""

import re
import tracemalloc
from xml.etree import ElementTree

import numpy as np
import pytest

import sc_neurocore as sc
from sc_neurocore.bitstreams import Bitstream, drawing

SVG = "{http://www.w3.org/2000/svg}"
rng = np.random.default_rng(0)


def read_back(stream):
    """Bits and labels of the rows of a drawing, from its SVG."""
    svg = ElementTree.fromstring(stream._repr_html_().replace("<br>", "<br/>")).find(f"{SVG}svg")
    bits, rows = [], zip(svg.findall(f"{SVG}rect"), svg.findall(f"{SVG}path"), strict=True)
    for background, path in rows:
        row = np.zeros(int(background.get("width")) // 4, int)
        for start, end in re.findall(r"M(\d+) \d+H(\d+)v", path.get("d")):
            row[int(start) // 4 : int(end) // 4] = 1
        bits.append(row)
        assert re.findall(r"M\d+ (\d+)", path.get("d")) == [background.get("y")] * path.get("d").count("M")
    return np.array(bits), [text.text for text in svg.findall(f"{SVG}text")]


@pytest.mark.parametrize("shape", [(1,), (64,), (3, 5), (2, 2, 65), (16, 256)])
@pytest.mark.parametrize("encoding", ["unipolar", "bipolar"])
def test_every_bit_is_drawn(shape, encoding):
    bits = rng.integers(0, 2, shape)
    stream = Bitstream.from_bits(bits, encoding)
    found, labels = read_back(stream)
    np.testing.assert_array_equal(found, bits.reshape(-1, shape[-1]))
    assert labels == [f"{value:.4g}" for value in np.ravel(stream.value())]


def test_split_streams_have_two_rows():
    bits = rng.integers(0, 2, (2, 3, 20))
    found, labels = read_back(Bitstream.from_bits(bits, "split"))
    np.testing.assert_array_equal(found, bits.swapaxes(0, 1).reshape(6, 20))
    values = bits.mean(-1)[0] - bits.mean(-1)[1]
    assert labels == [text for value in values for text in (f"{value:.4g}  (+ rail)", "(- rail)")]


def test_labels_have_room():
    """A letter of a monospaced font is about 0.6 of its size wide."""
    for encoding, bits in (("split", rng.integers(0, 2, (2, 3, 20))), ("unipolar", rng.integers(0, 2, (2, 7)))):
        svg = ElementTree.fromstring(Bitstream.from_bits(bits, encoding)._repr_html_().replace("<br>", "<br/>"))[-1]
        for text in svg.findall(f"{SVG}text"):
            end = int(text.get("x")) + 0.61 * int(text.get("font-size")) * len(text.text)
            assert end <= int(svg.get("width"))


@pytest.mark.parametrize("encoding", ["unipolar", "split"])
def test_many_streams_are_drawn_in_part(encoding):
    stream = Bitstream(np.zeros((2, 100_000, 16), np.uint64), 1000, encoding)
    tracemalloc.start()
    try:
        text = stream._repr_html_()
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    streams = 16 if encoding == "unipolar" else 8
    assert f"the first {streams} streams, the first 256 bits" in text
    assert read_back(stream)[0].shape == (drawing.ROWS, drawing.CYCLES)


def test_none():
    assert len(read_back(Bitstream(np.zeros((0, 1), np.uint64), 5))[0]) == 0


LAYERS = [
    lambda: sc.VectorizedSCLayer(2, 2, 16, seed=0),
    lambda: sc.RallDendrite(2),
    lambda: sc.WinnerTakeAll(4, 2),
    lambda: sc.LateralInhibition(4),
]


@pytest.mark.parametrize("made", LAYERS)
def test_layers_say_what_they_are(made):
    layer = made()
    shown = ElementTree.fromstring(layer._repr_html_())
    assert (shown.tag, shown.text) == ("pre", layer.describe())
    assert layer.describe().startswith(repr(layer))
    assert shown.get("style") == "white-space:pre-wrap"  # the line of a generator has 200 characters
