"""Memristors: sixty cells learn to tell the letters z, v and n apart, with and without broken ones.

The task of M. Prezioso et al., "Training and operation of an integrated neuromorphic network based
on metal-oxide memristors", Nature 521, 2015, https://doi.org/10.1038/nature14441: thirty patterns of
3 x 3 pixels (three letters, each also with any one pixel flipped), ten inputs (nine pixels and a
bias), three tanh outputs, a differential pair of cells for each weight. The Manhattan rule moves
every cell by one fixed step an epoch; of the gradient only the sign counts.
"""

from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure

from sc_neurocore.synapses import Defects, MemristorModel

from .result import Result

PAGE = "memristors.md"
PICTURES = {"letters.png": (1210, 407)}
TOLERANCE = 0.5
"""Chips, epochs and shares depend on signs of tiny gradients, which NumPy's products may round otherwise elsewhere."""

LETTERS = {"z": "110 010 011", "v": "101 101 010", "n": "010 101 101"}
STUCK = (0.0, 0.05, 0.2)
CHIPS, EPOCHS = 200, 100
STEP = 0.01  # of the range of a cell; with the start, it sets the number of epochs

IDEAL = np.array([[int(pixel) for pixel in rows.replace(" ", "")] for rows in LETTERS.values()])
FLIPS = np.vstack([np.zeros(9, int), np.eye(9, dtype=int)])
PATTERNS = (IDEAL[:, None] ^ FLIPS).reshape(30, 9)
LABELS = np.repeat(np.arange(3), 10)
VOLTAGES = np.column_stack([2.0 * PATTERNS - 1, -np.ones(30)])
TARGETS = np.where(LABELS[:, None] == np.arange(3), 0.85, -0.85)


class Training(NamedTuple):
    """What became of the chips."""

    errors: np.ndarray
    """Wrong patterns ``(EPOCHS + 1, chips)``, before training and after every epoch."""
    wanted: np.ndarray
    """Last conductances that were asked for, ``(2, chips, 3, 10)``."""

    @property
    def solved(self) -> np.ndarray:
        """Chips that got all thirty right at some time."""
        return (self.errors == 0).any(0)

    @property
    def epochs(self) -> np.ndarray:
        """Epochs to the first time without errors, of the chips that got there."""
        return (self.errors == 0).argmax(0)[self.solved]


def cells(stuck: float) -> MemristorModel:
    """Cells of which a share is stuck, half low and half high."""
    return MemristorModel(g_min=1e-5, g_max=1e-4, stuck_low_rate=stuck / 2, stuck_high_rate=stuck / 2)


def outputs(model: MemristorModel, wanted: np.ndarray, defects: Defects) -> np.ndarray:
    """Outputs ``(chips, 30, 3)`` of chips to which these conductances are written."""
    return np.tanh(VOLTAGES @ model.read(model.write(wanted, defects)).swapaxes(1, 2))


def wrong(out: np.ndarray) -> np.ndarray:
    """Wrong patterns of each chip."""
    return (out.argmax(2) != LABELS).sum(1)


def train(model: MemristorModel, chips: int = CHIPS, seed: int = 1) -> Training:
    """Train all chips at once, each with its own defects and start."""
    of_defects, of_start = np.random.SeedSequence(seed).spawn(2)
    defects = model.defects((chips, 3, 10), of_defects, pairs=True)
    wanted = np.random.default_rng(of_start).uniform(model.g_min, model.g_max, (2, chips, 3, 10))
    out = outputs(model, wanted, defects)
    errors = [wrong(out)]
    for _ in range(EPOCHS):
        downhill = ((TARGETS - out) * (1 - out**2)).swapaxes(1, 2) @ VOLTAGES
        step = STEP * model.g_range * np.sign(downhill)
        wanted = np.clip(wanted + np.stack([step, -step]), model.g_min, model.g_max)
        out = outputs(model, wanted, defects)
        errors.append(wrong(out))
    return Training(np.array(errors), wanted)


def copied(training: Training, model: MemristorModel, seed: int = 1) -> np.ndarray:
    """Wrong patterns of each chip when conductances trained elsewhere are written to it."""
    of_defects, _ = np.random.SeedSequence(seed).spawn(2)
    defects = model.defects(training.wanted.shape[1:], of_defects, pairs=True)
    return wrong(outputs(model, training.wanted, defects))


def numbers_of(trainings: dict[float, Training]) -> dict[str, float]:
    """Shares and epochs for each share of stuck cells."""
    numbers = {}
    for stuck, training in trainings.items():
        low, high = np.percentile(training.epochs, [5, 95])
        values = {
            "solved, %": 100 * training.solved.mean(),
            "epochs, mean": training.epochs.mean(),
            "epochs, 5 %": low,
            "epochs, 95 %": high,
            "copied, %": 100 * (copied(trainings[0.0], cells(stuck)) == 0).mean(),
        }
        numbers |= {f"{stuck:.0%} stuck, {name}": float(value) for name, value in values.items()}
    return numbers


def draw(trainings: dict[float, Training]) -> Figure:
    """The thirty patterns, and the errors against the epochs."""
    ink, quiet, colours = "#222222", "#6b6b6b", ("#0072B2", "#009E73", "#D55E00")
    figure = Figure(figsize=(11, 3.7), dpi=110, facecolor="white")
    left, right = figure.add_axes((0.035, 0.1, 0.57, 0.6)), figure.add_axes((0.655, 0.13, 0.325, 0.55))
    sheet = np.full((3, 4, 10, 4), np.nan)
    sheet[:, :3, :, :3] = PATTERNS.reshape(3, 10, 3, 3).swapaxes(1, 2)
    left.imshow(sheet.reshape(12, 40)[:-1, :-1], cmap="Blues", vmin=-0.12, vmax=1.1)
    left.set_xticks([1, 20.5], ["letter", "the letter with one pixel flipped"])
    left.xaxis.tick_top()
    left.set_yticks([1, 5, 9], list(LETTERS), fontsize=14, fontweight="bold")
    left.spines[:].set_visible(False)
    left.tick_params(length=0, labelcolor=ink)
    for place, (training, colour) in enumerate(zip(trainings.values(), colours, strict=True)):
        low, high = np.percentile(training.errors, [10, 90], axis=1)
        right.fill_between(range(EPOCHS + 1), low, high, color=colour, alpha=0.13, lw=0)
        right.plot(training.errors.mean(1), color=colour, lw=2.2)
        name = f"{100 * STUCK[place]:g} % of the cells stuck" if STUCK[place] else "all cells work"
        share = f"{100 * training.solved.mean():.4g} % solved"
        right.text(99, 27 - 3.6 * place, f"{name}: {share}", ha="right", color=colour, fontweight="bold")
    right.set_xlim(0, EPOCHS)
    right.set_ylim(0, 30)
    right.set_xlabel("epochs", color=ink)
    right.set_title("wrong patterns of 30", loc="left", fontsize=10, color=ink)
    right.grid(axis="y", color="#e6e6e6", lw=0.8)
    right.set_axisbelow(True)
    right.spines[["top", "right", "left"]].set_visible(False)
    right.tick_params(length=0, labelcolor=ink)
    figure.text(0.035, 0.9, "Sixty memristors learn three letters", fontsize=15, fontweight="bold", color=ink)
    facts = f"{CHIPS} chips, each with its own stuck cells  ·  line: mean, band: 10 to 90 % of the chips"
    figure.text(0.035, 0.825, facts, fontsize=9.5, color=quiet)
    return figure


def run(quick: bool) -> Result:
    """Train the chips of every share of stuck cells; quick enough as it is."""
    trainings = {stuck: train(cells(stuck)) for stuck in STUCK}
    return Result(numbers_of(trainings), {"letters.png": draw(trainings).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The rows of the table."""
    lines = []
    for stuck in STUCK:
        solved, mean, low, high, alone = (value for name, value in numbers.items() if name.startswith(f"{stuck:.0%} "))
        epochs = f"{mean:.1f} ({low:.0f}-{high:.0f})"
        lines.append(f"{stuck:11.0%}  {solved:26.1f}%  {epochs:>21}  {alone:30.1f}%")
    return lines
