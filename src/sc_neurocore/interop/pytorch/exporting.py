"""The graph of a PyTorch model: what `torch.export` sees the model compute for one sample."""

import copy
import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from typing import Any

from ...networks.layer_spec import Shape
from ..refusals import line


@dataclass(frozen=True)
class Exported:
    """A model and its graph of ATen operators."""

    model: Any
    """A copy on the CPU, in evaluation mode, in the precision in which it could be exported."""
    dtype: Any
    """That precision."""
    program: Any
    """A `torch.export.ExportedProgram` without operators that change their arguments."""

    def constants(self) -> dict[str, Any]:
        """Parameters and buffers by the names of their nodes."""
        kept = {**self.program.state_dict, **self.program.constants}
        signature = self.program.graph_signature
        return {spec.arg.name: kept[spec.target] for spec in signature.input_specs if spec.target is not None}

    def decomposed(self, operators: set[Any]) -> "Exported":
        """The same with these operators replaced by simpler ones, where PyTorch can say which."""
        from torch.export import default_decompositions

        table = default_decompositions()
        wanted = {operator: table[operator] for operator in operators if operator in table}
        with plain(self.dtype):
            return Exported(self.model, self.dtype, self.program.run_decompositions(wanted))


def exported(model: Any, shape: Shape) -> Exported:
    """The graph of a model for one sample of that shape.

    Parameters
    ----------
    model
        A ``torch.nn.Module``; it is left as it is.

    Raises
    ------
    ValueError
        If it cannot be copied, takes no such sample, or decides by its numbers what it computes.
    """
    import torch

    copied = copied_to_cpu(model)
    errors: list[Exception] = []
    for dtype in (torch.float64, torch.float32):  # weights of all widths agree; the second where forward asks for it
        double = _of_precision(copied, dtype)
        with plain(dtype):
            try:
                double(torch.zeros((2, *shape), dtype=dtype))
                program = torch.export.export(double, (torch.zeros((1, *shape), dtype=dtype),), strict=False)
                return Exported(double, dtype, program.run_decompositions({}))
            except Exception as error:  # whatever the model raises
                errors.append(error)
    raise ValueError(_reason(errors[0], shape)) from errors[0]


def copied_to_cpu(model: Any) -> Any:
    """A copy in evaluation mode."""
    import torch

    if any(torch.nn.parameter.is_lazy(each) for each in (*model.parameters(), *model.buffers())):
        raise ValueError("model must have weights that can be copied to the CPU: some are lazy, without a shape yet")
    computed = [each for module in model.modules() for each in vars(module).values() if isinstance(each, torch.Tensor)]
    try:  # tensors that are computed of weights, as by pruning, cannot be copied with their history
        copied = copy.deepcopy(model, {id(each): each.detach().clone() for each in computed if not each.is_leaf})
        return copied.cpu().eval()
    except (RuntimeError, TypeError, NotImplementedError) as error:  # without numbers (meta)
        raise ValueError(f"model must have weights that can be copied to the CPU: {line(error)}") from error


def _of_precision(model: Any, dtype: Any) -> Any:
    """The model with its real numbers in a precision, also those that are no parameters or buffers."""
    import torch

    for module in model.modules():
        for name, tensor in vars(module).items():
            if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
                setattr(module, name, tensor.detach().cpu().to(dtype))
    return model.double() if dtype == torch.float64 else model.float()


def _reason(error: Exception, shape: Shape) -> str:
    import torch

    kind = type(error).__name__
    if isinstance(error, torch.fx.experimental.symbolic_shapes.GuardOnDataDependentSymNode) or "DataDependent" in kind:
        return (
            "model must compute the same operators for every sample: its forward decides by the numbers of a sample "
            f"({line(error)})"
        )
    return f"model must take samples of shape {shape}: {line(error) or kind}"


@contextmanager
def plain(dtype: Any) -> Iterator[None]:
    """No gradients, no warnings of the export, fused operators of transformers off; tensors are of a precision."""
    import torch

    before, fast = torch.get_default_dtype(), torch.backends.mha.get_fastpath_enabled()
    state, log = torch.get_rng_state(), logging.getLogger("torch.fx.experimental.symbolic_shapes")
    level = log.level
    try:
        log.setLevel(logging.CRITICAL)  # what it would say is in the error
        torch.set_default_dtype(dtype)
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.no_grad(), warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_default_dtype(before)
        torch.backends.mha.set_fastpath_enabled(fast)
        torch.set_rng_state(state)
        log.setLevel(level)
