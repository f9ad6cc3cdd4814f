"""Population count of a word, an LLVM instruction that Numba does not expose."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


@intrinsic
def popcount64(typingctx: Any, word: Any) -> Any:
    """Ones in a 64-bit word. LLVM turns a loop of it into the widest popcount the host has."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        ctpop = builder.module.declare_intrinsic("llvm.ctpop", [ir.IntType(64)])
        return builder.call(ctpop, [args[0]])

    return types.uint64(types.uint64), codegen
