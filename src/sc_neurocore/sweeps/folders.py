"""Folders of results: read what a sweep has left, also one that still runs, and merge several into one."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import checks
from ..evaluation.blocks import BlockRow, joined
from ..evaluation.calibrated import FOLDER
from ..evaluation.old_files import FirstReservoirRow
from ..evaluation.record import Record
from ..evaluation.reservoir_rows import ReservoirRow
from ..evaluation.store import ResultStore, RowStore
from ..evaluation.writers import Writer
from ..files import atomic_write, check_writable, checked_path
from .plan import BLOCKS_FILE, check_versions
from .results import SweepResult, SweepRow
from .stopping import Reason, StopWhen


def load(folder: str | os.PathLike[str]) -> SweepResult:
    """The points that a folder of a sweep has, as far as they are run.

    A point counts from its first sample up to the first block that is missing. Points whose first block is missing are
    left out.

    Parameters
    ----------
    folder
        The folder `out` of `collect`, also while it is written.

    Returns
    -------
    SweepResult
        A row a point, in the order of the file; ``stopped`` is ``"unfinished"`` where blocks are missing.

    Raises
    ------
    ValueError
        If a file is not one of a sweep of this version.
    OSError
        If there is no such folder.
    """
    path = checked_path("folder", folder)
    if not path.is_dir():
        raise NotADirectoryError(f"folder must be one of a sweep, there is none at {path}")
    rows: dict[str, Any] = dict(ResultStore(path / BLOCKS_FILE, blocks=True).read())
    check_versions(rows)
    runs = [run["sweep"] for run in Record(path / "record.json").runs if isinstance(run.get("sweep"), dict)]
    rule = StopWhen(**runs[-1]["stop"]) if runs and runs[-1]["stop"] else None
    names = {(part["network"]["digest"], part["samples"]["digest"]): part for run in runs for part in run["subjects"]}
    points: dict[Any, list[BlockRow]] = {}
    for row in rows.values():
        points.setdefault(row.task.whole, []).append(row)
    found = []
    for task, blocks in points.items():
        chain = _chain(blocks)
        if chain:
            part = names.get((task.network, task.data), {"model": task.network[:8], "data": task.data[:8]})
            block = joined(chain)
            reason: Reason | None = "all" if block.images == block.task.total else None
            if reason is None and rule is not None:
                reason = rule.reason(block.correct, block.images, block.task.total)
            found.append(SweepRow(part["model"], part["data"], block, reason or "unfinished"))
    return SweepResult(tuple(found), len(found))


def _chain(blocks: Sequence[BlockRow]) -> list[BlockRow]:
    """Blocks that follow each other from the first sample on, as far as any of them reach."""
    last: dict[int, BlockRow] = {}
    for block in sorted(blocks, key=lambda block: block.task.start):
        if block.task.start == 0 or block.task.start in last:
            last.setdefault(block.task.stop, block)
    found: list[BlockRow] = []
    end = max(last, default=0)
    while end:
        found.append(last[end])
        end = found[-1].task.start
    return found[::-1]


def merge(folders: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str]) -> dict[str, int]:
    """Put the results of several folders into one: rows, wrong images, records, and calibrated networks with samples.

    Parameters
    ----------
    folders
        Folders of `collect`, `evaluate`, `choose` or `reservoir_study`; they are not changed.
    out
        Folder that gets them, made if need be. What it has already stays.

    Returns
    -------
    dict
        How many rows were added, by the name of their file.

    Raises
    ------
    ValueError
        If a file cannot be read, is of another version, or two folders have different counts for one task. Nothing has
        been written then.
    OSError
        If a folder is not there, or `out` cannot be written.
    """
    paths = [checked_path("folders", folder) for folder in checks.entries("folders", folders)]
    target = checked_path("out", out)
    if not paths:
        raise ValueError("folders must hold at least one, got none")
    for path in paths:
        if not path.is_dir():
            raise NotADirectoryError(f"folders must be there, there is none at {path}")
    check_writable(target)
    stores = {path: _stores(path) for path in (*paths, target)}
    new: dict[str, dict[str, Any]] = {}
    for name, store in stores[target].items():
        known: dict[str, Any] = dict(store.read())
        there = set(known)
        for path in paths:
            for key, row in stores[path][name].read().items():
                if key in known and _counts(known[key]) != _counts(row):
                    raise ValueError(f"{path / name} must have the counts of the others for task {key}, got {row}")
                known.setdefault(key, row)
        if name in _BLOCK_FILES:
            check_versions(known)
        new[name] = {key: row for key, row in known.items() if key not in there}
    records = Record(target / "record.json").runs
    runs = [run for path in paths for run in Record(path / "record.json").runs]
    with Writer(target) as writer:
        for name, rows in new.items():
            if rows:
                stores[target][name].extend(list(rows.values()), writer)
        for run in runs:
            if run not in records:
                Record(target / "record.json").add(run, writer)
                records.append(run)
    for path in paths:
        _copy_networks(path / FOLDER, target / FOLDER)
    return {name: len(rows) for name, rows in new.items()}


_BLOCK_FILES = (BLOCKS_FILE, "choose.csv")
"""Files of a row a block of samples: of sweeps, and of choices."""


def _stores(folder: Path) -> dict[str, RowStore[Any]]:
    return {
        "results.csv": ResultStore(folder / "results.csv"),
        "estimate.csv": ResultStore(folder / "estimate.csv", estimates=True),
        **{name: ResultStore(folder / name, blocks=True) for name in _BLOCK_FILES},
        "reservoir.csv": RowStore(folder / "reservoir.csv", ReservoirRow, (FirstReservoirRow,)),
    }


def _counts(row: Any) -> Any:
    """A row without the time that it took."""
    return replace(row, elapsed_ns=1) if hasattr(row, "elapsed_ns") else row


def _copy_networks(source: Path, target: Path) -> None:
    """Copy calibrated networks, and the samples that choices calibrated them on, unless they are there."""
    for path in sorted((*source.glob("[!.]*.safetensors"), *source.glob("[!.]*.npz"))):
        if not (target / path.name).exists():
            target.mkdir(parents=True, exist_ok=True)
            with atomic_write(target / path.name) as temporary:
                temporary.write_bytes(path.read_bytes())
