"""Vectors of eight words, and of four, types of the compiled kernels: operators on all of them at once.

A variable of such a type lives in vector registers, as wide as the host has them (eight words in one of 512 bits, two
of 256, four of 128), which a loop over arrays is not sure to reach.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.cgutils import get_or_insert_function
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES, FOUR = 8, 4
"""Words of a vector, and of a short one."""


class _Lanes(types.Type):  # type: ignore[misc]
    def __init__(self, words: int) -> None:
        super().__init__(name=f"lanes{words}")
        self.vector = ir.VectorType(ir.IntType(64), words)


_lanes, _four = _Lanes(LANES), _Lanes(FOUR)
_VECTOR = _lanes.vector


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, fe_type.vector)


def _pointer(kind: _Lanes, context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), kind.vector.as_pointer())


def _loaded(kind: _Lanes) -> Any:
    @intrinsic
    def load(typingctx: Any, array: Any, first: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            vector = builder.load(_pointer(kind, context, builder, signature.args[0], *args))
            vector.align = 8
            return vector

        return kind(array, types.intp), codegen

    return load


load = _loaded(_lanes)
"""Words ``first`` to ``first + 7`` of a contiguous array ``(n,)``."""
load_four = _loaded(_four)
"""Words ``first`` to ``first + 3`` of a contiguous array ``(n,)``."""


@intrinsic
def store(typingctx: Any, array: Any, first: Any, vector: Any) -> Any:
    """Write a vector to words ``first`` to ``first + 7`` of a contiguous array ``(n,)``."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        written = builder.store(args[2], _pointer(_lanes, context, builder, signature.args[0], *args[:2]))
        written.align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, vector), codegen


@intrinsic
def turn(typingctx: Any, source: Any, places: Any, target: Any, first: Any, step: Any) -> Any:
    """Turn eight rows of words into columns: vector k from word ``first + k * step`` on has word k of each row.

    Row l is words ``places[l]`` to ``places[l] + 7`` of `source`; all arrays are contiguous ``(n,)``.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = builder.load(_pointer(_lanes, context, builder, signature.args[1], args[1], ir.IntType(64)(0)))
        numbers.align = 8
        rows = []
        for lane in range(LANES):
            place = builder.extract_element(numbers, ir.IntType(32)(lane))
            rows.append(builder.load(_pointer(_lanes, context, builder, signature.args[0], args[0], place)))
            rows[-1].align = 8
        for side in (1, 2, 4):  # swap the corners of squares of 2, 4, 8 rows
            for row in (row for row in range(LANES) if not row & side):
                pair = rows[row], rows[row + side]
                low = [lane if not lane & side else LANES + lane - side for lane in range(LANES)]
                high = [lane + side if not lane & side else LANES + lane for lane in range(LANES)]
                for each, lanes in ((row, low), (row + side, high)):
                    kind = ir.VectorType(ir.IntType(32), LANES)
                    rows[each] = builder.shuffle_vector(*pair, ir.Constant(kind, lanes))
        at = args[3]
        for row in rows:
            builder.store(row, _pointer(_lanes, context, builder, signature.args[2], args[2], at)).align = 8
            at = builder.add(at, args[4])
        return context.get_dummy_value()

    return types.void(source, places, target, types.intp, types.intp), codegen


@intrinsic
def all_lanes(typingctx: Any, word: Any) -> Any:
    """A vector of one word, eight times."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), args[0], ir.IntType(32)(0))
        places = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
        return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), places)

    return _lanes(types.uint64), codegen


def _called(name: str, builder: Any, result: Any, *args: Any) -> Any:
    """A call of a function of LLVM."""
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(get_or_insert_function(builder.module, kind, name), args)


@intrinsic
def four_zeros(typingctx: Any) -> Any:
    """A short vector of words of zero."""
    return _four(), lambda context, builder, signature, args: ir.Constant(_four.vector, None)


@intrinsic
def ones(typingctx: Any, vector: Any) -> Any:
    """Ones of each word."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _called(f"llvm.ctpop.v{vector.vector.count}i64", builder, vector.vector, *args)

    return vector(vector), codegen


@intrinsic
def total(typingctx: Any, vector: Any) -> Any:
    """Sum of the words."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _called(f"llvm.vector.reduce.add.v{vector.vector.count}i64", builder, ir.IntType(64), *args)

    return types.uint64(vector), codegen


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
        joined = _called("llvm.vector.reduce.or.v8i64", builder, ir.IntType(64), *args)
        return builder.icmp_unsigned("!=", joined, ir.IntType(64)(0))

    return types.boolean(_lanes), codegen


def _operator(symbol: Callable[..., Any], instruction: str) -> None:
    """Make an operator of Python that of two vectors, by an instruction of LLVM."""

    @infer_global(symbol)
    class _OfVectors(ConcreteTemplate):  # type: ignore[misc]
        cases = [signature(kind, kind, kind) for kind in (_lanes, _four)]  # noqa: RUF012 - read by Numba

    @lower_builtin(symbol, _lanes, _lanes)
    @lower_builtin(symbol, _four, _four)
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
            return _called("llvm.x86.avx512.pternlog.q.512", builder, _VECTOR, *args, ir.IntType(32)(table))

        return _lanes(_lanes, _lanes, _lanes), codegen

    return function


parity = _of_three(0b10010110, lambda at, a, b, c: at.xor(at.xor(a, b), c))
"""Sum of three bits: a XOR b XOR c."""
majority = _of_three(0b11101000, lambda at, a, b, c: at.or_(at.and_(a, b), at.and_(at.or_(a, b), c)))
"""Carry of three bits: whether two of them are one."""
gate = _of_three(0b11000010, lambda at, a, b, c: at.or_(at.and_(a, b), at.and_(at.not_(at.or_(a, b)), c)))
"""a AND b where c is zero, a XNOR b where it is one."""
