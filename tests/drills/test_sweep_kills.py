"""Sweeps killed at random moments, two of them in one folder at times: nothing is lost, nothing is counted twice."""

import multiprocessing
import os
import random
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from sc_neurocore import Network, sweeps
from sc_neurocore.datasets import Dataset
from sc_neurocore.evaluation import ResultStore
from sc_neurocore.evaluation.record import Record
from sc_neurocore.sweeps import run as sweep_run

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")]
KILLS = 100
POINTS = sweeps.grid(generator=["bernoulli", "sobol"], length=[256], seed=range(30))


def arguments():
    rng = np.random.default_rng(0)
    network = Network.from_arrays([rng.normal(size=(40, 20)), rng.normal(size=(4, 40))])
    x = rng.random((120, 20))
    return POINTS, network, Dataset.held_out("points", x, network.float_predict(x), n_classes=4)


def run(folder, log):
    """A sweep in a process of its own, which writes down the points that it has reported, and keeps rows often."""
    sweep_run.SECONDS = 0.05
    rows = sweeps.iter_collect(*arguments(), block=20, workers=1, out=folder)
    with open(log, "wb", buffering=0) as file:
        for row in rows:
            file.write(row.task.id.encode() + b"\n")


def rows_of(folder):
    Record(folder / "record.json")  # readable
    rows = ResultStore(folder / "blocks.csv", blocks=True).read()
    return {name: (replace(row, elapsed_ns=1), row.wrong, row.float_wrong) for name, row in rows.items()}


def test_kills(tmp_path):
    sweeps.collect(*arguments(), block=20, workers=1, out=tmp_path / "whole")
    wanted = rows_of(tmp_path / "whole")
    assert len(wanted) == 6 * len(POINTS)
    context, moments = multiprocessing.get_context("forkserver"), random.Random(5)
    context.set_forkserver_preload(["sc_neurocore.sweeps.jobs", "sc_neurocore.datasets.dataset", __name__])
    kills = folders = 0
    while kills < KILLS:
        out = tmp_path / f"out-{folders}"
        out.mkdir()
        logs, before = [], 0
        while True:
            running = []
            for _ in range(moments.choice([1, 1, 2])):
                logs.append(tmp_path / f"{folders}-{len(logs)}.log")
                process = context.Process(target=run, args=(out, logs[-1]))
                process.start()
                running.append(process)
            for process, log in zip(running, logs[-len(running) :], strict=True):
                while process.is_alive() and not log.exists():
                    time.sleep(0.01)
                process.join(moments.uniform(0.0, 1.5))
                process.kill()
                process.join()
                kills += process.exitcode == -signal.SIGKILL
            found = rows_of(out) if (out / "record.json").exists() else {}
            assert found.items() <= wanted.items()
            assert len(found) >= before
            before = len(found)
            reported = {line for log in logs if log.exists() for line in log.read_text().split("\n")[:-1]}
            ended = {row.task.id for row in sweeps.load(out) if row.stopped == "all"}
            assert reported <= ended
            if len(found) == len(wanted):
                break
        assert rows_of(out) == wanted
        again = sweeps.collect(*arguments(), block=20, workers=1, out=out)
        assert again.reused == len(POINTS)
        folders += 1
    print(f"{kills} kills in {folders} folders")
