"""Every primitive of the contract can be written with a builder."""

from collections.abc import Callable

import numpy as np
import pytest

from tests import reference
from wengert.v1 import Primitive
from wengert_client import ListBuilder, Variable, ops

# The builder has no function for these, since no server serves them yet.
NOT_WRITTEN = {"UNSPECIFIED", "CALL", "SCAN"}

UNARY: dict[str, Callable[..., Variable]] = {
    "NEGATE": ops.negate,
    "RECIPROCAL": ops.reciprocal,
    "SQUARE": ops.square,
    "SQRT": ops.sqrt,
    "CBRT": ops.cbrt,
    "ABS": ops.absolute,
    "SIGN": ops.sign,
    "EXP": ops.exp,
    "EXP2": ops.exp2,
    "EXPM1": ops.expm1,
    "LOG": ops.log,
    "LOG2": ops.log2,
    "LOG10": ops.log10,
    "LOG1P": ops.log1p,
    "SIN": ops.sin,
    "COS": ops.cos,
    "TAN": ops.tan,
    "ASIN": ops.asin,
    "ACOS": ops.acos,
    "ATAN": ops.atan,
    "SINH": ops.sinh,
    "COSH": ops.cosh,
    "TANH": ops.tanh,
    "ASINH": ops.asinh,
    "ACOSH": ops.acosh,
    "ATANH": ops.atanh,
    "FLOOR": ops.floor,
    "CEIL": ops.ceil,
    "ROUND": ops.rint,
    "TRUNC": ops.trunc,
    "NOT": ops.logical_not,
    "ERF": ops.erf,
    "ERFC": ops.erfc,
    "ERFINV": ops.erfinv,
    "LGAMMA": ops.lgamma,
    "SIGMOID": ops.sigmoid,
    "SOFTPLUS": ops.softplus,
    "NDTR": ops.ndtr,
    "LOG_NDTR": ops.log_ndtr,
    "INTEGER_POWER": lambda x: ops.integer_power(x, 3),
    "POSITIVE_RECIPROCAL": ops.positive_reciprocal,
    "POLYGAMMA": lambda x: ops.polygamma(1, x),
}
BINARY: dict[str, Callable[..., Variable]] = {
    "ADD": ops.add,
    "SUBTRACT": ops.subtract,
    "MULTIPLY": ops.multiply,
    "DIVIDE": ops.divide,
    "POWER": ops.power,
    "ZERO_SAFE_MULTIPLY": ops.zero_safe_multiply,
    "HYPOT": ops.hypot,
    "LOGADDEXP": ops.logaddexp,
    "ATAN2": ops.atan2,
    "REMAINDER": ops.remainder,
    "FMOD": ops.fmod,
    "COPYSIGN": ops.copysign,
    "MINIMUM": ops.minimum,
    "MAXIMUM": ops.maximum,
    "LESS": ops.less,
    "LESS_EQUAL": ops.less_equal,
    "EQUAL": ops.equal,
    "NOT_EQUAL": ops.not_equal,
    "AND": ops.logical_and,
    "OR": ops.logical_or,
    "XLOGY": ops.xlogy,
    "STEP": ops.step,
    "SHIFTED_EXP": ops.shifted_exp,
    "POWER_LOG": ops.power_log,
    "EXP_SHARE": ops.exp_share,
    "FLOOR_QUOTIENT": ops.floor_quotient,
}
TERNARY: dict[str, Callable[..., Variable]] = {"FMA": ops.fma, "SELECT": ops.select}
# With a matrix a and a vector b; beside it the parameters of the statement.
ARRAYS: dict[str, tuple[Callable[..., Variable], list[int]]] = {
    "CONSTANT": (lambda a, b: b + np.ones(2), [1]),
    "RESHAPE": (lambda a, b: ops.reshape(a, 4), [1, 4]),
    "BROADCAST": (lambda a, b: ops.broadcast_to(b, (3, 2)), [2, 3, 2]),
    "TRANSPOSE": (lambda a, b: ops.transpose(a), [2, 1, 0]),
    "SLICE": (lambda a, b: a[:, ::-1], [2, 0, 2, 1, 1, 2, -1]),
    "CONCATENATE": (lambda a, b: ops.concatenate([a, a], 1), [1, 2]),
    "GATHER": (lambda a, b: a[:, [0, -1, 0]], [1, 1, 3, 0, 1, 0]),
    "SCATTER_ADD": (lambda a, b: ops.scatter_add(a, 1, b), [0, 0, 1]),
    "SUM": (lambda a, b: a.sum(-1), [0, 1, 1]),
    "PROD": (lambda a, b: a.prod(keepdims=True), [1, 2, 0, 1]),
    "MAX": (lambda a, b: a.max(), [0, 2, 0, 1]),
    "MIN": (lambda a, b: a.min((1, 0)), [0, 2, 0, 1]),
    "LOGSUMEXP": (lambda a, b: ops.logsumexp(a, 0), [0, 1, 0]),
    "CUMSUM": (lambda a, b: ops.cumsum(a, 1, reverse=True), [1, 1]),
    "MATMUL": (lambda a, b: a @ b, []),
    "ZERO_SAFE_MATMUL": (ops.zero_safe_matmul, []),
    "SOLVE": (ops.solve, []),
    "CHOLESKY": (lambda a, b: ops.cholesky(a), []),
    "TRIANGULAR_SOLVE": (ops.triangular_solve, []),
    "SLOGDET": (lambda a, b: ops.slogdet(a), []),
    "TRIL": (lambda a, b: ops.tril(a), []),
}
SHAPES = {"SLOGDET": (2,), "MAX": (), "PROD": (1, 1), "SUM": (2,), "SCATTER_ADD": (2, 2), "SOLVE": (2,)}


def test_every_primitive_has_a_function() -> None:
    enum = {name.removeprefix("PRIMITIVE_") for name in Primitive.keys()}  # noqa: SIM118 - a wrapper, not a dict
    assert set(UNARY) | set(BINARY) | set(TERNARY) | set(ARRAYS) | NOT_WRITTEN == enum


def test_every_function_of_ops_is_documented() -> None:
    functions = [getattr(ops, name) for name in ops.__all__]
    assert [each.__name__ for each in functions if not each.__doc__] == []


@pytest.mark.parametrize(("arity", "name"), [(k, n) for k, t in enumerate((UNARY, BINARY, TERNARY), 1) for n in t])
def test_an_elementwise_function_is_one_statement_that_broadcasts(arity: int, name: str) -> None:
    b = ListBuilder()
    operands = [b.input(each, shape) for each, shape in zip("abc", [(2, 1), (3,), ()], strict=True)][:arity]
    function = {**UNARY, **BINARY, **TERNARY}[name]
    result = function(*operands)
    b.output("f", result)
    message = b.build()
    assert list(message.primitives) == [Primitive.Value(f"PRIMITIVE_{name}")]
    assert list(message.arguments) == list(range(1, arity + 1))
    assert list(message.parameters) == {"INTEGER_POWER": [3], "POLYGAMMA": [1]}.get(name, [])
    assert result.shape == ((2, 1) if arity == 1 else (2, 3))


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_function_is_one_statement(name: str) -> None:
    function, parameters = ARRAYS[name]
    b = ListBuilder()
    result: Variable = function(b.input("a", (2, 2)), b.input("b", 2))
    b.output("f", result)
    message = b.build()
    assert message.primitives[0] == Primitive.Value(f"PRIMITIVE_{name}")
    assert list(message.parameters) == parameters
    assert len(message.primitives) == (2 if name == "CONSTANT" else 1)
    assert result.shape == SHAPES.get(name, result.shape)


def test_the_lecture_s_list_has_nine_lines() -> None:
    b = ListBuilder()
    y, mu, sigma = b.inputs("y", "mu", "sigma")
    b.output("log_density", -0.5 * ((y - mu) / sigma) ** 2 - np.log(sigma))
    assert str(b).splitlines() == [
        "w_1 = y",
        "w_2 = mu",
        "w_3 = sigma",
        "w_4 = SUBTRACT(w_1, w_2)",
        "w_5 = DIVIDE(w_4, w_3)",
        "w_6 = SQUARE(w_5)",
        "w_7 = MULTIPLY(-0.5, w_6)",
        "w_8 = LOG(w_3)",
        "w_9 = SUBTRACT(w_7, w_8)",
        "log_density = w_9",
    ]
    trace = reference.run(b.build(), {"y": 1.0, "mu": 0.0, "sigma": 1.0})
    assert reference.floats(trace.outputs()).tolist() == [-0.5]
