"""Plots of results with Matplotlib: functions that draw on axes, and functions that write files."""

from .accuracy import accuracy_against_length, save_accuracy
from .choice import loss_against_cost, save_choice
from .crossbar import draw_crossbar, save_crossbar
from .faults import accuracy_against_faults, save_faults
from .network import save_network
from .raster import plot_raster
from .reservoir import save_reservoir, score_against_length
from .sweep import accuracy_of_points

__all__ = [
    "accuracy_against_faults",
    "accuracy_against_length",
    "accuracy_of_points",
    "draw_crossbar",
    "loss_against_cost",
    "plot_raster",
    "save_accuracy",
    "save_choice",
    "save_crossbar",
    "save_faults",
    "save_network",
    "save_reservoir",
    "score_against_length",
]
