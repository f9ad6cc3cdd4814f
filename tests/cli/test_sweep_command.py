"""The commands `sweep` and `merge` from the outside."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from sc_neurocore import Network, sweeps
from sc_neurocore.cli import main
from sc_neurocore.datasets import load_data
from sc_neurocore.evaluation import ResultStore
from sc_neurocore.evaluation.writers import Writer
from sc_neurocore.sweeps.jobs import BlocksJob


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    network = Network.from_arrays([rng.normal(size=(3, 4))])
    x, x_train = rng.random((60, 4)), rng.random((20, 4))
    network.save(folder / "net.safetensors")
    y, y_train = map(network.float_predict, (x, x_train))
    np.savez(folder / "data.npz", x=x, y=y, x_train=x_train, y_train=y_train)
    return folder


@pytest.fixture
def run(files, tmp_path, monkeypatch, capsys):
    """Run `sweep` in an empty folder in one process: its exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*words, command="sweep", workers=1):
        mine = ["--model", files / "net.safetensors", "--data", files / "data.npz"]
        mine += [] if workers is None else ["--workers", workers]
        with pytest.raises(SystemExit) as stop:
            main([command, *map(str, words), *(map(str, mine) if command == "sweep" else [])])
        return stop.value.code, *capsys.readouterr()

    return call


AXES = ["--generator", "sobol,lfsr", "--length", "4", "8", "--flips", "0,0.1", "--calibrate", "none"]


def test_a_sweep(run, files, tmp_path):
    status, out, err = run(*AXES)
    assert (status, err) == (0, "")
    network, data = Network.load(files / "net.safetensors"), load_data(files / "data.npz")
    points = sweeps.grid(generator=["sobol", "lfsr"], length=[4, 8], flips=[0, 0.1], calibrate="none")
    wanted = sweeps.collect(points, network, data, workers=1)
    with (tmp_path / "sweep" / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["correct"]) for row in rows] == [row.correct for row in wanted]
    lines = out.splitlines()
    assert lines[1].split() == [
        "generator",
        "length",
        "flips",
        "accuracy",
        "%",
        "95",
        "%",
        "interval",
        "samples",
        "stopped",
    ]
    shown = [line.split()[:4] for line in lines[3:11]]
    assert shown == [
        [row.task.generator, str(row.task.length), f"{row.settings['flips']:g}", f"{100 * row.accuracy:.2f}"]
        for row in wanted.sorted()
    ]
    assert "8 points" in lines
    names = ("blocks.csv", "blocks-wrong.bits", "record.json", "points.csv", "index.html")
    assert lines[-1] == f"written: {', '.join(f'sweep/{name}' for name in names)}"
    status, again, err = run(*AXES, "--top", "2")
    assert "reused 8 of 8 points from sweep" in again
    assert "8 points, 6 more in points.csv" in again


def test_a_file_and_options(run, tmp_path):
    (tmp_path / "a.toml").write_text("axes.length = [4, 8]\naxes.generator = 'lfsr'\nblock = 20\nstop.samples = 40\n")
    status, out, err = run("a.toml", "--generator", "sobol,halton", "--calibrate", "none", "--samples", "30")
    assert (status, err) == (0, "")
    assert len(out.splitlines()[3:7]) == 4
    found = sweeps.load("sweep")
    assert {(row.task.generator, row.images, row.stopped) for row in found} == {
        ("sobol", 30, "samples"), ("halton", 30, "samples"),
    }  # fmt: skip


def test_random_points(run):
    status, _, _ = run("--random", 3, "--random-seed", 4, "--length", "4,8,16,32", "--seed", "0,1", "--calibrate=none")
    wanted = sweeps.sample(3, random_seed=4, length=[4, 8, 16, 32], seed=[0, 1])
    assert status == 0
    assert {(row.task.length, row.task.seed) for row in sweeps.load("sweep")} == {tuple(p.values()) for p in wanted}


def test_a_threshold(run):
    status, _, _ = run(*AXES, "--threshold", 0.5, "--error", 0.1, "--block", 10)
    assert status == 0
    assert "above" in {row.stopped for row in sweeps.load("sweep")}


def test_a_dry_run(run, tmp_path):
    status, out, err = run("--length", "4,8", "--dry-run")
    assert (status, err) == (0, "")
    first, second = " ".join(out.split()).split(" about ")
    assert first == ("2 points, 2 blocks of at most 256 samples; to run: 2 points, 2 blocks, 2 circuits to calibrate")
    assert second.endswith("with 1 jobs at a time; nothing was run")
    assert not (tmp_path / "sweep").exists()


@pytest.mark.slow
def test_processes(run):
    status, _, err = run("--length", "4,8", workers=2)
    assert (status, err) == (0, "")
    assert len(sweeps.load("sweep")) == 2


def test_two_sweeps_in_one_folder_have_files_of_their_own(run, tmp_path):
    run("--length", "4", "--calibrate", "none")
    first = (tmp_path / "sweep" / "points.csv").read_bytes()
    with Writer(tmp_path / "sweep"):  # another one is at work
        status, out, _ = run("--length", "8", "--calibrate", "none")
    assert status == 0
    (points,) = (tmp_path / "sweep").glob("points-*.csv")
    assert (tmp_path / "sweep" / "points.csv").read_bytes() == first
    with points.open(newline="") as file:
        assert [row["length"] for row in csv.DictReader(file)] == ["8"]
    assert points.with_name(f"index{points.stem.removeprefix('points')}.html").exists()
    assert points.name in out


def test_ctrl_c_keeps_finished_blocks(run, monkeypatch):
    plain, count = BlocksJob.run, 0

    def interrupted(*arguments):
        nonlocal count
        count += 1
        if count == 5:
            raise KeyboardInterrupt
        return plain(*arguments)

    monkeypatch.setattr(BlocksJob, "run", interrupted)
    status, _, err = run(*AXES)
    assert status == 130
    assert err.endswith("are kept in sweep; run the same command again to resume\n")
    kept = len(sweeps.load("sweep"))
    assert 0 < kept < 8
    monkeypatch.undo()


def test_merge(run, tmp_path):
    for name in ("a", "b"):
        run("--length", "4", "--calibrate", "none", "--generator", {"a": "sobol", "b": "lfsr"}[name], "--out", name)
    status, out, err = run("a", "b", "--out", "all", command="merge")
    assert (status, out, err) == (0, "added to all: 2 rows of blocks.csv\n", "")
    status, out, _ = run("a", "--out", "all", command="merge")
    assert out == "added to all: nothing new\n"
    assert len(sweeps.load("all")) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "a grid must have at least one axis, got none"),
        (["--length", "0"], "length must be an integer of at least 1, got 0"),
        (["--length", ","], "length must have at least one value, got none"),
        (["--generator", "dice"], "generator must be one of"),
        (["--length", "4-4"], "length must be one number, or 1"),
        (["--lenght", "4"], "Unknown option: --lenght"),
        (["--length", "4", "--width", "0"], "width must be above 0"),
        (["--length", "4", "--error", "0.1"], "a rule must have samples, width or threshold"),
        (["--length", "4", "--random", "2"], "n must be an integer in 1..1, got 2"),
        (["--length", "4", "--random-seed", "2"], "random_seed must come with random, a number of points, got 2"),
        (["--length", "4", "--block", "0"], "block must be an integer of at least 1, got 0"),
        (["--length", "4", "--dask", "nobody"], "address must be one of a Dask scheduler"),
        (["--length", "4", "--workers", "99999999999"], "workers must be an integer in 1..1024, got 99999999999"),
        (["--length", "4", "--top=-1"], "top must be an integer of at least 0, got -1"),
        (["none.toml"], "none.toml: No such file or directory"),
    ],
    ids=str,
)
def test_bad_input(run, tmp_path, words, message):
    if "--dask" in words:
        pytest.importorskip("distributed")
    status, out, err = run(*words, workers=None if {"--dask", "--workers"} & {*words} else 1)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert message in err
    assert not (tmp_path / "sweep" / "blocks.csv").exists()


def test_a_data_set_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text("dataset = 'digit'\naxes.length = 4\n")
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "a.toml", "--workers", "1"])
    assert stop.value.code == 2
    said = "error: dataset must be one of digits, mnist5k, fashion, mnist, got 'digit'\n"
    assert capsys.readouterr().err == said


def test_merge_of_bad_folders(run, tmp_path):
    status, _, err = run("nothing", "--out", "all", command="merge")
    assert (status, err) == (2, "error: folders must be there, there is none at nothing\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "blocks.csv").write_text("other,version\n")
    status, _, err = run("a", "--out", "all", command="merge")
    assert status == 2
    assert err == "error: a/blocks.csv must be a file of results of this version, its header differs\n"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
@pytest.mark.parametrize("engine", [("--workers", 2), ("--dask", "local")], ids=str)
@pytest.mark.parametrize("file", ["record.json", "blocks.csv"])
def test_ctrl_c_with_processes(files, tmp_path, file, engine):
    """All processes get it, those that start too; one line is printed, what is finished is kept, no process is left."""
    if "--dask" in engine:
        pytest.importorskip("distributed")
    words = {
        "--model": files / "net.safetensors", "--data": files / "data.npz", "--calibrate": "none",
        "--generator": "bernoulli", "--length": 2**16, "--seed": ",".join(map(str, range(400))), "--block": 10,
        "--out": tmp_path / "out",
    }  # fmt: skip
    pairs = (*words.items(), engine)
    command = [sys.executable, "-m", "sc_neurocore", "sweep", *(str(word) for pair in pairs for word in pair)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not (tmp_path / "out" / file).exists():
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("interrupted: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    kept = len(ResultStore(tmp_path / "out" / "blocks.csv", blocks=True).read())
    assert kept < 6 * 400
    assert kept > 0 or file == "record.json"
    end = time.monotonic() + 20
    while alive(process.pid):
        assert time.monotonic() < end
        time.sleep(0.1)


def alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
