"""How to repeat a study: its record as facts of a page, and the files beside it."""

import shlex
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from ..evaluation.record import Record
from ..evaluation.writers import of_all_writers

_FILES = {
    "results.csv": "a row a run, integer counts",
    "estimate.csv": "a row an estimate",
    "points.csv": "a row a point",
    "blocks.csv": "a row for every block of images of a point",
    "choose.csv": "a row for every block of images that a circuit ran on",
    "reservoir.csv": "both scores of every run",
    "wrong.bits": "which images were wrong, a bit each",
    "estimate-wrong.bits": "which images were wrong in estimates",
    "blocks-wrong.bits": "which images of these blocks were wrong, a bit each",
    "record.json": "versions, seeds, digests and options of every run",
    "accuracy.png": "the plot as a picture",
    "estimate.png": "the plot of estimates as a picture",
    "faults.png": "the plot of faults as a picture",
    "reservoir.png": "the plots as a picture",
    "choose.png": "the plot as a picture",
    "calibrated": "the calibrated network of each circuit, and the samples that a choice calibrated on",
}
"""What may lie beside a page."""
_PYTHON = "Python"
_COMMANDS = ("evaluate", "choose", "reservoir", "sweep")
"""What tells ``python -m sc_neurocore`` from other programs."""


def files_beside(page: Path) -> tuple[tuple[str, str], ...]:
    """Files that studies wrote into the folder of a page, those of all writers, and what they hold."""
    found = []
    for name, what in _FILES.items():
        found += [(path.name, what) for path in of_all_writers(page.with_name(name)) if path.exists()]
    return tuple(found)


def run_of(page: Path, tasks: Callable[[Mapping[str, Any]], Collection[str]]) -> dict[str, Any]:
    """The last run that the record beside a page has of tasks; empty if there is none.

    Parameters
    ----------
    page
        The file of the page.
    tasks
        Ids of the tasks that a run must have, at least one, given the run.
    """
    runs: list[dict[str, Any]] = Record(page.with_name("record.json")).runs
    for run in reversed(runs):
        wanted = set(tasks(run))
        if wanted and wanted <= set(run.get("tasks", ())):
            return dict(run)
    return {}


def command_of(run: dict[str, Any]) -> str:
    """The command line of a run, or nothing if it was not one of the program's.

    >>> command_of({"command_line": ["sc-neurocore", "evaluate", "--model", "my net.npz"]})
    "sc-neurocore evaluate --model 'my net.npz'"
    >>> command_of({"command_line": ["__main__.py", "evaluate"]}), command_of({"command_line": ["__main__.py", "-q"]})
    ('sc-neurocore evaluate', '')
    """
    line: list[str] = [*run.get("command_line", ()), ""]
    program, *words = line
    ours = program in ("sc-neurocore", "sc-neurocore.exe") or (program == "__main__.py" and words[0] in _COMMANDS)
    return shlex.join(["sc-neurocore", *words[:-1]]) if ours else ""


def facts_of(run: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the record says of a run, as pairs of a name and a text."""
    network, data, calibration = (run.get(name) or {} for name in ("network", "data", "calibration"))
    libraries = {name: version for name, version in run.get("libraries", {}).items() if version}
    python = " ".join(filter(None, (run.get("implementation"), run.get("python"))))
    facts = {
        "network": _with_digest(
            f"{network.get('inputs')} inputs, {network.get('outputs')} outputs" if network else "", network
        ),
        "data": _with_digest(f"{data.get('name')}, {data.get('images')} images" if data else "", data),
        "calibrated on": _with_digest(
            f"{calibration.get('samples')} samples, rules {calibration.get('version')}" if calibration else "",
            calibration,
        ),
        "seeds": _short([str(seed) for seed in run.get("seeds", ())]),
        "version": f"sc_neurocore {run['version']}, streams {run.get('stream_version')}" if "version" in run else "",
        _PYTHON: ", ".join([python, *(f"{name} {version}" for name, version in libraries.items())]) if python else "",
        "machine": f"{run.get('platform')}, {run.get('threads')} threads" if "platform" in run else "",
        "started": str(run.get("started", "")).replace("T", " ").replace("+00:00", " UTC"),
    }
    return tuple((name, text) for name, text in facts.items() if text)


def _with_digest(text: str, part: dict[str, Any]) -> str:
    return f"{text}; digest {part['digest']}" if "digest" in part else text


def _short(texts: list[str]) -> str:
    """The first and the last of many texts."""
    return "; ".join(texts if len(texts) <= 3 else [texts[0], "..", texts[-1]])
