"""Write the page of a study into its folder."""

import os
from dataclasses import replace
from functools import partial
from typing import Any

from ..files import atomic_write, checked_path
from .page import html
from .repeat import command_of, facts_of, files_beside, run_of
from .studies import page_of, tasks_of


def save_report(path: str | os.PathLike[str], study: Any) -> None:
    """Write a study as one HTML file: its answer, its plots, its table, and how to repeat it.

    The file needs nothing else: it opens from the disk, without a network, in light and dark, on a phone and on paper.

    Parameters
    ----------
    path
        The file, such as ``report/index.html``; it is replaced only when the new one is complete. How to repeat the
        study is read from ``record.json`` in the same folder, and the files of results there are listed; a page in
        another folder is without both.
    study
        An `Evaluation`, a `FaultStudy`, a `ReservoirStudy`, a `SweepResult` or a `Choice`.

    Raises
    ------
    OSError
        If the file cannot be written.
    ValueError, TypeError
        If `path` is no path, `study` is no such result, or ``record.json`` is no record.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import sc_neurocore as sc
    >>> network = sc.Network.from_arrays([[[1.0, -1.0], [-1.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]])
    >>> data = sc.datasets.Dataset("two points", [], [], [[0.9, 0.1], [0.2, 0.7]], [0, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = sc.evaluate(network, data, 16, "sobol", out=folder)
    ...     save_report(folder + "/index.html", found)
    ...     "How long must the streams be?" in Path(folder, "index.html").read_text("utf-8")
    True
    """
    file = checked_path("path", path)
    page = page_of(study)
    run = run_of(file, partial(tasks_of, study))
    commands = "\n".join(filter(None, (command_of(run), page.command)))
    page = replace(page, command=commands, facts=facts_of(run), files=files_beside(file))
    with atomic_write(file) as temporary:
        temporary.write_text(html(page), "utf-8")
