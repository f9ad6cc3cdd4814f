"""Vectors of eight words, a type of the compiled kernels: operators on all of them at once.

A variable of this type lives in vector registers, as wide as the host has them (one of 512 bits, two of 256, four
of 128), which a loop over arrays is not sure to reach.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 8
"""Words of a vector."""
_VECTOR = ir.VectorType(ir.IntType(64), LANES)


class _Lanes(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(name="lanes")


_lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _VECTOR)


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


@intrinsic
def load(typingctx: Any, array: Any, first: Any) -> Any:
    """Words ``first`` to ``first + 7`` of a contiguous array ``(n,)``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = builder.load(_pointer(context, builder, signature.args[0], *args))
        vector.align = 8
        return vector

    return _lanes(array, types.intp), codegen


@intrinsic
def store(typingctx: Any, array: Any, first: Any, vector: Any) -> Any:
    """Write a vector to words ``first`` to ``first + 7`` of a contiguous array ``(n,)``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        written = builder.store(args[2], _pointer(context, builder, signature.args[0], *args[:2]))
        written.align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), codegen


@intrinsic
def all_lanes(typingctx: Any, word: Any) -> Any:
    """A vector of one word, eight times."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), args[0], ir.IntType(32)(0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), places)

    return _lanes(types.uint64), codegen


@intrinsic
def ones(typingctx: Any, vector: Any) -> Any:
    """Ones in each word of a vector."""

    def codegen(context: Any, builder: Any, typed: Any, args: Any) -> Any:
        kind = ir.FunctionType(_VECTOR, [_VECTOR])
        return builder.call(get_or_insert_function(builder.module, kind, "llvm.ctpop.v8i64"), args)

    return _lanes(_lanes), codegen


@intrinsic
def which_have_ones(typingctx: Any, vector: Any) -> Any:
    """Bit k is set where word k of a vector has any bit that is one."""

    def codegen(context: Any, builder: Any, typed: Any, args: Any) -> Any:
        some = builder.icmp_unsigned("!=", args[0], ir.Constant(_VECTOR, [0] * LANES))
        return builder.zext(builder.bitcast(some, ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(_lanes), codegen


@intrinsic
def any_one(typingctx: Any, vector: Any) -> Any:
    """Whether a vector has any bit that is one."""

    def codegen(context: Any, builder: Any, typed: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.IntType(64), [_VECTOR])
        joined = builder.call(get_or_insert_function(builder.module, kind, "llvm.vector.reduce.or.v8i64"), args)
        return builder.icmp_unsigned("!=", joined, ir.IntType(64)(0))

    return types.boolean(_lanes), codegen


def _operator(symbol: Callable[..., Any], instruction: str) -> None:
    """Make an operator of Python that of two vectors, by an instruction of LLVM."""

    @infer_global(symbol)
    class _OfVectors(ConcreteTemplate):  # type: ignore[misc]
        cases = [signature(_lanes, _lanes, _lanes)]  # noqa: RUF012 - read by Numba

    @lower_builtin(symbol, _lanes, _lanes)
    def _(context: Any, builder: Any, typed: Any, args: Any) -> Any:
        return getattr(builder, instruction)(*args)


for _symbol, _instruction in (
    (operator.and_, "and_"), (operator.or_, "or_"), (operator.xor, "xor"),
    (operator.lshift, "shl"), (operator.rshift, "lshr"), (operator.add, "add"), (operator.mul, "mul"),
):  # fmt: skip
    _operator(_symbol, _instruction)


def _of_three(table: int, plain: Callable[[Any, Any, Any, Any], Any]) -> Any:
    """A bitwise function of three vectors: one instruction of AVX-512, elsewhere what `plain` builds of simpler ones.

    Bit ``4 a + 2 b + c`` of `table` is the value for the bits a, b, c.
    """

    @intrinsic
    def function(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
        def codegen(context: Any, builder: Any, typed: Any, args: Any) -> Any:
            features = context.codegen().magic_tuple()[2]
            if "+avx512f" not in features.split(","):
                return plain(builder, *args)
            kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3 + [ir.IntType(32)])
            name = "llvm.x86.avx512.pternlog.q.512"
            return builder.call(get_or_insert_function(builder.module, kind, name), [*args, ir.IntType(32)(table)])

        return _lanes(_lanes, _lanes, _lanes), codegen

    return function


parity = _of_three(0b10010110, lambda at, a, b, c: at.xor(at.xor(a, b), c))
"""Sum of three bits: a XOR b XOR c."""
majority = _of_three(0b11101000, lambda at, a, b, c: at.or_(at.and_(a, b), at.and_(at.or_(a, b), c)))
"""Carry of three bits: whether two of them are one."""
gate = _of_three(0b11000010, lambda at, a, b, c: at.or_(at.and_(a, b), at.and_(at.not_(at.or_(a, b)), c)))
"""a AND b where c is zero, a XNOR b where it is one."""
