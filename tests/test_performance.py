"""docs/performance.md is what its rows say, every layer has its rows, and a run that is stopped keeps what it has."""

import re
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__ as program
from benchmarks import memory, peer_program, peers, report
from benchmarks.cases import Shape
from benchmarks.rows import Row, read, renewed, write
from sc_neurocore import layers

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ROWS = read(DOCS / "performance" / "results.csv")
FOURTEEN = set(peer_program.DOCUMENTED)
CHIP = "a chip"


def row(case: str = "SCDenseLayer: a", value: float | None = 2.0, goal: str = "<= 3", group: str = "dense") -> Row:
    return Row("layers", case, "time / x", value, goal, 1e-3, group=group, date="2026-01-01", chip=CHIP)


# ---------------------------------------------------------------- the page


def test_the_page_is_what_its_rows_say() -> None:
    assert report.page(ROWS) == (DOCS / "performance.md").read_text()


def test_the_fourteen_are_the_layers_of_the_library() -> None:
    others = {"CircuitOptions", "SCLayer", "SCPool2D"}
    assert set(layers.__all__) - others == FOURTEEN
    assert len(FOURTEEN) == 14


def test_every_layer_has_a_goal_and_a_ratio() -> None:
    with_goals = {row.case.partition(":")[0] for row in ROWS if row.table == "layers" and row.met is not None}
    assert with_goals == FOURTEEN


def test_every_layer_has_its_memory() -> None:
    assert {name.partition(",")[0] for name in memory.LAYERS} == FOURTEEN
    assert {row.case for row in ROWS if row.table == "memory" and row.value is not None} == set(memory.LAYERS)


def test_rows_say_when_and_on_what_and_nothing_of_this_machine() -> None:
    for found in ROWS:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", found.date), found
        assert "threads" in found.chip, found
        assert not re.search(r"(?<![\w.])/(home|root|tmp|work|opt|usr)\b", f"{found.case}{found.note}{found.chip}"), (
            found
        )


def test_every_module_with_rows_is_a_group() -> None:
    """And every group a module that has them."""
    modules = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\ndef rows(rounds" in path.read_text()}
    assert modules == set(program.GROUPS)
    assert {found.group for found in ROWS} == modules


# ---------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("value", "goal", "met"),
    [
        (2.0, "<= 2", True),
        (2.1, "<= 2", False),
        (2.0, ">= 2", True),
        (1.9, ">= 2", False),
        (None, ">= 2", None),
        (2.0, "", None),
    ],
)
def test_goals(value: float | None, goal: str, met: bool | None) -> None:
    assert row(value=value, goal=goal).met is met


@pytest.mark.parametrize("wrong", [{"goal": "< 2"}, {"goal": "<= two"}, {"table": "others"}])
def test_wrong_rows_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"goal|table|float"):
        replace(row(), **wrong)  # type: ignore[arg-type]


def test_rows_there_and_back(tmp_path: Path) -> None:
    rows = [row(), row('with "quotes", commas', None, ""), replace(row(), at=1024.0, table="curves")]
    write(tmp_path / "a" / "rows.csv", rows)
    assert read(tmp_path / "a" / "rows.csv") == rows
    assert read(tmp_path / "none.csv") == []


def test_a_group_takes_the_place_of_its_rows_only() -> None:
    old = [row("a", group="x"), row("b", group="y"), row("c", group="gone")]
    assert renewed(old, "y", [row("d", group="y")], ("z", "y", "x")) == [row("d", group="y"), row("a", group="x")]


# ---------------------------------------------------------------- the program


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "performance").mkdir()
    write(tmp_path / "performance" / "results.csv", [row("SCDenseLayer: old"), row("old", group="memory")])
    return tmp_path


def test_a_stopped_run_keeps_what_is_finished(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(name: str, options: object) -> list[Row]:
        if name == "fusion":
            raise KeyboardInterrupt
        return [row(f"{name}: new", group=name)]

    monkeypatch.setattr(program, "measure", measure)
    assert program.main(["--markdown", "--docs", str(docs), "--only", "dense", "fusion", "spiking"]) == 130
    kept = read(docs / "performance" / "results.csv")
    assert [found.case for found in kept] == ["dense: new", "spiking: new", "old"]
    assert (docs / "performance.md").read_text() == report.page(kept)


def test_remake_measures_nothing(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "measure", None)
    assert program.main(["--remake", "--docs", str(docs)]) == 0
    assert "SCDenseLayer: old" in (docs / "performance.md").read_text()


def test_without_markdown_no_file_changes(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "measure", lambda name, options: [row(group=name)])
    assert program.main(["--docs", str(docs), "--only", "dense"]) == 0
    assert sorted(path.name for path in docs.rglob("*")) == ["performance", "results.csv"]


def test_a_missing_library_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "benchmarks.jax_scan", raising=False)
    monkeypatch.setitem(sys.modules, "jax", None)
    (found,) = program.measure("jax_scan", program.parse([]))
    assert (found.value, found.note, found.group) == (None, "not installed: pip install jax", "jax_scan")


@pytest.mark.parametrize("name", ["fusion", "primitives"])
def test_a_group_is_measured(name: str) -> None:
    found = program.measure(name, program.parse(["--rounds", "1"]))
    assert {each.group for each in found} == {name}
    assert all(each.value and each.value > 0 and each.seconds and each.seconds > 0 for each in found)


# ---------------------------------------------------------------- memory


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_a_peak_is_that_of_the_process_alone() -> None:
    """That of a large parent, which Linux puts into ``ru_maxrss``, does not hide it."""
    ballast = np.ones(2**24)  # 128 MiB
    code = (
        "import numpy as np; from benchmarks.memory import peak; before = peak(); np.ones(2**22);"
        "print(before, peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    before, grown = map(float, done.stdout.split())
    assert before < ballast.nbytes + 2**26
    assert 31 * 2**20 < grown < 34 * 2**20


@pytest.mark.slow
def test_memory_of_a_layer_in_a_process() -> None:
    command = [sys.executable, "-m", "benchmarks.memory", "WinnerTakeAll"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    grown, given = map(float, done.stdout.split())
    assert given == 10 * 100_000 * 8
    assert 1.5 * given < grown < 4 * given  # inputs, outputs and what is between


# ---------------------------------------------------------------- peers

SMALL = Shape(8, 4, 2, 16)
FAKE = """
class FSULinear:
    def __init__(self, n_inputs, n_neurons, bias, weight_ext, hwcfg):
        assert weight_ext.shape == (n_neurons, n_inputs) and hwcfg["width"] == 4, hwcfg

    def __call__(self, bits):
        assert set(bits.unique().tolist()) <= {0.0, 1.0}
        return bits[:, :1]
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of UnarySim with a layer that counts nothing."""
    folder = tmp_path / "UnarySim" / "kernel"
    folder.mkdir(parents=True)
    (folder / "linear.py").write_text(FAKE)
    return tmp_path / "UnarySim"


def test_peers_that_are_not_there_are_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "SHAPES", [])
    found = {each.quantity: each for each in peers.rows(1)}
    hints = {"the other package": "--peers", "its engine": "--peers", "UnarySim's linear layer": "--unarysim"}
    for what, hint in hints.items():
        each = found[f"time of {what} / ours"]
        assert each.value is None
        assert each.note.startswith("not installed: ")
        assert hint in each.note


def test_an_environment_that_cannot_be_made_is_a_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def build(folder: Path) -> Path:
        raise subprocess.CalledProcessError(1, [str(folder / "python"), "-m", "pip"])

    monkeypatch.setattr(peers, "SHAPES", [])
    monkeypatch.setattr(peers, "build", build)
    notes = [each.note for each in peers.rows(1, tmp_path) if "package" in each.quantity]
    assert len(notes) == 1
    assert notes[0].startswith("not installed: ")
    assert str(tmp_path) not in notes[0]


@pytest.mark.slow
def test_unarysim_gets_every_cycle_of_binary_inputs(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(peers, "SHAPES", [SMALL])
    values = {each.quantity: each.value for each in peers.rows(1, unarysim=checkout)}
    assert values["time of UnarySim's linear layer / ours"]
    assert values["time of torch's float32 layer / ours"]
    assert values["time of NumPy's float32 product / ours"]


@pytest.mark.slow
def test_a_peer_that_fails_is_a_row(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    (checkout / "kernel" / "linear.py").write_text("raise ImportError('no /secret/path here')")
    monkeypatch.setattr(peers, "SHAPES", [SMALL])
    (found,) = (each for each in peers.rows(1, unarysim=checkout) if "UnarySim" in each.quantity)
    assert (found.value, found.note) == (None, "failed: ImportError: no PATH here")


@pytest.mark.parametrize("name", sorted(FOURTEEN))
def test_documented_calls(name: str) -> None:
    """What the other package is asked for is the documented call of this library's layer."""
    if name == "JaxSCDenseLayer":
        pytest.importorskip("jax")
    run, images = peer_program.make("documented", name)
    run()
    assert images == 1


def test_a_peer_answers_and_its_errors_are_told() -> None:
    with peers.Peer(sys.executable, isolated=False) as ours:
        assert "numpy" in ours.versions()
        timed, images = ours.timed("documented", "WinnerTakeAll")
        assert images == 1
        assert timed(3) > 0
        with pytest.raises(RuntimeError, match=r"KeyError: 'NoLayer'"):
            ours.timed("documented", "NoLayer")
    with peers.Peer("/bin/true") as silent, pytest.raises(RuntimeError, match="ended with status 0"):
        silent.versions()


@pytest.mark.parametrize("name", program.GROUPS)
def test_groups_take_rounds(name: str) -> None:
    if name == "jax_scan":
        pytest.importorskip("jax")
    assert next(iter(import_module(f"benchmarks.{name}").rows.__code__.co_varnames)) == "rounds"
