"""Vector registers for numba: a `Lanes` value holds one number of each of `width(dtype)` samples.

numba's own loops over the samples are 2-5 times slower than these loads, products and stores.
A flat array is seen as rows: row r is its elements r * width to (r + 1) * width.
"""

import operator
import platform
from functools import cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils, config
from numba.extending import intrinsic, models, overload, register_model

# Products may be fused with sums, but NaN and infinity keep their meaning: training looks for them.
_FLAGS = ("contract", "nsz")
_ALIGNMENT = 64


@cache
def vector_bytes() -> int:
    """Bytes of the widest vector register in which this CPU computes at full speed; 0 where that is not known."""
    if config.DISABLE_JIT or platform.machine().lower() not in ("x86_64", "amd64"):
        return 0
    features = set(cpu()[1:])
    if "avx512f" in features:
        return 64
    return 32 if {"avx2", "fma"} <= features else 0


def cpu() -> tuple[str, ...]:
    """Name and features that numba compiles for: this CPU's, or those of NUMBA_CPU_NAME and NUMBA_CPU_FEATURES."""
    if config.CPU_FEATURES is None:
        features = [name for name, present in llvm.get_host_cpu_features().items() if present]
    else:
        features = [feature[1:] for feature in config.CPU_FEATURES.split(",") if feature.startswith("+")]
    return config.CPU_NAME or llvm.get_host_cpu_name(), *sorted(features)


def width(dtype: str) -> int:
    """Samples side by side: 16 for float32 on AVX-512, half of that for float64, half again on AVX2."""
    return vector_bytes() // np.dtype(dtype).itemsize


class LanesType(types.Type):
    """numba's type of `width` numbers of type `dtype` in one register."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        self.width = width(dtype.name)
        super().__init__(f"Lanes({dtype}, {self.width})")


@register_model(LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: LanesType) -> None:
        element = manager.lookup(lanes.dtype).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(element, lanes.width))


@intrinsic
def width_of(typing: Any, array: Any) -> Any:
    """Elements in one row of `array`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return context.get_constant(types.intp, width(array.dtype.name))

    return types.intp(array), generate


@njit
def empty_rows(count: int, like: Any) -> Any:
    """`count` rows of numbers of the type of `like`, in whole cache lines, so that no row lies across two."""
    size = count * width_of(like)
    block = np.empty(size + _ALIGNMENT, like.dtype)
    start = (-block.ctypes.data % _ALIGNMENT) // block.itemsize
    return block[start : start + size]


def _row_pointer(context: Any, builder: Any, signature: Any, args: Any) -> tuple[Any, int]:
    """Pointer to row args[1] of array args[0], and the alignment that every array has."""
    array_type = signature.args[0]
    vector = context.get_value_type(LanesType(array_type.dtype))
    array = context.make_array(array_type)(context, builder, args[0])
    rows = builder.bitcast(array.data, vector.as_pointer())
    return builder.gep(rows, [args[1]]), array_type.dtype.bitwidth // 8


@intrinsic
def load(typing: Any, array: Any, row: Any) -> Any:
    """Row `row` of `array`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer, alignment = _row_pointer(context, builder, signature, args)
        return builder.load(pointer, align=alignment)

    return LanesType(array.dtype)(array, types.intp), generate


@intrinsic
def store(typing: Any, array: Any, row: Any, lanes: Any) -> Any:
    """Write `lanes` to row `row` of `array`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer, alignment = _row_pointer(context, builder, signature, args)
        builder.store(args[2], pointer, align=alignment)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), generate


@intrinsic
def splat(typing: Any, like: Any, value: Any) -> Any:
    """`value` in every lane, as a number of the type of the array `like`."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(signature.return_type)
        number = context.cast(builder, args[1], value, like.dtype)
        undefined = ir.Constant(vector, ir.Undefined)
        first = builder.insert_element(undefined, number, cgutils.int32_t(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
        return builder.shuffle_vector(first, undefined, zeros)

    return LanesType(like.dtype)(like, value), generate


@intrinsic
def total(typing: Any, lanes: Any) -> Any:
    """The sum over the lanes, in their order."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        elements = [builder.extract_element(args[0], cgutils.int32_t(k)) for k in range(lanes.width)]
        result = elements[0]
        for element in elements[1:]:
            result = builder.fadd(result, element)
        return result

    return lanes.dtype(lanes), generate


@intrinsic
def parity(typing: Any, bits: Any) -> Any:
    """1 if an odd number of bits is set, else 0."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.and_(builder.ctpop(args[0]), ir.Constant(args[0].type, 1))

    return types.int64(types.int64), generate


def _define(operation: Any, instruction: str) -> None:
    @intrinsic
    def compute(typing: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(*args, flags=_FLAGS)

        return left(left, right), generate

    def implementation(left: Any, right: Any) -> Any:
        return compute(left, right)

    @overload(operation)
    def lanewise(left: Any, right: Any) -> Any:
        return implementation if isinstance(left, LanesType) and left == right else None


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
