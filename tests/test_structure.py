"""The shape of the source: how deep, how long and how entangled it may become."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

import sc_neurocore
from sc_neurocore.backends import available, choose
from sc_neurocore.backends.kernels import kernel_names

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src"
PACKAGE = "sc_neurocore"
MAX_DEPTH, MAX_CLASS, MAX_MODULE, MAX_ARGUMENTS = 3, 250, 400, 10
OPTIONAL = ("cupy", "jax", "torch")
"""Packages that a module may need and that may be missing."""
NAMED_TUPLE = {"_asdict", "_fields", "_make", "_replace"}
DOCUMENTED = {"_refresh_packed_weights", "_ref_v", "_exit", "_repr_html_", "_run"}
"""Names of documented interfaces that begin with an underscore: dense layers, NEURON, notebooks, ONNX's evaluator."""


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


MODULES = {name_of(path): path for path in sources("src/sc_neurocore")}


def loaded() -> Iterator[ModuleType]:
    """Every module of the package whose requirements are installed."""
    for found in pkgutil.walk_packages(sc_neurocore.__path__, f"{PACKAGE}."):
        if found.name.endswith("__main__"):
            continue
        try:
            module = importlib.import_module(found.name)
        except ImportError as error:  # ours says what to install, and was raised because of the library's own
            missing = error if isinstance(error, ModuleNotFoundError) else error.__cause__
            if not isinstance(missing, ModuleNotFoundError) or (missing.name or "").split(".")[0] not in OPTIONAL:
                raise
        else:
            yield module


def test_the_scans_see_the_package() -> None:
    assert len(MODULES) > 100
    assert f"{PACKAGE}.layers.vectorized_layer" in MODULES
    assert len(list(loaded())) > 100


# ---------------------------------------------------------------- size


@pytest.mark.parametrize("name", MODULES)
def test_modules_are_short(name: str) -> None:
    assert len(MODULES[name].read_text(encoding="utf-8").splitlines()) <= MAX_MODULE


def test_classes_are_short() -> None:
    lengths = {
        f"{name}.{node.name}": node.end_lineno - node.lineno + 1
        for name, path in MODULES.items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef) and node.end_lineno is not None
    }
    assert {name: lines for name, lines in lengths.items() if lines > MAX_CLASS} == {}


def depth(kind: type) -> int:
    """Classes of this package in the longest chain from `kind` to its root."""
    if not kind.__module__.startswith(PACKAGE):
        return 0
    return 1 + max(map(depth, kind.__bases__), default=0)


def test_chains_of_classes_are_short() -> None:
    classes = {
        kind for module in loaded() for kind in vars(module).values()
        if inspect.isclass(kind) and kind.__module__.startswith(PACKAGE)
    }  # fmt: skip
    assert len(classes) > 80
    found = {f"{kind.__module__}.{kind.__qualname__}": depth(kind) for kind in classes}
    assert max(found.values()) > 1
    assert {name: levels for name, levels in found.items() if levels > MAX_DEPTH} == {}


def test_kernels_take_few_arguments() -> None:
    for backend in map(choose, available()):
        counts = {name: len(inspect.signature(getattr(backend, name)).parameters) for name in kernel_names()}
        assert {name: count for name, count in counts.items() if count > MAX_ARGUMENTS} == {}


# ---------------------------------------------------------------- imports


def imported(name: str) -> set[str]:
    """Modules of the package that the source of a module names in an import, wherever the import stands.

    ``from .layers import X`` counts as an import of the module of X where ``layers/__init__.py`` says where it is.
    """
    path, found = MODULES[name], set()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names if alias.name in MODULES)
        if isinstance(node, ast.ImportFrom):
            parts = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            origin = ".".join([*parts, *([node.module] if node.module else [])])
            if origin in MODULES:
                found.update(home(origin, alias.name) for alias in node.names)
    return found - {name}


def home(package: str, name: str) -> str:
    """The module where `name` of a package is defined, followed through re-exports of ``__init__.py``."""
    if f"{package}.{name}" in MODULES:
        return f"{package}.{name}"
    if MODULES[package].name == "__init__.py":
        for node in tree(MODULES[package]).body:
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module:
                for alias in node.names:
                    if (alias.asname or alias.name) == name and f"{package}.{node.module}" in MODULES:
                        return home(f"{package}.{node.module}", alias.name)
    return package


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Sets of modules that reach each other: the strongly connected components of more than one."""
    reached = {name: graph[name] & graph.keys() for name in graph}
    for middle in graph:
        for name in graph:
            if middle in reached[name]:
                reached[name] = reached[name] | reached[middle]
    every = {frozenset(other for other in reached[name] if name in reached[other]) for name in graph}
    return [set(circle) for circle in every if circle]


def test_circles_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set()}
    assert circles(graph) == [{"a", "b", "c"}]
    assert circles(graph | {"c": {"d"}}) == []
    assert f"{PACKAGE}.gates.faults" in imported(f"{PACKAGE}.layers.vectorized_layer")
    assert f"{PACKAGE}.backends.cuda" in imported(f"{PACKAGE}.backends.choice")  # an import inside a function


def test_no_circular_imports() -> None:
    """Not even imports inside functions, or for type checkers alone."""
    assert circles({name: imported(name) for name in MODULES}) == []


# ---------------------------------------------------------------- what is private


def is_private(name: str) -> bool:
    return name.startswith("_") and not (name.startswith("__") and name.endswith("__"))


def own(node: ast.Attribute) -> bool:
    """Whether an attribute belongs to the object or the class that the code is part of."""
    value = node.value
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id in ("super", "type")
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def made_by_own_class(path: Path) -> set[int]:
    """Lines of class methods, which may set up the object that they make."""
    lines: set[int] = set()
    for kind in ast.walk(tree(path)):
        if isinstance(kind, ast.ClassDef):
            for method in kind.body:
                if isinstance(method, ast.FunctionDef) and any(
                    isinstance(mark, ast.Name) and mark.id == "classmethod" for mark in method.decorator_list
                ):
                    lines.update(range(method.lineno, (method.end_lineno or method.lineno) + 1))
    return lines


def borrowed_secrets(path: Path) -> list[str]:
    """Uses of private names of other objects and modules."""
    found, makers = [], made_by_own_class(path)
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and not own(node) and node.lineno not in makers:
            name = node.attr
        elif isinstance(node, ast.ImportFrom) and any(is_private(alias.name) for alias in node.names):
            name = next(alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr", "monkeypatch.setattr"):
            names = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
            private = [name.rpartition(".")[2] for name in names if is_private(name.rpartition(".")[2])]
            if not private:
                continue
            name = private[0]
        else:
            continue
        if name not in NAMED_TUPLE | DOCUMENTED:
            found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {name}")
    return found


def test_secrets_are_found() -> None:
    lines = ["import a", "from a import _b", "a._c", "self._d", "a.__e__", "a._replace()", "getattr(a, '_f')"]
    lines += ["monkeypatch.setattr('a._g', 1)", "super()._h()", "class I:", "    @classmethod", "    def make(cls):"]
    lines += ["        new._j = 1", "    def other(self):", "        new._k = 1"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "read_text", lambda *_, **__: "\n".join(lines))
        found = [use.split(": ")[-1] for use in borrowed_secrets(ROOT / "tests" / "not_there.py")]
    assert sorted(found) == ["_b", "_c", "_f", "_g", "_k"]


@pytest.mark.parametrize("folder", ["src", "tests", "benchmarks", "examples", "verification"])
def test_private_names_stay_private(folder: str) -> None:
    paths = [path for path in sources(folder) if "backends" not in path.parts]
    assert paths
    assert [use for path in paths for use in borrowed_secrets(path)] == []
