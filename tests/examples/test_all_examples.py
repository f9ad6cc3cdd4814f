"""Every example runs, and what pages show of it is fresh; every picture has an example and a page."""

import copy
import re
from pathlib import Path

import pytest

from examples import check
from examples.__main__ import first_line, main
from examples.result import Result


def loaded(name):
    try:
        return check.load(name)
    except ImportError as error:
        pytest.skip(f"{name} needs a library that is not installed: {error}")


SLOW = {"calibration", "lenet", "models", "narma", "reservoir", "train_through_defects", "unsupervised_digits"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in check.NAMES])
def test_example_is_fresh(name):
    loaded(name)
    assert check.check(name) == []


@pytest.mark.parametrize("name", check.NAMES)
def test_interface(name):
    example = loaded(name)
    assert example.__doc__.splitlines()[0] == first_line(name)
    assert first_line(name).endswith((".", "?"))
    assert (check.DOCS / example.PAGE).exists()
    assert example.TOLERANCE is None or example.TOLERANCE >= 0
    kept = check.stored(name)
    assert kept["numbers"]
    assert set(kept["pictures"]) == set(example.PICTURES)


def test_every_picture_has_an_example_and_every_file_a_purpose():
    files = {path.name for path in check.PICTURES.iterdir() if not path.name.startswith("performance_")}  # benchmarks
    drawn = [picture for name in check.NAMES for picture in check.stored(name)["pictures"]]
    assert len(drawn) == len(set(drawn))
    assert files == {*drawn, *(f"{name}.json" for name in check.NAMES)}


def test_every_picture_is_on_a_page_that_names_its_example():
    for name in check.NAMES:
        for picture in check.stored(name)["pictures"]:
            pages = [page for page in check.DOCS.glob("*.md") if f"(pictures/{picture})" in page.read_text()]
            assert pages, picture
            named = [page for page in pages if re.search(rf"python -m examples (\w+ )*{name}\b", page.read_text())]
            assert named, f"{picture}: its page says python -m examples {name}"


def test_stale_things_are_found(monkeypatch, tmp_path):
    """Each kind of staleness, on the quickest example."""
    name = "letters"
    kept = check.stored(name)
    assert check.stale_numbers(name, kept["numbers"]) == []
    moved = {key: value + 1 for key, value in kept["numbers"].items()}
    assert len(check.stale_numbers(name, moved)) == len(moved)
    assert check.stale_numbers(name, {"another": 1.0}) == ["another is not among the stored numbers"]
    assert check.stale_numbers(name, dict.fromkeys(kept["numbers"], float("nan")))
    page = (check.DOCS / "memristors.md").read_text()
    assert check.stale_quotes(name, page) == []
    assert len(check.stale_quotes(name, page.replace("92.5%", "95.0%"))) == 1

    assert check.stale_pictures(name) == []
    other = copy.deepcopy(kept)
    other["pictures"]["letters.png"] = check.digest(check.PICTURES / "stdp.png")
    monkeypatch.setattr(check, "stored", lambda name: other)
    assert check.stale_pictures(name) == ["letters.png is not of the run whose numbers letters.json holds"]
    monkeypatch.setitem(vars(check.load(name))["PICTURES"], "letters.png", (1, 2))
    assert any("pixels, not (1, 2)" in line for line in check.stale_pictures(name))
    monkeypatch.setattr(check, "PICTURES", tmp_path)
    assert check.stale_pictures(name) == ["letters.png is missing"]
    (tmp_path / "letters.png").write_bytes(b"no picture at all, whatever its name")
    with pytest.raises(ValueError, match=r"letters\.png must be a PNG file"):
        check.stale_pictures(name)


def test_a_check_compares_something(monkeypatch):
    example = check.load("crossbar")
    result = example.run(quick=True)
    monkeypatch.setattr(example, "run", lambda quick: Result({}, result.pictures))
    assert check.check("crossbar") == ["no number was compared"]


def test_command_lists_runs_and_checks(tmp_path, capsys):
    assert main([]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == list(check.NAMES)
    before = {path: path.stat().st_mtime_ns for path in check.PICTURES.iterdir()}
    assert main(["crossbar", "--pictures", str(tmp_path)]) == 0
    assert "wires, RMS error: 0.0512" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"crossbar.png", "crossbar.json"}
    assert main(["crossbar", "--check"]) == 0
    assert "fresh" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in check.PICTURES.iterdir()} == before


def test_command_refuses(capsys):
    for wrong in (["no_such_example"], ["--check"]):
        with pytest.raises(SystemExit, match="2"):
            main(wrong)
        assert "python -m examples: error:" in capsys.readouterr().err


def test_command_says_what_is_stale(monkeypatch, capsys):
    monkeypatch.setattr("examples.__main__.check", lambda name: ["letters.png is missing"])
    assert main(["letters", "--check"]) == 1
    assert "letters.png is missing" in capsys.readouterr().out


def test_missing_library_is_said(monkeypatch, capsys):
    def missing(name):
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr("examples.__main__.load", missing)
    assert main(["lenet"]) == 1
    assert "lenet: needs a library that is missing" in capsys.readouterr().err
    assert main(["all", "--check"]) == 0


def private_uses(path):
    """Attributes and imports of `path` that begin with one underscore and are not its own."""
    import ast

    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and re.match(r"_[^_]", node.attr):
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")):
                yield f"{path.name}:{node.lineno} {node.attr}"
        elif isinstance(node, ast.ImportFrom):
            names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from (f"{path.name}:{node.lineno} {name}" for name in names if re.match(r"_[^_]", name))


@pytest.mark.parametrize("folder", ["examples", "benchmarks", "verification"])
def test_only_public_names_are_used(folder):
    paths = sorted((Path(__file__).parents[2] / folder).rglob("*.py"))
    assert paths
    assert [use for path in paths for use in private_uses(path)] == []


def test_private_uses_are_found(tmp_path):
    path = tmp_path / "module.py"
    path.write_text("from a._b import c\nfrom d import _e\nx._f()\nself._g\ny.__class__\n")
    assert list(private_uses(path)) == ["module.py:1 _b", "module.py:2 _e", "module.py:3 _f"]
