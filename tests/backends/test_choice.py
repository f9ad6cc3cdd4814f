"""Backends are chosen by name or by what is there, have the kernels of the protocol, and say what runs where."""

import ast
import inspect
import os
import pathlib
import subprocess
import sys
import textwrap
import timeit

import pytest

from sc_neurocore import backends
from sc_neurocore.backends import (
    Kernels,
    available,
    capabilities,
    choice,
    choose,
    compiled,
    cuda,
    reference,
    runs_on,
    xla,
)
from sc_neurocore.backends.kernels import kernel_names

MODULES = {"numba": compiled, "cupy": cuda, "jax": xla, "reference": reference}
SOURCES = sorted(pathlib.Path(backends.__file__).parent.rglob("*.py"))
EACH_SOURCE = pytest.mark.parametrize("source", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")


@pytest.fixture(autouse=True)
def _no_answers_of_before():
    choose.cache_clear()
    yield
    choose.cache_clear()


def in_a_new_process(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# ------------------------------------------------------------ the protocol


@pytest.mark.parametrize(("name", "module"), MODULES.items(), ids=MODULES)
def test_a_backend_has_the_kernels_of_the_protocol_and_their_arguments(name, module):
    assert module.name == name
    for kernel in kernel_names():
        wanted = inspect.signature(getattr(Kernels, kernel)).parameters
        found = inspect.signature(getattr(module, kernel)).parameters
        assert list(found) == [argument for argument in wanted if argument != "self"], kernel
        for argument in found:
            assert found[argument].default == wanted[argument].default, kernel
            assert found[argument].annotation == wanted[argument].annotation, kernel


@pytest.mark.parametrize("module", [compiled, reference], ids=["numba", "reference"])
def test_there_is_no_kernel_beside_the_protocol(module):
    functions = inspect.getmembers(module, inspect.isfunction)
    assert sorted(name for name, _ in functions if name[0] != "_") == list(kernel_names())


def test_every_kernel_says_what_it_does():
    assert [kernel for kernel in kernel_names() if not getattr(Kernels, kernel).__doc__] == []


@EACH_SOURCE
def test_no_function_takes_more_than_ten_arguments(source):
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            assert len([name for name in names if name != "self"]) <= 10, node.name


@EACH_SOURCE
def test_nothing_private_of_another_module_is_used(source):
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert not [alias.name for alias in node.names if alias.name.startswith("_")]


# ------------------------------------------------------------ the choice


def test_the_default_is_numba():
    assert choose() is compiled
    assert choose(None, False) is compiled
    assert available()[0] == "numba"


@pytest.mark.parametrize("name", available())
def test_a_name_that_is_available_is_chosen(name):
    assert choose(name) is MODULES[name]
    assert choose(name, use_gpu=True) is MODULES[name]


@pytest.mark.parametrize("there", [False, True])
def test_a_gpu_is_used_if_there_is_one_and_no_name(there, monkeypatch):
    monkeypatch.setattr(cuda, "available", lambda: there)
    assert choose(None, True) is (cuda if there else compiled)
    assert choose(None, False) is compiled
    assert choose("numba", True) is compiled
    assert ("cupy" in available()) == there


def test_an_unknown_name():
    with pytest.raises(ValueError, match="backend must be one of numba, cupy, jax, reference, or None, got 'fpga'"):
        choose("fpga")


def test_a_known_backend_that_is_not_there_says_what_to_install(monkeypatch):
    monkeypatch.setattr(cuda, "available", lambda: False)
    monkeypatch.setattr(choice, "find_spec", lambda name: None)
    assert available() == ("numba", "reference")
    for name in ("cupy", "jax"):
        with pytest.raises(ValueError, match=rf'backend .* got \'{name}\', which needs .*pip install "sc-neurocore'):
            choose(name)


def test_a_choice_made_before_costs_nothing():
    choose("reference", False)
    assert min(timeit.repeat(lambda: choose("reference", False), number=10_000, repeat=5)) / 10_000 < 1e-6


# ------------------------------------------------------------ what runs where


def test_capabilities_are_read_from_the_code():
    table = capabilities()
    assert set(table) == set(kernel_names())
    for kernel, row in table.items():
        assert set(row) == set(available())
        for name, runner in row.items():
            mine, theirs = (inspect.unwrap(getattr(MODULES[each], kernel)) for each in (name, runner))
            assert mine is theirs, kernel
            assert runner in row, kernel
        assert (row["numba"], row["reference"]) == ("numba", "reference")
    assert table["and_counts"]["jax"] == "jax"
    assert table["popcount"]["jax"] == "jax"
    assert table["learn"]["jax"] == "numba"
    of_gpu = [
        "and_counts", "bernoulli", "compare", "encode_rows", "fresh_counts", "gather", "join_rows", "popcount",
        "window_counts", "wired_counts",
    ]  # fmt: skip
    assert [kernel for kernel in table if runs_on(cuda, kernel) == "cupy"] == of_gpu


def test_the_table_of_the_documentation():
    page = (pathlib.Path(__file__).parents[2] / "docs" / "backends.md").read_text()
    rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    assert rows[0] == ["kernel", *MODULES]
    assert {row[0]: row[1:] for row in rows[2:]} == {
        kernel: [runs_on(module, kernel) for module in MODULES.values()] for kernel in kernel_names()
    }


# ------------------------------------------------------------ without Numba


def test_importing_backends_imports_neither_numba_nor_jax():
    code = "import sys, sc_neurocore.backends; print(sorted({'numba', 'jax', 'llvmlite', 'cupy'} & set(sys.modules)))"
    assert in_a_new_process(code) == ["[]"]


@pytest.mark.parametrize(("value", "off"), [("1", True), ("0", False), ("", False)])
def test_with_the_switch_of_numba_the_reference_is_all_there_is(value, off):
    code = """
        import sys
        import numpy as np
        from sc_neurocore.backends import available, capabilities, choose
        from sc_neurocore.backends.packing import pack

        kernels = choose(use_gpu=True)
        words = pack(np.ones((1, 2, 3, 70)))
        print(kernels.name, "numba" in sys.modules, "+".join(available()), len(capabilities()))
        print(*kernels.and_counts(words, words).ravel())
    """
    name, imported, names, count, *ones = in_a_new_process(code, NUMBA_DISABLE_JIT=value)
    assert (name, imported) == (("reference", "False") if off else ("numba", "True"))
    assert names == ("reference" if off else "+".join(available()))
    assert int(count) == len(kernel_names())
    assert ones == ["210"] * 4


def test_with_the_switch_of_numba_layers_give_the_same():
    code = """
        import sys
        import numpy as np
        from sc_neurocore.layers import VectorizedSCLayer

        for accumulate in ("mean", "saturate", "or", "mux"):
            layer = VectorizedSCLayer(5, 3, length=65, accumulate=accumulate, seed=7)
            print(layer.backend, *layer.forward(np.linspace(0, 1, 10).reshape(2, 5)).ravel().tolist())
        print("numba" in sys.modules)
    """
    *compiled_outputs, imported = in_a_new_process(code)
    *plain_outputs, not_imported = in_a_new_process(code, NUMBA_DISABLE_JIT="1")
    assert (imported, not_imported) == ("True", "False")
    assert compiled_outputs[::7] == ["numba"] * 4
    assert plain_outputs[::7] == ["reference"] * 4
    assert [x for x in compiled_outputs if x != "numba"] == [x for x in plain_outputs if x != "reference"]


def test_with_the_switch_of_numba_the_others_say_why_not(monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert (available(), choose()) == (("reference",), reference)
    for name in ("numba", "cupy", "jax"):
        with pytest.raises(ValueError, match=f"got '{name}', which needs NUMBA_DISABLE_JIT to be unset"):
            choose(name)
