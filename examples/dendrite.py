"""Dendrite: how a brief current at one tip of a dendritic tree spreads to the soma and beyond."""

from typing import NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, LogNorm, Normalize
from matplotlib.figure import Figure

from sc_neurocore import RallDendrite

from .result import Result, short

PAGE = "primitives.md"
PICTURES = {"dendrite.png": (980, 627)}
TOLERANCE = 1e-4

NIGHT, INK, QUIET = "#0b0b14", "#f3ead8", "#9a94a5"
DECADES = 5
COLOURS = ListedColormap(colormaps["inferno"](np.linspace(0.16, 1, 5 * DECADES)))  # rest still shows against the night
STEMS, GENERATIONS, COMPARTMENTS = 5, 6, 6
STEPS = 20
"""Steps in a ms, the unit of time of the dendrite: with coupling 1 its compartments are then short."""
TAU_MS, PULSE_MS, SPAN_MS = 20, 1, 40
SNAPSHOTS_MS = (1, 4, 10, 30)


def grown(rng: np.random.Generator) -> np.ndarray:
    """A topology: every branch forks in two, from the third generation on with probability .7."""
    topology, front = [-1] * STEMS, list(range(STEMS))
    for generation in range(1, GENERATIONS):
        parents = [b for b in front if generation < 3 or rng.random() < 0.7]
        front = list(range(len(topology), len(topology) + 2 * len(parents)))
        topology += [b for b in parents for _ in range(2)]
    return np.array(topology)


def lineage(topology: np.ndarray, branch: int) -> list[int]:
    """The branches from a tip to the soma."""
    path = [branch]
    while topology[path[-1]] >= 0:
        path.append(int(topology[path[-1]]))
    return path


def layout(dendrite: RallDendrite) -> np.ndarray:
    """Points ``(n_branches, branch_length + 1, 2)``: around the soma, as far out as the length constants say."""
    topology, n = dendrite.topology, dendrite.n_branches
    tips = np.bincount([b for tip in np.setdiff1d(np.arange(n), topology) for b in lineage(topology, tip)])
    along = np.linspace(0, 1, dendrite.branch_length + 1)
    points = np.empty((n, len(along), 2))

    def fan(parent: int, sector: tuple[float, float], radius: float, angle: float | None) -> None:
        children = np.flatnonzero(topology == parent)
        borders = np.append(0, np.cumsum(tips[children])) / max(tips[children].sum(), 1)
        borders = sector[0] + borders * (sector[1] - sector[0])
        for b, left, right in zip(children, borders, borders[1:], strict=False):
            middle, reach = (left + right) / 2, np.sqrt(dendrite.diameters[b])
            start = middle if angle is None else angle
            r, a = radius + along * reach, start + along**0.6 * (middle - start)
            points[b] = np.stack([r * np.cos(a), r * np.sin(a)], axis=-1)
            fan(b, (left, right), radius + reach, middle)

    fan(-1, (0.0, 2 * np.pi), 0.0, None)
    return points


def draw_tree(ax: Axes, points: np.ndarray, widths: np.ndarray, soma: float, v: np.ndarray, norm: Normalize) -> None:
    """One tree, coloured by voltage."""
    segments = np.stack([points[:, :-1], points[:, 1:]], axis=2).reshape(-1, 2, 2)
    order = np.argsort(v.ravel())
    lines = LineCollection(segments[order], norm=norm, cmap=COLOURS, capstyle="round")
    lines.set_array(v.ravel()[order])
    lines.set_linewidth(np.repeat(widths, v.shape[1])[order])
    ax.add_collection(lines)
    ax.scatter([0], [0], s=90, c=[soma], norm=norm, cmap=COLOURS, zorder=3, linewidths=0)
    ax.autoscale_view()
    ax.set_aspect("equal")
    ax.axis("off")


class Spread(NamedTuple):
    """A tree and its voltages over time, as shares of the largest one.

    ``voltages`` are ``(steps, branches, compartments)``, ``soma`` ``(steps,)``; `struck` is the branch of the driven
    tip, `away` that of the far one.
    """

    dendrite: RallDendrite
    voltages: np.ndarray
    soma: np.ndarray
    struck: int
    away: int


def spread() -> Spread:
    """Drive one tip for a millisecond."""
    topology = grown(np.random.default_rng(7))
    dendrite = RallDendrite(
        len(topology), COMPARTMENTS, TAU_MS * STEPS, coupling=1.0, topology=topology, soma_size=10.0
    )
    struck = len(topology) - 1
    away = next(b for b in range(struck) if b not in topology and len(lineage(topology, b)) == GENERATIONS)
    inputs = np.zeros((SPAN_MS * STEPS, len(topology)))
    inputs[: PULSE_MS * STEPS, struck] = 1.0
    v = dendrite.record(inputs)
    dendrite.reset()
    soma = dendrite.run(inputs)
    return Spread(dendrite, v / v.max(), soma / v.max(), struck, away)


def draw(found: Spread) -> Figure:
    """Four moments of the whole tree, and all moments along one path through it."""
    dendrite, v, soma, struck, away = found
    topology = dendrite.topology
    norm = LogNorm(10.0**-DECADES, 1, clip=True)
    figure = Figure(figsize=(10, 6.4), dpi=98, facecolor=NIGHT)
    figure.text(0.045, 0.945, "One millisecond at one tip", fontsize=17, fontweight="bold", color=INK)
    facts = f"{v[0].size} compartments   ·   3/2 power rule   ·   membrane time constant {TAU_MS} ms"
    figure.text(0.955, 0.948, facts, fontsize=10, color=QUIET, ha="right")

    points, widths = layout(dendrite), 0.9 + 3.4 * dendrite.diameters
    for i, moment in enumerate(SNAPSHOTS_MS):
        ax = figure.add_axes((0.02 + 0.241 * i, 0.455, 0.237, 0.44))
        now = moment * STEPS - 1
        draw_tree(ax, points, widths, soma[now], v[now], norm)
        ax.set_title(f"{moment} ms", color=INK, fontsize=12, y=1.0)
        if i == 0:
            tip = points[struck, -1]
            ax.annotate(
                "", tip, tip * 1.3, arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkB": 2, "mutation_scale": 13}
            )

    down, up = lineage(topology, struck), lineage(topology, away)[::-1]
    along = np.concatenate([v[:, down, ::-1].reshape(len(v), -1), soma[:, None], v[:, up].reshape(len(v), -1)], axis=1)
    reach = len(down) * COMPARTMENTS / dendrite.length_constant
    ax = figure.add_axes((0.09, 0.09, 0.775, 0.35), facecolor=NIGHT)
    extent = (0, SPAN_MS, -reach, reach)
    ax.imshow(along.T, aspect="auto", origin="lower", extent=extent, norm=norm, cmap=COLOURS, interpolation="bilinear")
    crest = np.argmax(along, axis=0)
    ax.plot((crest + 1) / STEPS, np.linspace(-reach, reach, len(crest)), color=INK, lw=1.3, ls=(0, (1, 1.6)))
    place = len(crest) // 3
    spot = ((crest[place] + 1) / STEPS, reach * (2 * place / len(crest) - 1))
    ax.annotate("time of the peak", spot, xytext=(8, -9), textcoords="offset points", color=INK, fontsize=10)
    ax.axhline(0, color=INK, lw=0.6, alpha=0.5)
    for moment in SNAPSHOTS_MS:
        ax.plot(moment, reach, "v", color=INK, ms=6, clip_on=False)
    ax.set_yticks([-reach, 0, reach], ["driven tip", "soma", "far tip"])
    ax.set_xlabel("ms", color=QUIET)
    ax.set_xlim(0, SPAN_MS)
    ax.set_ylim(-reach, reach)
    bar = figure.colorbar(ax.images[0], cax=figure.add_axes((0.885, 0.09, 0.014, 0.35)))
    bar.set_label("voltage / largest", color=QUIET)
    for part in (ax, bar.ax):
        part.tick_params(colors=QUIET, which="both", length=3)
        for spine in part.spines.values():
            spine.set_visible(False)
    bar.outline.set_visible(False)
    return figure


def run(quick: bool) -> Result:
    """Peaks along the path; quick to compute."""
    found = spread()
    far = found.voltages[:, found.away, -1]
    numbers = {
        "compartments": float(found.voltages[0].size),
        "peak at the soma, % of the largest voltage": 100 * float(found.soma.max()),
        "time of the peak at the soma, ms": float((found.soma.argmax() + 1) / STEPS),
        "peak at the far tip, %": 100 * float(far.max()),
        "time of the peak at the far tip, ms": float((far.argmax() + 1) / STEPS),
    }
    return Result(numbers, {"dendrite.png": draw(found).savefig})


def quotes(numbers: dict[str, float]) -> list[str]:
    """What the page says of the picture."""
    count, soma, at_soma, far, at_far = numbers.values()
    return [
        f"{count:.0f} compartments",
        f"the soma reaches {short(soma, 3)} % of the largest voltage after {at_soma:.0f} ms",
        f"the far tip {short(far, 3)} % after {at_far:.0f} ms",
    ]
