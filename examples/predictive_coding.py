"""Predictive coding: what surprises a layer: new patterns in a drifting stream, and digits that it never saw."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sc_neurocore import Encoder, PredictiveCodingSCLayer
from sc_neurocore.datasets import load_digits
from sc_neurocore.gates import distance
from sc_neurocore.plots.style import COLOURS, GRID, INK, QUIET, quiet_axes

from .result import Result, short, shorts, table_row

PAGE = "predictive_coding.md"
PICTURES = {"novelty.png": (1100, 520), "unseen_digits.png": (1100, 390), "xor.png": (620, 360)}
TOLERANCE = 2e-3
"""That of k-means; the streams have none."""

Floats = NDArray[np.float64]
BLUE, RED, GREEN = COLOURS[:3]
HEADING = {"loc": "left", "fontsize": 12.5, "fontweight": "bold", "color": INK}

# ---------------------------------------------------------------- a stream that drifts and changes

CHANNELS, REGIME, STREAM_NEURONS, STREAM_LR = 48, 350, 32, 0.2
DRIFT, PERIOD, NOISE = 1.5, 300, 0.03
"""Channels and samples of the drift, and what is added to every channel."""
ALARM, STREAMS, PICTURED = 0.18, 20, 4
ORDER = "ABCABCD"
"""One letter a regime; a letter that comes again is an old pattern."""
LEARNT = 60
"""Samples of the first regime that nothing is said about."""


class Novelty(NamedTuple):
    """A stream ``(T, channels)`` and its smallest surprise ``(T,)``, with the samples at which alarms were given."""

    stream: Floats
    surprise: Floats
    alarms: list[int]


def drifting_stream(seed: int) -> Floats:
    """Regimes of `REGIME` samples: each has four bumps, which wander to and fro while it lasts."""
    rng = np.random.default_rng(seed)
    places, t, names = np.arange(CHANNELS), np.arange(REGIME), sorted(set(ORDER))
    slots = rng.permutation(4 * len(names)).reshape(len(names), 4)  # no two patterns share a place
    centres = dict(zip(names, (slots + 0.5) * CHANNELS / slots.size, strict=True))
    heights = {name: rng.uniform(0.6, 1.0, 4) for name in names}
    parts = []
    for name in ORDER:
        at = centres[name] + DRIFT * np.sin(2 * np.pi * (t[:, None] / PERIOD + rng.random(4)))
        parts.append((heights[name] * np.exp(-((places[:, None] - at[:, None]) ** 2) / 4)).sum(-1))
    stream = np.concatenate(parts)
    return np.clip(stream + rng.normal(0, NOISE, stream.shape), 0, 1)


def novelty(seed: int) -> Novelty:
    """The layer meets each sample once, and learns from it."""
    stream = drifting_stream(seed)
    layer = PredictiveCodingSCLayer(CHANNELS, STREAM_NEURONS, 256, STREAM_LR, seed, k=1, memory=5)
    surprise = layer.run(stream).min(-1)
    above = np.flatnonzero((surprise > ALARM) & (np.arange(len(surprise)) >= LEARNT))
    starts = above[np.diff(above, prepend=-REGIME) > 50].tolist()  # what follows at once is the same alarm
    return Novelty(stream, surprise, starts)


ALARMS = ("at new patterns", "at old patterns", "elsewhere")


class Alarms(NamedTuple):
    """Alarms within 10 samples after a change to a new and to an old pattern, and the others."""

    new: int
    old: int
    elsewhere: int


def score(streams: list[Novelty]) -> Alarms:
    """How many changes gave an alarm."""
    new = [i > 0 and ORDER[i] not in ORDER[:i] for i in range(len(ORDER))]
    alarms = np.array([t for found in streams for t in found.alarms])
    regime, late = np.divmod(alarms, REGIME)
    hits = [int((np.isin(regime, np.flatnonzero(kind)) & (late < 10)).sum()) for kind in (new, ~np.array(new))]
    return Alarms(*hits, int((late >= 10).sum()))


def draw_novelty(figure: Figure, found: Novelty) -> None:
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.15])
    shown = found.stream.reshape(-1, 14, CHANNELS).mean(1)
    extent = (0, len(found.stream), 0, CHANNELS)
    above.imshow(shown.T, aspect="auto", cmap=colormaps["Blues"].resampled(7), vmax=1, origin="lower", extent=extent)
    above.set_yticks([0.5, CHANNELS - 0.5], ["1", str(CHANNELS)])
    above.set_title("A stream that drifts, changes, and comes back", pad=22, **HEADING)
    above.spines[:].set_visible(False)
    above.tick_params(length=0, labelcolor=QUIET, labelbottom=False)
    above.set_ylabel("channel", color=QUIET)
    seen: set[str] = set()
    for i, name in enumerate(ORDER):
        start = i * REGIME
        new = name not in seen
        colour = RED if new else GREEN
        seen.add(name)
        for ax in (above, below):
            ax.axvline(start, color=colour, lw=1.4, ls=(0, (3, 2)), clip_on=False)
        above.text(
            start + 6,
            CHANNELS + 1,
            f"{name}, {'new' if new else 'again'}",
            fontweight="bold",
            color=colour,
            fontsize=9.5,
        )
    below.plot(found.surprise, color=BLUE, lw=1.1)
    below.axhline(ALARM, color=QUIET, lw=1)
    below.text(len(found.stream) - 6, ALARM + 0.008, "alarm", ha="right", color=QUIET, fontsize=9)
    for t in found.alarms:
        below.plot(t, found.surprise[t : t + 10].max() + 0.02, "v", color=RED, ms=9)
    quiet_axes(below)
    below.set_ylim(0, 0.42)
    below.set_xlim(0, len(found.stream))
    below.set_xlabel("sample", color=INK)
    below.set_title("Surprise of the neuron that predicts best", **HEADING)


# ---------------------------------------------------------------- a digit that was never seen

NEURONS, LR, EPOCHS = 64, 0.05, 10


class Unseen(NamedTuple):
    """False and true alarms at every threshold, by digit left out; areas by judge; predictions of the last layer."""

    curves: list[tuple[Floats, Floats]]
    areas: dict[str, Floats]
    predictions: Floats
    wins: NDArray[np.int64]


def roc(novel: Floats, known: Floats) -> tuple[Floats, Floats, float]:
    """Share of the known and of the novel that surprise by at least a threshold, and the area under the curve."""
    thresholds = np.unique(np.concatenate([novel, known]))[::-1]
    false, true = ((scores[:, None] >= thresholds).mean(0) for scores in (known, novel))
    false, true = np.append(0, false), np.append(0, true)
    return false, true, float(np.trapezoid(true, false))


class Task(NamedTuple):
    """Training images of nine digits, once and as often as they are shown; which held-out images are of the tenth."""

    train: Floats
    shown: Floats
    held_out: Floats
    novel: NDArray[np.bool_]


def tasks() -> list[Task]:
    """For each digit, the one in which it is left out."""
    data, found = load_digits(), []
    for digit in range(10):
        train, rng = data.x_train[data.y_train != digit], np.random.default_rng(digit)
        shown = np.concatenate([train[rng.permutation(len(train))] for _ in range(EPOCHS)])
        found.append(Task(train, shown, data.x_test, data.y_test == digit))
    return found


def judged(task: Task, seed: int, neurons: int = NEURONS, **options: Any) -> tuple[PredictiveCodingSCLayer, Any]:
    """A layer that has learnt the task, and its `roc`."""
    layer = PredictiveCodingSCLayer(64, neurons, lr=LR, seed=seed, **options)
    layer.run(task.shown)
    surprise = layer.run(task.held_out, learn=False).min(-1)
    return layer, roc(surprise[task.novel], surprise[~task.novel])


def unseen_digits(every: list[Task]) -> Unseen:
    """A layer a task; each learns nine digits and is shown the held-out images of all ten."""
    from sklearn.cluster import KMeans

    curves = []
    areas: dict[str, list[float]] = {"k = 1": [], "one neuron that learns all": [], "k-means, float": []}
    for digit, task in enumerate(every):
        layer, (false, true, area) = judged(task, digit, k=1)
        curves.append((false, true))
        wins = np.bincount(layer.run(task.train, learn=False).argmin(-1), minlength=NEURONS)
        centres = KMeans(NEURONS, n_init=1, random_state=digit).fit(task.train).cluster_centers_
        distances = np.abs(task.held_out[:, None] - centres).mean(-1).min(-1)
        k_means = roc(distances[task.novel], distances[~task.novel])[2]
        for values, value in zip(areas.values(), (area, judged(task, digit, 1)[1][2], k_means), strict=True):
            values.append(value)
    return Unseen(curves, {name: np.array(values) for name, values in areas.items()}, layer.weights, wins)


LENGTHS = (16, 32, 64, 128, 256)
GENERATORS = {"vdc": "van der Corput", "sobol": "Sobol", "lfsr": "LFSR", "bernoulli": "Bernoulli"}


def mean_area(every: list[Task], **options: Any) -> float:
    """Mean area under the curves of all tasks, with these keywords of the layer."""
    return float(np.mean([judged(task, digit, k=1, **options)[1][2] for digit, task in enumerate(every)]))


def draw_digits(figure: Figure, found: Unseen) -> None:
    areas = found.areas["k = 1"]
    left, right = figure.subfigures(1, 2, width_ratios=[1.55, 1], wspace=0.03)
    order = np.argsort(-found.wins, kind="stable")
    left.suptitle("What neurons predict that never saw a nine", x=0.03, ha="left", **_without_loc())
    for ax, j in zip(left.subplots(4, 8).ravel(), order, strict=False):
        ax.imshow(found.predictions[j].reshape(8, 8), cmap="Blues", vmin=0, vmax=1)
        ax.axis("off")
    right.suptitle("Is this digit new?", x=0.03, ha="left", **_without_loc())
    ax = right.subplots()
    grid = np.linspace(0, 1, 201)
    for digit, (false, true) in enumerate(found.curves):
        ax.plot(false, true, color=QUIET, lw=0.8, alpha=0.7)
        if digit == int(areas.argmin()):
            at = int(np.searchsorted(true, 0.6))
            text = f"hardest: {digit}\narea {areas[digit]:.3f}"
            arrow = {"arrowstyle": "-", "color": QUIET, "lw": 0.8}
            ax.annotate(text, (false[at], true[at]), (0.3, 0.43), color=QUIET, arrowprops=arrow)
    mean = np.mean([np.interp(grid, false, true) for false, true in found.curves], axis=0)
    mean[0] = 0
    ax.plot(grid, mean, color=BLUE, lw=2.8)
    ax.plot([0, 1], [0, 1], color=GRID, lw=1.2, zorder=0)
    text = f"mean of ten digits\narea {areas.mean():.3f}"
    ax.text(0.3, 0.7, text, color=BLUE, fontweight="bold", fontsize=11)
    ax.set_xlabel("known digits taken for new", color=INK)
    ax.set_ylabel("new digits found", color=INK)
    quiet_axes(ax)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1.01)
    ax.set_aspect("equal")


def _without_loc() -> dict[str, object]:
    return {key: value for key, value in HEADING.items() if key != "loc"}


# ---------------------------------------------------------------- one sequence or two


def xor_of(w: float, x: Floats, share: bool, length: int = 256) -> Floats:
    """Share of ones after the XOR gate, of streams from one sequence or from two Sobol dimensions."""
    inputs = Encoder(1, length, "sobol", partner=0)
    prediction = Encoder(1, length, "sobol", partner=0 if share else 1)
    return np.asarray(distance(inputs.encode(x[:, None]), prediction.encode(np.full((len(x), 1), w))).value()[:, 0])


def draw_xor(ax: Axes) -> None:
    x = np.linspace(0, 1, 129)
    for w, text, colour in ((0.5, "w = 1/2", BLUE), (0.25, "w = 1/4", RED)):
        ax.plot(x, xor_of(w, x, share=True), color=colour, lw=2.6)
        ax.plot(x, xor_of(w, x, share=False), color=colour, lw=1.3, ls=(0, (4, 2)))
        ax.plot([w, w], [0, 2 * w * (1 - w)], "o", color=colour, ms=6.5, mfc="white", mew=1.8, clip_on=False, zorder=3)
        ax.annotate(text, (1, 1 - w), (8, 0), textcoords="offset points", va="center", color=colour, fontweight="bold")
    ax.text(0.83, 0.1, "one sequence\n|w - x|", color=INK, ha="center", va="center")
    ax.text(0.3, 0.63, "two sequences\nw + x - 2 w x", color=INK, ha="center", va="center")
    ax.annotate("x = w", (0.5, 0), (9, 3), textcoords="offset points", color=QUIET, fontsize=9)
    ax.annotate("x = w", (0.5, 0.5), (-4, 9), textcoords="offset points", color=QUIET, fontsize=9)
    quiet_axes(ax)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 0.78)
    ax.set_xlabel("input x", color=INK)
    ax.set_title("Ones after the XOR gate, a share of L = 256 cycles", pad=12, **HEADING)


def pictures(picture: Novelty, unseen: Unseen) -> dict[str, Figure]:
    """The three pictures of the page."""
    novelty_figure = Figure(figsize=(11, 5.2), dpi=100, layout="constrained")
    draw_novelty(novelty_figure, picture)
    digits_figure = Figure(figsize=(11, 3.9), dpi=100, layout="constrained")
    draw_digits(digits_figure, unseen)
    xor_figure = Figure(figsize=(6.2, 3.6), dpi=100, layout="constrained")
    draw_xor(xor_figure.subplots())
    return {"novelty.png": novelty_figure, "unseen_digits.png": digits_figure, "xor.png": xor_figure}


def run(quick: bool) -> Result:
    """Alarms and areas; quick: the areas of the digits 0 and 1 only, and no other stream lengths."""
    streams = [novelty(seed) for seed in range(STREAMS)]
    numbers = {f"alarms, {name}": float(count) for name, count in zip(ALARMS, score(streams), strict=True)}
    every = tasks()
    unseen = unseen_digits(every[:2] if quick else every)
    for name, areas in unseen.areas.items():
        numbers |= {f"{name}, digit {digit}": float(area) for digit, area in enumerate(areas)}
    if not quick:
        numbers |= {f"{name}, mean": float(areas.mean()) for name, areas in unseen.areas.items()}
        numbers["scored by surprise, mean"] = mean_area(every, compete="surprise")
        for generator in GENERATORS:
            for n in LENGTHS:
                numbers[f"{generator}, L = {n}"] = mean_area(every, generator=generator, length=n)
    drawn = pictures(streams[PICTURED], unseen)
    return Result(numbers, {name: figure.savefig for name, figure in drawn.items()})


def quotes(numbers: dict[str, float]) -> list[str]:
    """The line of alarms, the tables of areas, and the means beside them."""
    new = STREAMS * sum(i > 0 and ORDER[i] not in ORDER[:i] for i in range(len(ORDER)))
    old = STREAMS * (len(ORDER) - 1) - new
    hit, again, elsewhere = (int(numbers[f"alarms, {name}"]) for name in ALARMS)
    found = [
        f"{STREAMS} streams: alarm at {hit} of {new} new patterns, at {again} of {old} that come again, "
        f"{elsewhere} elsewhere",
        f'With `compete="surprise"` the mean is {short(numbers["scored by surprise, mean"], 3)}',
        f"give {short(numbers['k-means, float, mean'], 3)}",
    ]
    for name in ("k = 1", "one neuron that learns all"):
        areas = [numbers[f"{name}, digit {digit}"] for digit in range(10)]
        found.append(table_row(name, *shorts([*areas, numbers[f"{name}, mean"]], 3)))
    for generator, title in GENERATORS.items():
        found.append(table_row(title, *shorts((numbers[f"{generator}, L = {n}"] for n in LENGTHS), 3)))
    return found
