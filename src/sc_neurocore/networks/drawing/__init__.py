"""Networks as pictures: layout of the graph, the picture, and what paints it (SVG, Matplotlib, notebooks)."""

from .axes import inches, paint, plotted
from .notebook import page
from .scene import Scene, pictured
from .svg import svg

__all__ = ["Scene", "inches", "page", "paint", "pictured", "plotted", "svg"]
