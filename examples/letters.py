"""Three letters on a crossbar of 60 memristors, after M. Prezioso et al., Nature 521, 2015.

    python examples/letters.py letters.png

https://doi.org/10.1038/nature14441. A perceptron of 10 inputs (3 x 3 pixels and a constant) and 3
outputs; every weight is a pair of cells. It learns 30 patterns, z, v and n and each with one pixel
flipped, by the Manhattan rule: once an epoch every cell moves by a fixed step, up or down by the sign
of its gradient. 200 chips learn side by side, as clean ones and with stuck cells.
"""

import sys
from dataclasses import replace

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from sc_neurocore import MemristorModel

LETTERS = {"z": "110 010 011", "v": "101 101 010", "n": "010 101 101"}
STUCK = (0.0, 0.05, 0.2)
CHIPS, EPOCHS = 200, 150
STEP, SLOPE, TARGET = 0.003, 0.5, 0.85
"""Change of a cell in units of its range; slope of the output tanh; wanted outputs (plus and minus)."""
MODEL = replace(MemristorModel.preset("al2o3-tio2"), variability=0.1)


def patterns() -> tuple[np.ndarray, np.ndarray]:
    """Inputs ``(30, 10)`` of -1 and 1, the last one the constant; letters ``(30,)``."""
    clean = np.array([[int(pixel) for pixel in rows.replace(" ", "")] for rows in LETTERS.values()])
    flips = np.concatenate([np.zeros((1, 9), int), np.eye(9, dtype=int)])
    pixels = (clean[:, None] ^ flips).reshape(30, 9)
    return np.column_stack([2.0 * pixels - 1, np.ones(30)]), np.repeat(np.arange(3), 10)


def learn(stuck_rate: float, chips: int = CHIPS, epochs: int = EPOCHS, seed: int = 0) -> np.ndarray:
    """Patterns put into the wrong class ``(epochs + 1, chips)``; cells of all chips learn at once."""
    x, letters = patterns()
    wanted = np.where(letters[:, None] == np.arange(3), TARGET, -TARGET)
    model = MODEL.with_rates(stuck_rate)
    shape = (2, chips, 3, 10)  # positive and negative cells
    defects = model.defects(shape, seed)
    cells = np.random.default_rng(seed).uniform(0.4, 0.6, shape)
    errors = np.empty((epochs + 1, chips), int)
    for epoch in range(epochs + 1):
        plus, minus = model.program(cells, defects)
        outputs = np.tanh(SLOPE * (plus - minus) @ x.T)  # (chips, 3, 30)
        errors[epoch] = (outputs.argmax(1) != letters).sum(1)
        gradient = ((wanted.T - outputs) * (1 - outputs**2)) @ x
        step = STEP * np.sign(gradient) * (errors[epoch] > 0)[:, None, None]  # a chip without errors rests
        cells = np.clip(cells + np.stack([step, -step]), 0, 1)
    return errors


def solved(errors: np.ndarray) -> tuple[float, np.ndarray]:
    """Share of chips that reach zero errors, and the epoch at which each of them does."""
    done = (errors == 0).any(0)
    return float(done.mean()), (errors == 0).argmax(0)[done]


def draw(runs: dict[float, np.ndarray]) -> Figure:
    """The 30 patterns, and the errors of all chips against the epoch."""
    x, _ = patterns()
    figure = plt.figure(figsize=(9.2, 3.8), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=[1, 1.15])
    for ax, pixels in zip(left.subplots(6, 5).flat, x[:, :9], strict=True):
        ax.imshow(pixels.reshape(3, 3), cmap="gray_r", vmin=-1.2, vmax=1.0)
        ax.set_xticks([])
        ax.set_yticks([])
    left.suptitle("z, v, n and each with one pixel flipped", fontsize=10)
    ax = right.subplots()
    for (rate, errors), colour in zip(runs.items(), ("#0072B2", "#E69F00", "#D55E00"), strict=True):
        low, high = np.quantile(errors, (0.1, 0.9), axis=1)
        epochs = np.arange(len(errors))
        ax.fill_between(epochs, low, high, color=colour, alpha=0.15, lw=0)
        name = "no stuck cells" if rate == 0 else f"{100 * rate:g} % stuck"
        ax.plot(epochs, errors.mean(1), color=colour, lw=2, label=f"{name}: {100 * solved(errors)[0]:.0f} % solved")
    ax.set_xlabel("epoch")
    ax.set_ylabel("patterns in the wrong class, of 30")
    ax.set_title(f"{errors.shape[1]} chips, mean and 10 .. 90 % band", loc="left", fontsize=10)
    ax.set_ylim(0)
    ax.set_xlim(0, len(errors) - 1)
    ax.legend(frameon=False)
    ax.grid(axis="y", color="#e6e6e6")
    ax.spines[["top", "right"]].set_visible(False)
    return figure


def main(path: str) -> None:
    runs = {rate: learn(rate) for rate in STUCK}
    table = Table(title=f"Letters on 60 cells, {CHIPS} chips")
    for name in ("stuck %", "solved %", "epochs, median", "10 .. 90 %"):
        table.add_column(name, justify="right")
    for rate, errors in runs.items():
        share, epochs = solved(errors)
        low, middle, high = np.quantile(epochs, (0.1, 0.5, 0.9))
        table.add_row(f"{100 * rate:g}", f"{100 * share:.1f}", f"{middle:.0f}", f"{low:.0f} .. {high:.0f}")
    Console().print(table)
    draw(runs).savefig(path, dpi=110)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/letters.py FILE.png")
    main(sys.argv[1])
