"""Pictures of networks with Matplotlib."""

from itertools import pairwise
from typing import TYPE_CHECKING

from ... import checks
from ...colours import INK, tint
from .scene import TINT, Scene, Text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGEST = 250.0
"""Most inches of a side of a picture; a larger network is drawn smaller."""


def inches(scene: Scene) -> tuple[float, float]:
    """Width and height of a figure in which all text has its size."""
    shrunk = min(1.0, 96 * LARGEST / max(scene.width, scene.height))
    return scene.width * shrunk / 96, scene.height * shrunk / 96


def plotted(scene: Scene, ax: "Axes | None") -> "Axes":
    """Draw a picture on axes, or on those of a new figure of pyplot that has its size; the axes."""
    from matplotlib.axes import Axes

    if ax is not None:
        checks.instance("ax", ax, Axes)
    else:
        from matplotlib import pyplot

        ax = pyplot.figure(figsize=inches(scene)).add_axes((0, 0, 1, 1))
    paint(ax, scene)
    return ax


def paint(ax: "Axes", scene: Scene) -> None:
    """Draw a picture on axes of Matplotlib, as large as they are now; text has the size of the rest."""
    from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon, Rectangle
    from matplotlib.path import Path

    ax.set(xlim=(0, scene.width), ylim=(scene.height, 0), aspect="equal")
    ax.axis("off")
    space = ax.get_window_extent()
    unit = 72 / ax.figure.dpi * min(space.width / scene.width, space.height / scene.height)  # in points

    def write(text: Text) -> None:
        ax.text(text.left, text.baseline, text.text, size=text.size * unit, color=text.colour, clip_on=True,
                weight="bold" if text.bold else "normal", ha="center" if text.centred else "left", va="baseline",
                family="DejaVu Sans", parse_math=False, usetex=False, zorder=4)  # fmt: skip

    for box, colour in scene.marks:
        ax.add_patch(Rectangle((box.left, box.top), box.width, box.height, fc=tint(colour, TINT), ec=colour, lw=unit))
    for line in scene.lines:
        points, codes = [line.points[0]], [Path.MOVETO]
        for (x, y), (to, down) in pairwise(line.points):
            half = (y + down) / 2
            straight = x == to
            points += [(to, down)] if straight else [(x, half), (to, half), (to, down)]
            codes += [Path.LINETO] if straight else [Path.CURVE4] * 3
        ax.add_patch(PathPatch(Path(points, codes), fill=False, ec=INK, lw=1.2 * unit, capstyle="butt", zorder=2))
        x, y = points[-1]
        ax.add_patch(Polygon([(x, y), (x - 3.5, y - 7), (x + 3.5, y - 7)], fc=INK, lw=0, zorder=2))
    for text in scene.texts:
        write(text)
    for card in scene.cards:
        box = card.box
        ax.add_patch(FancyBboxPatch((box.left, box.top), box.width, box.height, boxstyle="round,pad=0,rounding_size=5",
                                    fc=tint(card.colour, TINT), ec=card.colour, lw=unit, zorder=3))  # fmt: skip
        for text in card.texts:
            write(text)
