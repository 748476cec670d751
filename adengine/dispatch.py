"""The evaluator's dispatcher. Generated from the table by tools/generate_kernels.py: do not edit.

A binary decision tree over the operation codes leads to the formula of the table, for scalars, for eight lanes or
eight statements of them at once, and for rows of elements.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Int, kernel
from adengine.rules import (
    floor_quotient,
    hypot,
    integer_power,
    logaddexp,
    maximum,
    minimum,
    polygamma,
    positive_reciprocal,
    power,
    power_log,
    remainder,
    select,
    share,
    shifted_exp,
    sigmoid,
    sign,
    softplus,
    step,
    xlogy,
    zero_safe_multiply,
)
from adengine.vector import eight_lanes, eight_statements

U = types.uint64
U4_2 = types.Array(types.uint32, 2, "C")
F8 = types.Array(types.float64, 1, "C")
I8 = types.Array(types.int64, 1, "C")

_eight_add = eight_lanes("ADD", 2)
_eight_subtract = eight_lanes("SUBTRACT", 2)
_eight_multiply = eight_lanes("MULTIPLY", 2)
_eight_divide = eight_lanes("DIVIDE", 2)
_eight_negate = eight_lanes("NEGATE", 1)
_eight_reciprocal = eight_lanes("RECIPROCAL", 1)
_eight_square = eight_lanes("SQUARE", 1)
_eight_fma = eight_lanes("FMA", 3)
_eight_zero_safe_multiply = eight_lanes("ZERO_SAFE_MULTIPLY", 2)
_eight_sqrt = eight_lanes("SQRT", 1)
_eight_abs = eight_lanes("ABS", 1)
_eight_sign = eight_lanes("SIGN", 1)
_eight_floor = eight_lanes("FLOOR", 1)
_eight_ceil = eight_lanes("CEIL", 1)
_eight_round = eight_lanes("ROUND", 1)
_eight_trunc = eight_lanes("TRUNC", 1)
_eight_copysign = eight_lanes("COPYSIGN", 2)
_eight_minimum = eight_lanes("MINIMUM", 2)
_eight_maximum = eight_lanes("MAXIMUM", 2)
_eight_select = eight_lanes("SELECT", 3)
_eight_less = eight_lanes("LESS", 2)
_eight_less_equal = eight_lanes("LESS_EQUAL", 2)
_eight_equal = eight_lanes("EQUAL", 2)
_eight_not_equal = eight_lanes("NOT_EQUAL", 2)
_eight_and = eight_lanes("AND", 2)
_eight_or = eight_lanes("OR", 2)
_eight_not = eight_lanes("NOT", 1)
_eight_positive_reciprocal = eight_lanes("POSITIVE_RECIPROCAL", 1)
_eight_step = eight_lanes("STEP", 2)
_batch_add = eight_statements("ADD", 2)
_batch_subtract = eight_statements("SUBTRACT", 2)
_batch_multiply = eight_statements("MULTIPLY", 2)
_batch_divide = eight_statements("DIVIDE", 2)
_batch_negate = eight_statements("NEGATE", 1)
_batch_reciprocal = eight_statements("RECIPROCAL", 1)
_batch_square = eight_statements("SQUARE", 1)
_batch_fma = eight_statements("FMA", 3)
_batch_zero_safe_multiply = eight_statements("ZERO_SAFE_MULTIPLY", 2)
_batch_sqrt = eight_statements("SQRT", 1)
_batch_abs = eight_statements("ABS", 1)
_batch_sign = eight_statements("SIGN", 1)
_batch_floor = eight_statements("FLOOR", 1)
_batch_ceil = eight_statements("CEIL", 1)
_batch_round = eight_statements("ROUND", 1)
_batch_trunc = eight_statements("TRUNC", 1)
_batch_copysign = eight_statements("COPYSIGN", 2)
_batch_minimum = eight_statements("MINIMUM", 2)
_batch_maximum = eight_statements("MAXIMUM", 2)
_batch_select = eight_statements("SELECT", 3)
_batch_less = eight_statements("LESS", 2)
_batch_less_equal = eight_statements("LESS_EQUAL", 2)
_batch_equal = eight_statements("EQUAL", 2)
_batch_not_equal = eight_statements("NOT_EQUAL", 2)
_batch_and = eight_statements("AND", 2)
_batch_or = eight_statements("OR", 2)
_batch_not = eight_statements("NOT", 1)
_batch_positive_reciprocal = eight_statements("POSITIVE_RECIPROCAL", 1)
_batch_step = eight_statements("STEP", 2)


@kernel(types.void(U, U, U, U, U, U, I8, F8), inline=True)
def scalar(
    code: Int, out: Int, i: Int, j: Int, h: Int, place: Int, pool: NDArray[np.int64], w: NDArray[np.float64]
) -> None:  # fmt: skip
    """w[out] = primitive(w[i], w[j], w[h]), with the parameter at a place of the pool."""
    if code < 19:
        if code < 12:
            if code < 11:
                w[out] = w[i] + w[j]
            else:
                w[out] = w[i] - w[j]
        else:
            if code < 14:
                if code < 13:
                    w[out] = w[i] * w[j]
                else:
                    w[out] = w[i] / w[j]
            else:
                if code < 16:
                    if code < 15:
                        w[out] = -w[i]
                    else:
                        w[out] = 1.0 / w[i]
                else:
                    if code < 17:
                        w[out] = w[i] * w[i]
                    else:
                        if code < 18:
                            w[out] = power(w[i], w[j])
                        else:
                            w[out] = integer_power(w[i], pool[place])
    else:
        if code < 71:
            if code < 43:
                if code < 30:
                    if code < 20:
                        w[out] = w[i] * w[j] + w[h]
                    else:
                        w[out] = zero_safe_multiply(w[i], w[j])
                else:
                    if code < 34:
                        if code < 32:
                            if code < 31:
                                w[out] = math.sqrt(w[i])
                            else:
                                w[out] = np.cbrt(w[i])
                        else:
                            if code < 33:
                                w[out] = abs(w[i])
                            else:
                                w[out] = sign(w[i])
                    else:
                        if code < 41:
                            if code < 40:
                                w[out] = hypot(w[i], w[j])
                            else:
                                w[out] = math.exp(w[i])
                        else:
                            if code < 42:
                                w[out] = np.exp2(w[i])
                            else:
                                w[out] = math.expm1(w[i])
            else:
                if code < 63:
                    if code < 47:
                        if code < 45:
                            if code < 44:
                                w[out] = math.log(w[i])
                            else:
                                w[out] = np.log2(w[i])
                        else:
                            if code < 46:
                                w[out] = math.log10(w[i])
                            else:
                                w[out] = math.log1p(w[i])
                    else:
                        if code < 61:
                            if code < 60:
                                w[out] = logaddexp(w[i], w[j])
                            else:
                                w[out] = math.sin(w[i])
                        else:
                            if code < 62:
                                w[out] = math.cos(w[i])
                            else:
                                w[out] = math.tan(w[i])
                else:
                    if code < 67:
                        if code < 65:
                            if code < 64:
                                w[out] = math.asin(w[i])
                            else:
                                w[out] = math.acos(w[i])
                        else:
                            if code < 66:
                                w[out] = math.atan(w[i])
                            else:
                                w[out] = math.atan2(w[i], w[j])
                    else:
                        if code < 69:
                            if code < 68:
                                w[out] = math.sinh(w[i])
                            else:
                                w[out] = math.cosh(w[i])
                        else:
                            if code < 70:
                                w[out] = math.tanh(w[i])
                            else:
                                w[out] = math.asinh(w[i])
        else:
            if code < 107:
                if code < 86:
                    if code < 82:
                        if code < 80:
                            if code < 72:
                                w[out] = math.acosh(w[i])
                            else:
                                w[out] = math.atanh(w[i])
                        else:
                            if code < 81:
                                w[out] = np.floor(w[i])
                            else:
                                w[out] = np.ceil(w[i])
                    else:
                        if code < 84:
                            if code < 83:
                                w[out] = np.rint(w[i])
                            else:
                                w[out] = np.trunc(w[i])
                        else:
                            if code < 85:
                                w[out] = remainder(w[i], w[j])
                            else:
                                w[out] = np.fmod(w[i], w[j])
                else:
                    if code < 103:
                        if code < 101:
                            if code < 100:
                                w[out] = math.copysign(w[i], w[j])
                            else:
                                w[out] = minimum(w[i], w[j])
                        else:
                            if code < 102:
                                w[out] = maximum(w[i], w[j])
                            else:
                                w[out] = select(w[i], w[j], w[h])
                    else:
                        if code < 105:
                            if code < 104:
                                w[out] = 1.0 if w[i] < w[j] else 0.0
                            else:
                                w[out] = 1.0 if w[i] <= w[j] else 0.0
                        else:
                            if code < 106:
                                w[out] = 1.0 if w[i] == w[j] else 0.0
                            else:
                                w[out] = 1.0 if w[i] != w[j] else 0.0
            else:
                if code < 126:
                    if code < 121:
                        if code < 109:
                            if code < 108:
                                w[out] = 1.0 if w[i] != 0.0 and w[j] != 0.0 else 0.0
                            else:
                                w[out] = 1.0 if w[i] != 0.0 or w[j] != 0.0 else 0.0
                        else:
                            if code < 120:
                                w[out] = 1.0 if w[i] == 0.0 else 0.0
                            else:
                                w[out] = math.erf(w[i])
                    else:
                        if code < 124:
                            if code < 123:
                                w[out] = math.erfc(w[i])
                            else:
                                w[out] = math.lgamma(w[i])
                        else:
                            if code < 125:
                                w[out] = polygamma(w[i], pool[place])
                            else:
                                w[out] = sigmoid(w[i])
                else:
                    if code < 1003:
                        if code < 1001:
                            if code < 129:
                                w[out] = softplus(w[i])
                            else:
                                w[out] = xlogy(w[i], w[j])
                        else:
                            if code < 1002:
                                w[out] = positive_reciprocal(w[i])
                            else:
                                w[out] = step(w[i], w[j])
                    else:
                        if code < 1005:
                            if code < 1004:
                                w[out] = shifted_exp(w[i], w[j])
                            else:
                                w[out] = power_log(w[i], w[j])
                        else:
                            if code < 1006:
                                w[out] = share(w[i], w[j])
                            else:
                                w[out] = floor_quotient(w[i], w[j])


@kernel(types.void(U, U, U, U, U, U, U, U, F8), inline=True)
def eight(code: Int, out: Int, i: Int, j: Int, h: Int, di: Int, dj: Int, dh: Int, w: NDArray[np.float64]) -> None:
    """Eight lanes at once; a stride of 0 spreads one value. Only for what vector.FORMULAS has."""
    if code < 14:
        if code < 12:
            if code < 11:
                _eight_add(w, out, i, j, h, di, dj, dh)
            else:
                _eight_subtract(w, out, i, j, h, di, dj, dh)
        else:
            if code < 13:
                _eight_multiply(w, out, i, j, h, di, dj, dh)
            else:
                _eight_divide(w, out, i, j, h, di, dj, dh)
    else:
        if code < 30:
            if code < 16:
                if code < 15:
                    _eight_negate(w, out, i, j, h, di, dj, dh)
                else:
                    _eight_reciprocal(w, out, i, j, h, di, dj, dh)
            else:
                if code < 19:
                    _eight_square(w, out, i, j, h, di, dj, dh)
                else:
                    if code < 20:
                        _eight_fma(w, out, i, j, h, di, dj, dh)
                    else:
                        _eight_zero_safe_multiply(w, out, i, j, h, di, dj, dh)
        else:
            if code < 102:
                if code < 82:
                    if code < 33:
                        if code < 32:
                            _eight_sqrt(w, out, i, j, h, di, dj, dh)
                        else:
                            _eight_abs(w, out, i, j, h, di, dj, dh)
                    else:
                        if code < 80:
                            _eight_sign(w, out, i, j, h, di, dj, dh)
                        else:
                            if code < 81:
                                _eight_floor(w, out, i, j, h, di, dj, dh)
                            else:
                                _eight_ceil(w, out, i, j, h, di, dj, dh)
                else:
                    if code < 86:
                        if code < 83:
                            _eight_round(w, out, i, j, h, di, dj, dh)
                        else:
                            _eight_trunc(w, out, i, j, h, di, dj, dh)
                    else:
                        if code < 100:
                            _eight_copysign(w, out, i, j, h, di, dj, dh)
                        else:
                            if code < 101:
                                _eight_minimum(w, out, i, j, h, di, dj, dh)
                            else:
                                _eight_maximum(w, out, i, j, h, di, dj, dh)
            else:
                if code < 107:
                    if code < 104:
                        if code < 103:
                            _eight_select(w, out, i, j, h, di, dj, dh)
                        else:
                            _eight_less(w, out, i, j, h, di, dj, dh)
                    else:
                        if code < 105:
                            _eight_less_equal(w, out, i, j, h, di, dj, dh)
                        else:
                            if code < 106:
                                _eight_equal(w, out, i, j, h, di, dj, dh)
                            else:
                                _eight_not_equal(w, out, i, j, h, di, dj, dh)
                else:
                    if code < 109:
                        if code < 108:
                            _eight_and(w, out, i, j, h, di, dj, dh)
                        else:
                            _eight_or(w, out, i, j, h, di, dj, dh)
                    else:
                        if code < 1001:
                            _eight_not(w, out, i, j, h, di, dj, dh)
                        else:
                            if code < 1002:
                                _eight_positive_reciprocal(w, out, i, j, h, di, dj, dh)
                            else:
                                _eight_step(w, out, i, j, h, di, dj, dh)


@kernel(types.void(U, U, U4_2, U, U, F8), inline=True)
def batch(code: Int, out: Int, places: NDArray[np.uint32], at: Int, hows: Int, w: NDArray[np.float64]) -> None:
    """Eight statements at once, their operands at the places of a row. Only for what vector.FORMULAS has."""
    if code < 14:
        if code < 12:
            if code < 11:
                _batch_add(w, out, places, at, hows)
            else:
                _batch_subtract(w, out, places, at, hows)
        else:
            if code < 13:
                _batch_multiply(w, out, places, at, hows)
            else:
                _batch_divide(w, out, places, at, hows)
    else:
        if code < 30:
            if code < 16:
                if code < 15:
                    _batch_negate(w, out, places, at, hows)
                else:
                    _batch_reciprocal(w, out, places, at, hows)
            else:
                if code < 19:
                    _batch_square(w, out, places, at, hows)
                else:
                    if code < 20:
                        _batch_fma(w, out, places, at, hows)
                    else:
                        _batch_zero_safe_multiply(w, out, places, at, hows)
        else:
            if code < 102:
                if code < 82:
                    if code < 33:
                        if code < 32:
                            _batch_sqrt(w, out, places, at, hows)
                        else:
                            _batch_abs(w, out, places, at, hows)
                    else:
                        if code < 80:
                            _batch_sign(w, out, places, at, hows)
                        else:
                            if code < 81:
                                _batch_floor(w, out, places, at, hows)
                            else:
                                _batch_ceil(w, out, places, at, hows)
                else:
                    if code < 86:
                        if code < 83:
                            _batch_round(w, out, places, at, hows)
                        else:
                            _batch_trunc(w, out, places, at, hows)
                    else:
                        if code < 100:
                            _batch_copysign(w, out, places, at, hows)
                        else:
                            if code < 101:
                                _batch_minimum(w, out, places, at, hows)
                            else:
                                _batch_maximum(w, out, places, at, hows)
            else:
                if code < 107:
                    if code < 104:
                        if code < 103:
                            _batch_select(w, out, places, at, hows)
                        else:
                            _batch_less(w, out, places, at, hows)
                    else:
                        if code < 105:
                            _batch_less_equal(w, out, places, at, hows)
                        else:
                            if code < 106:
                                _batch_equal(w, out, places, at, hows)
                            else:
                                _batch_not_equal(w, out, places, at, hows)
                else:
                    if code < 109:
                        if code < 108:
                            _batch_and(w, out, places, at, hows)
                        else:
                            _batch_or(w, out, places, at, hows)
                    else:
                        if code < 1001:
                            _batch_not(w, out, places, at, hows)
                        else:
                            if code < 1002:
                                _batch_positive_reciprocal(w, out, places, at, hows)
                            else:
                                _batch_step(w, out, places, at, hows)


@kernel(types.void(U, U, U, U, U, U, U, U, U, types.int64, F8))
def row(
    code: Int, out: Int, i: Int, j: Int, h: Int, n: Int, di: Int, dj: Int, dh: Int, k: Int, w: NDArray[np.float64]
) -> None:  # fmt: skip
    """The same for n elements in a row; the operands advance by the strides di, dj, dh."""
    if code < 19:
        if code < 12:
            if code < 11:
                for e in range(n):
                    w[out + e] = w[i + e * di] + w[j + e * dj]
            else:
                for e in range(n):
                    w[out + e] = w[i + e * di] - w[j + e * dj]
        else:
            if code < 14:
                if code < 13:
                    for e in range(n):
                        w[out + e] = w[i + e * di] * w[j + e * dj]
                else:
                    for e in range(n):
                        w[out + e] = w[i + e * di] / w[j + e * dj]
            else:
                if code < 16:
                    if code < 15:
                        for e in range(n):
                            w[out + e] = -w[i + e * di]
                    else:
                        for e in range(n):
                            w[out + e] = 1.0 / w[i + e * di]
                else:
                    if code < 17:
                        for e in range(n):
                            w[out + e] = w[i + e * di] * w[i + e * di]
                    else:
                        if code < 18:
                            for e in range(n):
                                w[out + e] = power(w[i + e * di], w[j + e * dj])
                        else:
                            for e in range(n):
                                w[out + e] = integer_power(w[i + e * di], k)
    else:
        if code < 71:
            if code < 43:
                if code < 30:
                    if code < 20:
                        for e in range(n):
                            w[out + e] = w[i + e * di] * w[j + e * dj] + w[h + e * dh]
                    else:
                        for e in range(n):
                            w[out + e] = zero_safe_multiply(w[i + e * di], w[j + e * dj])
                else:
                    if code < 34:
                        if code < 32:
                            if code < 31:
                                for e in range(n):
                                    w[out + e] = math.sqrt(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = np.cbrt(w[i + e * di])
                        else:
                            if code < 33:
                                for e in range(n):
                                    w[out + e] = abs(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = sign(w[i + e * di])
                    else:
                        if code < 41:
                            if code < 40:
                                for e in range(n):
                                    w[out + e] = hypot(w[i + e * di], w[j + e * dj])
                            else:
                                for e in range(n):
                                    w[out + e] = math.exp(w[i + e * di])
                        else:
                            if code < 42:
                                for e in range(n):
                                    w[out + e] = np.exp2(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.expm1(w[i + e * di])
            else:
                if code < 63:
                    if code < 47:
                        if code < 45:
                            if code < 44:
                                for e in range(n):
                                    w[out + e] = math.log(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = np.log2(w[i + e * di])
                        else:
                            if code < 46:
                                for e in range(n):
                                    w[out + e] = math.log10(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.log1p(w[i + e * di])
                    else:
                        if code < 61:
                            if code < 60:
                                for e in range(n):
                                    w[out + e] = logaddexp(w[i + e * di], w[j + e * dj])
                            else:
                                for e in range(n):
                                    w[out + e] = math.sin(w[i + e * di])
                        else:
                            if code < 62:
                                for e in range(n):
                                    w[out + e] = math.cos(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.tan(w[i + e * di])
                else:
                    if code < 67:
                        if code < 65:
                            if code < 64:
                                for e in range(n):
                                    w[out + e] = math.asin(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.acos(w[i + e * di])
                        else:
                            if code < 66:
                                for e in range(n):
                                    w[out + e] = math.atan(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.atan2(w[i + e * di], w[j + e * dj])
                    else:
                        if code < 69:
                            if code < 68:
                                for e in range(n):
                                    w[out + e] = math.sinh(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.cosh(w[i + e * di])
                        else:
                            if code < 70:
                                for e in range(n):
                                    w[out + e] = math.tanh(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.asinh(w[i + e * di])
        else:
            if code < 107:
                if code < 86:
                    if code < 82:
                        if code < 80:
                            if code < 72:
                                for e in range(n):
                                    w[out + e] = math.acosh(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.atanh(w[i + e * di])
                        else:
                            if code < 81:
                                for e in range(n):
                                    w[out + e] = np.floor(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = np.ceil(w[i + e * di])
                    else:
                        if code < 84:
                            if code < 83:
                                for e in range(n):
                                    w[out + e] = np.rint(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = np.trunc(w[i + e * di])
                        else:
                            if code < 85:
                                for e in range(n):
                                    w[out + e] = remainder(w[i + e * di], w[j + e * dj])
                            else:
                                for e in range(n):
                                    w[out + e] = np.fmod(w[i + e * di], w[j + e * dj])
                else:
                    if code < 103:
                        if code < 101:
                            if code < 100:
                                for e in range(n):
                                    w[out + e] = math.copysign(w[i + e * di], w[j + e * dj])
                            else:
                                for e in range(n):
                                    w[out + e] = minimum(w[i + e * di], w[j + e * dj])
                        else:
                            if code < 102:
                                for e in range(n):
                                    w[out + e] = maximum(w[i + e * di], w[j + e * dj])
                            else:
                                for e in range(n):
                                    w[out + e] = select(w[i + e * di], w[j + e * dj], w[h + e * dh])
                    else:
                        if code < 105:
                            if code < 104:
                                for e in range(n):
                                    w[out + e] = 1.0 if w[i + e * di] < w[j + e * dj] else 0.0
                            else:
                                for e in range(n):
                                    w[out + e] = 1.0 if w[i + e * di] <= w[j + e * dj] else 0.0
                        else:
                            if code < 106:
                                for e in range(n):
                                    w[out + e] = 1.0 if w[i + e * di] == w[j + e * dj] else 0.0
                            else:
                                for e in range(n):
                                    w[out + e] = 1.0 if w[i + e * di] != w[j + e * dj] else 0.0
            else:
                if code < 126:
                    if code < 121:
                        if code < 109:
                            if code < 108:
                                for e in range(n):
                                    w[out + e] = 1.0 if w[i + e * di] != 0.0 and w[j + e * dj] != 0.0 else 0.0
                            else:
                                for e in range(n):
                                    w[out + e] = 1.0 if w[i + e * di] != 0.0 or w[j + e * dj] != 0.0 else 0.0
                        else:
                            if code < 120:
                                for e in range(n):
                                    w[out + e] = 1.0 if w[i + e * di] == 0.0 else 0.0
                            else:
                                for e in range(n):
                                    w[out + e] = math.erf(w[i + e * di])
                    else:
                        if code < 124:
                            if code < 123:
                                for e in range(n):
                                    w[out + e] = math.erfc(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = math.lgamma(w[i + e * di])
                        else:
                            if code < 125:
                                for e in range(n):
                                    w[out + e] = polygamma(w[i + e * di], k)
                            else:
                                for e in range(n):
                                    w[out + e] = sigmoid(w[i + e * di])
                else:
                    if code < 1003:
                        if code < 1001:
                            if code < 129:
                                for e in range(n):
                                    w[out + e] = softplus(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = xlogy(w[i + e * di], w[j + e * dj])
                        else:
                            if code < 1002:
                                for e in range(n):
                                    w[out + e] = positive_reciprocal(w[i + e * di])
                            else:
                                for e in range(n):
                                    w[out + e] = step(w[i + e * di], w[j + e * dj])
                    else:
                        if code < 1005:
                            if code < 1004:
                                for e in range(n):
                                    w[out + e] = shifted_exp(w[i + e * di], w[j + e * dj])
                            else:
                                for e in range(n):
                                    w[out + e] = power_log(w[i + e * di], w[j + e * dj])
                        else:
                            if code < 1006:
                                for e in range(n):
                                    w[out + e] = share(w[i + e * di], w[j + e * dj])
                            else:
                                for e in range(n):
                                    w[out + e] = floor_quotient(w[i + e * di], w[j + e * dj])
