"""Networks drawn: every layer and number is there, in SVG, in notebooks, and as Matplotlib draws it."""

import math
import re
import subprocess
import sys
import time
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from drawn_graphs import HARD, graphs, hard_names, network_of
from hypothesis import given, settings
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from test_graph_layout import curve

from sc_neurocore import Add, Conv2D, Dense, GlobalPool, Network, Pool2D, Reshape
from sc_neurocore.networks.describe import described
from sc_neurocore.networks.drawing import pictured, svg
from sc_neurocore.networks.drawing.axes import LARGEST, inches
from sc_neurocore.networks.drawing.layout import Box
from sc_neurocore.networks.drawing.scene import BINARY, ENDS, STREAMS
from sc_neurocore.networks.texts import printable, shortened, width

SVG = "{http://www.w3.org/2000/svg}"


def residual():
    rng = np.random.default_rng(0)
    one, two = (Conv2D(rng.normal(size=(2, n, 3, 3)) / 9, np.zeros(2), "relu", padding=1) for n in (1, 2))
    layers = {"stem": one, "conv": two, "sum": (Add(2), "conv", "stem"), "pool": GlobalPool("average")}
    return Network.from_layers({**layers, "head": Dense(np.eye(2), np.zeros(2), "identity")}, input_shape=(1, 4, 4))


def chain():
    return Network.from_arrays([np.ones((3, 4)), np.ones((2, 3))], kind="regressor")


def parsed(html):
    return ElementTree.fromstring(html.replace("<br>", "<br/>"))


def cards(root):
    """The lines of text in each box of an SVG element."""
    boxes = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}rect") is not None]
    return [[text.text for text in group.findall(f"{SVG}text")] for group in boxes]


def place(text):
    wide = width(text.text, text.size, text.bold)
    left = text.left - wide / 2 if text.centred else text.left
    return Box(left, text.baseline - 0.8 * text.size, wide, text.size)


def apart(one, other):
    beside = one.right <= other.left or other.right <= one.left
    return beside or one.bottom <= other.top or other.bottom <= one.top


# ---------------------------------------------------------------- what is drawn


def test_boxes_tell_what_the_table_tells():
    network = residual()
    rows = {line.split()[0]: line.split() for line in network.describe(100, generator="sobol").splitlines()}
    scene = pictured(network, network.circuit(100, "sobol").options)
    found = {card.texts[0].text: [text.text for text in card.texts[1:]] for card in scene.cards}
    assert list(found) == ["input", *network.names, "output"]
    assert found["input"] == ["1x4x4, from 0 to 1"]
    assert found["output"] == ["2, classifier"]
    for name in ("stem", "conv", "head"):
        kind, activation = rows[name][1], rows[name][-6]
        outputs, encoded = rows[name][5], rows[name][6]
        streams, gates, cycles, kib = rows[name][-4:]
        assert found[name] == [
            f"{kind} · {activation}",
            f"{outputs}, inputs {encoded}",
            f"{streams} streams, {gates} gates",
            f"{cycles} cycles, {kib} KiB",
        ]
    assert found["pool"] == ["GlobalPool", "2"]
    streams, gates, cycles, kib = rows["all"][1:]
    longest = rows["longest"][2]
    total = f"all: {streams} streams, {gates} gates, {cycles} cycles ({longest} on the longest way), {kib} KiB"
    assert [text.text for text in scene.texts][:3] == ["streams, gates, counters", "binary: no streams", total]
    assert {card.texts[0].text: card.colour for card in scene.cards} == {
        "input": ENDS, "stem": STREAMS, "conv": STREAMS, "sum": BINARY, "pool": BINARY, "head": STREAMS, "output": ENDS,
    }  # fmt: skip
    assert len({STREAMS, BINARY, ENDS}) == 3
    assert [text.text for text in scene.texts][3:] == ["1x4x4", "2x4x4", "2x4x4", "2x4x4", "2", "2"]
    titles = {line.title for line in scene.lines}
    assert {"input to stem: 1x4x4", "stem to sum: 2x4x4", "head to output: 2"} <= titles
    assert len(scene.lines) == len(titles) == 7


def test_without_a_circuit_no_cost_is_told():
    for network in (residual(), chain()):
        text = svg(pictured(network, None))
        assert not re.search("cycles|KiB|all:", text)
    assert "binary" not in svg(pictured(chain(), None))  # the legend has what is there
    assert [line[0] for line in cards(ElementTree.fromstring(svg(pictured(chain(), None))))] == [
        "input",
        "0",
        "1",
        "output",
    ]
    assert "longest way" not in svg(pictured(chain(), chain().circuit(8).options))


def test_a_calibrated_network_is_drawn_as_its_circuit():
    network = chain().calibrate(np.random.default_rng(0).random((40, 4)), length=4)
    scene = pictured(network, None)
    assert "streams" in scene.cards[1].texts[3].text
    streams, gates = network.describe().splitlines()[1].split()[-4:-2]
    assert scene.cards[1].texts[3].text == f"{streams} streams, {gates} gates"
    assert f"{streams} streams, {gates} gates" in network._repr_html_()
    with pytest.raises(ValueError, match="length must be 4, for which the network is calibrated, got 8"):
        network.plot(length=8)


@given(graphs(10))
@settings(max_examples=60, deadline=None)
def test_no_text_is_on_another_text_a_line_or_a_box(sources):
    scene = pictured(network_of(sources), None)
    for card in scene.cards:
        for text in card.texts:
            at = place(text)
            assert card.box.left <= at.left < at.right <= card.box.right
            assert card.box.top <= at.top < at.bottom <= card.box.bottom
        for one, other in combinations(map(place, card.texts), 2):
            assert apart(one, other)
    outside = [place(text) for text in scene.texts]
    boxes = [card.box for card in scene.cards] + [box for box, _ in scene.marks]
    assert all(apart(one, other) for one, other in combinations([*outside, *boxes], 2))
    for line in scene.lines:
        x, y = curve(line.points).T
        for box in outside:
            inside = (x > box.left - 2) & (x < box.right) & (y > box.top) & (y < box.bottom)
            assert not inside.any()
    for box in [*outside, *boxes]:
        assert 0 < box.left < box.right < scene.width
        assert 0 < box.top < box.bottom < scene.height


def test_labels_stand_beside_their_box_alone():
    """Where another line passes the box, on its right."""
    layers = {"a": Reshape((160, 100, 100)), "b": Reshape((200, 80, 100)), "c": (GlobalPool("average"), "b")}
    scene = pictured(Network.from_layers(layers, input_shape=(200, 100, 80)), None)
    boxes = [card.box for card in scene.cards[:-1]]
    labels = [place(text) for text in scene.texts if "x" in text.text]
    assert len(labels) == 3
    for box, label in zip(boxes, labels, strict=False):
        assert box.middle < label.left < label.right <= box.right


def test_text_is_as_wide_as_reckoned_at_most():
    """Beside DejaVu Sans as Matplotlib measures it."""
    figure = Figure()
    renderer = FigureCanvasAgg(figure).get_renderer()
    texts = [*map(chr, range(33, 127)), "·", "→", "×", "…", "é", "Ω", "encoder.layers.0.self_attn", "MMMM", "KRABVX"]
    texts += ["16x8x8, inputs 0..0.857", "Elementwise · logistic", "1698132 gates, 241.6 KiB"]
    for bold in (False, True):
        for text in texts:
            drawn = figure.text(0, 0, text * 20, size=72, weight="bold" if bold else "normal", parse_math=False)
            found = drawn.get_window_extent(renderer).width / 20 / figure.dpi * 72
            reckoned = width(text, 72, bold)
            assert found <= 1.001 * reckoned, text
            assert len(text) < 5 or reckoned < 1.25 * found, text


def test_texts():
    assert printable("a\nb\x00\ud800") == "a\\nb\\x00\\ud800"
    assert printable("ø 层") == "ø 层"
    assert shortened("abcdef", 6) == "abcdef"
    assert shortened("abcdefg", 6) == "abc…fg"
    assert [len(shortened("x" * 99, most)) for most in (5, 6, 30)] == [5, 6, 30]
    assert width("e\u0301", 10) == width("e", 10)


# ---------------------------------------------------------------- SVG and notebooks


@given(graphs(12))
@settings(max_examples=40, deadline=None)
def test_every_box_and_line_is_drawn_once(sources):
    network = network_of(sources)
    root = ElementTree.fromstring(svg(pictured(network, None)))
    called = ["input", *(network.names or map(str, range(len(sources) - 1))), "output"]
    assert [lines[0] for lines in cards(root)] == called
    groups = [group for group in root.iter(f"{SVG}g") if group.find(f"{SVG}path") is not None]
    assert len(groups) == sum(map(len, sources)) + 1
    titles = sorted(group.find(f"{SVG}title").text.split(":")[0] for group in groups)
    pairs = [(source + 1, wire.place + 1) for wire in network.wires for source in wire.sources]
    assert titles == sorted(f"{called[a]} to {called[b]}" for a, b in [*pairs, (len(called) - 2, len(called) - 1)])


@pytest.mark.parametrize("shown", [hard_names(), hard_names().circuit(8), residual(), chain()])
def test_a_notebook_needs_nothing_from_elsewhere(shown):
    html = shown._repr_html_()
    root = parsed(html)  # an error if a name broke out of its element
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"div", "svg", "rect", "g", "title", "path", "text", "table", "thead", "tbody", "tr", "th", "td",
                    "small", "br"}  # fmt: skip
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or "href" in name or name in ("src", "id", "class")}
    assert "url(" not in html
    assert "<script" not in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f]", html)


def test_names_are_shown_whatever_they_are():
    root = parsed(hard_names()._repr_html_())
    assert [lines[0] for lines in cards(root)][1:-2] == [shortened(printable(name), 30) for name in HARD]
    titles = [title.text for title in root.iter(f"{SVG}title")]
    assert any(title.startswith("very.long." * 12) for title in titles)  # in full
    column = [row[0].text for row in root.find(".//tbody")]
    assert column == [*map(printable, HARD), "all", "all"]
    assert printable(HARD[3]) == "tab\\tnew\\nline\\x00\\x1b"


@pytest.mark.parametrize("make", [residual, chain])
def test_the_table_of_a_notebook_is_that_of_describe(make):
    network = make()
    for shown, text in (
        (network, network.describe()),
        (network.circuit(64, "lfsr"), network.describe(64, None, "lfsr")),
    ):
        root = parsed(shown._repr_html_())
        rows = [root.find(".//thead/tr"), *root.find(".//tbody")]
        lines = text.splitlines()
        for row, line in zip(rows, lines, strict=False):
            assert " ".join(cell.text or "" for cell in row).split() == line.split()
        notes = "".join(root.find(".//small").itertext())
        assert notes == "".join(lines[len(rows) :])
    assert ("cycles, " in network.circuit(64)._repr_html_()) > ("cycles, " in network._repr_html_())


def test_notebooks_need_no_matplotlib():
    code = (
        "import sys, sc_neurocore as sc\n"
        "net = sc.Network.from_arrays([[[1.0, -1.0]]], kind='regressor')\n"
        "assert '<svg' in net._repr_html_() and '<svg' in net.circuit(8)._repr_html_()\n"
        "print('matplotlib' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"]


def test_fifty_layers_are_drawn_at_once():
    """Measured: 15 to 30 ms; a busy machine has ten times that."""
    rng = np.random.default_rng(0)
    sources = [(), (0,), *(tuple(map(int, rng.integers(max(0, k - 4), k, 2))) for k in range(2, 51))]
    rest = tuple(k for k in range(51) if not any(k in taken for taken in sources))
    network = network_of([*sources, rest])
    times = []
    for _ in range(3):
        start = time.perf_counter()
        network._repr_html_()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3


# ---------------------------------------------------------------- tables


def test_tables_fold_to_the_width_of_a_terminal():
    network = residual()
    plain = network.describe(64).splitlines()
    assert max(map(len, plain[:8])) > 90
    whole = max(map(len, plain[:8]))
    lines = network.describe(64, width=whole - 2).splitlines()
    assert max(map(len, lines)) <= whole - 2
    assert lines[0].split() == plain[0].split()  # one table
    assert sorted(" ".join(lines).split()) == sorted(" ".join(plain).split())
    for columns in (70, 80, 90):  # two, the second one with the names of those that have costs
        lines = network.describe(64, width=columns).splitlines()
        assert max(map(len, lines)) <= columns
        graph, cost = lines[: lines.index("")], lines[lines.index("") + 1 :]
        assert [line.split()[0] for line in cost[:5]] == ["layer", "stem", "conv", "head", "all"]
        assert graph[0].split() == plain[0].split()[:6]
        assert cost[0].split() == ["layer", *plain[0].split()[6:]]
        assert cost[4].split() == plain[6].split()
        found = " ".join([*graph, *cost[1:]]).split()
        assert sorted([*found, *plain[0].split()[6:]]) == sorted([*" ".join(plain).split(), "stem", "conv", "head"])
    assert network.describe(64, width=200).splitlines()[:8] == plain[:8]
    assert network.circuit(64).describe(80) == network.describe(64, width=80)
    assert network.circuit((8, 16, 8), "lfsr", encoding="bipolar").describe() == network.describe(
        (8, 16, 8), "bipolar", "lfsr"
    )


def test_long_lists_of_sources_are_folded():
    sources = [(), *((0,) for _ in range(30)), tuple(range(1, 31))]
    lines = network_of(sources).describe(8).splitlines()
    assert max(map(len, lines[:-2])) < 130
    start = lines[0].index("from")
    shape = lines[0].index("shape")
    column = " ".join(line[start:shape].strip() for line in lines[31:-4]).strip()
    assert column.split(" + ") == [f"node {k}" for k in range(1, 31)]
    long = described(hard_names(), None).text().splitlines()
    assert sum("very.long." * 12 + " +" in line for line in long) == 1  # names stay whole


@pytest.mark.parametrize(("width", "error"), [(39, "at least 40, got 39"), (0, "got 0"), (50.5, "got 50.5")])
def test_wrong_widths(width, error):
    with pytest.raises((ValueError, TypeError), match=rf"width must be an integer.*{error}"):
        chain().describe(8, width=width)
    with pytest.raises((ValueError, TypeError), match=rf"width must be an integer.*{error}"):
        chain().circuit(8).describe(width)


def test_chains_tell_their_kinds():
    network = Network.from_layers([Pool2D("max", 2), Dense(np.eye(2), np.zeros(2), "relu")], input_shape=(2, 2, 2))
    rows = [line.split() for line in network.describe(8).splitlines()]
    assert rows[0][:5] == ["layer", "kind", "from", "shape", "range"]
    assert rows[1][:3] == ["0", "Pool2D", "input"]
    assert rows[2][:3] == ["1", "Dense", "0"]
    assert chain().describe(8).split()[:3] == ["layer", "shape", "activation"]


# ---------------------------------------------------------------- sizes


def test_a_very_large_network_is_drawn_smaller():
    small, large = (pictured(network_of([(), *((k,) for k in range(n))]), None) for n in (3, 400))
    assert inches(small) == (small.width / 96, small.height / 96)
    assert math.isclose(max(inches(large)), LARGEST)
    assert math.isclose(inches(large)[0] / inches(large)[1], large.width / large.height)
