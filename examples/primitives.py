"""Circuit primitives: Mach bands of a photograph, odds of a race of counters, synapses that saturate."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats
from sklearn.datasets import load_sample_image

from sc_neurocore import Encoder, LateralInhibition, RallDendrite, WinnerTakeAll
from sc_neurocore.plots.style import COLOURS, GRID, INK, QUIET, label_ends, quiet_axes

from .result import Result, short, table_row

PAGE = "primitives.md"
PICTURES = {"mach_bands.png": (825, 420), "winner_take_all.png": (1012, 386), "saturation.png": (874, 386)}
TOLERANCE = 1e-3

TITLE = {"fontsize": 15, "fontweight": "bold", "color": INK}

# ---------------------------------------------------------------- lateral inhibition

STRENGTH, RADIUS = 0.8, 4
IMAGE_LENGTHS = (16, 256)
ROW = 44
"""Of the photograph, through the wall and the sky."""


def photograph() -> np.ndarray:
    """A temple roof in grey, 110 x 165 pixels, values in [0, 1]."""
    colours = load_sample_image("china.jpg")[10:230, 170:500].astype(float) / 255
    grey = colours @ (0.299, 0.587, 0.114)
    return grey.reshape(110, 2, 165, 2).mean((1, 3))


def inhibited(image: np.ndarray) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """The image in numbers, and through the circuit on streams of each length."""
    layer = LateralInhibition(image.size, STRENGTH, RADIUS, boundary="reflect", shape=image.shape)
    circuits = {
        length: layer.apply_bitstream(Encoder(image.size, length, "vdc").encode(image.ravel())).value()
        for length in IMAGE_LENGTHS
    }
    return layer.apply(image), {length: values.reshape(image.shape) for length, values in circuits.items()}


def mach_bands() -> tuple[Figure, dict[int, float]]:
    """The photograph before and after, and one of its rows; and the largest error of each length."""
    image = photograph()
    exact, circuits = inhibited(image)
    figure = Figure(figsize=(11, 5.6), dpi=75)
    figure.text(0.02, 0.94, "Neighbours inhibit each other", **TITLE)
    figure.text(0.352, 0.944, "edges stay, even light goes", fontsize=10.5, color=QUIET)
    shown = {"photograph": image, f"circuit, L = {IMAGE_LENGTHS[0]}": circuits[IMAGE_LENGTHS[0]]}
    shown[f"circuit, L = {IMAGE_LENGTHS[1]}"] = circuits[IMAGE_LENGTHS[1]]
    for k, (title, values) in enumerate(shown.items()):
        ax = figure.add_axes((0.02 + 0.327 * k, 0.38, 0.306, 0.5))
        ax.imshow(values, cmap="gray", vmin=0, vmax=1 if k == 0 else np.quantile(exact, 0.995))
        ax.set_title(title, loc="left", color=INK, fontsize=11)
        ax.axhline(ROW, color=COLOURS[1], lw=0.8)
        ax.set_axis_off()
    ax = figure.add_axes((0.045, 0.075, 0.93, 0.25))
    place = np.arange(image.shape[1])
    ax.plot(place, image[ROW], color=QUIET, lw=1.2)
    ax.plot(place, exact[ROW], color=COLOURS[0], lw=2.2)
    ax.plot(place, circuits[IMAGE_LENGTHS[1]][ROW], ".", color=COLOURS[1], ms=3.5)
    for text, values, colour in (("photograph", image, QUIET), ("inhibited", exact, COLOURS[0])):
        ax.text(place[-1] + 2, values[ROW, -6:].mean(), text, color=colour, va="center", fontsize=9.5)
    ax.text(
        place[-1] + 2, exact[ROW, -6:].mean() - 0.13, f"dots: L = {IMAGE_LENGTHS[1]}", color=COLOURS[1], va="center",
        fontsize=9.5,
    )  # fmt: skip
    ax.set_xlim(0, place[-1] + 22)
    quiet_axes(ax)
    ax.set_title("the marked row", loc="left", color=QUIET, fontsize=9.5)
    return figure, {length: float(np.abs(values - exact).max()) for length, values in circuits.items()}


# ---------------------------------------------------------------- winner-take-all

MARGINS = (0.2, 0.1, 0.05, 0.02)
RACE_LENGTHS = (8, 16, 32, 64, 128, 256, 512, 1024)
RACES = 4000
TARGETS = (2, 4, 8, 16, 32, 64, 128, 256)


def cycles(target: int, rate: float = 0.6, length: int = 256) -> float:
    """Cycles in which a counter is full; after the end of the stream each one counts."""
    return target / rate if target <= rate * length else length + target - rate * length


def odds(margin: float, length: int, target: int | None = None) -> float:
    """Exact probability that .5 + margin beats .5: the mean over which of the two is first in a tie."""
    goal = target or length
    cycles = np.arange(length + goal + 1)
    drawn, still = np.minimum(cycles, length), goal - np.maximum(cycles - length, 0)
    best, other = (np.diff(stats.binom.sf(still - 1, drawn, rate)) for rate in (0.5 + margin, 0.5))  # P(full at t)
    later = 1 - np.cumsum(other)
    return float(best @ later + best @ other / 2)


def measured(margin: float, length: int, target: int | None = None) -> float:
    """Share of races of Bernoulli streams that the right one wins; it comes first in half of them."""
    streams = Encoder(2, length, "bernoulli", seed=round(1000 * margin) + length + (target or 0)).encode(
        np.tile([[0.5 + margin, 0.5], [0.5, 0.5 + margin]], (RACES, 1))
    )
    winners = WinnerTakeAll(2, target=target).winners_bitstream(streams)[:, 0]
    return float(np.mean(winners == np.arange(2 * RACES) % 2))


def race() -> tuple[Figure, float]:
    """Odds against length and target; and the largest distance of a measured share from its probability."""
    figure = Figure(figsize=(11, 4.2), dpi=92)
    figure.text(0.02, 0.925, "The first counter to fill wins", **TITLE)
    figure.text(
        0.335, 0.93, f"lines: exact binomials; dots: {2 * RACES} races of Bernoulli streams", fontsize=10.5, color=QUIET
    )
    left, right = figure.add_axes((0.05, 0.16, 0.34, 0.64)), figure.add_axes((0.59, 0.16, 0.38, 0.64))
    off, ends = 0.0, []
    for margin, colour in zip(MARGINS, COLOURS, strict=False):
        exact = np.array([odds(margin, length) for length in RACE_LENGTHS])
        found = np.array([measured(margin, length) for length in RACE_LENGTHS])
        off = max(off, np.abs(exact - found).max())
        left.plot(RACE_LENGTHS, 100 * exact, color=colour, lw=2)
        left.plot(RACE_LENGTHS, 100 * found, "o", color=colour, ms=6, mec="white")
        ends.append((100 * exact[-1], f"{0.5 + margin:.2f} against .5".lstrip("0"), colour))
    left.set_xscale("log", base=2)
    left.set_xticks(RACE_LENGTHS, [str(length) for length in RACE_LENGTHS])
    left.set_xlabel("stream length L, all of it counted", color=QUIET, fontsize=9.5)
    exact = np.array([odds(0.1, 256, target) for target in TARGETS])
    found = np.array([measured(0.1, 256, target) for target in TARGETS])
    off = max(off, np.abs(exact - found).max())
    right.plot(TARGETS, 100 * exact, color=COLOURS[1], lw=2)
    right.plot(TARGETS, 100 * found, "o", color=COLOURS[1], ms=6, mec="white")
    right.set_xscale("log", base=2)
    right.set_xticks(TARGETS, [f"{target}\n{cycles(target):.0f}" for target in TARGETS])
    right.set_xlabel(
        "ones that fill a counter, and cycles that takes (.6 against .5, L = 256)", color=QUIET, fontsize=9.5
    )
    for ax in (left, right):
        quiet_axes(ax)
        ax.minorticks_off()
        ax.set_title("the right one wins, %", loc="left", color=QUIET, fontsize=9.5)
    label_ends(left, ends)
    return figure, off


# ---------------------------------------------------------------- dendrite

PLACES = {"one branch": (0, 2), "two branches": (0, 3)}
ACTIVE_MS, SPAN_MS = 10, 60


def responses() -> dict[str, dict[str, np.ndarray]]:
    """Soma voltages ``(SPAN_MS,)`` of two synapses, each alone and both together."""
    found = {}
    for name, (a, b) in PLACES.items():
        traces = {}
        for label, active in (("a", [a]), ("b", [b]), ("both", [a, b])):
            g = 2.0 * np.isin(np.arange(4), active)
            dendrite = RallDendrite(4, topology=[-1, -1, 0, 1], soma_size=30, reversal=1.0)
            traces[label] = dendrite.run(np.repeat([g, 0 * g], [ACTIVE_MS, SPAN_MS - ACTIVE_MS], axis=0))
        found[name] = traces
    return found


def draw_sites(ax: Axes, sites: tuple[int, int]) -> None:
    """A soma with two stems, and where the synapses are: middles 0 and 1, tips 2 and 3."""
    where = {0: (0.9, 0.0), 1: (-0.9, 0.0), 2: (1.9, 0.0), 3: (-1.9, 0.0)}
    ax.plot([-1.9, 1.9], [0, 0], color=INK, lw=3, solid_capstyle="round")
    ax.plot(0, 0, "o", color=INK, ms=17)
    for site, name in zip(sites, "ab", strict=True):
        x, y = where[site]
        ax.annotate(
            name, (x, y), (x, 0.75), ha="center", fontsize=11, fontweight="bold", color=COLOURS[1],
            arrowprops={"arrowstyle": "-|>", "color": COLOURS[1]},
        )  # fmt: skip
    ax.set_xlim(-2.2, 2.2)
    ax.set_ylim(-0.4, 1.1)
    ax.set_axis_off()


def saturation() -> tuple[Figure, dict[str, float]]:
    """Two synapses on one branch, and on two; and the share of the sum that is missing at the peak."""
    found = responses()
    figure = Figure(figsize=(9.5, 4.2), dpi=92)
    figure.text(0.02, 0.925, "Where a synapse sits", **TITLE)
    figure.text(0.3, 0.93, "conductances saturate on a branch that they share", fontsize=10.5, color=QUIET)
    time, missing = np.arange(1, SPAN_MS + 1), {}
    for k, (name, traces) in enumerate(found.items()):
        x = 0.06 + 0.48 * k
        ax = figure.add_axes((x, 0.13, 0.43, 0.66))
        draw_sites(figure.add_axes((x + 0.16, 0.57, 0.27, 0.22), facecolor="none"), PLACES[name])
        total = traces["a"] + traces["b"]
        missing[name] = float(1 - traces["both"].max() / total.max())
        for label in ("a", "b"):
            ax.plot(time, traces[label], color=QUIET, lw=1.2)
            peak = int(traces[label].argmax())
            ax.annotate(label, (time[peak], traces[label][peak]), (0, -12), textcoords="offset points", color=QUIET)
        ax.plot(time, total, color=COLOURS[0], lw=2, ls=(0, (2, 1.5)), label="sum of a and b")
        ax.plot(time, traces["both"], color=COLOURS[1], lw=2.4, label="both at once")
        ax.axvspan(0, ACTIVE_MS, ymax=0.03, color=GRID, zorder=0)
        ax.set_title(f"{name}: {100 * missing[name]:.1f} % are missing", loc="left", color=INK, fontsize=11)
        ax.set_ylim(0, 1.55 * max(trace["both"].max() for trace in found.values()))
        ax.set_xlabel("ms", color=QUIET)
        quiet_axes(ax)
        if k == 0:
            ax.legend(frameon=False, fontsize=9.5, loc="center right", labelcolor=INK)
    return figure, missing


TABLED_LENGTHS, TABLED_TARGETS = (16, 64, 256, 1024), (8, 32, 128, 256)


def run(quick: bool) -> Result:
    """Errors, odds and what is missing; quick enough as it is."""
    (bands, errors), (races, off), (sites, missing) = mach_bands(), race(), saturation()
    numbers = {f"largest error of a pixel, L = {length}": error for length, error in errors.items()}
    for margin in MARGINS:
        numbers |= {f"{0.5 + margin:g} wins, L = {n}, %": 100 * odds(margin, n) for n in TABLED_LENGTHS}
    numbers |= {f"0.6 wins, counters of {n}, %": 100 * odds(0.1, 256, n) for n in TABLED_TARGETS}
    numbers |= {"largest distance of a measured share, %": 100 * off}
    numbers |= {f"missing on {name}, %": 100 * share for name, share in missing.items()}
    figures = {"mach_bands.png": bands, "winner_take_all.png": races, "saturation.png": sites}
    return Result(numbers, {name: figure.savefig for name, figure in figures.items()})


def quotes(numbers: dict[str, float]) -> list[str]:
    """Tables and sentences."""
    found = [f"| {n} | {short(numbers[f'largest error of a pixel, L = {n}'], 4)} |" for n in IMAGE_LENGTHS]
    for margin in MARGINS:
        name = f"{0.5 + margin:g}"
        found.append(table_row(name[1:], *(f"{numbers[f'{name} wins, L = {n}, %']:.2f}" for n in TABLED_LENGTHS)))
    by_target = ", ".join(f"{numbers[f'0.6 wins, counters of {n}, %']:.2f}" for n in TABLED_TARGETS)
    one, two = (numbers[f"missing on {name}, %"] for name in PLACES)
    return [*found, f"{by_target} %", f"{one:.1f} % of the sum is missing", f"on two branches {short(two, 2)} %"]
