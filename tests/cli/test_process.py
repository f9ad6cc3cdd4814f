"""The program as a process: pipes whose reader leaves, closed outputs, Ctrl-C at any moment."""

import io
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from sc_neurocore import Network
from sc_neurocore.cli import main
from sc_neurocore.evaluation import reservoir_study, reservoirs

AGAIN = "interrupted; run the same command again\n"
FILES = {"results.csv", "wrong.bits", "record.json", "accuracy.png", "index.html"}


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    """A run that takes a few milliseconds."""
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    network = Network.from_arrays([rng.normal(size=(3, 2))])
    x = rng.random((20, 2))
    network.save(folder / "net.safetensors")
    np.savez(folder / "data.npz", x=x, y=network.float_predict(x))
    files = ["--model", str(folder / "net.safetensors"), "--data", str(folder / "data.npz")]
    return ["evaluate", *files, "--lengths", "8", "--generators", "sobol", "--out"]


def ended(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code


def files_of(folder):
    return {file.name for file in folder.iterdir()}


@pytest.fixture
def left():
    """A stream whose reader has left, as `head` does."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w", buffering=1) as stream:
        yield stream


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_run_is_completed_when_its_reader_leaves(words, tmp_path, monkeypatch, left, name):
    monkeypatch.setattr(sys, name, left)
    for command in (["--version"], ["--help"], ["info"]):
        assert ended(command) == 0
    assert ended([*words, str(tmp_path)]) == 0
    assert files_of(tmp_path) == FILES
    assert ended(["evaluate", "--seed=-1"]) == 2


def test_head_of_a_run(words, tmp_path):
    """The process itself ends well too, when the interpreter closes its streams."""
    command = [sys.executable, "-m", "sc_neurocore", *words, str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("data: 20 held-out images")
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert files_of(tmp_path / "out") == FILES


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_closed_output_takes_nothing(words, tmp_path, monkeypatch, name):
    monkeypatch.setattr(sys, name, None)  # as Python starts with ``>&-``
    assert ended([*words, str(tmp_path)]) == 0
    assert files_of(tmp_path) == FILES
    assert ended(["--help"]) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_output_is_an_error_of_one_line(capsys, monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert ended(["--version"]) == 2
        assert capsys.readouterr().err == "error: the output cannot be written: No space left on device\n"
        monkeypatch.undo()


@pytest.mark.parametrize("columns", [20, 40])
def test_a_narrow_terminal_cuts_nothing_off(words, tmp_path, monkeypatch, capsys, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert ended([*words, str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "…" not in out
    (header,) = (line.split() for line in out.splitlines() if "accuracy %" in line)
    assert header[:4] == ["generator", "L", "accuracy", "%"]


def test_an_output_of_ascii(words, tmp_path, monkeypatch):
    with io.TextIOWrapper(io.BytesIO(), encoding="ascii") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        assert ended([*words, str(tmp_path)]) == 0
        monkeypatch.undo()
        assert b"sobol" in stream.buffer.getvalue()


INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"


def process(code, *arguments):
    started = time.monotonic()
    command = [sys.executable, "-c", f"import os, signal, sys, time, types\n{code}", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return result.returncode, result.stderr, time.monotonic() - started


@pytest.mark.parametrize("library", ["cyclopts", "rich.table", "numpy", "sc_neurocore.evaluation"])
def test_ctrl_c_while_a_library_is_imported(library):
    code = f"""
class Stop:
    def find_spec(self, name, *more):
        if name == {library!r}:
            exec({INTERRUPT!r})  # text, as dataclasses do: CPython remembers a KeyboardInterrupt in it

sys.meta_path.insert(0, Stop())
from sc_neurocore.cli import main
main()
"""
    assert process(code, "info")[:2] == (130, AGAIN)


# Name: what a command does. The last line of each is not to be reached.
COMMANDS = {
    "once": f"{INTERRUPT}; time.sleep(9)",
    "another error": f"""
    try: {INTERRUPT}; time.sleep(9)
    except KeyboardInterrupt: raise ImportError("multiarray failed to import")""",
    "twice": f"""
    try: {INTERRUPT}; time.sleep(9)
    finally: {INTERRUPT}; time.sleep(9)""",
    "in a callback": f"""
    class Dropped:
        def __del__(self): {INTERRUPT}; time.sleep(0)
    Dropped()
    time.sleep(9)""",
}


@pytest.mark.parametrize("name", COMMANDS)
def test_ctrl_c_in_a_command(name):
    code = f"def run(words):\n    {COMMANDS[name].strip()}\n"
    code += "sys.modules['sc_neurocore.cli.app'] = types.SimpleNamespace(run=run)\n"
    code += "from sc_neurocore.cli import main\nmain()"
    status, err, seconds = process(code)
    assert (status, err) == (130, AGAIN)
    assert seconds < 9


def test_an_ignored_ctrl_c_stays_ignored():
    code = f"def run(words):\n    {INTERRUPT}; print('went on', file=sys.stderr)\n"
    code += "sys.modules['sc_neurocore.cli.app'] = types.SimpleNamespace(run=run)\n"
    code += "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"  # as under nohup
    code += "from sc_neurocore.cli import main\nmain()"
    assert process(code)[:2] == (0, "went on\n")


def test_the_handler_of_a_caller_comes_back():
    import signal

    before = signal.getsignal(signal.SIGINT), sys.unraisablehook, sys.stdout, sys.stderr
    assert ended(["--version"]) == 0
    assert (signal.getsignal(signal.SIGINT), sys.unraisablehook, sys.stdout, sys.stderr) == before


def test_a_study_of_reservoirs_stops_at_once(monkeypatch, tmp_path):
    """One thread has a task of minutes; the other one ends a short task, and then comes the interrupt."""
    monkeypatch.setattr(reservoirs, "thread_count", lambda: 2)

    interrupted = []

    def stop(done, total, task):
        interrupted.append(time.monotonic())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reservoir_study([1 << 18], ["bernoulli"], [200], repeats=1, out=tmp_path, progress=stop)
    # The task takes five minutes or more; it ends in a part of a second, or when its first step is compiled.
    assert time.monotonic() - interrupted[0] < 60
    assert len((tmp_path / "reservoir.csv").read_text().splitlines()) >= 2  # the short task is kept
