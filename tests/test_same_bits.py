"""No bit passes through a function whose last digit depends on the machine: see `backends.elementary`."""

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).parents[1] / "src" / "sc_neurocore"
FUNCTIONS = {
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "logaddexp", "power", "float_power", "pow", "cbrt"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arctan2", "asin", "acos", "atan"),
    *("atan2", "arcsinh", "arccosh", "arctanh", "asinh", "acosh", "atanh", "hypot", "sinc", "erf", "erfc", "gamma"),
    *("lgamma", "logspace", "geomspace"),
}
"""Of NumPy and `math`: exact nowhere, so that libraries differ in them."""
REPORTS = ("cli", "evaluation", "plots")
"""Folders that compute no bit of a circuit."""
LAWS = {
    "backends/compiled/reservoir.py": {"tanh"},  # the reservoir in floating point
    "backends/reference/reservoir.py": {"tanh"},
    "choosing/candidates.py": {"log2"},  # levels of cost that are tried together, powers of two far from an edge
    "encoders/line_search.py": {"hypot"},  # the figure that ranks candidates, whose winners come with the package
    "gates/divide.py": {"exp", "log", "log1p"},  # the law of `square_root`
    "gates/fsm.py": {"**"},  # laws of state machines
    "interop/onnx/qonnx.py": {"log2"},  # rounded to a whole number
    "interop/onnx/quantising.py": {"log2"},
    "layers/attention.py": {"exp"},  # softmax in floating point
    "layers/lateral_inhibition.py": {"**"},  # of whole numbers
    "sweeps/stopping.py": {"lgamma", "log"},  # far from equal only, else whole numbers are compared
    "synapses/memristor.py": {"**"},  # a column of `describe`
    "synapses/stdp_laws.py": {"expm1"},  # the law `stdp_drift`
}
"""Uses that pass into `expected`, laws and reports alone: no contract on their last digits."""


def used(source: str) -> set[str]:
    """Functions of `FUNCTIONS` of NumPy or `math`, broken powers, and what comes from scipy.special."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np", "math") and node.attr in FUNCTIONS:
            found.add(node.attr)
        if isinstance(node, ast.ImportFrom) and node.module in ("scipy.special", "math", "numpy"):
            found.update(a.name for a in node.names if node.module == "scipy.special" or a.name in FUNCTIONS)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            base, exponent = ast.unparse(node.left), ast.unparse(node.right)
            if base not in ("2", "2.0") and ("/" in exponent or "." in exponent):  # powers of 2 are exact
                found.add("**")
    return found


def test_uses_are_found() -> None:
    lines = ["np.exp(x)", "math.tanh(1)", "np.sqrt(2)", "kernels.log(x)", "from scipy.special import expit"]
    assert used("\n".join(lines)) == {"exp", "tanh", "expit"}
    assert used("from math import erf, sqrt") == {"erf"}
    assert used("x ** (2 / 3)") == used("x**1.5") == used("x ** self.power") == {"**"}
    assert used("2.0**-self.bits * x**2") == set()


@pytest.mark.parametrize("path", sorted(SRC.rglob("*.py")), ids=lambda path: path.relative_to(SRC).as_posix())
def test_bits_need_no_library_function(path: Path) -> None:
    name = path.relative_to(SRC).as_posix()
    if not name.startswith(REPORTS):
        assert used(path.read_text("utf-8")) == LAWS.get(name, set())
