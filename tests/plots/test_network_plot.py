"""Networks drawn with Matplotlib."""

import re
import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon

from sc_neurocore import Add, Dense, Network
from sc_neurocore.networks.drawing import inches, pictured
from sc_neurocore.plots import save_network


def network():
    eye = np.eye(3)
    layers = {"a$x$ <b>": Dense(eye, np.zeros(3), "relu"), "sum": (Add(), "a$x$ <b>", "input")}
    return Network.from_layers({**layers, "head": Dense(eye, np.zeros(3), "identity")}, input_shape=(3,))


@pytest.fixture
def axes():
    """Axes of a new figure of pyplot, which is closed afterwards."""
    pyplot.switch_backend("agg")
    before = pyplot.get_fignums()
    yield lambda *args, **options: network().plot(*args, **options)
    for number in set(pyplot.get_fignums()) - set(before):
        pyplot.close(number)


def written(ax):
    return [text.get_text() for text in ax.texts]


@pytest.mark.parametrize(
    "options", [{}, {"length": 16}, {"length": (16, 8), "generator": "lfsr", "encoding": "bipolar"}]
)
def test_what_is_drawn(axes, options):
    ax = axes(**options)
    scene = pictured(network(), network().circuit(**options).options if options else None)
    assert sorted(written(ax)) == sorted(
        text.text for texts in (scene.texts, *(card.texts for card in scene.cards)) for text in texts
    )
    cycles = [text.split()[0] for text in written(ax) if re.match(r"\d+ cycles", text)]
    assert cycles == {0: [], 1: ["16", "16"], 3: ["16", "8"]}[len(options)]
    kinds = [type(patch) for patch in ax.patches]
    assert (kinds.count(FancyBboxPatch), kinds.count(PathPatch), kinds.count(Polygon)) == (5, 5, 5)
    assert tuple(ax.figure.get_size_inches()) == inches(scene)


def test_text_fits_into_its_box_as_drawn(axes):
    ax = axes(length=64)
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw(renderer)
    boxes = [patch.get_window_extent(renderer) for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    texts = [text.get_window_extent(renderer) for text in ax.texts]
    assert len(boxes) == 5
    inside = [sum(box.x0 < t.x0 and t.x1 < box.x1 and box.y0 < t.y0 and t.y1 < box.y1 for box in boxes) for t in texts]
    assert sum(inside) == 2 + 5 + 3 + 5 + 2
    for k, one in enumerate(texts):
        assert not any(one.overlaps(other) for other in texts[k + 1 :])
    assert sorted({round(text.get_fontsize(), 3) for text in ax.texts}) == pytest.approx([7.875, 9.0], abs=1e-3)


def test_names_are_no_formulas(axes):
    ax = axes()
    assert "a$x$ <b>" in written(ax)
    assert not any(text.get_parse_math() or text.get_usetex() for text in ax.texts)


def test_given_axes():
    small, large = (Figure(figsize=(size, size)).add_axes((0, 0, 1, 1)) for size in (2, 4))
    before = pyplot.get_fignums()
    assert network().plot(small) is small
    assert network().circuit(8).plot(large) is large
    assert pyplot.get_fignums() == before
    assert any(text.startswith("8 cycles") for text in written(large))
    assert not any("cycles" in text for text in written(small))
    again = Figure(figsize=(4, 4)).add_axes((0, 0, 1, 1))
    network().plot(again)
    assert again.texts[0].get_fontsize() == pytest.approx(2 * small.texts[0].get_fontsize())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"length": 0}, "length must be an integer of at least 1, got 0"),
        ({"length": (8, 8, 8)}, "length must be one number, or 2, one for each layer with streams, got 3"),
        ({"generator": "sobol"}, "length must be an integer of at least 1, got None"),
        ({"length": 8, "generator": "unknown"}, "generator must be"),
        ({"length": 8, "lenght": 8}, "lenght"),
    ],
)
def test_wrong_options(options, error):
    before = pyplot.get_fignums()
    with pytest.raises((ValueError, TypeError), match=error):
        network().plot(**options)
    assert pyplot.get_fignums() == before


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_file(tmp_path, suffix):
    save_network(tmp_path / f"network.{suffix}", network().circuit(16))
    assert (tmp_path / f"network.{suffix}").stat().st_size > 5000
    assert len(list(tmp_path.iterdir())) == 1


def test_wrong_files(tmp_path):
    with pytest.raises(ValueError, match="xyz"):
        save_network(tmp_path / "network.xyz", network())
    with pytest.raises(TypeError, match="network must be a Network"):
        save_network(tmp_path / "network.png", network().layers[0])
    assert not list(tmp_path.iterdir())


def test_files_leave_pyplot_alone(tmp_path):
    code = (
        "import sys, sc_neurocore as sc\n"
        "net = sc.Network.from_arrays([[[1.0, -1.0]]], kind='regressor')\n"
        "sc.plots.save_network(sys.argv[1], net)\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False"]
