"""Several runs of `evaluate` in one folder, killed at random moments: nothing is lost, nothing is counted twice."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.evaluation import ResultStore
from sc_neurocore.evaluation.record import Record

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
LENGTHS, GENERATORS, REPEATS = (4, 8), ("bernoulli", "searched"), 4
CIRCUITS = len(LENGTHS) * len(GENERATORS)
TASKS = 2 * CIRCUITS * REPEATS
"""Each circuit is run calibrated and as mapped."""


class Programs:
    """Runs of the program in processes of their own, see `program_server`."""

    def __init__(self, folder):
        self.folder, self.count = folder, 0
        rng = np.random.default_rng(0)
        network = Network.from_arrays([rng.normal(size=(3, 2))])
        x, x_train = rng.random((50, 2)), rng.random((40, 2))
        y, y_train = map(network.float_predict, (x, x_train))
        network.save(folder / "net.safetensors")
        np.savez(folder / "data.npz", x=x, y=y, x_train=x_train, y_train=y_train)
        server = Path(__file__).with_name("program_server.py")
        command = [sys.executable, str(server), json.dumps(self.words(folder / "whole", 0))]
        environment = {**os.environ, "COLUMNS": "90", "MPLCONFIGDIR": str(folder)}
        self.server = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        assert self.answer() == 0
        self.tables = {seed: self.table(folder / "whole", seed) for seed in (0, 1)}
        self.rows = {name: replace(row, elapsed_ns=1) for name, row in read(folder / "whole").items()}
        assert len(self.rows) == 2 * TASKS

    def words(self, out, seed):
        words = {
            "--model": self.folder / "net.safetensors", "--data": self.folder / "data.npz", "--out": out,
            "--lengths": ",".join(map(str, LENGTHS)), "--generators": ",".join(GENERATORS),
            "--seed": seed, "--repeats": REPEATS,
        }  # fmt: skip
        return ["evaluate", *(str(word) for pair in words.items() for word in pair)]

    def answer(self):
        return int(self.server.stdout.readline())

    def ask(self, question):
        self.server.stdin.write(json.dumps(question) + "\n")
        self.server.stdin.flush()
        return self.answer()

    def start(self, out, seed):
        self.count += 1
        log = self.folder / f"{self.count}.log"
        return self.ask([self.words(out, seed), str(log)]), log

    def table(self, out, seed):
        """The lines of the final table, after a run to the end."""
        process, log = self.start(out, seed)
        text = Path(f"{log}.out")
        assert self.ask(process) == 0, text.read_text()
        return [line for line in text.read_text().splitlines() if not line.startswith(("reused", "written"))]

    def check(self, out, finished):
        """What was reported as finished is there, once, with counts and wrong images; all files are readable."""
        found = read(out)
        assert set(finished) <= set(found)
        for name, row in found.items():
            assert replace(row, elapsed_ns=1) == self.rows[name]
            assert (row.wrong, row.float_wrong) == (self.rows[name].wrong, self.rows[name].float_wrong)
        return found


def read(out):
    Record(out / "record.json")  # readable
    for file in out.glob("calibrated/[!.]*"):
        assert Network.load(file).calibration is not None
    return ResultStore(out / "results.csv").read()


def finished(log):
    """Tasks that a run has reported as finished, by starting the next."""
    return log.read_text().split()[:-1] if log.exists() else []


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    server = Programs(tmp_path_factory.mktemp("programs"))
    yield server
    server.server.stdin.close()
    server.server.stdout.close()
    server.server.wait(30)


@pytest.mark.slow
def test_kills(programs, tmp_path, drills):
    rng, kills, folders, done = random.Random(15), {}, 0, []
    while sum(kills.values()) < 5 * drills:
        out, done = tmp_path / "report", []
        for _ in range(3):
            seeds = rng.choice([(0, 0), (0, 1)])
            running = [(time.monotonic() + rng.uniform(0, 0.5), *programs.start(out, seed)) for seed in seeds]
            for moment, process, log in sorted(running):
                time.sleep(max(moment - time.monotonic(), 0))
                kind = rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
                os.kill(process, kind)
                status = programs.ask(process)
                if status:
                    assert status in (-kind, 130), Path(f"{log}.out").read_text()
                    kills[kind.name] = kills.get(kind.name, 0) + 1
                done += finished(log)
            programs.check(out, done)
        assert [programs.table(out, seed) for seed in (0, 1)] == [programs.tables[seed] for seed in (0, 1)]
        assert len(programs.check(out, done)) == 2 * TASKS
        assert len(list(out.glob("calibrated/[!.]*"))) == CIRCUITS
        folders += 1
        shutil.rmtree(out)
    print(f"{kills} in {folders} folders")


def test_two_runs_at_once(programs, tmp_path, drills):
    """Nothing is lost of two different runs, and nothing counted twice of two identical ones."""
    apart = 0
    for place in range(drills):
        for seeds in ((0, 1), (0, 0)):
            out = tmp_path / f"{place}-{seeds[1]}"
            running = [programs.start(out, seed) for seed in seeds]
            assert [programs.ask(process) for process, _ in running] == [0, 0]
            found = programs.check(out, [name for _, log in running for name in finished(log)])
            assert len(found) == TASKS * len(set(seeds))
            runs = Record(out / "record.json").runs
            assert {name for run in runs for name in run["computed"]} == set(found)
            written = [line for _, log in running for line in Path(f"{log}.out").read_text().splitlines()[-1:]]
            names = sorted(name for line in written for name in line.removeprefix("written: ").split(", "))
            assert sorted(set(names)) == sorted(str(file) for file in out.iterdir())
            apart += len(set(names)) == 9
    print(f"{apart} of {2 * drills} pairs at the same time")
