"""ONNX's recurrent operators, unrolled over the steps of a sample."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..operators import UnsupportedError
from ..operators.weighted import linear
from ..wiring import Value
from .node import Node, Translator

MOST_STEPS, MOST_WEIGHTS = 2**10, 2**25
"""Steps, and weights of all of them together."""
_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_FUNCTIONS = {"RNN": ["Tanh"], "GRU": ["Sigmoid", "Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"]}
Weights = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
"""Of inputs and of states, ``(gates * hidden, n)``, and the offsets of both."""
State = Any
"""A `Value` ``(1, hidden)`` or, at first, an array."""


def _product(node: Node, a: State, b: State) -> State:
    """A product of which one factor may be a state that is still constant."""
    constant = [each for each in (a, b) if not isinstance(each, Value)]
    if len(constant) == 2:
        return a * b
    return np.zeros((1, constant[0].size)) if constant and not constant[0].any() else node.aten("mul", a, b)


def _sum(node: Node, a: State, b: State) -> State:
    constant = [each for each in (a, b) if not isinstance(each, Value)]
    if len(constant) == 2:
        return a + b
    if constant and not constant[0].any():
        return a if isinstance(a, Value) else b
    return node.aten("add", a, b)


def _of_state(node: Node, state: State, weights: NDArray[Any], offsets: NDArray[Any]) -> State:
    return linear(node.wiring, state, weights, offsets) if isinstance(state, Value) else state @ weights.T + offsets


def _rnn(node: Node, x: Value, hidden: State, cell: State, weights: Weights) -> tuple[State, State]:
    w, r, of_inputs, of_states = weights
    total = _sum(node, linear(node.wiring, x, w, of_inputs), _of_state(node, hidden, r, of_states))
    return node.aten("relu" if _functions(node)[0] == "Relu" else "tanh", total), cell


def _lstm(node: Node, x: Value, hidden: State, cell: State, weights: Weights) -> tuple[State, State]:
    w, r, of_inputs, of_states = weights
    total = _sum(node, linear(node.wiring, x, w, of_inputs), _of_state(node, hidden, r, of_states))
    opened, shown, kept, new = node.aten("chunk", total, 4, -1)  # input, output, forget, cell
    kept_cell = _product(node, node.aten("sigmoid", kept), cell)
    cell = _sum(node, kept_cell, _product(node, node.aten("sigmoid", opened), node.aten("tanh", new)))
    return _product(node, node.aten("sigmoid", shown), node.aten("tanh", cell)), cell


def _gru(node: Node, x: Value, hidden: State, cell: State, weights: Weights) -> tuple[State, State]:
    w, r, of_inputs, of_states = weights
    n = 2 * len(w) // 3
    gates = _sum(
        node, linear(node.wiring, x, w[:n], of_inputs[:n]), _of_state(node, hidden, r[:n], of_states[:n])
    )  # fmt: skip
    update, reset = (node.aten("sigmoid", each) for each in node.aten("chunk", gates, 2, -1))
    if node.attributes["linear_before_reset"]:
        recurrent = _product(node, reset, _of_state(node, hidden, r[n:], of_states[n:]))
    else:
        recurrent = _of_state(node, _product(node, reset, hidden), r[n:], of_states[n:])
    new = node.aten("tanh", _sum(node, linear(node.wiring, x, w[n:], of_inputs[n:]), recurrent))
    change = _sum(node, hidden, node.wiring.scaled(new, -1.0))
    return _sum(node, new, _product(node, update, change)), cell


_STEPS: dict[str, Callable[..., tuple[State, State]]] = {"RNN": _rnn, "GRU": _gru, "LSTM": _lstm}


def _functions(node: Node) -> list[str]:
    """Functions of the first direction, and of others behind them."""
    given = node.attributes.get("activations")
    return _FUNCTIONS[node.operator] if given is None else [each.decode(errors="replace") for each in given]


def _check(node: Node, steps: int, directions: int) -> None:
    """An UnsupportedError if an option is none of the layers'."""
    usual = _FUNCTIONS[node.operator] * directions
    allowed = [usual, ["Relu"] * directions] if node.operator == "RNN" else [usual]
    given = _functions(node)
    if "activations" in node.attributes and given[: len(usual)] not in allowed:
        raise UnsupportedError(f"the functions {', '.join(usual)} would")
    for name in ("activation_alpha", "activation_beta", "clip"):
        if node.attributes.get(name):
            raise UnsupportedError(f"no {name} would")
    node.one("layout", 0, "layout 0 would")
    node.one("input_forget", 0, "input_forget 0 would")
    if node.has(4) and (node.raw(4, "sequence_lens") != steps).any():
        raise UnsupportedError("sequences of all steps would")
    if node.has(7) and node.constant(7, "peephole").any():
        raise UnsupportedError("no peepholes would")


def _unrolled(node: Node) -> list[Any]:
    value, w, r = node.value(0), node.constant(1, "weight"), node.constant(2, "weight")
    steps, samples, _ = value.shape
    directions, hidden = len(w), r.shape[-1]
    if samples != 1:
        raise UnsupportedError("steps on the first axis and samples on the second would")
    _check(node, steps, directions)
    if steps > MOST_STEPS or steps * (w.size + r.size) > MOST_WEIGHTS:
        raise UnsupportedError(f"at most {MOST_STEPS} steps, of {MOST_WEIGHTS} weights together, would, not {steps}")
    offsets = node.optional(3, "bias")
    offsets = np.zeros((directions, 2 * _GATES[node.operator] * hidden)) if offsets is None else offsets
    backwards = {b"forward": [False], b"reverse": [True], b"bidirectional": [False, True]}[node.attributes["direction"]]
    inputs = [node.aten("select", value, 0, step) for step in range(steps)]
    outputs: list[list[Any]] = [[None] * directions for _ in range(steps)]
    last: list[tuple[State, State]] = []
    for k, backward in enumerate(backwards):
        half = offsets.shape[1] // 2
        weights = (w[k], r[k], offsets[k, :half], offsets[k, half:])
        state, cell = (_first(node, place, k, hidden) for place in (5, 6))
        for step in range(steps)[::-1] if backward else range(steps):
            state, cell = _STEPS[node.operator](node, inputs[step], state, cell, weights)
            outputs[step][k] = state
        last.append((state, cell))
    found = [
        [each for of_step in outputs for each in of_step], [state for state, _ in last], [cell for _, cell in last]
    ]  # fmt: skip
    return [
        Value(node.wiring.joined([Value(each.name, (hidden,)) for each in found[k]], 0).name, node.shapes[k])
        if name else None
        for k, name in enumerate(node.outputs)
    ]  # fmt: skip


def _first(node: Node, place: int, direction: int, hidden: int) -> State:
    """The state before the first step."""
    if not node.has(place) or (place == 6 and node.operator != "LSTM"):
        return np.zeros((1, hidden))
    given = node.operand(place)
    if isinstance(given, Value):
        return node.aten("select", given, 0, direction)
    return np.broadcast_to(given[direction], (1, hidden))


RECURRENT: dict[str, Translator] = dict.fromkeys(_GATES, _unrolled)
"""Layers of recurrent operators, by name."""
