"""The command `reservoir` from the outside."""

import pytest

from sc_neurocore import evaluation
from sc_neurocore.cli import main

WORDS = ["reservoir", "--lengths", "16,32", "--generators", "sobol,bernoulli", "--neurons", "12"]
WORDS += ["--train", "150", "--test", "80", "--repeats", "1"]


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the program in an empty folder: its exit status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def call(*words):
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        return stop.value.code, *capsys.readouterr()

    return call


def test_tables_and_files(run, tmp_path):
    status, out, _ = run(*WORDS)
    assert status == 0
    assert "NARMA10, error over the standard deviation" in out
    assert "memory capacity" in out
    assert "linear filter of 20 taps" in out
    assert "ReservoirPy" not in out  # knows no number for 12 neurons
    folder = tmp_path / "reservoir"
    assert {file.name for file in folder.iterdir()} == {"reservoir.csv", "record.json", "reservoir.png", "index.html"}
    status, out, err = run(*WORDS)
    assert (status, err) == (0, "")
    assert "reused 6 of 6 rows from reservoir" in out


def test_ctrl_c(run, monkeypatch):
    def interrupted(*arguments, progress, **options):
        progress(3, 7, None)
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluation, "reservoir_study", interrupted)
    status, _, err = run(*WORDS)
    assert status == 130
    assert "3 of 7 rows are kept in reservoir; run the same command again" in err


def test_bad_input(run, tmp_path):
    for words, message in (
        (["reservoir", "--generators", "dice"], "generator must be one of"),
        (["reservoir", "--lengths", "x"], "must be whole numbers"),
        (["reservoir", "--neurons", "0"], "neurons must be an integer of at least 1"),
    ):
        status, _, err = run(*words)
        assert status == 2
        assert message in err
    assert not list(tmp_path.iterdir())
