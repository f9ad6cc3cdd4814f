"""Dask's workers as an engine: killed, stopped and started again, nothing is lost and nothing counted twice."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from sc_neurocore import sweeps
from sc_neurocore.cli import main
from sc_neurocore.evaluation import ResultStore
from sc_neurocore.sweeps import dask_engine
from sc_neurocore.sweeps.dask_engine import DaskEngine

distributed = pytest.importorskip("distributed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # warnings of Dask's own
POINTS = sweeps.grid(generator=["bernoulli"], length=[64, 256], seed=range(20))


def counts(rows):
    return {row.task.id: (replace(row.block, elapsed_ns=1), row.block.wrong, row.stopped) for row in rows}


@pytest.fixture(scope="module")
def wanted(network, data):
    return counts(sweeps.collect(POINTS, network, data, block=10, workers=1))


@pytest.fixture
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


def check(found, wanted, folder):
    """The same rows, each once in the file, and readable from it."""
    assert counts(found) == wanted
    assert counts(sweeps.load(folder)) == wanted
    lines = [line.split(",")[0] for line in (folder / "blocks.csv").read_text().splitlines()[1:]]
    assert len(lines) == len(set(lines)) == 10 * len(wanted)
    assert len(ResultStore(folder / "blocks.csv", blocks=True).read()) == len(lines)


def swept(network, data, engine, folder, disturb):
    """Rows of a sweep that is disturbed behind its first rows."""
    found = []
    for row in sweeps.iter_collect(POINTS, network, data, block=10, executor=engine, out=folder):
        found.append(row)
        if len(found) in (1, 10):
            disturb()
    return found


def test_a_killed_worker(network, data, wanted, cluster, tmp_path):
    with distributed.Client(cluster, set_as_default=False) as client:

        def kill():
            pids = client.run(os.getpid, on_error="ignore")
            os.kill(next(iter(pids.values())), signal.SIGKILL)

        check(swept(network, data, DaskEngine(cluster.scheduler_address), tmp_path, kill), wanted, tmp_path)


def test_all_workers_restarted(network, data, wanted, cluster, tmp_path):
    with distributed.Client(cluster, set_as_default=False) as client:
        engine = DaskEngine(cluster.scheduler_address)
        check(swept(network, data, engine, tmp_path, lambda: client.restart(timeout=60)), wanted, tmp_path)


def test_a_slow_worker(network, data, wanted, cluster, tmp_path):
    """One that stands still for a while."""
    with distributed.Client(cluster, set_as_default=False) as client:
        pids = list(client.run(os.getpid).values())

        def stop():
            os.kill(pids[0], signal.SIGSTOP)
            subprocess.Popen(["sh", "-c", f"sleep 2; kill -CONT {pids[0]}"])

        check(swept(network, data, DaskEngine(cluster.scheduler_address), tmp_path, stop), wanted, tmp_path)


def test_the_executor_of_a_client(network, data, wanted, cluster, tmp_path):
    with distributed.Client(cluster, set_as_default=False) as client:
        executor = client.get_executor(pure=False)
        found = sweeps.collect(POINTS, network, data, block=10, executor=executor, out=tmp_path)
    check(found, wanted, tmp_path)


def test_a_scheduler_is_started_again(network, data, wanted, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = []

    def start(*words):
        command = [sys.executable, "-m", *words]
        running.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def start_all():
        start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "18786", "--no-dashboard")
        for _ in range(2):
            start(
                "distributed.cli.dask_worker", "tcp://127.0.0.1:18786", "--nthreads", "1", "--no-dashboard",
                "--death-timeout", "60", "--local-directory", str(tmp_path / "work"),
            )  # fmt: skip

    def end_all():
        for process in running:
            process.kill()
        for process in running:
            process.wait()
        running.clear()

    def again():
        end_all()
        start_all()

    start_all()
    try:
        end = time.monotonic() + 60
        while True:
            try:
                engine = DaskEngine("tcp://127.0.0.1:18786")
                break
            except OSError:
                assert time.monotonic() < end
                time.sleep(0.2)
        check(swept(network, data, engine, tmp_path / "out", again), wanted, tmp_path / "out")
    finally:
        end_all()


def test_processes_of_this_machine(network, data, wanted, tmp_path):
    engine = DaskEngine("local", workers=2)
    assert engine.slots == 2
    check(swept(network, data, engine, tmp_path, lambda: None), wanted, tmp_path)


def test_nobody_answers(capsys, tmp_path):
    start = time.monotonic()
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "--length", "8", "--calibrate", "none", "--dask", "tcp://127.0.0.1:1", "--out", str(tmp_path)])
    assert stop.value.code == 2
    assert capsys.readouterr().err == "error: no Dask scheduler answers at tcp://127.0.0.1:1\n"
    assert time.monotonic() - start < 10


def test_someone_else_answers():
    """A server that accepts connections and says nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(OSError, match=f"no Dask scheduler answers at {address}"):
            DaskEngine(address)
        assert time.monotonic() - start < 10


def test_a_web_server_answers():
    """What it says is a length of 3 EiB to Dask; no client of it may be left, which takes 12 s at the end."""
    import socket

    def answer():
        with suppress(OSError):
            while True:
                talk, _ = server.accept()
                talk.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html></html>")

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, daemon=True).start()
        words = ["sweep", "--length", "8", "--dry-run", "--dask", f"tcp://127.0.0.1:{server.getsockname()[1]}"]
        program = [sys.executable, "-m", "sc_neurocore", *words]
        done = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (2, f"error: no Dask scheduler answers at {words[-1]}\n")


def test_a_worker_is_no_scheduler(cluster):
    (address, *_) = cluster.scheduler_info["workers"]
    with pytest.raises(OSError, match=f"no Dask scheduler answers at {address}"):
        DaskEngine(address)


@pytest.mark.parametrize("address", ["hello", "", "nonsense://x:1", "inproc://x"])
def test_wrong_addresses(address):
    with pytest.raises(ValueError, match="address must be one of a Dask scheduler, got"):
        DaskEngine(address)


def test_workers_are_for_this_machine():
    with pytest.raises(ValueError, match="workers must be None with a scheduler, which has its own, got 2"):
        DaskEngine("tcp://127.0.0.1:1", workers=2)
    with pytest.raises(TypeError, match="address must be a str"):
        DaskEngine(8786)


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="Dask needs distributed: pip install distributed"):
        dask_engine.DaskEngine("local")


TWO = """
from sc_neurocore.sweeps.dask_engine import DaskEngine

if __name__ == "__main__":
    one, other = DaskEngine("local", 1), DaskEngine("local", 1)
    print(one.slots, other.slots)
    one.close()
    other.close()
"""


def test_two_on_one_machine_do_not_warn(tmp_path):
    (tmp_path / "two.py").write_text(TWO)
    done = subprocess.run([sys.executable, "two.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("1 1\n", "")
