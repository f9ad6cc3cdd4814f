"""What a release has: one version everywhere, tools that run from the environment, lower bounds that CI can install."""

import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import sc_neurocore

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CI = (ROOT / ".ci" / "run").read_text()
HOOKS = (ROOT / ".pre-commit-config.yaml").read_text()


def test_one_version():
    version = PROJECT["project"]["version"]
    assert sc_neurocore.__version__ == version
    assert re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)[1] == version
    assert re.search(r"^## .*\b" + re.escape(version), (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    with pytest.raises(AttributeError):
        _ = sc_neurocore.no_such_name


def test_version_is_read_only_when_it_is_asked_for():
    code = "import sys, sc_neurocore; print('importlib.metadata' in sys.modules, sc_neurocore.__version__)"
    done = subprocess.run([sys.executable, "-S", "-c", PATHS + code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", sc_neurocore.__version__]


PATHS = f"import sys; sys.path[:0] = {sys.path!r}; "
"""The paths of this process; -S leaves out the hooks of editable installs, which may import anything."""


def test_import_is_fast():
    code = (
        "import time; start = time.perf_counter(); import sc_neurocore; t = time.perf_counter() - start; "
        "print(t, *sys.modules)"
    )
    done = [
        subprocess.run([sys.executable, "-c", PATHS + code], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(5)
    ]
    assert min(float(seconds) for seconds, *_ in done) < 0.1
    assert not {"numpy", "numba", "scipy", "matplotlib", "sklearn"} & set(done[0])


def test_authors_are_the_same_everywhere():
    assert PROJECT["project"]["authors"] == [{"name": "The sc_neurocore developers"}]
    assert '- name: "The sc_neurocore developers"' in (ROOT / "CITATION.cff").read_text()
    assert "urls" not in PROJECT["project"]  # no address is known; one that is invented would be worse than none


def test_changelog_has_categories():
    text = (ROOT / "CHANGELOG.md").read_text()
    newest = text.split("\n## ")[1]
    assert re.findall(r"^### (.+)$", newest, re.MULTILINE) == ["Added", "Changed", "Deprecated", "Removed", "Fixed"]


def test_hooks_run_the_tools_of_ci_from_the_environment():
    entries = re.findall(r"^ +entry: (.+)$", HOOKS, re.MULTILINE)
    assert [entry.split()[0] for entry in entries] == ["ruff", "ruff", "mypy", "lint-imports"]
    for entry in entries:
        assert f".venv-ci/bin/{entry}" in CI
    assert re.findall(r"repo: (.+)", HOOKS) == ["local"]
    assert set(re.findall(r"language: (.+)", HOOKS)) == {"system"}
    assert "://" not in HOOKS


def test_ci_runs_slow_tests_and_the_default_does_not():
    assert '-m ""' in CI
    options = PROJECT["tool"]["pytest"]["ini_options"]
    assert "-m 'not slow'" in options["addopts"]
    assert [marker.split(":")[0] for marker in options["markers"]] == ["slow"]


def test_lowest_versions_are_exactly_the_bounds():
    lowest = runpy.run_path(str(ROOT / ".ci" / "lowest.py"))["lowest"]
    found = lowest((ROOT / "pyproject.toml").read_text())
    bounds = {requirement.replace(">=", "==") for requirement in PROJECT["project"]["dependencies"]}
    assert bounds <= set(found)
    assert any(line.startswith("pytest==") for line in found)
    bad = '[project]\ndependencies = ["numpy"]\noptional-dependencies = { test = [] }\n'
    with pytest.raises(ValueError, match=r"NAME>=VERSION, got 'numpy'"):
        lowest(bad)


def test_typed_stub_names_the_version():
    assert "__version__: str" in (ROOT / "src" / "sc_neurocore" / "__init__.pyi").read_text()
