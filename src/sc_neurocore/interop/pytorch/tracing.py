"""The walk over the graph of a PyTorch model: an operator after the other becomes layers of a network."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...networks.layer_spec import Shape
from ..operators import OPERATORS, UnsupportedError
from ..refusals import UNKNOWN, Refused, line, refusal
from ..wiring import Value, Wiring
from .exporting import Exported, plain
from .instead import INSTEAD

SHAPED = ("zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full", "fill")
"""Operators that give constants of the shape of their first argument."""

STANDING_IN = 2**16
"""Numbers of a constant that takes the place of what a refused operator gives."""
_UNKNOWN = object()
"""What stands for a value whose shape is not known, and for a number that depends on the sample."""


def layers_of(exported: Exported, shape: Shape) -> dict[str, Any]:
    """Name to ``(layer, *sources)`` of all layers of a model; the last gives the output as a vector.

    Parameters
    ----------
    shape
        Of a sample.

    Raises
    ------
    ValueError
        If operators have no layer: it names all. If the model gives something else than one tensor of its input.
    """
    with plain(exported.dtype):
        return _layers(exported, shape)


def _layers(exported: Exported, shape: Shape) -> dict[str, Any]:
    walk = _Walk(exported, shape)
    if not walk.refused:
        return walk.layers()
    simpler = {each.target for each in walk.refused if not each.known}
    again = _Walk(exported.decomposed(simpler), shape)
    if not again.refused:
        return again.layers()
    still = {each.where for each in again.refused}
    raise refusal("from_torch", [each for each in walk.refused if each.where in still] or again.refused)


class _Walk:
    """One walk over a graph."""

    def __init__(self, exported: Exported, shape: Shape) -> None:
        self.wiring = Wiring(shape)
        self.refused: list[Refused] = []
        self._values: dict[Any, Any] = {}
        self._given: Any = None
        constants = exported.constants()
        changed = [spec for spec in exported.program.graph_signature.output_specs if spec.kind.name != "USER_OUTPUT"]
        if changed:
            raise ValueError(
                "model must give the same outputs for a sample at every call, got one that changes its "
                f"{changed[0].target or 'input'}"
            )
        for node in exported.program.graph.nodes:
            if node.op == "placeholder":
                known = node.name in constants
                self._values[node] = constants[node.name] if known else self.wiring.input((1, *shape))
            elif node.op == "output":
                self._given = _mapped(node.args[0], self._values.get)
            elif node.op == "get_attr":  # a graph that another operator may call, which has no layer
                self._values[node] = None
            else:
                self._values[node] = self._result(node)

    def layers(self) -> dict[str, Any]:
        """The layers, of which the last gives the output as a vector."""
        given = self._given
        if len(given) != 1 or not isinstance(given[0], Value):
            found = "none that depends on its input" if len(given) == 1 else len(given)
            raise ValueError(f"model must give one tensor that depends on its input, got {found}")
        value, self.wiring.called = given[0], "output"
        name = self.wiring.viewed(value, (value.size,))
        layers = self.wiring.layers
        if name not in layers or name != next(reversed(layers)):
            layers = {**layers, "output": (_passed(), name)}
        return layers

    def _result(self, node: Any) -> Any:
        args, kwargs = _mapped(node.args, self._values.get), _mapped(dict(node.kwargs), self._values.get)
        name = node.target.name() if hasattr(node.target, "name") else node.target.__name__
        name = name.partition("::")[2].partition(".")[0] or name
        called = OPERATORS.get(name)
        if name in SHAPED and isinstance(args[0], Value):
            import torch

            args = (torch.zeros(args[0].shape), *args[1:])
        given = list(_leaves((args, kwargs)))
        if any(each is _UNKNOWN for each in given):
            val = node.meta.get("val")
            if called is None and hasattr(val, "shape"):
                return self._refuse(node, name, INSTEAD.get(name, UNKNOWN), known=False)
            return self._like(val)
        if any(isinstance(each, Value) for each in given) and called is None:
            return self._refuse(node, name, INSTEAD.get(name, UNKNOWN), known=False)
        if not any(isinstance(each, Value) for each in given):
            return self._constant(node, name, args, kwargs)
        assert called is not None
        kind = getattr(node.meta.get("val"), "dtype", None)
        if node.users and kind not in _kept():
            return self._refuse(
                node, name, f"float32 or float64, not {str(kind).removeprefix('torch.')}, would", known=True
            )
        self.wiring.called = _module(node) or name
        try:
            return called(self.wiring, *_mapped(args, _array), **_mapped(kwargs, _array))
        except UnsupportedError as reason:
            return self._refuse(node, name, str(reason), known=True)
        except (ValueError, TypeError, IndexError) as error:  # of a layer that it does not fit
            return self._refuse(node, name, line(error), known=True)

    def _constant(self, node: Any, name: str, args: Any, kwargs: Any) -> Any:
        """What PyTorch computes of constants; None of assertions."""
        import torch

        if torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ()):
            return self._refuse(node, name, "it draws random numbers", known=True)
        try:
            return node.target(*args, **kwargs)
        except Exception as error:  # whatever PyTorch raises
            return self._refuse(node, name, line(error) or type(error).__name__, known=True)

    def _refuse(self, node: Any, name: str, hint: str, known: bool) -> Any:
        """Note an operator; what takes its outputs is looked at with others of the same shapes, if known."""
        self.refused.append(Refused(_path(node), name, hint, node.target, known))
        return self._like(node.meta.get("val"))

    def _like(self, outputs: Any) -> Any:
        if isinstance(outputs, tuple | list):
            return [self._like(each) for each in outputs]
        if outputs is None:
            return None
        sizes = tuple(getattr(outputs, "shape", (None,)))
        fixed = all(type(size) is int for size in sizes)  # others depend on the numbers of a sample
        if not fixed or not 0 < math.prod(sizes) <= STANDING_IN:
            return _UNKNOWN
        return self.wiring.constant(np.zeros(sizes))


def _kept() -> tuple[Any, ...]:
    """Types of tensors in which numbers are rounded to no more than 1e-7 of them; None of what is no tensor."""
    import torch

    return None, torch.float32, torch.float64


def _passed() -> Any:
    from ...networks import Concat

    return Concat()


def _module(node: Any) -> str:
    """Path of the module in which an operator is called, without that of the model; ``""`` for the model itself."""
    stack = node.meta.get("nn_module_stack") or {}
    path = str(list(stack.values())[-1][0]) if stack else ""
    return path.partition("@")[0]


def _path(node: Any) -> str:
    path = _module(node)
    return f"model.{path}" if path else "model"


def _mapped(value: Any, found: Callable[[Any], Any]) -> Any:
    """Nested arguments with `found` in place of nodes and tensors."""
    import torch

    if isinstance(value, list):
        return [_mapped(each, found) for each in value]
    if isinstance(value, tuple):
        return tuple(_mapped(each, found) for each in value)
    if isinstance(value, dict):
        return {name: _mapped(each, found) for name, each in value.items()}
    return found(value) if isinstance(value, torch.fx.Node | torch.Tensor) else value


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, tuple | list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, dict):
        yield from _leaves(list(value.values()))
    else:
        yield value


def _array(tensor: Any) -> Any:
    """A constant tensor as an array, real ones in double precision."""
    if tensor.is_complex():
        raise UnsupportedError(f"real weights, not {tensor.dtype}, would")
    numbers = tensor.detach()
    return np.asarray((numbers.double() if numbers.is_floating_point() else numbers).numpy())
