"""What to write instead of what cannot be traced: read off the syntax of the line."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["OF_OBJECTS", "advice"]

OF_OBJECTS = "np.array([...]) of what is traced is an array of objects: write np.stack([...]) in place of it"

#: NumPy's names of the functions of math, where they differ, and where there is none.
_OF_MATH = {
    "fabs": "np.abs",
    "asin": "np.arcsin",
    "acos": "np.arccos",
    "atan": "np.arctan",
    "atan2": "np.arctan2",
    "asinh": "np.arcsinh",
    "acosh": "np.arccosh",
    "atanh": "np.arctanh",
    "pow": "np.power",
    "fsum": "np.sum",
    "ldexp": "x * 2.0**k",
    "dist": "np.linalg.norm(a - b)",
    "sumprod": "np.dot",
    "erf": "scipy.special.erf or wengert_client.ops.erf",
    "erfc": "scipy.special.erfc or wengert_client.ops.erfc",
    "lgamma": "scipy.special.gammaln or wengert_client.ops.lgamma",
    "gamma": "np.exp(scipy.special.gammaln(x)) for x > 0",
    "remainder": "x - np.rint(x / y) * y",
    "modf": "np.modf",
    "fma": "wengert_client.ops.fma",
}
_SAME_IN_NUMPY = {
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p"),
    *("sqrt", "cbrt", "hypot", "floor", "ceil", "trunc", "fmod", "copysign", "degrees", "radians", "prod"),
    *("isnan", "isinf", "isfinite", "isclose"),
}

_CALLS = {
    "float": "it is float64 already, so leave float() away",
    "complex": "complex numbers cannot be traced; keep real and imaginary parts in arrays of their own",
    "int": "write np.trunc(x) for the number without its fraction; a count or an index must be known beforehand",
    "bool": "write np.where(condition, a, b) for what depends on it",
    "range": "how often a loop runs must be known beforehand: take it from x.shape, or from an ordinary number",
    "max": "write np.maximum(a, b), or np.max(x) for the largest element of an array",
    "min": "write np.minimum(a, b), or np.min(x) for the smallest element of an array",
    "any": "write np.any(x)",
    "all": "write np.all(x)",
    "sorted": "the order of elements depends on their values; np.max and np.min can be traced",
    "round": "write np.rint(x)",
    "divmod": "write np.floor(a / b) and a % b",
    "pow": "write a ** b",
    "filter": "write np.where(condition, a, b), and sums of products with it",
    "str": "there is no number to print yet",
    "format": "there is no number to print yet; print what the function gives when it is called",
    "print": "there is no number to print yet; print what the function gives when it is called",
    "isinstance": "write np.shape(x) == () to tell a scalar",
}
_MAKERS = {
    "array": "write np.stack([...]) for scalars, or arrays of one shape, side by side, and np.concatenate([...]) for "
    "arrays one after another; x itself is an array already, x.copy() another",
    "asarray": "what is traced is an array already, so leave asarray away; a list of them becomes one by "
    "np.stack([...])",
    "fromiter": "write np.stack([...]) of a list",
    "full": "write np.broadcast_to(x, shape)",
}
_OF_SPECIAL = {
    "logsumexp": "write wengert_client.ops.logsumexp(x, axis)",
    "softmax": "write wengert_client.ops.softmax(x, axis)",
    "log_softmax": "write wengert_client.ops.log_softmax(x, axis)",
    "polygamma": "write wengert_client.ops.polygamma(order, x)",
    "factorial": "write scipy.special.gamma(x + 1)",
    "comb": "write np.exp of scipy.special.gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)",
    "vectorize": "call the function itself, on whole arrays",
    "normal": "draw numbers without what is traced: loc + scale * rng.normal(size=shape)",
    "uniform": "draw numbers without what is traced: low + (high - low) * rng.uniform(size=shape)",
}
for _same in ("asanyarray", "ascontiguousarray", "asfarray", "asfortranarray", "require", "atleast_1d"):
    _MAKERS[_same] = _MAKERS["asarray"]
_SIZES = {"zeros", "ones", "empty", "arange", "eye", "identity", "tri", "reshape", "tile", "repeat", "indices"}

_BUFFER = (
    "a plain array holds numbers only: begin with buffer = wengert_client.ops.zeros(shape), into which can be "
    "assigned, or put its parts together with np.stack([...]) or np.concatenate([...])"
)
_CHOICE = "write np.where(condition, a, b): both are computed, and one is chosen at each point"


def advice(asked: str, path: Sequence[ast.AST]) -> str:
    """Say what to write instead; empty where the syntax does not tell.

    Parameters
    ----------
    asked
        What a variable was asked for: ``truth value``, ``number``, ``values``, ``format``; empty for other errors.
    path
        The syntax around the place, the innermost first.
    """
    if not path:
        return ""
    if asked == "objects":
        return OF_OBJECTS
    if asked == "truth value":
        return _on_truth(path)
    if asked in {"number", "values", "format"}:
        return _on_number(path)
    if asked == "in place":
        added = any(isinstance(each, ast.AugAssign) for each in path)
        return f"write z = z + x for z += x; {_BUFFER}" if added else "write z = f(x) for f(x, out=z)"
    return ""


def _on_truth(path: Sequence[ast.AST]) -> str:
    for below, node in zip([None, *path], path, strict=False):
        told = _of_truth(node, below)
        if told:
            return told
        if isinstance(node, ast.stmt):
            break
    return ""


def _of_truth(node: ast.AST, below: ast.AST | None) -> str:
    """Say what to write for one piece of syntax that asks for a truth value."""
    if isinstance(node, ast.BoolOp):
        sign, word = ("&", "and") if isinstance(node.op, ast.And) else ("|", "or")
        return f"for a {word} b write (a) {sign} (b), in brackets, or np.logical_{word}(a, b)"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return "for not a write ~a or np.logical_not(a), where a is a comparison"
    if isinstance(node, ast.Compare):
        if any(isinstance(each, (ast.In, ast.NotIn)) for each in node.ops):
            return "for x in (a, b) write (x == a) | (x == b)"
        if len(node.ops) > 1:
            return "a < x < b means (a < x) and (x < b): write (a < x) & (x < b)"
    if isinstance(node, ast.stmt | ast.IfExp):
        return _of_test(node, below)
    if isinstance(node, ast.comprehension) or (isinstance(node, _COMPREHENSIONS) and _filters(node)):
        return "a list whose length depends on values cannot be traced; write np.where(condition, x, 0)"
    return _of_call(node)


def _of_test(node: ast.stmt | ast.IfExp, below: ast.AST | None) -> str:
    """Say what to write for a statement, or a choice within an expression, that depends on a truth value."""
    if isinstance(node, ast.IfExp) and below in {None, node.test}:
        return f"for a if condition else b, {_CHOICE}"
    if isinstance(node, ast.If) and below is node.test:
        return f"'if' needs to know it now: {_CHOICE}"
    if isinstance(node, ast.While) and below is node.test:
        return (
            "how often a loop runs must be known beforehand: write for _ in range(n), and np.where for what is to stay"
        )
    if isinstance(node, ast.Assert):
        return "what is asserted is not known yet: check the numbers before the call, or shapes only"
    return ""


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def _filters(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> bool:
    return any(each.ifs for each in node.generators)


def _on_number(path: Sequence[ast.AST]) -> str:
    for node in path:
        if isinstance(node, ast.Call):
            return _of_call(node)
        if isinstance(node, (ast.JoinedStr, ast.FormattedValue)):
            return "there is no number to print yet; print what the function gives when it is called"
        if isinstance(node, ast.Subscript):
            stores = isinstance(node.ctx, ast.Store)
            return _BUFFER if stores else "an index must be known beforehand; to choose by a value write np.where"
        if isinstance(node, ast.AugAssign):
            return _BUFFER
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            return "there is no number to print yet"
        if isinstance(node, ast.stmt):
            break
    return ""


def _of_call(node: ast.AST) -> str:
    """Say what to write instead of a call, by the name of what is called."""
    if not isinstance(node, ast.Call):
        return ""
    name, module = _called(node.func)
    if module in {"math", "cmath"} or (not module and name in _OF_MATH.keys() - {"pow", "dist"}):
        instead = f"np.{name}" if name in _SAME_IN_NUMPY else _OF_MATH.get(name, "")
        return f"functions of math take numbers only; write {instead}" if instead else "functions of math take numbers"
    if name in _CALLS and not module:
        return _CALLS[name]
    if name in _MAKERS or name in _OF_SPECIAL:
        return _MAKERS.get(name) or _OF_SPECIAL[name]
    if name in _SIZES:
        return "a shape must be known beforehand: take it from x.shape, or from an ordinary number"
    if not module and name in _SAME_IN_NUMPY:
        return f"{name} of math takes numbers only; write np.{name}"
    return ""


def _called(function: ast.AST) -> tuple[str, str]:
    """Give the name of what is called, and of the module or object before it."""
    if isinstance(function, ast.Name):
        return function.id, ""
    if isinstance(function, ast.Attribute):
        return function.attr, ast.unparse(function.value)
    if isinstance(function, ast.Call):
        return _called(function.func)
    return "", ""
