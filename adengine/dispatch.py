"""The evaluator's dispatcher. Generated from the table by tools/generate_kernels.py: do not edit.

A binary decision tree over the operation codes leads to the formula of the table, for scalars, for eight lanes or
eight statements of them at once, and for rows of elements.
"""

from __future__ import annotations

import math

import numpy as np
from numba import types
from numpy.typing import NDArray

from adengine.jit import Float, Int, kernel
from adengine.routine_calls import eight_statements as eight_elementary
from adengine.routine_calls import elements, has, one, one_whole_power, whole_powers
from adengine.rules import (
    exp_share,
    floor_quotient,
    hypot,
    integer_power,
    integer_powers,
    logaddexp,
    maximum,
    minimum,
    polygamma,
    positive_reciprocal,
    power,
    power_log,
    remainder,
    select,
    shifted_exp,
    sigmoid,
    sign,
    softplus,
    step,
    xlogy,
    zero_safe_multiply,
)
from adengine.vector import APART, eight_lanes, eight_statements, place_of

U = types.uint64
U4 = types.Array(types.uint32, 1, "C")
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
_one_power = one("POWER", 2)
_one_cbrt = one("CBRT", 1)
_one_hypot = one("HYPOT", 2)
_one_exp = one("EXP", 1)
_one_exp2 = one("EXP2", 1)
_one_expm1 = one("EXPM1", 1)
_one_log = one("LOG", 1)
_one_log2 = one("LOG2", 1)
_one_log10 = one("LOG10", 1)
_one_log1p = one("LOG1P", 1)
_one_logaddexp = one("LOGADDEXP", 2)
_one_sin = one("SIN", 1)
_one_cos = one("COS", 1)
_one_tan = one("TAN", 1)
_one_asin = one("ASIN", 1)
_one_acos = one("ACOS", 1)
_one_atan = one("ATAN", 1)
_one_atan2 = one("ATAN2", 2)
_one_sinh = one("SINH", 1)
_one_cosh = one("COSH", 1)
_one_tanh = one("TANH", 1)
_one_asinh = one("ASINH", 1)
_one_acosh = one("ACOSH", 1)
_one_atanh = one("ATANH", 1)
_one_erf = one("ERF", 1)
_one_erfc = one("ERFC", 1)
_one_sigmoid = one("SIGMOID", 1)
_one_softplus = one("SOFTPLUS", 1)
_one_xlogy = one("XLOGY", 2)
_one_shifted_exp = one("SHIFTED_EXP", 2)
_one_power_log = one("POWER_LOG", 2)
_one_exp_share = one("EXP_SHARE", 2)
_elements_power = elements("POWER", 2)
_elements_cbrt = elements("CBRT", 1)
_elements_hypot = elements("HYPOT", 2)
_elements_exp = elements("EXP", 1)
_elements_exp2 = elements("EXP2", 1)
_elements_expm1 = elements("EXPM1", 1)
_elements_log = elements("LOG", 1)
_elements_log2 = elements("LOG2", 1)
_elements_log10 = elements("LOG10", 1)
_elements_log1p = elements("LOG1P", 1)
_elements_logaddexp = elements("LOGADDEXP", 2)
_elements_sin = elements("SIN", 1)
_elements_cos = elements("COS", 1)
_elements_tan = elements("TAN", 1)
_elements_asin = elements("ASIN", 1)
_elements_acos = elements("ACOS", 1)
_elements_atan = elements("ATAN", 1)
_elements_atan2 = elements("ATAN2", 2)
_elements_sinh = elements("SINH", 1)
_elements_cosh = elements("COSH", 1)
_elements_tanh = elements("TANH", 1)
_elements_asinh = elements("ASINH", 1)
_elements_acosh = elements("ACOSH", 1)
_elements_atanh = elements("ATANH", 1)
_elements_erf = elements("ERF", 1)
_elements_erfc = elements("ERFC", 1)
_elements_sigmoid = elements("SIGMOID", 1)
_elements_softplus = elements("SOFTPLUS", 1)
_elements_xlogy = elements("XLOGY", 2)
_elements_shifted_exp = elements("SHIFTED_EXP", 2)
_elements_power_log = elements("POWER_LOG", 2)
_elements_exp_share = elements("EXP_SHARE", 2)
_batch_power = eight_elementary("POWER", 2)
_batch_cbrt = eight_elementary("CBRT", 1)
_batch_hypot = eight_elementary("HYPOT", 2)
_batch_exp = eight_elementary("EXP", 1)
_batch_exp2 = eight_elementary("EXP2", 1)
_batch_expm1 = eight_elementary("EXPM1", 1)
_batch_log = eight_elementary("LOG", 1)
_batch_log2 = eight_elementary("LOG2", 1)
_batch_log10 = eight_elementary("LOG10", 1)
_batch_log1p = eight_elementary("LOG1P", 1)
_batch_logaddexp = eight_elementary("LOGADDEXP", 2)
_batch_sin = eight_elementary("SIN", 1)
_batch_cos = eight_elementary("COS", 1)
_batch_tan = eight_elementary("TAN", 1)
_batch_asin = eight_elementary("ASIN", 1)
_batch_acos = eight_elementary("ACOS", 1)
_batch_atan = eight_elementary("ATAN", 1)
_batch_atan2 = eight_elementary("ATAN2", 2)
_batch_sinh = eight_elementary("SINH", 1)
_batch_cosh = eight_elementary("COSH", 1)
_batch_tanh = eight_elementary("TANH", 1)
_batch_asinh = eight_elementary("ASINH", 1)
_batch_acosh = eight_elementary("ACOSH", 1)
_batch_atanh = eight_elementary("ATANH", 1)
_batch_erf = eight_elementary("ERF", 1)
_batch_erfc = eight_elementary("ERFC", 1)
_batch_sigmoid = eight_elementary("SIGMOID", 1)
_batch_softplus = eight_elementary("SOFTPLUS", 1)
_batch_xlogy = eight_elementary("XLOGY", 2)
_batch_shifted_exp = eight_elementary("SHIFTED_EXP", 2)
_batch_power_log = eight_elementary("POWER_LOG", 2)
_batch_exp_share = eight_elementary("EXP_SHARE", 2)
_has_acos = has("acos")
_has_acosh = has("acosh")
_has_asin = has("asin")
_has_asinh = has("asinh")
_has_atan = has("atan")
_has_atan2 = has("atan2")
_has_atanh = has("atanh")
_has_cbrt = has("cbrt")
_has_cos = has("cos")
_has_cosh = has("cosh")
_has_erf = has("erf")
_has_erfc = has("erfc")
_has_exp = has("exp")
_has_exp_log1p = has("exp", "log1p")
_has_exp2 = has("exp2")
_has_expm1 = has("expm1")
_has_hypot = has("hypot")
_has_log = has("log")
_has_log10 = has("log10")
_has_log1p = has("log1p")
_has_log2 = has("log2")
_has_pow = has("pow")
_has_sin = has("sin")
_has_sinh = has("sinh")
_has_tan = has("tan")
_has_tanh = has("tanh")


@kernel("f8(u8, f8, f8, f8, i8, u8)", inner=True, apart=True)
def _called(code: Int, a: Float, b: Float, c: Float, k: Int, routines: Int) -> Float:
    """primitive(a, b, c) with the parameter k, for those that call functions."""
    if code < 67:
        if code < 45:
            if code < 40:
                if code < 31:
                    if code < 18:
                        if _has_pow(routines):
                            return _one_power(routines, a, b)
                        return power(a, b)
                    else:
                        if _has_pow(routines) and (k < -1 or k > 4):
                            return one_whole_power(routines, a, k)
                        return integer_power(a, k)
                else:
                    if code < 34:
                        if _has_cbrt(routines):
                            return _one_cbrt(routines, a)
                        return np.cbrt(a)
                    else:
                        if _has_hypot(routines):
                            return _one_hypot(routines, a, b)
                        return hypot(a, b)
            else:
                if code < 42:
                    if code < 41:
                        if _has_exp(routines):
                            return _one_exp(routines, a)
                        return math.exp(a)
                    else:
                        if _has_exp2(routines):
                            return _one_exp2(routines, a)
                        return np.exp2(a)
                else:
                    if code < 43:
                        if _has_expm1(routines):
                            return _one_expm1(routines, a)
                        return math.expm1(a)
                    else:
                        if code < 44:
                            if _has_log(routines):
                                return _one_log(routines, a)
                            return math.log(a)
                        else:
                            if _has_log2(routines):
                                return _one_log2(routines, a)
                            return np.log2(a)
        else:
            if code < 62:
                if code < 47:
                    if code < 46:
                        if _has_log10(routines):
                            return _one_log10(routines, a)
                        return math.log10(a)
                    else:
                        if _has_log1p(routines):
                            return _one_log1p(routines, a)
                        return math.log1p(a)
                else:
                    if code < 60:
                        if _has_exp_log1p(routines):
                            return _one_logaddexp(routines, a, b)
                        return logaddexp(a, b)
                    else:
                        if code < 61:
                            if _has_sin(routines):
                                return _one_sin(routines, a)
                            return math.sin(a)
                        else:
                            if _has_cos(routines):
                                return _one_cos(routines, a)
                            return math.cos(a)
            else:
                if code < 64:
                    if code < 63:
                        if _has_tan(routines):
                            return _one_tan(routines, a)
                        return math.tan(a)
                    else:
                        if _has_asin(routines):
                            return _one_asin(routines, a)
                        return math.asin(a)
                else:
                    if code < 65:
                        if _has_acos(routines):
                            return _one_acos(routines, a)
                        return math.acos(a)
                    else:
                        if code < 66:
                            if _has_atan(routines):
                                return _one_atan(routines, a)
                            return math.atan(a)
                        else:
                            if _has_atan2(routines):
                                return _one_atan2(routines, a, b)
                            return math.atan2(a, b)
    else:
        if code < 121:
            if code < 71:
                if code < 69:
                    if code < 68:
                        if _has_sinh(routines):
                            return _one_sinh(routines, a)
                        return math.sinh(a)
                    else:
                        if _has_cosh(routines):
                            return _one_cosh(routines, a)
                        return math.cosh(a)
                else:
                    if code < 70:
                        if _has_tanh(routines):
                            return _one_tanh(routines, a)
                        return math.tanh(a)
                    else:
                        if _has_asinh(routines):
                            return _one_asinh(routines, a)
                        return math.asinh(a)
            else:
                if code < 84:
                    if code < 72:
                        if _has_acosh(routines):
                            return _one_acosh(routines, a)
                        return math.acosh(a)
                    else:
                        if _has_atanh(routines):
                            return _one_atanh(routines, a)
                        return math.atanh(a)
                else:
                    if code < 85:
                        return remainder(a, b)
                    else:
                        if code < 120:
                            return np.fmod(a, b)
                        else:
                            if _has_erf(routines):
                                return _one_erf(routines, a)
                            return math.erf(a)
        else:
            if code < 129:
                if code < 124:
                    if code < 123:
                        if _has_erfc(routines):
                            return _one_erfc(routines, a)
                        return math.erfc(a)
                    else:
                        return math.lgamma(a)
                else:
                    if code < 125:
                        return polygamma(a, k)
                    else:
                        if code < 126:
                            if _has_exp(routines):
                                return _one_sigmoid(routines, a)
                            return sigmoid(a)
                        else:
                            if _has_exp_log1p(routines):
                                return _one_softplus(routines, a)
                            return softplus(a)
            else:
                if code < 223:
                    if code < 222:
                        if _has_log(routines):
                            return _one_xlogy(routines, a, b)
                        return xlogy(a, b)
                    else:
                        if _has_exp(routines):
                            return _one_shifted_exp(routines, a, b)
                        return shifted_exp(a, b)
                else:
                    if code < 224:
                        if _has_log(routines):
                            return _one_power_log(routines, a, b)
                        return power_log(a, b)
                    else:
                        if code < 225:
                            if _has_exp(routines):
                                return _one_exp_share(routines, a, b)
                            return exp_share(a, b)
                        else:
                            return floor_quotient(a, b)


@kernel(U(U4, U, I8, F8, U), inner=True, apart=True)
def single(
    instructions: NDArray[np.uint32], at: Int, pool: NDArray[np.int64], w: NDArray[np.float64], routines: Int
) -> Int:  # fmt: skip
    """Run instructions from a place on as long as they are single statements. Returns where it stopped.

    It is a kernel of its own so that the compiler keeps all it needs in registers. For codes above CALLS the formula is
    a call; those above LAST_IS_FIRST and LAST_IS_SECOND take the last result for that operand, from a register too.
    """
    value = 0.0
    end = U(instructions.shape[0])
    while at < end:
        code = U(instructions[at])
        i = U(instructions[at + U(2)])
        j = U(instructions[at + U(3)])
        if code < 2059:
            if code < 20:
                if code < 12:
                    if code < 11:
                        value = w[i] + w[j]
                    else:
                        value = w[i] - w[j]
                else:
                    if code < 13:
                        value = w[i] * w[j]
                    else:
                        if code < 15:
                            if code < 14:
                                value = w[i] / w[j]
                            else:
                                value = -w[i]
                        else:
                            if code < 16:
                                value = 1.0 / w[i]
                            else:
                                if code < 19:
                                    value = w[i] * w[i]
                                else:
                                    value = w[i] * w[j] + w[instructions[at + U(4)]]
            else:
                if code < 2058:
                    if code < 1011:
                        if code < 30:
                            value = zero_safe_multiply(w[i], w[j])
                        else:
                            if code < 1010:
                                if code < 102:
                                    if code < 82:
                                        if code < 33:
                                            if code < 32:
                                                value = math.sqrt(w[i])
                                            else:
                                                value = abs(w[i])
                                        else:
                                            if code < 80:
                                                value = sign(w[i])
                                            else:
                                                if code < 81:
                                                    value = np.floor(w[i])
                                                else:
                                                    value = np.ceil(w[i])
                                    else:
                                        if code < 86:
                                            if code < 83:
                                                value = np.rint(w[i])
                                            else:
                                                value = np.trunc(w[i])
                                        else:
                                            if code < 100:
                                                value = math.copysign(w[i], w[j])
                                            else:
                                                if code < 101:
                                                    value = minimum(w[i], w[j])
                                                else:
                                                    value = maximum(w[i], w[j])
                                else:
                                    if code < 107:
                                        if code < 104:
                                            if code < 103:
                                                value = select(w[i], w[j], w[instructions[at + U(4)]])
                                            else:
                                                value = 1.0 if w[i] < w[j] else 0.0
                                        else:
                                            if code < 105:
                                                value = 1.0 if w[i] <= w[j] else 0.0
                                            else:
                                                if code < 106:
                                                    value = 1.0 if w[i] == w[j] else 0.0
                                                else:
                                                    value = 1.0 if w[i] != w[j] else 0.0
                                    else:
                                        if code < 109:
                                            if code < 108:
                                                value = 1.0 if w[i] != 0.0 and w[j] != 0.0 else 0.0
                                            else:
                                                value = 1.0 if w[i] != 0.0 or w[j] != 0.0 else 0.0
                                        else:
                                            if code < 220:
                                                value = 1.0 if w[i] == 0.0 else 0.0
                                            else:
                                                if code < 221:
                                                    value = positive_reciprocal(w[i])
                                                else:
                                                    value = step(w[i], w[j])
                            else:
                                value = w[instructions[at + U(4)]] + zero_safe_multiply(w[i], w[j])
                    else:
                        if code < 1016:
                            if code < 1014:
                                if code < 1013:
                                    if code < 1012:
                                        value = w[instructions[at + U(4)]] - zero_safe_multiply(w[i], w[j])
                                    else:
                                        value = zero_safe_multiply(w[i], w[j]) - w[instructions[at + U(4)]]
                                else:
                                    value = zero_safe_multiply(w[i], w[j]) + zero_safe_multiply(w[instructions[at + U(4)]], w[instructions[at + U(5)]])
                            else:
                                if code < 1015:
                                    value = zero_safe_multiply(w[i], w[j]) - zero_safe_multiply(w[instructions[at + U(4)]], w[instructions[at + U(5)]])
                                else:
                                    value = w[instructions[at + U(4)]] + w[i] * w[j]
                        else:
                            if code < 1019:
                                if code < 1018:
                                    if code < 1017:
                                        value = w[instructions[at + U(4)]] - w[i] * w[j]
                                    else:
                                        value = w[i] * w[j] - w[instructions[at + U(4)]]
                                else:
                                    value = w[i] * w[j] + w[instructions[at + U(4)]] * w[instructions[at + U(5)]]
                            else:
                                if code < 1024:
                                    value = w[i] * w[j] - w[instructions[at + U(4)]] * w[instructions[at + U(5)]]
                                else:
                                    value = _called(code - U(1024), w[i], w[j], w[instructions[at + U(4)]], pool[instructions[at + U(5)]], routines)
                else:
                    value = value + w[j]
        else:
            if code < 3082:
                if code < 2068:
                    if code < 2061:
                        if code < 2060:
                            value = value - w[j]
                        else:
                            value = value * w[j]
                    else:
                        if code < 2062:
                            value = value / w[j]
                        else:
                            if code < 2064:
                                value = -value
                            else:
                                value = value * value
                else:
                    if code < 3058:
                        value = zero_safe_multiply(value, w[j])
                    else:
                        if code < 3063:
                            if code < 3061:
                                if code < 3059:
                                    value = w[instructions[at + U(4)]] + zero_safe_multiply(value, w[j])
                                else:
                                    if code < 3060:
                                        value = w[instructions[at + U(4)]] - zero_safe_multiply(value, w[j])
                                    else:
                                        value = zero_safe_multiply(value, w[j]) - w[instructions[at + U(4)]]
                            else:
                                if code < 3062:
                                    value = zero_safe_multiply(value, w[j]) + zero_safe_multiply(w[instructions[at + U(4)]], w[instructions[at + U(5)]])
                                else:
                                    value = zero_safe_multiply(value, w[j]) - zero_safe_multiply(w[instructions[at + U(4)]], w[instructions[at + U(5)]])
                        else:
                            if code < 3066:
                                if code < 3064:
                                    value = w[instructions[at + U(4)]] + value * w[j]
                                else:
                                    if code < 3065:
                                        value = w[instructions[at + U(4)]] - value * w[j]
                                    else:
                                        value = value * w[j] - w[instructions[at + U(4)]]
                            else:
                                if code < 3067:
                                    value = value * w[j] + w[instructions[at + U(4)]] * w[instructions[at + U(5)]]
                                else:
                                    value = value * w[j] - w[instructions[at + U(4)]] * w[instructions[at + U(5)]]
            else:
                if code < 3085:
                    if code < 3083:
                        value = w[i] + value
                    else:
                        if code < 3084:
                            value = w[i] - value
                        else:
                            value = w[i] * value
                else:
                    if code < 4082:
                        if code < 3092:
                            value = w[i] / value
                        else:
                            value = zero_safe_multiply(w[i], value)
                    else:
                        if code < 4087:
                            if code < 4085:
                                if code < 4083:
                                    value = value + zero_safe_multiply(w[i], w[j])
                                else:
                                    if code < 4084:
                                        value = value - zero_safe_multiply(w[i], w[j])
                                    else:
                                        value = zero_safe_multiply(w[i], w[j]) - value
                            else:
                                if code < 4086:
                                    value = zero_safe_multiply(w[i], w[j]) + zero_safe_multiply(value, w[instructions[at + U(5)]])
                                else:
                                    value = zero_safe_multiply(w[i], w[j]) - zero_safe_multiply(value, w[instructions[at + U(5)]])
                        else:
                            if code < 4090:
                                if code < 4088:
                                    value = value + w[i] * w[j]
                                else:
                                    if code < 4089:
                                        value = value - w[i] * w[j]
                                    else:
                                        value = w[i] * w[j] - value
                            else:
                                if code < 4091:
                                    value = w[i] * w[j] + value * w[instructions[at + U(5)]]
                                else:
                                    if code < 4096:
                                        value = w[i] * w[j] - value * w[instructions[at + U(5)]]
                                    else:
                                        return at
        w[instructions[at + U(1)]] = value
        at += U(8)
    return at


@kernel(types.void(U, U, U, U, U, U, F8, U), inner=True, apart=True)
def _called_lanes(code: Int, out: Int, i: Int, j: Int, di: Int, dj: Int, w: NDArray[np.float64], routines: Int) -> None:
    """Eight lanes of a statement that calls functions."""
    if code < 65:
        if code < 45:
            if code < 41:
                if code < 34:
                    if code < 31:
                        if _has_pow(routines):
                            _elements_power(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = power(w[i + e * di], w[j + e * dj])
                    else:
                        if _has_cbrt(routines):
                            _elements_cbrt(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = np.cbrt(w[i + e * di])
                else:
                    if code < 40:
                        if _has_hypot(routines):
                            _elements_hypot(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = hypot(w[i + e * di], w[j + e * dj])
                    else:
                        if _has_exp(routines):
                            _elements_exp(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.exp(w[i + e * di])
            else:
                if code < 43:
                    if code < 42:
                        if _has_exp2(routines):
                            _elements_exp2(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = np.exp2(w[i + e * di])
                    else:
                        if _has_expm1(routines):
                            _elements_expm1(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.expm1(w[i + e * di])
                else:
                    if code < 44:
                        if _has_log(routines):
                            _elements_log(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.log(w[i + e * di])
                    else:
                        if _has_log2(routines):
                            _elements_log2(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = np.log2(w[i + e * di])
        else:
            if code < 61:
                if code < 47:
                    if code < 46:
                        if _has_log10(routines):
                            _elements_log10(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.log10(w[i + e * di])
                    else:
                        if _has_log1p(routines):
                            _elements_log1p(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.log1p(w[i + e * di])
                else:
                    if code < 60:
                        if _has_exp_log1p(routines):
                            _elements_logaddexp(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = logaddexp(w[i + e * di], w[j + e * dj])
                    else:
                        if _has_sin(routines):
                            _elements_sin(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.sin(w[i + e * di])
            else:
                if code < 63:
                    if code < 62:
                        if _has_cos(routines):
                            _elements_cos(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.cos(w[i + e * di])
                    else:
                        if _has_tan(routines):
                            _elements_tan(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.tan(w[i + e * di])
                else:
                    if code < 64:
                        if _has_asin(routines):
                            _elements_asin(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.asin(w[i + e * di])
                    else:
                        if _has_acos(routines):
                            _elements_acos(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.acos(w[i + e * di])
    else:
        if code < 120:
            if code < 69:
                if code < 67:
                    if code < 66:
                        if _has_atan(routines):
                            _elements_atan(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.atan(w[i + e * di])
                    else:
                        if _has_atan2(routines):
                            _elements_atan2(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.atan2(w[i + e * di], w[j + e * dj])
                else:
                    if code < 68:
                        if _has_sinh(routines):
                            _elements_sinh(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.sinh(w[i + e * di])
                    else:
                        if _has_cosh(routines):
                            _elements_cosh(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.cosh(w[i + e * di])
            else:
                if code < 71:
                    if code < 70:
                        if _has_tanh(routines):
                            _elements_tanh(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.tanh(w[i + e * di])
                    else:
                        if _has_asinh(routines):
                            _elements_asinh(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.asinh(w[i + e * di])
                else:
                    if code < 72:
                        if _has_acosh(routines):
                            _elements_acosh(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.acosh(w[i + e * di])
                    else:
                        if _has_atanh(routines):
                            _elements_atanh(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.atanh(w[i + e * di])
        else:
            if code < 129:
                if code < 125:
                    if code < 121:
                        if _has_erf(routines):
                            _elements_erf(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.erf(w[i + e * di])
                    else:
                        if _has_erfc(routines):
                            _elements_erfc(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.erfc(w[i + e * di])
                else:
                    if code < 126:
                        if _has_exp(routines):
                            _elements_sigmoid(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = sigmoid(w[i + e * di])
                    else:
                        if _has_exp_log1p(routines):
                            _elements_softplus(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = softplus(w[i + e * di])
            else:
                if code < 223:
                    if code < 222:
                        if _has_log(routines):
                            _elements_xlogy(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = xlogy(w[i + e * di], w[j + e * dj])
                    else:
                        if _has_exp(routines):
                            _elements_shifted_exp(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = shifted_exp(w[i + e * di], w[j + e * dj])
                else:
                    if code < 224:
                        if _has_log(routines):
                            _elements_power_log(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = power_log(w[i + e * di], w[j + e * dj])
                    else:
                        if _has_exp(routines):
                            _elements_exp_share(routines, w, out, i, j, di, dj, U(8))
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = exp_share(w[i + e * di], w[j + e * dj])


@kernel(U(U4, U, F8, U, U), inner=True, apart=True)
def laned(instructions: NDArray[np.uint32], at: Int, w: NDArray[np.float64], lanes: Int, routines: Int) -> Int:
    """Run statements on lanes, eight at once, from a place on as long as they are such. Returns where it stopped.

    There are eight lanes, or a multiple. A stride of 0 spreads the one value of an operand.
    """
    end = U(instructions.shape[0])
    while at < end:
        code = U(instructions[at])
        out = U(instructions[at + U(1)])
        i = U(instructions[at + U(2)])
        j = U(instructions[at + U(3)])
        h = U(instructions[at + U(4)])
        di = U(instructions[at + U(7)]) & U(1)
        dj = (U(instructions[at + U(7)]) >> U(1)) & U(1)
        dh = (U(instructions[at + U(7)]) >> U(2)) & U(1)
        last = out + lanes
        while out < last:
            if code < 8205:
                if code < 8203:
                    if code < 8202:
                        return at
                    else:
                        _eight_add(w, out, i, j, h, di, dj, dh)
                else:
                    if code < 8204:
                        _eight_subtract(w, out, i, j, h, di, dj, dh)
                    else:
                        _eight_multiply(w, out, i, j, h, di, dj, dh)
            else:
                if code < 8212:
                    if code < 8207:
                        if code < 8206:
                            _eight_divide(w, out, i, j, h, di, dj, dh)
                        else:
                            _eight_negate(w, out, i, j, h, di, dj, dh)
                    else:
                        if code < 8208:
                            _eight_reciprocal(w, out, i, j, h, di, dj, dh)
                        else:
                            if code < 8211:
                                _eight_square(w, out, i, j, h, di, dj, dh)
                            else:
                                _eight_fma(w, out, i, j, h, di, dj, dh)
                else:
                    if code < 8222:
                        _eight_zero_safe_multiply(w, out, i, j, h, di, dj, dh)
                    else:
                        if code < 8295:
                            if code < 8274:
                                if code < 8225:
                                    if code < 8224:
                                        _eight_sqrt(w, out, i, j, h, di, dj, dh)
                                    else:
                                        _eight_abs(w, out, i, j, h, di, dj, dh)
                                else:
                                    if code < 8272:
                                        _eight_sign(w, out, i, j, h, di, dj, dh)
                                    else:
                                        if code < 8273:
                                            _eight_floor(w, out, i, j, h, di, dj, dh)
                                        else:
                                            _eight_ceil(w, out, i, j, h, di, dj, dh)
                            else:
                                if code < 8292:
                                    if code < 8275:
                                        _eight_round(w, out, i, j, h, di, dj, dh)
                                    else:
                                        if code < 8278:
                                            _eight_trunc(w, out, i, j, h, di, dj, dh)
                                        else:
                                            _eight_copysign(w, out, i, j, h, di, dj, dh)
                                else:
                                    if code < 8293:
                                        _eight_minimum(w, out, i, j, h, di, dj, dh)
                                    else:
                                        if code < 8294:
                                            _eight_maximum(w, out, i, j, h, di, dj, dh)
                                        else:
                                            _eight_select(w, out, i, j, h, di, dj, dh)
                        else:
                            if code < 8300:
                                if code < 8297:
                                    if code < 8296:
                                        _eight_less(w, out, i, j, h, di, dj, dh)
                                    else:
                                        _eight_less_equal(w, out, i, j, h, di, dj, dh)
                                else:
                                    if code < 8298:
                                        _eight_equal(w, out, i, j, h, di, dj, dh)
                                    else:
                                        if code < 8299:
                                            _eight_not_equal(w, out, i, j, h, di, dj, dh)
                                        else:
                                            _eight_and(w, out, i, j, h, di, dj, dh)
                            else:
                                if code < 8413:
                                    if code < 8301:
                                        _eight_or(w, out, i, j, h, di, dj, dh)
                                    else:
                                        if code < 8412:
                                            _eight_not(w, out, i, j, h, di, dj, dh)
                                        else:
                                            _eight_positive_reciprocal(w, out, i, j, h, di, dj, dh)
                                else:
                                    if code < 9216:
                                        _eight_step(w, out, i, j, h, di, dj, dh)
                                    else:
                                        if code < 16384:
                                            _called_lanes(code - U(9216), out, i, j, di, dj, w, routines)
                                        else:
                                            return at
            out += U(8)
            i += U(8) * di
            j += U(8) * dj
            h += U(8) * dh
        at += U(8)
    return at


@kernel(types.void(U, U, U4, U, U, F8, U), inner=True, apart=True)
def _called_batch(
    code: Int, out: Int, places: NDArray[np.uint32], at: Int, hows: Int, w: NDArray[np.float64], routines: Int
) -> None:  # fmt: skip
    """Eight statements that call functions, at once."""
    i = hows & U(3)
    j = (hows >> U(2)) & U(3)
    second = at + (U(8) if i == U(APART) else U(1))
    if code < 65:
        if code < 45:
            if code < 41:
                if code < 34:
                    if code < 31:
                        if _has_pow(routines):
                            _batch_power(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = power(w[place_of(places, at, i, e)], w[place_of(places, second, j, e)])
                    else:
                        if _has_cbrt(routines):
                            _batch_cbrt(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = np.cbrt(w[place_of(places, at, i, e)])
                else:
                    if code < 40:
                        if _has_hypot(routines):
                            _batch_hypot(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = hypot(w[place_of(places, at, i, e)], w[place_of(places, second, j, e)])
                    else:
                        if _has_exp(routines):
                            _batch_exp(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.exp(w[place_of(places, at, i, e)])
            else:
                if code < 43:
                    if code < 42:
                        if _has_exp2(routines):
                            _batch_exp2(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = np.exp2(w[place_of(places, at, i, e)])
                    else:
                        if _has_expm1(routines):
                            _batch_expm1(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.expm1(w[place_of(places, at, i, e)])
                else:
                    if code < 44:
                        if _has_log(routines):
                            _batch_log(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.log(w[place_of(places, at, i, e)])
                    else:
                        if _has_log2(routines):
                            _batch_log2(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = np.log2(w[place_of(places, at, i, e)])
        else:
            if code < 61:
                if code < 47:
                    if code < 46:
                        if _has_log10(routines):
                            _batch_log10(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.log10(w[place_of(places, at, i, e)])
                    else:
                        if _has_log1p(routines):
                            _batch_log1p(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.log1p(w[place_of(places, at, i, e)])
                else:
                    if code < 60:
                        if _has_exp_log1p(routines):
                            _batch_logaddexp(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = logaddexp(w[place_of(places, at, i, e)], w[place_of(places, second, j, e)])
                    else:
                        if _has_sin(routines):
                            _batch_sin(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.sin(w[place_of(places, at, i, e)])
            else:
                if code < 63:
                    if code < 62:
                        if _has_cos(routines):
                            _batch_cos(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.cos(w[place_of(places, at, i, e)])
                    else:
                        if _has_tan(routines):
                            _batch_tan(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.tan(w[place_of(places, at, i, e)])
                else:
                    if code < 64:
                        if _has_asin(routines):
                            _batch_asin(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.asin(w[place_of(places, at, i, e)])
                    else:
                        if _has_acos(routines):
                            _batch_acos(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.acos(w[place_of(places, at, i, e)])
    else:
        if code < 120:
            if code < 69:
                if code < 67:
                    if code < 66:
                        if _has_atan(routines):
                            _batch_atan(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.atan(w[place_of(places, at, i, e)])
                    else:
                        if _has_atan2(routines):
                            _batch_atan2(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.atan2(w[place_of(places, at, i, e)], w[place_of(places, second, j, e)])
                else:
                    if code < 68:
                        if _has_sinh(routines):
                            _batch_sinh(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.sinh(w[place_of(places, at, i, e)])
                    else:
                        if _has_cosh(routines):
                            _batch_cosh(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.cosh(w[place_of(places, at, i, e)])
            else:
                if code < 71:
                    if code < 70:
                        if _has_tanh(routines):
                            _batch_tanh(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.tanh(w[place_of(places, at, i, e)])
                    else:
                        if _has_asinh(routines):
                            _batch_asinh(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.asinh(w[place_of(places, at, i, e)])
                else:
                    if code < 72:
                        if _has_acosh(routines):
                            _batch_acosh(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.acosh(w[place_of(places, at, i, e)])
                    else:
                        if _has_atanh(routines):
                            _batch_atanh(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.atanh(w[place_of(places, at, i, e)])
        else:
            if code < 129:
                if code < 125:
                    if code < 121:
                        if _has_erf(routines):
                            _batch_erf(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.erf(w[place_of(places, at, i, e)])
                    else:
                        if _has_erfc(routines):
                            _batch_erfc(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = math.erfc(w[place_of(places, at, i, e)])
                else:
                    if code < 126:
                        if _has_exp(routines):
                            _batch_sigmoid(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = sigmoid(w[place_of(places, at, i, e)])
                    else:
                        if _has_exp_log1p(routines):
                            _batch_softplus(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = softplus(w[place_of(places, at, i, e)])
            else:
                if code < 223:
                    if code < 222:
                        if _has_log(routines):
                            _batch_xlogy(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = xlogy(w[place_of(places, at, i, e)], w[place_of(places, second, j, e)])
                    else:
                        if _has_exp(routines):
                            _batch_shifted_exp(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = shifted_exp(w[place_of(places, at, i, e)], w[place_of(places, second, j, e)])
                else:
                    if code < 224:
                        if _has_log(routines):
                            _batch_power_log(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = power_log(w[place_of(places, at, i, e)], w[place_of(places, second, j, e)])
                    else:
                        if _has_exp(routines):
                            _batch_exp_share(routines, w, out, places, at, hows)
                        else:
                            for e in range(U(0), U(8)):
                                w[out + e] = exp_share(w[place_of(places, at, i, e)], w[place_of(places, second, j, e)])


@kernel(U(U4, U, U4, F8, U), inner=True, apart=True)
def batches(
    instructions: NDArray[np.uint32], at: Int, places: NDArray[np.uint32], w: NDArray[np.float64], routines: Int
) -> Int:  # fmt: skip
    """Run eights of statements from a place on as long as they are such. Returns where it stopped."""
    end = U(instructions.shape[0])
    while at < end:
        code = U(instructions[at])
        out = U(instructions[at + U(1)])
        row = U(instructions[at + U(2)])
        hows = U(instructions[at + U(7)])
        if code < 16397:
            if code < 16395:
                if code < 16394:
                    return at
                else:
                    _batch_add(w, out, places, row, hows)
            else:
                if code < 16396:
                    _batch_subtract(w, out, places, row, hows)
                else:
                    _batch_multiply(w, out, places, row, hows)
        else:
            if code < 16404:
                if code < 16399:
                    if code < 16398:
                        _batch_divide(w, out, places, row, hows)
                    else:
                        _batch_negate(w, out, places, row, hows)
                else:
                    if code < 16400:
                        _batch_reciprocal(w, out, places, row, hows)
                    else:
                        if code < 16403:
                            _batch_square(w, out, places, row, hows)
                        else:
                            _batch_fma(w, out, places, row, hows)
            else:
                if code < 16414:
                    _batch_zero_safe_multiply(w, out, places, row, hows)
                else:
                    if code < 16487:
                        if code < 16466:
                            if code < 16417:
                                if code < 16416:
                                    _batch_sqrt(w, out, places, row, hows)
                                else:
                                    _batch_abs(w, out, places, row, hows)
                            else:
                                if code < 16464:
                                    _batch_sign(w, out, places, row, hows)
                                else:
                                    if code < 16465:
                                        _batch_floor(w, out, places, row, hows)
                                    else:
                                        _batch_ceil(w, out, places, row, hows)
                        else:
                            if code < 16484:
                                if code < 16467:
                                    _batch_round(w, out, places, row, hows)
                                else:
                                    if code < 16470:
                                        _batch_trunc(w, out, places, row, hows)
                                    else:
                                        _batch_copysign(w, out, places, row, hows)
                            else:
                                if code < 16485:
                                    _batch_minimum(w, out, places, row, hows)
                                else:
                                    if code < 16486:
                                        _batch_maximum(w, out, places, row, hows)
                                    else:
                                        _batch_select(w, out, places, row, hows)
                    else:
                        if code < 16492:
                            if code < 16489:
                                if code < 16488:
                                    _batch_less(w, out, places, row, hows)
                                else:
                                    _batch_less_equal(w, out, places, row, hows)
                            else:
                                if code < 16490:
                                    _batch_equal(w, out, places, row, hows)
                                else:
                                    if code < 16491:
                                        _batch_not_equal(w, out, places, row, hows)
                                    else:
                                        _batch_and(w, out, places, row, hows)
                        else:
                            if code < 16605:
                                if code < 16493:
                                    _batch_or(w, out, places, row, hows)
                                else:
                                    if code < 16604:
                                        _batch_not(w, out, places, row, hows)
                                    else:
                                        _batch_positive_reciprocal(w, out, places, row, hows)
                            else:
                                if code < 17408:
                                    _batch_step(w, out, places, row, hows)
                                else:
                                    if code < 32768:
                                        _called_batch(code - U(17408), out, places, row, hows, w, routines)
                                    else:
                                        return at
        at += U(8)
    return at



@kernel(types.void(U, U, U, U, U, U, U, U, U, types.int64, F8, U), inner=True, apart=True)
def row(
    code: Int, out: Int, i: Int, j: Int, h: Int, n: Int, di: Int, dj: Int, dh: Int, k: Int, w: NDArray[np.float64],
    routines: Int,
) -> None:  # fmt: skip
    """The same for n elements in a row; the operands advance by the strides di, dj, dh, each 0 or 1."""
    whole = n & ~U(7)
    if code < 13:
        if code < 11:
            if di & dj:
                for e in range(U(0), whole, U(8)):
                    _eight_add(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
            else:
                for e in range(U(0), whole, U(8)):
                    _eight_add(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
            for e in range(whole, n):
                w[out + e] = w[i + e * di] + w[j + e * dj]
        else:
            if code < 12:
                if di & dj:
                    for e in range(U(0), whole, U(8)):
                        _eight_subtract(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                else:
                    for e in range(U(0), whole, U(8)):
                        _eight_subtract(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                for e in range(whole, n):
                    w[out + e] = w[i + e * di] - w[j + e * dj]
            else:
                if di & dj:
                    for e in range(U(0), whole, U(8)):
                        _eight_multiply(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                else:
                    for e in range(U(0), whole, U(8)):
                        _eight_multiply(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                for e in range(whole, n):
                    w[out + e] = w[i + e * di] * w[j + e * dj]
    else:
        if code < 20:
            if code < 16:
                if code < 14:
                    if di & dj:
                        for e in range(U(0), whole, U(8)):
                            _eight_divide(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                    else:
                        for e in range(U(0), whole, U(8)):
                            _eight_divide(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                    for e in range(whole, n):
                        w[out + e] = w[i + e * di] / w[j + e * dj]
                else:
                    if code < 15:
                        for e in range(U(0), whole, U(8)):
                            _eight_negate(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                        for e in range(whole, n):
                            w[out + e] = -w[i + e * di]
                    else:
                        for e in range(U(0), whole, U(8)):
                            _eight_reciprocal(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                        for e in range(whole, n):
                            w[out + e] = 1.0 / w[i + e * di]
            else:
                if code < 17:
                    for e in range(U(0), whole, U(8)):
                        _eight_square(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                    for e in range(whole, n):
                        w[out + e] = w[i + e * di] * w[i + e * di]
                else:
                    if code < 19:
                        if code < 18:
                            if _has_pow(routines):
                                for e in range(U(0), n, U(8)):
                                    _elements_power(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                            else:
                                for e in range(n):
                                    w[out + e] = power(w[i + e * di], w[j + e * dj])
                        else:
                            if _has_pow(routines) and (k < -1 or k > 4):
                                for e in range(U(0), n, U(8)):
                                    whole_powers(routines, w, out + e, i + e * di, di, k, n - e)
                            else:
                                integer_powers(w, out, i, n, di, k)
                    else:
                        if di & dj & dh:
                            for e in range(U(0), whole, U(8)):
                                _eight_fma(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                        else:
                            for e in range(U(0), whole, U(8)):
                                _eight_fma(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                        for e in range(whole, n):
                            w[out + e] = w[i + e * di] * w[j + e * dj] + w[h + e * dh]
        else:
            if code < 30:
                if di & dj:
                    for e in range(U(0), whole, U(8)):
                        _eight_zero_safe_multiply(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                else:
                    for e in range(U(0), whole, U(8)):
                        _eight_zero_safe_multiply(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                for e in range(whole, n):
                    w[out + e] = zero_safe_multiply(w[i + e * di], w[j + e * dj])
            else:
                if code < 82:
                    if code < 61:
                        if code < 42:
                            if code < 33:
                                if code < 31:
                                    for e in range(U(0), whole, U(8)):
                                        _eight_sqrt(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                    for e in range(whole, n):
                                        w[out + e] = math.sqrt(w[i + e * di])
                                else:
                                    if code < 32:
                                        if _has_cbrt(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_cbrt(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = np.cbrt(w[i + e * di])
                                    else:
                                        for e in range(U(0), whole, U(8)):
                                            _eight_abs(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = abs(w[i + e * di])
                            else:
                                if code < 40:
                                    if code < 34:
                                        for e in range(U(0), whole, U(8)):
                                            _eight_sign(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = sign(w[i + e * di])
                                    else:
                                        if _has_hypot(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_hypot(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = hypot(w[i + e * di], w[j + e * dj])
                                else:
                                    if code < 41:
                                        if _has_exp(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_exp(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.exp(w[i + e * di])
                                    else:
                                        if _has_exp2(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_exp2(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = np.exp2(w[i + e * di])
                        else:
                            if code < 45:
                                if code < 43:
                                    if _has_expm1(routines):
                                        for e in range(U(0), n, U(8)):
                                            _elements_expm1(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                    else:
                                        for e in range(n):
                                            w[out + e] = math.expm1(w[i + e * di])
                                else:
                                    if code < 44:
                                        if _has_log(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_log(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.log(w[i + e * di])
                                    else:
                                        if _has_log2(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_log2(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = np.log2(w[i + e * di])
                            else:
                                if code < 47:
                                    if code < 46:
                                        if _has_log10(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_log10(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.log10(w[i + e * di])
                                    else:
                                        if _has_log1p(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_log1p(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.log1p(w[i + e * di])
                                else:
                                    if code < 60:
                                        if _has_exp_log1p(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_logaddexp(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = logaddexp(w[i + e * di], w[j + e * dj])
                                    else:
                                        if _has_sin(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_sin(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.sin(w[i + e * di])
                    else:
                        if code < 68:
                            if code < 64:
                                if code < 62:
                                    if _has_cos(routines):
                                        for e in range(U(0), n, U(8)):
                                            _elements_cos(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                    else:
                                        for e in range(n):
                                            w[out + e] = math.cos(w[i + e * di])
                                else:
                                    if code < 63:
                                        if _has_tan(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_tan(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.tan(w[i + e * di])
                                    else:
                                        if _has_asin(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_asin(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.asin(w[i + e * di])
                            else:
                                if code < 66:
                                    if code < 65:
                                        if _has_acos(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_acos(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.acos(w[i + e * di])
                                    else:
                                        if _has_atan(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_atan(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.atan(w[i + e * di])
                                else:
                                    if code < 67:
                                        if _has_atan2(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_atan2(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.atan2(w[i + e * di], w[j + e * dj])
                                    else:
                                        if _has_sinh(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_sinh(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.sinh(w[i + e * di])
                        else:
                            if code < 71:
                                if code < 69:
                                    if _has_cosh(routines):
                                        for e in range(U(0), n, U(8)):
                                            _elements_cosh(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                    else:
                                        for e in range(n):
                                            w[out + e] = math.cosh(w[i + e * di])
                                else:
                                    if code < 70:
                                        if _has_tanh(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_tanh(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.tanh(w[i + e * di])
                                    else:
                                        if _has_asinh(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_asinh(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.asinh(w[i + e * di])
                            else:
                                if code < 80:
                                    if code < 72:
                                        if _has_acosh(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_acosh(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.acosh(w[i + e * di])
                                    else:
                                        if _has_atanh(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_atanh(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.atanh(w[i + e * di])
                                else:
                                    if code < 81:
                                        for e in range(U(0), whole, U(8)):
                                            _eight_floor(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = np.floor(w[i + e * di])
                                    else:
                                        for e in range(U(0), whole, U(8)):
                                            _eight_ceil(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = np.ceil(w[i + e * di])
                else:
                    if code < 109:
                        if code < 102:
                            if code < 85:
                                if code < 83:
                                    for e in range(U(0), whole, U(8)):
                                        _eight_round(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                    for e in range(whole, n):
                                        w[out + e] = np.rint(w[i + e * di])
                                else:
                                    if code < 84:
                                        for e in range(U(0), whole, U(8)):
                                            _eight_trunc(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = np.trunc(w[i + e * di])
                                    else:
                                        for e in range(n):
                                            w[out + e] = remainder(w[i + e * di], w[j + e * dj])
                            else:
                                if code < 100:
                                    if code < 86:
                                        for e in range(n):
                                            w[out + e] = np.fmod(w[i + e * di], w[j + e * dj])
                                    else:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_copysign(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_copysign(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = math.copysign(w[i + e * di], w[j + e * dj])
                                else:
                                    if code < 101:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_minimum(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_minimum(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = minimum(w[i + e * di], w[j + e * dj])
                                    else:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_maximum(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_maximum(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = maximum(w[i + e * di], w[j + e * dj])
                        else:
                            if code < 105:
                                if code < 103:
                                    if di & dj & dh:
                                        for e in range(U(0), whole, U(8)):
                                            _eight_select(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                    else:
                                        for e in range(U(0), whole, U(8)):
                                            _eight_select(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                    for e in range(whole, n):
                                        w[out + e] = select(w[i + e * di], w[j + e * dj], w[h + e * dh])
                                else:
                                    if code < 104:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_less(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_less(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = 1.0 if w[i + e * di] < w[j + e * dj] else 0.0
                                    else:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_less_equal(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_less_equal(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = 1.0 if w[i + e * di] <= w[j + e * dj] else 0.0
                            else:
                                if code < 107:
                                    if code < 106:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_equal(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_equal(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = 1.0 if w[i + e * di] == w[j + e * dj] else 0.0
                                    else:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_not_equal(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_not_equal(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = 1.0 if w[i + e * di] != w[j + e * dj] else 0.0
                                else:
                                    if code < 108:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_and(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_and(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = 1.0 if w[i + e * di] != 0.0 and w[j + e * dj] != 0.0 else 0.0
                                    else:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_or(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_or(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = 1.0 if w[i + e * di] != 0.0 or w[j + e * dj] != 0.0 else 0.0
                    else:
                        if code < 129:
                            if code < 123:
                                if code < 120:
                                    for e in range(U(0), whole, U(8)):
                                        _eight_not(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                    for e in range(whole, n):
                                        w[out + e] = 1.0 if w[i + e * di] == 0.0 else 0.0
                                else:
                                    if code < 121:
                                        if _has_erf(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_erf(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.erf(w[i + e * di])
                                    else:
                                        if _has_erfc(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_erfc(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = math.erfc(w[i + e * di])
                            else:
                                if code < 125:
                                    if code < 124:
                                        for e in range(n):
                                            w[out + e] = math.lgamma(w[i + e * di])
                                    else:
                                        for e in range(n):
                                            w[out + e] = polygamma(w[i + e * di], k)
                                else:
                                    if code < 126:
                                        if _has_exp(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_sigmoid(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = sigmoid(w[i + e * di])
                                    else:
                                        if _has_exp_log1p(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_softplus(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = softplus(w[i + e * di])
                        else:
                            if code < 222:
                                if code < 220:
                                    if _has_log(routines):
                                        for e in range(U(0), n, U(8)):
                                            _elements_xlogy(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                    else:
                                        for e in range(n):
                                            w[out + e] = xlogy(w[i + e * di], w[j + e * dj])
                                else:
                                    if code < 221:
                                        for e in range(U(0), whole, U(8)):
                                            _eight_positive_reciprocal(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = positive_reciprocal(w[i + e * di])
                                    else:
                                        if di & dj:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_step(w, out + e, i + e, j + e, h + e, U(1), U(1), U(1))
                                        else:
                                            for e in range(U(0), whole, U(8)):
                                                _eight_step(w, out + e, i + e * di, j + e * dj, h + e * dh, di, dj, dh)
                                        for e in range(whole, n):
                                            w[out + e] = step(w[i + e * di], w[j + e * dj])
                            else:
                                if code < 224:
                                    if code < 223:
                                        if _has_exp(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_shifted_exp(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = shifted_exp(w[i + e * di], w[j + e * dj])
                                    else:
                                        if _has_log(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_power_log(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = power_log(w[i + e * di], w[j + e * dj])
                                else:
                                    if code < 225:
                                        if _has_exp(routines):
                                            for e in range(U(0), n, U(8)):
                                                _elements_exp_share(routines, w, out + e, i + e * di, j + e * dj, di, dj, n - e)
                                        else:
                                            for e in range(n):
                                                w[out + e] = exp_share(w[i + e * di], w[j + e * dj])
                                    else:
                                        for e in range(n):
                                            w[out + e] = floor_quotient(w[i + e * di], w[j + e * dj])
