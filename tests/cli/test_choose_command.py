"""The command `choose` from the outside."""

import os
import shlex

import numpy as np
import pytest

from sc_neurocore import Network, choosing
from sc_neurocore.cli import main
from sc_neurocore.datasets import load_npz
from sc_neurocore.evaluation import ResultStore, evaluate

WORDS = ["choose", "net.safetensors", "--data", "mine.npz", "--lengths", "4,16,64", "--generators", "sobol,lfsr"]
WORDS += ["--encodings", "split"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("files"), np.random.default_rng(0)
    network = Network.from_arrays([rng.normal(size=(8, 6)), rng.normal(size=(3, 8))])
    x, train = rng.random((600, 6)), rng.random((300, 6))
    network.save(folder / "net.safetensors")
    labels = {"y": network.float_predict(x), "y_train": network.float_predict(train)}
    np.savez(folder / "mine.npz", x=x, x_train=train, **labels)
    return folder


@pytest.fixture
def run(files, tmp_path, monkeypatch, capsys):
    """Run the program in a folder with a network and data: its exit status, stdout and stderr."""
    for file in files.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words):
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        return stop.value.code, *capsys.readouterr()

    return call


@pytest.mark.parametrize("within", [5, 25])
def test_the_command_that_it_prints_gives_the_same_counts(run, tmp_path, within):
    status, out, err = run(*WORDS, "--within", within)
    assert (status, err) == (0, "")
    folder = tmp_path / "choice"
    assert {file.name for file in folder.iterdir()} == {
        "choose.csv", "blocks-wrong.bits", "record.json", "choose.png", "index.html", "calibrated",
    }  # fmt: skip
    (line,) = (line for line in out.splitlines() if line.startswith("run it: "))
    words = shlex.split(line.removeprefix("run it: "))
    assert words[:2] == ["sc-neurocore", "evaluate"]
    status, out, _ = run(*words[1:], "--out", "again")
    assert status == 0
    blocks = ResultStore(folder / "choose.csv", blocks=True).read().values()
    rows = {row.task: row for row in ResultStore(tmp_path / "again" / "results.csv").read().values()}
    (chosen,) = (row for row in rows.values() if bool(row.task.calibration) == ("--calibration" in words))
    of_chosen = [row for row in blocks if row.task.whole == chosen.task]
    assert sum(row.images for row in of_chosen) == 600
    assert sum(row.correct for row in of_chosen) == chosen.correct
    assert sum(row.agree for row in of_chosen) == chosen.agree


def test_again(run):
    first = run(*WORDS, "--within", 5)[1]
    status, out, err = run(*WORDS, "--within", 5)
    assert (status, err) == (0, "")
    assert out.startswith("reused ")
    assert out.split("\n", 1)[1].split("written")[0] == first.split("written")[0]


def test_a_length_for_each_layer(run, tmp_path):
    words = [
        "evaluate",
        "--model",
        "net.safetensors",
        "--data",
        "mine.npz",
        "--lengths",
        "16-8,4",
        "--generators",
        "sobol",
    ]
    status, out, _ = run(*words, "--calibrate", "none")
    assert status == 0
    assert "16-8" in out
    rows = ResultStore(tmp_path / "report" / "results.csv").read().values()
    found = evaluate(Network.load("net.safetensors"), load_npz("mine.npz"), [(16, 8), 4], "sobol", calibrate="none")
    assert {row.task: row.correct for row in rows} == {row.task: row.correct for row in found.rows}
    assert {row.task.length for row in rows} == {(16, 8), 4}


def test_nothing_is_near_enough(run):
    status, out, _ = run(*WORDS, "--within", 0)
    assert status == 0
    assert "No circuit is shown to be within 0 points of float" in out
    assert "run the nearest: sc-neurocore evaluate" in out


def test_ctrl_c(run, monkeypatch, tmp_path):
    def interrupted(*arguments, progress, **options):
        progress(choosing.State(1, 9, "sobol", 3, 64))
        (tmp_path / "choice").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(choosing, "choose", interrupted)
    status, _, err = run(*WORDS)
    assert status == 130
    assert "finished rows and calibrated networks are kept in choice; run the same command again" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["choose", "--within=-1"], "within must be"),
        (["choose", "--area", "--cycles"], "only one of --cycles, --area and --area-time must be given"),
        (["choose", "--energy"], "--energy"),
        (["choose", "--lengths", ","], "at least one entry"),
        (["choose", "--generators", "dice"], "generator must be"),
        (["choose", "--data", "mine.npz"], "--data must come with --model FILE"),
        (["choose", "--confidence", "1"], "confidence must be below 1"),
        (["choose", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_bad_input(run, tmp_path, words, message):
    status, _, err = run(*words)
    assert status == 2
    assert message in err
    assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / "choice").exists()


@pytest.mark.slow
def test_the_default_network(run):
    """The main use: the digits network and data that come with the package."""
    status, out, _ = run("choose")
    assert status == 0
    assert "within 1 point of float at 95 % confidence" in out
    assert "run it: sc-neurocore evaluate --lengths" in out


def test_names_of_files_are_printed_as_they_are(run, tmp_path):
    net, data, out = "a[/b] 'q'.safetensors", '-[bold] :cat: $\\frac$ <i>&".npz', "out [/i] :cat:"
    (tmp_path / "a[").mkdir()
    (tmp_path / "net.safetensors").rename(tmp_path / net)
    (tmp_path / "mine.npz").rename(tmp_path / data)
    words = [f"--data={data}", "--lengths", "16", "--generators", "sobol", "--encodings", "split", "--uniform"]
    (tmp_path / "out [").mkdir()
    status, text, err = run("choose", net, *words, "--within", 25, "--out", out)
    assert (status, err) == (0, "")
    lines = text.splitlines()
    (line,) = (line for line in lines if line.startswith("run it: "))
    command = shlex.split(line.removeprefix("run it: "))
    assert command[2:6] == ["--model", net, "--data", f".{os.sep}{data}"]
    assert lines[-1].startswith(f"written: {out}/choose.csv, ")
    status, text, err = run(*command[1:], "--out", out)
    assert (status, err) == (0, "")
    assert f"written: {out}/results.csv, " in text
    assert data.removesuffix(".npz") in "".join(text.splitlines()[:2])
    status, text, err = run("sweep", "--model", net, f"--data={data}", "--length", 4, "--workers", 1, "--out", out)
    assert (status, err) == (0, "")
    assert f"written: {out}/blocks.csv, " in text
    status, text, err = run("merge", out, "--out", "new [/i] :cat:")
    assert (status, err) == (0, "")
    assert text.startswith("added to new [/i] :cat:: ")
