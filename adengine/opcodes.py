"""Operation codes inside the engine.

An elementwise primitive keeps its number of the wire, which never changes, so a compiled kernel in the cache can
never take one operation for another. The structural operations are the engine's own: the wire's RESHAPE, SLICE,
TRANSPOSE, BROADCAST, CONCATENATE, SUM and PROD become a few of them (:mod:`adengine.lower`).

======================  ==============================================================================
INPUT                   parameter column: which input
CONST                   columns a, b: low and high half of the bits of a float64
ARRAY                   parameter column: which array constant
VIEW(x)                 out[i] = x[offset + sum of i_d stride_d]; parameters: size of x, offset, rank, shape, strides
ACCUMULATE(base, u)     its transpose: base + u scattered through the same parameters; no base is zeros,
                        a scalar base is spread
GATHER(x)               numpy.take; parameters: outer, axis, inner, count, indices
SCATTER_ADD(base, u)    its transpose, added to the base; a missing or scalar base as above
MAXIMA(x), MINIMA(x)    of each row; parameters: rows, length
LOGSUMEXPS(x)           of each row; parameters: rows, length
MATMUL(x, y)            op(x) op(y); parameters: m, k, n, whether x, y are stored transposed
ZERO_SAFE_MATMUL(x, y)  the same with strong zeros, for derivative lists
======================  ==============================================================================
"""

from __future__ import annotations

ADD = 10
SUBTRACT = 11
MULTIPLY = 12
DIVIDE = 13
NEGATE = 14
SQUARE = 16
ZERO_SAFE_MULTIPLY = 20
SELECT = 102
EQUAL = 105
INTEGER_POWER = 18
SHIFTED_EXP = 222

INPUT = 2000
CONST = 2001
ARRAY = 2002
VIEW = 2003
ACCUMULATE = 2004
GATHER = 2005
SCATTER_ADD = 2006
MAXIMA = 2007
MINIMA = 2008
LOGSUMEXPS = 2009
MATMUL = 2010
ZERO_SAFE_MATMUL = 2011

FIRST_STRUCTURAL = INPUT
CODES = 2012
"""All codes are below this."""

PLUS_PRODUCT, MINUS_PRODUCT, PRODUCT_MINUS, SUM_OF_PRODUCTS, DIFFERENCE_OF_PRODUCTS = range(5)
"""Forms of fused statements (:mod:`adengine.fused`)."""
FUSED_ZERO_SAFE, FUSED_PLAIN = 1010, 1015
"""Their codes are the forms added to these, as the products are zero-safe or plain."""
FUSED = {
    1010: "c + zero_safe_multiply(a, b)",
    1011: "c - zero_safe_multiply(a, b)",
    1012: "zero_safe_multiply(a, b) - c",
    1013: "zero_safe_multiply(a, b) + zero_safe_multiply(c, d)",
    1014: "zero_safe_multiply(a, b) - zero_safe_multiply(c, d)",
    1015: "c + a * b",
    1016: "c - a * b",
    1017: "a * b - c",
    1018: "a * b + c * d",
    1019: "a * b - c * d",
}
"""Their formulas, each operation rounded for itself."""

LINKABLE = (
    ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, SQUARE, ZERO_SAFE_MULTIPLY, *FUSED
)  # fmt: skip
"""Operations that can take the last result for an operand (:mod:`adengine.links`)."""
CALLS, LAST_IS_FIRST, LAST_IS_SECOND, SINGLE_CODES = 1024, 2048, 3072, 4096
"""Added to the codes of scalar statements when they are made ready to run: of those that call functions, and of those
that take the last result as their first or second operand. Single ones are all below the last number."""

STRUCTURAL_NAMES: dict[int, str] = {
    INPUT: "INPUT", CONST: "CONST", ARRAY: "ARRAY", VIEW: "VIEW", ACCUMULATE: "ACCUMULATE", GATHER: "GATHER",
    SCATTER_ADD: "SCATTER_ADD", MAXIMA: "MAXIMA", MINIMA: "MINIMA", LOGSUMEXPS: "LOGSUMEXPS", MATMUL: "MATMUL",
    ZERO_SAFE_MATMUL: "ZERO_SAFE_MATMUL",
}  # fmt: skip

STRUCTURAL_ARITY: dict[int, int] = {
    INPUT: 0, CONST: 0, ARRAY: 0, VIEW: 1, ACCUMULATE: 2, GATHER: 1, SCATTER_ADD: 2, MAXIMA: 1, MINIMA: 1,
    LOGSUMEXPS: 1, MATMUL: 2, ZERO_SAFE_MATMUL: 2,
}  # fmt: skip
