"""Pictures of results: functions of an axes and a result, and writers of files."""

from .accuracy import accuracy_against_length, save_accuracy
from .raster import plot_raster

__all__ = ["accuracy_against_length", "plot_raster", "save_accuracy"]
