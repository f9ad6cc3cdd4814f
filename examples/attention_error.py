"""Attention on streams: how far it is from exact attention, by stream length, and a map of who looks at whom."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sc_neurocore import StochasticAttention

from .result import Result, short, shorts, table_row

PAGE = "attention.md"
PICTURES = {"attention.png": (1300, 410)}
TOLERANCE = 0.0

SIZE, TRIALS = 64, 8
QUICK_LENGTHS = [64, 128, 256]
LENGTHS = [64, 128, 256, 512, 1024, 2048, 4096]
GENERATORS = {"bernoulli": "Bernoulli", "lfsr": "LFSR", "halton": "Halton", "sobol": "Sobol"}
# Okabe and Ito's colours, told apart by people with any colour vision; paired with markers.
STYLES = [("#D55E00", "s"), ("#CC79A7", "D"), ("#009E73", "^"), ("#0072B2", "o")]
INK, QUIET, GRID = "#222222", "#6b6b6b", "#e6e6e6"

SENTENCE = ["she", "sells", "sea", "shells", "by", "the", "sea", "shore"]
MAP_LENGTH = 64


def rmse(generator: str, length: int) -> float:
    """Over `TRIALS` heads of uniform operands."""
    squares = []
    for trial in range(TRIALS):
        q, k, v = np.random.default_rng(trial).random((3, SIZE, SIZE))
        layer = StochasticAttention(SIZE, generator=generator, seed=trial)
        squares.append(np.mean((layer.forward_bitstream(q, k, v, length) - layer.forward(q, k, v)) ** 2))
    return float(np.sqrt(np.mean(squares)))


def pairs_of_letters(words: list[str]) -> NDArray[np.float64]:
    """A row for each word, of length 1: its pairs of neighbouring letters, with its two ends."""
    pairs = [[f"_{word}_"[i : i + 2] for i in range(len(word) + 1)] for word in words]
    every = sorted({pair for of_word in pairs for pair in of_word})
    counts = np.array([[of_word.count(pair) for pair in every] for of_word in pairs], float)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def maps() -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Who looks at whom; the identity as values reads the attention weights."""
    words = pairs_of_letters(SENTENCE)
    layer, identity = StochasticAttention(words.shape[1], seed=1), np.eye(len(words))
    yield "exact", layer.forward(words, words, identity)
    for name in ("sobol", "bernoulli"):
        streams = layer.forward_bitstream(words, words, identity, MAP_LENGTH, generator=name)
        yield f"{GENERATORS[name]}, L = {MAP_LENGTH}", streams


def draw_errors(ax: Axes, errors: dict[str, list[float]]) -> None:
    for (name, values), (colour, marker) in zip(errors.items(), STYLES, strict=True):
        lengths = LENGTHS[: len(values)]
        ax.plot(lengths, values, color=colour, marker=marker, ms=6, mec="white", mew=1, lw=2.2)
        up = {"halton": -7, "sobol": 5}.get(name, 0)  # these two end near each other
        ax.annotate(
            GENERATORS[name], (lengths[-1], values[-1]), (9, up), textcoords="offset points", color=colour, va="center",
            fontweight="bold",
        )  # fmt: skip
    for power, start, text, offset in ((-0.5, 0.098, "$L^{-1/2}$", (4, 5)), (-1, 0.0245, "$L^{-1}$", (-22, -12))):
        line = start * (np.array(LENGTHS) / LENGTHS[0]) ** power
        ax.plot(LENGTHS, line, color=QUIET, lw=1, ls=(0, (5, 3)), zorder=1)
        ax.annotate(text, (LENGTHS[3], line[3]), offset, textcoords="offset points", color=QUIET)
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(LENGTHS, [str(length) for length in LENGTHS])
    ax.set_yticks([0.001, 0.003, 0.01, 0.03, 0.1], [".001", ".003", ".01", ".03", ".1"])
    ax.minorticks_off()
    ax.set_xlabel("stream length L (clock cycles)", color=INK)
    ax.set_title(f"RMSE of an output, {SIZE} keys", loc="left", color=QUIET, fontsize=10)
    ax.grid(axis="y", color=GRID, lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(QUIET)
    ax.tick_params(colors=QUIET, length=0, labelcolor=INK)


def draw_map(ax: Axes, title: str, weights: NDArray[np.float64], *, first: bool) -> None:
    places = np.arange(len(SENTENCE))
    ax.pcolormesh(places, places, weights, cmap="Blues", vmin=0, vmax=0.7, edgecolor="white", linewidth=1.5)
    ax.invert_yaxis()
    ax.set_aspect("equal")
    ax.set_xticks(places, SENTENCE, rotation=90)
    ax.set_yticks(places, SENTENCE if first else [""] * len(SENTENCE))
    ax.set_title(title, loc="left", color=QUIET, fontsize=10)
    ax.tick_params(length=0, labelcolor=INK)
    ax.spines[:].set_visible(False)
    for (row, column), weight in np.ndenumerate(weights):
        if weight >= 0.005:
            shade = "white" if weight > 0.4 else INK if weight > 0.1 else QUIET
            ax.text(column, row, f"{100 * weight:.0f}", ha="center", va="center", fontsize=7.5, color=shade)


def draw(errors: dict[str, list[float]]) -> Figure:
    """Errors on the left, three maps on the right."""
    figure = Figure(figsize=(13, 4.1), dpi=100, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.75], wspace=0.02)
    heading = {"x": 0.02, "ha": "left", "fontsize": 14, "fontweight": "bold", "color": INK}
    left.suptitle("What the length of a stream buys", **heading)
    draw_errors(left.subplots(), errors)
    right.suptitle("Who looks at whom, in % of a word's attention", **heading)
    axes = right.subplots(1, 3)
    for ax, (title, weights) in zip(axes, maps(), strict=True):
        draw_map(ax, title, weights, first=ax is axes[0])
    return figure


def run(quick: bool) -> Result:
    """Root mean square errors of an output; quick: of short streams."""
    lengths = QUICK_LENGTHS if quick else LENGTHS
    errors = {name: [rmse(name, length) for length in lengths] for name in GENERATORS}
    numbers = {f"{name}, L = {n}": e for name, of in errors.items() for n, e in zip(lengths, of, strict=True)}
    return Result(numbers, {"attention.png": draw(errors).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The table of errors and slopes."""
    found = []
    for name, title in GENERATORS.items():
        values = [numbers[f"{name}, L = {length}"] for length in LENGTHS]
        slope = np.polyfit(np.log(LENGTHS), np.log(values), 1)[0]
        found.append(table_row(title, *shorts(values, 4), f"{slope:.2f}"))
    return [*found, table_row('multiplexer, u_t the clock, values the first line of `"sobol"`', *clock(numbers))]


def clock(numbers: dict[str, float]) -> list[str]:
    """Sobol's row in the table of ways to hold the attention weights."""
    values = [numbers[f"sobol, L = {length}"] for length in LENGTHS]
    slope = np.polyfit(np.log(LENGTHS), np.log(values), 1)[0]
    return [*(short(values[LENGTHS.index(length)], 4) for length in (64, 256, 1024, 4096)), f"{slope:.2f}"]
