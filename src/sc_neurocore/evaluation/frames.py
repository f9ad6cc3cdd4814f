"""Results as tables of other libraries: CSV files, data frames of pandas, labelled arrays of xarray."""

import csv
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..files import atomic_write, checked_path
from .rows import text_of

Records = Sequence[Mapping[str, Any]]
"""Rows as values by the names of columns, the same columns in all."""


def save_csv(records: Records, path: str | os.PathLike[str]) -> None:
    """Write records as a CSV file with a header: None is empty, lengths of layers are joined by ``-``.

    Parameters
    ----------
    records
        The rows.
    path
        The file, which is written whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    names = list(records[0]) if records else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([text_of(record[name]) for name in names] for record in records)
    with atomic_write(checked_path("path", path)) as temporary:
        temporary.write_bytes(text.getvalue().encode())


def data_frame(records: Records) -> Any:
    """Records as a ``pandas.DataFrame``; a length of each layer is text such as ``16-64``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise ImportError("data frames need pandas: pip install pandas (the extra frames)") from error
    names = list(records[0]) if records else []
    return pandas.DataFrame({name: [_plain(record[name]) for record in records] for name in names})


def labelled_arrays(records: Records, axes: Sequence[str], values: Sequence[str]) -> Any:
    """Records as an ``xarray.Dataset``: an array for each value, with an axis for each of `axes`.

    Combinations that no record has are NaN.

    Parameters
    ----------
    records
        The rows; no two of them have the same place on all axes.
    axes
        Columns that become axes, their values in the order in which they come.
    values
        Columns of numbers that become arrays.

    Raises
    ------
    ImportError
        If xarray is not installed.
    ValueError
        If two records have one place.
    """
    try:
        import xarray
    except ImportError as error:
        raise ImportError("labelled arrays need xarray: pip install xarray (the extra frames)") from error
    marks = {name: list(dict.fromkeys(_plain(record[name]) for record in records)) for name in axes}
    places = tuple(np.array([marks[name].index(_plain(record[name])) for record in records], int) for name in axes)
    if len(set(zip(*places, strict=True))) < len(records):
        raise ValueError(f"records must differ in {', '.join(axes)}, some do not")
    arrays = {}
    for value in values:
        array = np.full([len(each) for each in marks.values()], np.nan)
        array[places] = [record[value] for record in records]
        arrays[value] = (tuple(axes), array)
    return xarray.Dataset(arrays, {name: _marked(each) for name, each in marks.items()})


def _plain(value: Any) -> Any:
    return text_of(value) if isinstance(value, tuple) else value


def _marked(marks: list[Any]) -> Any:
    """Values of an axis: numbers, or text if one of them is none."""
    numbers = all(isinstance(mark, int | float) and not isinstance(mark, bool) for mark in marks)
    return np.array(marks if numbers else ["none" if mark is None else str(mark) for mark in marks])
