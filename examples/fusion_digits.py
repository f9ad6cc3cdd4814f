"""Fusion: when does a stochastic multiplexer of two classifiers, two eyes on a digit, help?

The left eye sees the left half of an image. The right eye sees the right half, through noise that
grows. A logistic regression behind each eye, trained without noise, gives probabilities of the ten
digits, and `SCFusionLayer` fuses them: every clock cycle a multiplexer passes a bit of one eye.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression

import sc_neurocore as sc
from sc_neurocore.datasets import load_digits

from .result import Result, short, table_row

PAGE = "fusion.md"
PICTURES = {"fusion.png": (1210, 616)}
TOLERANCE = 0.3
"""Points of accuracy: the regressions are trained, and their last digits depend on the machine."""

NOISES = np.arange(9) / 10
LENGTHS = (16, 32, 64, 128, 256, 512, 1024)
LENGTH, NOISE = 256, 0.3
"""Stream length of the sweep over noise; noise of the sweep over stream lengths."""
DIGIT = 0
"""The one in the picture."""
SIXTEENTHS = np.arange(17) / 16
DRAWS = 8
"""Noise draws of each image."""
DIMS = {"left": 10, "right": 10}

Eyes = Mapping[str, np.ndarray]


class Noises(NamedTuple):
    """Accuracies ``(NOISES,)`` of each circuit, and the best weight of the right eye."""

    accuracy: dict[str, np.ndarray]
    right_weight: np.ndarray


class Lengths(NamedTuple):
    """Accuracies ``(LENGTHS,)`` with each generator, and without streams."""

    accuracy: dict[str, np.ndarray]
    floating: float


class TwoEyes:
    """The classifiers; a third of the training images is kept to choose weights on."""

    def __init__(self) -> None:
        data = load_digits()
        used = 2 * len(data.x_train) // 3
        self.kept = data.x_train[used:], data.y_train[used:]
        self.test = data.x_test, data.y_test
        self.left, self.right = (
            LogisticRegression(max_iter=500).fit(half, data.y_train[:used]) for half in halves(data.x_train[:used])
        )

    def look(self, x: np.ndarray, noise: float, draws: int) -> Eyes:
        """Probabilities ``(draws, images, 10)`` of the digits in images ``(images, 64)``, from each eye."""
        left, right = halves(x)
        seen = noisy(right, noise, draws).reshape(-1, right.shape[1])
        scores = self.left.predict_proba(left)
        return {
            "left": np.broadcast_to(scores, (draws, *scores.shape)),
            "right": self.right.predict_proba(seen).reshape(draws, *scores.shape),
        }

    def best_weight(self, noise: float, draws: int) -> float:
        """Weight of the right eye that the kept images like best, without streams."""
        x, y = self.kept
        seen = self.look(x, noise, draws)
        accuracy = [np.mean(fusion(right).expected(seen).argmax(-1) == y) for right in SIXTEENTHS]
        return float(SIXTEENTHS[np.argmax(accuracy)])


def halves(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Left and right halves ``(n, 32)`` of 8 x 8 images ``(n, 64)``."""
    images = x.reshape(-1, 8, 8)
    return images[:, :, :4].reshape(-1, 32), images[:, :, 4:].reshape(-1, 32)


def noisy(x: np.ndarray, noise: float, draws: int) -> np.ndarray:
    """Pixels in [0, 1] after normal noise of this standard deviation: ``(draws, *x.shape)``."""
    return np.clip(x + noise * np.random.default_rng(0).standard_normal((draws, *x.shape)), 0, 1)


def fusion(right: float, length: int = LENGTH, generator: str = "sobol") -> sc.SCFusionLayer:
    """A MUX for each of the ten scores that gives the right eye this share of the cycles."""
    weights = {"left": 1 - right, "right": right}
    return sc.SCFusionLayer(DIMS, weights, length, generator=generator, seed=1)


def sweep_noise(eyes: TwoEyes, draws: int) -> Noises:
    """Accuracy of each eye alone and of both, on streams of `LENGTH` cycles."""
    x, y = eyes.test
    best = np.array([eyes.best_weight(noise, draws) for noise in NOISES])
    shares = {"left eye": 0 * NOISES, "right eye": 1 + 0 * NOISES, "half each": 0.5 + 0 * NOISES, "best share": best}
    accuracy = {name: np.empty(len(NOISES)) for name in shares}
    for i, noise in enumerate(NOISES):
        seen = eyes.look(x, noise, draws)
        for name, right in shares.items():
            accuracy[name][i] = np.mean(fusion(right[i]).forward(seen).argmax(-1) == y)
    return Noises(accuracy, best)


def sweep_length(eyes: TwoEyes, draws: int) -> Lengths:
    """Accuracy of both eyes with the best weights, at noise `NOISE`."""
    x, y = eyes.test
    seen, right = eyes.look(x, NOISE, draws), eyes.best_weight(NOISE, draws)
    accuracy = {
        generator: np.array(
            [np.mean(fusion(right, length, generator).forward(seen).argmax(-1) == y) for length in LENGTHS]
        )
        for generator in ("sobol", "bernoulli")
    }
    return Lengths(accuracy, float(np.mean(fusion(right).expected(seen).argmax(-1) == y)))


# ------------------------------------------------------------ what came out

INK, QUIET, GRID = "#222222", "#6b6b6b", "#e6e6e6"
COLOURS = {  # Okabe and Ito: told apart by people with any colour vision
    "left eye": "#0072B2",
    "right eye": "#D55E00",
    "half each": "#CC79A7",
    "best share": "#009E73",
}


def draw(noises: Noises, lengths: Lengths, eyes: TwoEyes) -> Figure:
    """Accuracy against noise above what the eyes see; accuracy against stream length beside it."""
    figure = Figure(figsize=(11, 5.6), dpi=110, facecolor="white")
    left = figure.add_axes((0.05, 0.325, 0.58, 0.465))
    draw_noises(left, noises)
    draw_digits(left, noises, eyes)
    draw_lengths(figure.add_axes((0.76, 0.325, 0.165, 0.465)), lengths)
    figure.text(0.05, 0.935, "Two eyes on a digit: when does fusion help?", fontsize=16, fontweight="bold", color=INK)
    story = "Each eye sees half of the image, the right one through noise. A MUX gives each its share of the cycles."
    figure.text(0.05, 0.887, story, fontsize=10, color=QUIET)
    return figure


def draw_noises(ax: Axes, noises: Noises) -> None:
    """The four circuits; the area between half each and the better eye says whether fusion pays."""
    accuracy = {name: 100 * each for name, each in noises.accuracy.items()}
    fine = np.linspace(NOISES[0], NOISES[-1], 400)
    left, right, fused = (np.interp(fine, NOISES, accuracy[name]) for name in ("left eye", "right eye", "half each"))
    alone = np.maximum(left, right)
    for better, colour in ((fused >= alone, COLOURS["best share"]), (fused < alone, COLOURS["right eye"])):
        ax.fill_between(fine, alone, fused, where=better, color=colour, alpha=0.13, lw=0)
    ax.text(0.215, 86.3, "fusion helps", color=COLOURS["best share"], ha="center", fontsize=10.5, style="italic")
    ax.text(0.705, 79.6, "half each hurts", color=COLOURS["right eye"], ha="center", fontsize=10.5, style="italic")
    for name, each in accuracy.items():
        ax.plot(NOISES, each, color=COLOURS[name], marker="o", ms=6, mec="white", lw=2.2, zorder=3)
    ends = {"best share": 85.3, "left eye": 82.3, "half each": accuracy["half each"][-1]}
    for name, height in ends.items():
        ax.text(NOISES[-1] + 0.02, height, name, color=COLOURS[name], va="center", fontweight="bold", fontsize=9.5)
    ax.text(0.36, 65, "right eye", color=COLOURS["right eye"], fontweight="bold", fontsize=9.5)
    ax.set_xlim(NOISES[0] - 0.05, NOISES[-1] + 0.05)
    ax.set_ylim(55, 96)
    ax.set_title(f"accuracy (%), Sobol streams of {LENGTH} cycles", **TITLE)
    ax.set_xticks([])
    finish(ax)


TITLE = {"fontsize": 10, "color": INK, "loc": "left", "pad": 8}


def draw_digits(ax: Axes, noises: Noises, eyes: TwoEyes) -> None:
    """Under each noise, what the eyes see, and how the best share splits the cycles."""
    figure, box, (low, high) = ax.figure, ax.get_position(), ax.get_xlim()
    width, height = figure.get_size_inches()
    half, gap = 0.0265, 0.0022
    size = (half, 2 * half * width / height)
    left, right = halves(eyes.test[0][eyes.test[1] == DIGIT][:1])
    for noise, share in zip(NOISES, noises.right_weight, strict=True):
        centre = box.x0 + box.width * (noise - low) / (high - low)
        eyes_here = (
            ("left eye", centre - half - gap, left),
            ("right eye", centre + gap, noisy(right, noise, 1)[0]),
        )
        for name, x, seen in eyes_here:
            tile = figure.add_axes((x, 0.125, *size))
            tile.imshow(seen.reshape(8, 4), cmap="gray_r", vmin=0, vmax=1, aspect="auto")
            tile.set(xticks=[], yticks=[])
            tile.spines[:].set(color=COLOURS[name], linewidth=1.4)
        figure.text(centre, 0.275, f"{noise:.1f}", ha="center", color=INK, fontsize=9.5)
        bar = figure.add_axes((centre - half - gap, 0.066, 2 * (half + gap), 0.024))
        bar.barh(0, 1 - share, color=COLOURS["left eye"], height=1)
        bar.barh(0, share, left=1 - share, color=COLOURS["right eye"], height=1)
        bar.set(xlim=(0, 1), ylim=(-0.5, 0.5))
        bar.set_axis_off()
    end = box.x1 + 0.005
    figure.text(end, 0.275, "noise", color=QUIET, fontsize=9.5)
    figure.text(end, 0.175, "what they see", color=QUIET, fontsize=9.5)
    figure.text(end, 0.068, "best share", color=QUIET, fontsize=9.5)


def draw_lengths(ax: Axes, lengths: Lengths) -> None:
    """Accuracy of the best share against stream length."""
    ax.axhline(100 * lengths.floating, color=INK, ls=(0, (5, 3)), lw=1.3)
    ends = {"sobol": -0.05, "bernoulli": -0.4}
    for (name, each), line in zip(lengths.accuracy.items(), ("-", (0, (2, 1))), strict=True):
        style = {"color": COLOURS["best share"], "ls": line, "marker": "o"}
        ax.plot(LENGTHS, 100 * each, ms=6, mec="white", lw=2.2, clip_on=False, zorder=3, **style)
        place, label = 100 * lengths.floating + ends[name], {"va": "center", "fontsize": 9.5}
        ax.text(LENGTHS[-1] * 1.3, place, name.capitalize(), color=style["color"], fontweight="bold", **label)
    ax.text(LENGTHS[-1] * 1.3, 100 * lengths.floating + 0.3, "float", color=INK, **label)
    ax.set_xscale("log", base=2)
    ax.set_xticks(LENGTHS[::2], [str(length) for length in LENGTHS[::2]])
    ax.minorticks_off()
    ax.set_title(f"best share at noise {NOISE:g}", **TITLE)
    ax.set_xlabel("cycles L", color=QUIET, fontsize=9.5)
    finish(ax)


def finish(ax: Axes) -> None:
    """Nothing but the data and a quiet grid."""
    ax.grid(axis="y", color=GRID, lw=0.8)
    ax.set_axisbelow(True)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(QUIET)
    ax.tick_params(colors=QUIET, length=0, labelcolor=INK, labelsize=9.5)


def run(quick: bool) -> Result:
    """Both sweeps, in % of the images; quick enough as it is."""
    eyes = TwoEyes()
    noises, lengths = sweep_noise(eyes, DRAWS), sweep_length(eyes, DRAWS)
    numbers = {"floats, %": 100 * lengths.floating}
    for name, accuracy in noises.accuracy.items():
        numbers |= {f"{name}, noise {noise:.1f}, %": 100 * a for noise, a in zip(NOISES, accuracy, strict=True)}
    shares = zip(NOISES, noises.right_weight, strict=True)
    numbers |= {f"share of the right eye, noise {noise:.1f}": share for noise, share in shares}
    for name, accuracy in lengths.accuracy.items():
        numbers |= {f"{name}, L = {length}, %": 100 * a for length, a in zip(LENGTHS, accuracy, strict=True)}
    return Result(numbers, {"fusion.png": draw(noises, lengths, eyes).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The rows of both tables, and the two gains of a fixed half."""
    found = []
    for noise in (0.0, 0.2, 0.4, 0.6, 0.8):
        cells = [f"{numbers[f'{name}, noise {noise:.1f}, %']:.1f}" for name in COLOURS]
        share = f"{numbers[f'share of the right eye, noise {noise:.1f}']:g}".removeprefix("0")
        found.append(table_row(short(noise, 1) if noise else "0", *cells, share))
    for name in ("sobol", "bernoulli"):
        cells = [f"{numbers[f'{name}, L = {length}, %']:.1f}" for length in (16, 64, 256, 1024)]
        found.append(table_row(name.capitalize(), *cells))
    gain = numbers["half each, noise 0.0, %"] - numbers["right eye, noise 0.0, %"]
    loss = numbers["left eye, noise 0.8, %"] - numbers["half each, noise 0.8, %"]
    return [
        *found,
        f"(float: {numbers['floats, %']:.1f} %)",
        f"half each gains {gain:.1f}",
        f"{loss:.1f} +- 1.1 points below",
    ]
