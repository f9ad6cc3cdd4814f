"""The operators of QONNX as functions of arrays: for weights, and for the program that a network is compared with.

References
----------
A. Pappalardo et al., "QONNX: representing arbitrary-precision quantized neural networks", 2022,
https://doi.org/10.48550/arXiv.2206.07527.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...networks.activations import Floats
from ...networks.quantizing_spec import ROUNDINGS, settled
from ..operators import UnsupportedError
from ..refusals import quoted
from .library import part

DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
"""Names under which files have them."""
_NAMES = {"round": "half_even"}


def rounding(attributes: Mapping[str, Any], default: str) -> str:
    """The rounding of a node as `Quantize` calls it; an UnsupportedError for another one."""
    given = attributes.get("rounding_mode", default)
    name = (given.decode(errors="replace") if isinstance(given, bytes) else str(given)).lower()
    name = _NAMES.get(name, name)
    if name not in ROUNDINGS:
        raise UnsupportedError(f"a rounding_mode of {', '.join(ROUNDINGS)} would, not {quoted(name)}")
    return name


def ends(attributes: Mapping[str, Any], bits: Any) -> tuple[Any, Any]:
    """The lowest and highest level of words of `bits` bits."""
    signed, narrow = attributes.get("signed", 1), attributes.get("narrow", 0)
    if not 1 <= np.min(bits) <= np.max(bits) <= 64:
        raise UnsupportedError(f"1 to 64 bits would, not {np.max(bits):g}")
    half = 2.0 ** (bits - 1)
    return (narrow - half, half - 1) if signed else (0.0 * bits, 2.0 * half - 1 - narrow)


def is_sign(attributes: Mapping[str, Any], bits: Any) -> bool:
    """Whether a node of one signed bit gives -1 and 1."""
    return bool(np.size(bits) == 1 and np.all(bits == 1) and attributes.get("signed", 1))


def _sign(x: Floats) -> Floats:
    return np.where(x >= 0, 1.0, -1.0)


def _levels(x: Any, scale: Any, zero: Any) -> Floats:
    """Levels of numbers in double precision, see `settled`."""
    return settled(np.asarray(x, np.float64) / scale + zero)


def _quant(attributes: Mapping[str, Any], x: Any, scale: Any, zero: Any, bits: Any) -> Any:
    levels = _levels(x, scale, zero)
    if is_sign(attributes, bits):
        levels = _sign(levels)
    else:
        levels = ROUNDINGS[rounding(attributes, "ROUND")](np.clip(levels, *ends(attributes, bits)))
    return (levels - zero) * scale


def _bipolar(attributes: Mapping[str, Any], x: Any, scale: Any) -> Any:
    return _sign(_levels(x, 2.0 * scale, 0.0)) * scale


def _trunc(attributes: Mapping[str, Any], x: Any, scale: Any, zero: Any, bits: Any, *out: Any) -> Any:
    levels, whole = np.rint(_levels(x, scale, zero)), ROUNDINGS[rounding(attributes, "FLOOR")]
    if len(out) == 1:  # the bits that are left
        return (whole(levels / 2.0 ** (bits - out[0])) - zero) * scale
    left, bits = out
    factor = 2.0 ** np.rint(np.log2(left / scale))
    return (whole(np.clip(levels / factor, *ends({"signed": 1, **attributes}, bits))) - zero / factor) * left


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Quant": _quant,
    "IntQuant": _quant,
    "BipolarQuant": _bipolar,
    "Trunc": _trunc,
}
"""What each operator makes of its attributes and arrays."""


def reference_operators() -> list[type[Any]]:
    """The operators for ``onnx.reference.ReferenceEvaluator``, under each name of their domain."""
    base = part("reference.op_run").OpRun

    def operator(domain: str, name: str) -> type[Any]:
        def run(self: Any, *arrays: Any, **_: Any) -> tuple[Any]:
            attributes = {each.name: getattr(self, each.name) for each in self.onnx_node.attribute}
            return (np.asarray(FUNCTIONS[name](attributes, *arrays)),)

        return type(name, (base,), {"op_domain": domain, "_run": run})

    return [operator(domain, name) for domain in DOMAINS for name in FUNCTIONS]


def reference_quantisers() -> list[type[Any]]:
    """QuantizeLinear and DequantizeLinear of all versions for the evaluator, which lacks the first ones.

    QuantizeLinear is of numbers of which ties are ties, see `settled`.
    """
    quantize, dequantize = (
        _newest("quantize_linear", "QuantizeLinear"),
        _newest("dequantize_linear", "DequantizeLinear"),
    )

    def run(self: Any, x: Any, scale: Any, *others: Any, **options: Any) -> Any:
        if scale.size == 1:
            x, scale = settled(x / scale), np.ones_like(scale)
        return quantize._run(self, x, scale, *others, **options)

    return [
        type("QuantizeLinear", (quantize,), {"op_domain": "", "_run": run}),
        type("DequantizeLinear", (dequantize,), {"op_domain": ""}),
    ]


def _newest(module: str, name: str) -> Any:
    """An operator of the evaluator, which gives it the attributes of the newest version."""
    found = vars(part(f"reference.ops.op_{module}"))
    return found[f"{name}_{max(int(each.rpartition('_')[2]) for each in found if each.startswith(f'{name}_'))}"]
